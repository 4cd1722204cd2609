{
  services.memcached = {
    enable = true;
    maxMemory = 256;
  };
  init.services.memcached.critical = true;
}
