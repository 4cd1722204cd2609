# Dropbear, a small SSH server.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.dropbear;
in
{
  options.services.dropbear = {
    enable = lib.mkEnableOption "Dropbear";
    package = lib.mkPackageOption pkgs "dropbear" { };
    port = mkOption {
      type = types.port;
      default = 22;
      description = "The port it listens on.";
    };
    hostKey = mkOption {
      type = types.path;
      default = "/var/lib/dropbear/ed25519";
      description = "The file with the key of the host (Ed25519). It is made at the first start, never in the image.";
    };
    allowPasswords = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a password is enough to log in.";
    };
    authorizedKeys = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      description = "Keys that may log in, by user; they are part of the image.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services = {
      # Once made, the key stays.
      dropbear-key = {
        type = "oneshot";
        exec = [
          "${cfg.package}/bin/dropbearkey"
          "-t"
          "ed25519"
          "-f"
          cfg.hostKey
        ];
        unless = cfg.hostKey;
        directories.${dirOf cfg.hostKey}.mode = "0700";
        enabled = true;
      };
      dropbear = {
        exec = [
          "${cfg.package}/bin/dropbear"
          "-F"
          "-E"
          "-r"
          cfg.hostKey
          "-p"
          (toString cfg.port)
        ]
        ++ lib.optional (!cfg.allowPasswords) "-s";
        requires = [ "dropbear-key" ];
        enabled = true;
      };
    };

    system = lib.mkMerge (
      lib.mapAttrsToList (
        user: keys:
        let
          inherit (config.users.users.${user}) home;
        in
        {
          directories."${home}/.ssh" = {
            inherit user;
            mode = "0700";
          };
          files."${home}/.ssh/authorized_keys" = {
            inherit user;
            mode = "0600";
            text = lib.concatLines keys;
          };
        }
      ) (lib.filterAttrs (user: _: config.users.users ? ${user}) cfg.authorizedKeys)
    );
    users.logins = lib.mapAttrs (_: _: [ "`services.dropbear.authorizedKeys`" ]) cfg.authorizedKeys;
    image = {
      ports = [ cfg.port ];
      volumes = [ (dirOf cfg.hostKey) ];
    };
  };
}
