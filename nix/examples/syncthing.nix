{
  services.syncthing = {
    enable = true;
    guiAddress = "http://0.0.0.0:8384/";
  };
  init.services.syncthing.critical = true;
}
