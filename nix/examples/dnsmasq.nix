# Answers for the names it knows, and asks nobody else.
{
  services.dnsmasq = {
    enable = true;
    settings = {
      no-resolv = true;
      no-hosts = true;
      address = [
        "/printer.example/192.0.2.10"
        "/camera.example/192.0.2.11"
      ];
    };
  };
  init.services.dnsmasq.critical = true;
  # Names are written in UTF-8 only.
  system.link.capabilities.charsets = false;
}
