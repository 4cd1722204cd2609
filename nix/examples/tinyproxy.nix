{
  services.tinyproxy = {
    enable = true;
    settings.Allow = [ "127.0.0.1" ];
  };
  init.services.tinyproxy.critical = true;
}
