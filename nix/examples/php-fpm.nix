# A page that PHP makes, behind nginx.
{ config, pkgs, ... }:
let
  site = pkgs.writeTextDir "index.php" "<?php echo 'It runs.', PHP_EOL;\n";
in
{
  services.php-fpm.pools.main.fpmSettings = {
    "pm.max_children" = 4;
    "listen.mode" = "0666";
  };
  services.nginx = {
    enable = true;
    configuration = [
      {
        daemon = "off";
        worker_processes = 1;
        pid = "/run/nginx.pid";
        error_log = "stderr";
        events."" = {
          worker_connections = 128;
        };
        http."" = {
          access_log = "/dev/stdout";
          server."" = {
            listen = 8080;
            root = "${site}";
            location."/" = {
              include = "${pkgs.nginx}/conf/fastcgi_params";
              fastcgi_param = [
                [
                  "SCRIPT_FILENAME"
                  "${site}/index.php"
                ]
              ];
              fastcgi_pass = "unix:${config.services.php-fpm.pools.main.socket}";
            };
          };
        };
      }
    ];
  };
  init.services.nginx.critical = true;
}
