# The time zone of the system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.time;
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

  # Programs take UTC when there is no file, so a system in UTC needs none.
  config.environment.etc.localtime = lib.mkIf (cfg.timezone != "UTC") {
    source = "${cfg.tzdata}/share/zoneinfo/${cfg.timezone}";
  };
}
