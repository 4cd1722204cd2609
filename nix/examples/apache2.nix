# A page. Without a `ServerRoot` the system has the modules that are loaded, and not all there are.
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
        LoadModule = map (name: [
          "${name}_module"
          "${pkgs.apacheHttpd}/modules/mod_${name}.so"
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
        DocumentRoot = "/srv/www";
        Directory."/srv/www" = {
          Require = [
            "all"
            "granted"
          ];
        };
      }
    ];
  };
  # Names of sections cannot hold store paths.
  system.files."/srv/www".link = "${page}";
  init.services.apache2.critical = true;
}
