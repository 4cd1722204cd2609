{ pkgs, ... }:
let
  page = pkgs.writeTextDir "index.html" "It runs.\n";
  modules = [
    "mpm_event"
    "authz_core"
    "dir"
    "mime"
  ];
in
{
  services.apache2 = {
    enable = true;
    configuration = [
      {
        ServerRoot = "${pkgs.apacheHttpd}";
        LoadModule = map (name: [
          "${name}_module"
          "modules/mod_${name}.so"
        ]) modules;
      }
      {
        Listen = 8080;
        ServerName = "localhost";
        PidFile = "/run/apache2/httpd.pid";
        User = "www-data";
        Group = "www-data";
        ErrorLog = "/dev/stderr";
        TypesConfig = "${pkgs.apacheHttpd}/conf/mime.types";
        DocumentRoot = "${page}";
        Directory."${page}" = {
          Require = [
            "all"
            "granted"
          ];
        };
      }
    ];
  };
  init.services.apache2.critical = true;
  image.ports = [ 8080 ];
}
