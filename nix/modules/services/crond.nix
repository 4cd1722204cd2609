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
  # The file that a job runs: what follows five fields, or one such as `@daily`, and the user. What
  # is in the store is found without being named.
  command =
    job:
    let
      words = lib.remove "" (lib.splitString " " (lib.replaceStrings [ "\t" ] [ " " ] job));
      first = lib.concatStrings (lib.take 1 words);
      program = lib.concatStrings (lib.take 1 (lib.drop (if lib.hasPrefix "@" first then 2 else 6) words));
      path = builtins.match "(/[^;&|<>()]+).*" program;
    in
    lib.optionals (path != null && !lib.hasPrefix "#" first && !lib.hasPrefix builtins.storeDir program) (
      map merged path
    );
  # Where Debian has what others have in /bin.
  merged = path: if builtins.match "/s?bin/.*" path != null then "/usr${path}" else path;
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
    system.link = {
      # Commands of crontabs are run by a shell.
      capabilities.shell = true;
      # And a job whose program is nowhere would fail when nobody looks.
      keep = lib.concatMap (crontab: lib.concatMap command crontab.jobs) (lib.attrValues cfg.crontabs);
    };
  };
}
