{
  services.caddy = {
    enable = true;
    ports = [ 8080 ];
    config = ''
      :8080 {
        respond "It runs."
      }
    '';
  };
  init.services.caddy.critical = true;
}
