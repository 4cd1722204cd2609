# A page, served without a writable file system and without root.
{ pkgs, ... }:
let
  page = pkgs.writeTextDir "index.html" ''
    <!doctype html>
    <title>Frazil</title>
    <p>It runs.
  '';
in
{
  services.nginx = {
    enable = true;
    configuration = [
      {
        daemon = "off";
        worker_processes = 1;
        # The one directory that containers may always write to.
        pid = "/dev/shm/nginx.pid";
        error_log = "stderr";
        events."" = {
          worker_connections = 128;
        };
        http."" = {
          include = "${pkgs.nginx}/conf/mime.types";
          access_log = "/dev/stdout";
          client_body_temp_path = "/dev/shm/body";
          proxy_temp_path = "/dev/shm/proxy";
          fastcgi_temp_path = "/dev/shm/fastcgi";
          uwsgi_temp_path = "/dev/shm/uwsgi";
          scgi_temp_path = "/dev/shm/scgi";
          server."" = {
            listen = 8080;
            root = "${page}";
          };
        };
      }
    ];
  };
  init.services.nginx = {
    critical = true;
    ready.tcp = "127.0.0.1:8080";
  };
  image.user = "65534:65534";
}
