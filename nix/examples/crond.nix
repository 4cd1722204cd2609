# Says that it is there when it starts, and the time every minute.
{ pkgs, ... }:
{
  services.crond = {
    enable = true;
    crontabs.beat.jobs = [
      "@reboot root ${pkgs.coreutils}/bin/echo the system is up > /proc/1/fd/1"
      "* * * * * root ${pkgs.coreutils}/bin/date > /proc/1/fd/1"
    ];
  };
  init.services.crond.critical = true;
}
