# A cache that keeps nothing.
{
  services.redis = {
    enable = true;
    settings.save = "";
  };
  init.services.redis.critical = true;
}
