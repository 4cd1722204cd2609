# Prometheus, which collects measurements, and the exporter of a machine's own.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  runsAs = import ./runs-as.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  cfg = config.services.prometheus;
  node = cfg.exporters.node;

  configFile = (pkgs.formats.yaml { }).generate "prometheus.yml" cfg.settings;
  address = mkOption {
    type = types.str;
    default = "0.0.0.0";
    description = "The address it listens on.";
  };
in
{
  options.services.prometheus = {
    enable = lib.mkEnableOption "Prometheus";
    package = lib.mkPackageOption pkgs "prometheus" { };
    inherit (runsAs "prometheus") user group;
    inherit address;
    port = mkOption {
      type = types.port;
      default = 9090;
      description = "The port it listens on.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/prometheus";
      description = "Where measurements are kept.";
    };
    settings = mkOption {
      inherit (pkgs.formats.yaml { }) type;
      default = { };
      example = {
        scrape_configs = [
          {
            job_name = "node";
            static_configs = [ { targets = [ "localhost:9100" ]; } ];
          }
        ];
      };
      description = "The contents of prometheus.yml.";
    };
    extraFlags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "--storage.tsdb.retention.time=30d" ];
      description = "Further arguments.";
    };
    exporters.node = {
      enable = lib.mkEnableOption "the exporter of measurements of the machine";
      package = lib.mkPackageOption pkgs "prometheus-node-exporter" { };
      inherit address;
      port = mkOption {
        type = types.port;
        default = 9100;
        description = "The port it listens on.";
      };
      extraFlags = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Further arguments.";
      };
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      init.services.prometheus = {
        exec = [
          "${cfg.package}/bin/prometheus"
          "--config.file=${configFile}"
          "--storage.tsdb.path=${cfg.dataDir}"
          "--web.listen-address=${addresses.join cfg.address cfg.port}"
        ]
        ++ cfg.extraFlags;
        inherit (cfg) user group;
        directories.${cfg.dataDir}.mode = "0700";
        enabled = true;
      };
      image = {
        ports = [ cfg.port ];
        volumes = [ cfg.dataDir ];
      };
    })
    (lib.mkIf node.enable {
      init.services.prometheus-node-exporter = {
        exec = [
          (lib.getExe node.package)
          "--web.listen-address=${addresses.join node.address node.port}"
        ]
        ++ node.extraFlags;
        inherit (cfg) user group;
        enabled = true;
      };
      image.ports = [ node.port ];
    })
    (lib.mkIf (cfg.enable || node.enable) {
      users = account {
        inherit (cfg) user group;
        description = "Prometheus";
        home = cfg.dataDir;
      };
    })
  ];
}
