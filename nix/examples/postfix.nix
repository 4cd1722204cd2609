{
  services.postfix = {
    enable = true;
    mainConfig = {
      myhostname = "mail.example.org";
      mydestination = [
        "mail.example.org"
        "localhost"
      ];
      alias_maps = "";
    };
  };
  init.services.postfix.critical = true;
}
