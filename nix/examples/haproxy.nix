{
  services.haproxy = {
    enable = true;
    ports = [ 8080 ];
    config = ''
      defaults
        mode http
        timeout connect 5s
        timeout client 30s
        timeout server 30s
      frontend web
        bind :8080
        http-request return status 200 content-type text/plain string "It runs.\n"
    '';
  };
  init.services.haproxy.critical = true;
}
