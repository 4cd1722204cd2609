# Syncthing, which keeps directories of several machines the same.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  cfg = config.services.syncthing;
in
{
  options.services.syncthing = {
    enable = lib.mkEnableOption "Syncthing";
    package = lib.mkPackageOption pkgs "syncthing" { };
    config = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      description = "Refused: Syncthing keeps its settings, with its keys, in `dataDir`, and changes them itself.";
    };
    user = mkOption {
      type = types.str;
      default = "syncthing";
      description = "The user it runs as.";
    };
    group = mkOption {
      type = types.str;
      default = "syncthing";
      description = "The group it runs as.";
    };
    guiAddress = mkOption {
      type = types.str;
      default = "http://127.0.0.1:8384/";
      description = "Where its pages are.";
    };
    dataDir = mkOption {
      type = types.path;
      default = "/var/lib/syncthing";
      description = "Where its keys, its settings and its database are.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.syncthing = {
      exec = [
        "${cfg.package}/bin/syncthing"
        "serve"
        "--no-browser"
        "--no-restart"
        "--no-upgrade"
        "--home=${cfg.dataDir}"
        "--gui-address=${cfg.guiAddress}"
      ];
      inherit (cfg) user group;
      environment.HOME = cfg.dataDir;
      directories.${cfg.dataDir}.mode = "0700";
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "Syncthing";
      home = cfg.dataDir;
    };
    assertions = [
      {
        assertion = cfg.config == { };
        message = "`services.syncthing.config` cannot be honoured, since Syncthing changes its settings itself; make them on its pages or over its API";
      }
    ];
    image = {
      ports = [
        8384
        22000
        "22000/udp"
        "21027/udp"
      ];
      volumes = [ cfg.dataDir ];
    };
  };
}
