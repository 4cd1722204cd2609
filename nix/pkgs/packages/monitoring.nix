# Watching and logging.
{ lib }:
let
  prometheusUser = {
    users.prometheus = {
      home = "/var/lib/prometheus";
      description = "Prometheus daemon";
    };
    groups.prometheus = { };
    scripts = "covered";
  };
  owned = path: {
    inherit path;
    mode = "0755";
    user = "prometheus";
    group = "prometheus";
  };
in
{
  prometheus = prometheusUser // {
    bin = [ "/usr/bin/prometheus" ];
    links."etc/prometheus" = "/etc/prometheus";
    license = "Apache-2.0";
    directories = [ (owned "/var/lib/prometheus/metrics2") ];
  };
  prometheus-node-exporter = prometheusUser // {
    pname = "node_exporter";
    bin = [ ];
    commands.node_exporter = "/usr/bin/prometheus-node-exporter";
    license = "Apache-2.0";
    directories = [ (owned "/var/lib/prometheus") ];
  };
  logrotate = {
    bin = [ "/usr/sbin/logrotate" ];
    license = "GPL-2.0-or-later";
    scripts = "covered";
  };
  rsyslog = {
    bin = [ "/usr/sbin/rsyslogd" ];
    license = "GPL-3.0-or-later";
    directories = [
      {
        path = "/var/spool/rsyslog";
        mode = "0700";
        user = "root";
        group = "root";
      }
    ];
    scripts = "covered";
  };
}
