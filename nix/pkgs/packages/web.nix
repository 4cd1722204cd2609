# Web servers, proxies and balancers. PHP is in families.nix.
{ lib }:
let
  # Static in Debian: base-passwd gives every system this user.
  www-data = {
    users.www-data = {
      uid = 33;
      home = "/var/www";
      description = "www-data";
    };
    groups.www-data.gid = 33;
  };
  directory = path: mode: user: group: {
    inherit
      path
      mode
      user
      group
      ;
  };
in
{
  apacheHttpd = www-data // {
    deb = "apache2-bin";
    packages = [
      "apache2-data"
      "apache2-utils"
      "media-types"
    ];
    pname = "apache-httpd";
    bin = [
      "/usr/bin/ab"
      "/usr/bin/htcacheclean"
      "/usr/bin/htdbm"
      "/usr/bin/htdigest"
      "/usr/bin/htpasswd"
      "/usr/bin/logresolve"
      "/usr/bin/rotatelogs"
    ];
    commands.httpd = "/usr/sbin/apache2";
    links = {
      "conf/mime.types" = "/etc/mime.types";
      "htdocs" = "/usr/share/apache2/default-site";
      "icons" = "/usr/share/apache2/icons";
      "error" = "/usr/share/apache2/error";
      "modules" = "/usr/lib/apache2/modules";
    };
    mainProgram = "httpd";
    license = "Apache-2.0";
    directories = [
      (directory "/var/log/apache2" "0750" "root" "adm")
      (directory "/run/apache2" "0755" "root" "root")
      (directory "/var/cache/apache2" "0755" "root" "root")
    ];
    scripts = "covered";
  };
  caddy = {
    bin = [ "/usr/bin/caddy" ];
    license = "Apache-2.0";
    users.caddy = {
      home = "/var/lib/caddy";
      description = "Caddy web server";
    };
    groups.caddy = { };
    directories = [
      (directory "/var/lib/caddy" "0755" "caddy" "caddy")
      (directory "/var/log/caddy" "0755" "caddy" "caddy")
    ];
    scripts = "covered";
  };
  haproxy = {
    bin = [ "/usr/sbin/haproxy" ];
    license = "GPL-2.0-or-later";
    users.haproxy.home = "/var/lib/haproxy";
    groups.haproxy = { };
    scripts = "covered";
  };
  lighttpd = www-data // {
    bin = [ "/usr/sbin/lighttpd" ];
    links."lib" = "/usr/lib/lighttpd";
    license = "BSD-3-Clause";
    directories = [
      (directory "/var/log/lighttpd" "0750" "www-data" "www-data")
      (directory "/var/cache/lighttpd" "0750" "www-data" "www-data")
    ];
    scripts = "covered";
  };
  nginx = www-data // {
    packages = [ "nginx-common" ];
    bin = [ "/usr/sbin/nginx" ];
    links = {
      "conf/fastcgi.conf" = "/etc/nginx/fastcgi.conf";
      "conf/fastcgi_params" = "/etc/nginx/fastcgi_params";
      "conf/mime.types" = "/etc/nginx/mime.types";
      "conf/nginx.conf" = "/etc/nginx/nginx.conf";
      "conf/scgi_params" = "/etc/nginx/scgi_params";
      "conf/uwsgi_params" = "/etc/nginx/uwsgi_params";
      "html" = "/usr/share/nginx/html";
    };
    license = "BSD-2-Clause";
    directories = [
      (directory "/var/log/nginx" "0755" "root" "adm")
      (directory "/var/lib/nginx" "0755" "root" "root")
    ];
    # Modules are packages of their own in Debian.
    override =
      {
        withStream ? false,
        withPerl ? false,
        withImageFilter ? false,
        withGeoIP ? false,
        withMail ? false,
      }:
      {
        packages =
          lib.optional withStream "libnginx-mod-stream"
          ++ lib.optional withPerl "libnginx-mod-http-perl"
          ++ lib.optional withImageFilter "libnginx-mod-http-image-filter"
          ++ lib.optional withGeoIP "libnginx-mod-http-geoip2"
          ++ lib.optional withMail "libnginx-mod-mail";
      };
    scripts = "covered";
  };
  squid = {
    bin = [ ];
    commands.squid = "/usr/sbin/squid-gnutls";
    license = "GPL-2.0-or-later";
    users.proxy = {
      uid = 13;
      home = "/bin";
      description = "proxy";
    };
    groups.proxy.gid = 13;
    directories = [
      (directory "/var/log/squid" "0755" "proxy" "proxy")
      (directory "/var/spool/squid" "0755" "proxy" "proxy")
    ];
    scripts = "covered";
  };
  tinyproxy = {
    deb = "tinyproxy-bin";
    packages = [ "tinyproxy" ];
    bin = [ "/usr/bin/tinyproxy" ];
    links."share/tinyproxy" = "/usr/share/tinyproxy";
    license = "GPL-2.0-or-later";
    users.tinyproxy = {
      home = "/run/tinyproxy";
      description = "Tinyproxy daemon";
    };
    groups.tinyproxy = { };
    directories = [ (directory "/var/log/tinyproxy" "0750" "tinyproxy" "adm") ];
    scripts = "covered";
  };
  varnish = {
    mainProgram = "varnishd";
    license = "BSD-2-Clause";
    users = {
      vcache = { };
      varnish = { };
      varnishlog = { };
    };
    groups.varnish = { };
    scripts = "covered";
  };
}
