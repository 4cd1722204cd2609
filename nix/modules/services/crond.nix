# cron: commands at set times.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.crond;

  crontab = types.submodule {
    options = {
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Variables of the commands.";
      };
      jobs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "*/5 * * * * root /bin/true" ];
        description = "Lines of a crontab: when, as whom, what.";
      };
    };
  };
  text =
    crontab:
    lib.concatLines (lib.mapAttrsToList (name: value: "${name}=${value}") crontab.environment ++ crontab.jobs);
in
{
  options.services.crond = {
    enable = lib.mkEnableOption "cron";
    package = lib.mkPackageOption pkgs "cronie" { };
    crontabs = mkOption {
      type = types.attrsOf crontab;
      default = { };
      description = "Tables of commands.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc = lib.mapAttrs' (
      name: crontab: lib.nameValuePair "cron.d/${name}" { text = text crontab; }
    ) cfg.crontabs;

    init.services.crond = {
      exec = [
        "${cfg.package}/bin/crond"
        "-n"
        "-s"
      ];
      directories = {
        "/var/spool/cron".mode = "0700";
        "/run" = { };
      };
      enabled = true;
    };
    # Commands of crontabs are run by a shell.
    system.link.capabilities.shell = true;
  };
}
