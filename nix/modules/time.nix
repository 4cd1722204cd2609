# The time zone of the system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.time;
  zoneinfo = if cfg.tzdata ? debian then "/usr/share/zoneinfo" else "${cfg.tzdata}/share/zoneinfo";
  zone = "${zoneinfo}/${cfg.timezone}";
in
{
  options.time = {
    timezone = lib.mkOption {
      type = lib.types.strMatching "[[:alnum:]_+-]+(/[[:alnum:]_+-]+)*";
      default = "UTC";
      example = "Europe/Prague";
      description = "The time zone, by its name in the tz database.";
    };
    tzdata = lib.mkOption {
      type = lib.types.package;
      default = pkgs.tzdata;
      defaultText = lib.literalExpression "pkgs.tzdata";
      description = "The tz database.";
    };
  };

  # Programs take UTC when there is no file, so a system in UTC needs none. Naming Debian's package
  # would bring all zones; naming the file brings one, and it must be there.
  config = lib.mkIf (cfg.timezone != "UTC") {
    environment.etc.localtime.source = zone;
    system.link.keep = [ zone ];
  };
}
