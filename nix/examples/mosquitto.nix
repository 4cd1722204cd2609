{
  services.mosquitto = {
    enable = true;
    config = {
      listener = [
        "1883 0.0.0.0"
        { allow_anonymous = true; }
      ];
    };
  };
  init.services.mosquitto.critical = true;
}
