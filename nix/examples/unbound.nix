{
  services.unbound = {
    enable = true;
    settings.server = {
      access-control = [ "0.0.0.0/0 allow" ];
      local-zone = ''"example." static'';
      local-data = ''"printer.example. A 192.0.2.10"'';
    };
  };
  init.services.unbound.critical = true;
}
