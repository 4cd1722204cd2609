{
  services.socklog = {
    enable = true;
    unix = "/run/log";
  };
  init.services.socklog-unix.critical = true;
}
