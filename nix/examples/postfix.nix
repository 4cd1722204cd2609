{
  services.postfix = {
    enable = true;
    mainConfig = {
      myhostname = "mail.example.org";
      mydestination = [
        "mail.example.org"
        "localhost"
      ];
    };
  };
  init.services.postfix.critical = true;
}
