{ pkgs, ... }:
{
  services.crond = {
    enable = true;
    crontabs.beat.jobs = [ "* * * * * root ${pkgs.coreutils}/bin/date > /proc/1/fd/1" ];
  };
  init.services.crond.critical = true;
}
