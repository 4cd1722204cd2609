# What is known only when the system starts: a variable, and a secret that the engine mounts. The
# image has neither, and no shell puts them in.
{
  services.nginx = {
    enable = true;
    envsubst = true;
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
          access_log = "off";
          server."" = {
            listen = 8080;
            location."/" = {
              return = [
                [
                  "200"
                  ''"''${GREETING:-Hello}, ''${file:/run/secrets/name}.\n"''
                ]
              ];
            };
          };
        };
      }
    ];
  };
  init.services.nginx.critical = true;
}
