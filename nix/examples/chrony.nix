{
  services.chrony = {
    enable = true;
    servers = [ "pool ntp.example.org" ];
  };
  init.services.chrony.critical = true;
}
