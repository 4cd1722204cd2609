# Tells others the time of the machine it is on, and leaves the clock alone.
{
  services.chrony = {
    enable = true;
    setClock = false;
    extraConfig = ''
      local stratum 10
      allow
    '';
  };
  init.services.chrony.critical = true;
  image.ports = [ "123/udp" ];
}
