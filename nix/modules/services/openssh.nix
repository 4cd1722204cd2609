# OpenSSH's server.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  addresses = import ./addresses.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.openssh;

  written = settings.lines (settings.keyValue { });

  # Once made, the keys stay.
  keys = lib.imap1 (
    number: file:
    lib.nameValuePair "sshd-key-${toString number}" {
      type = "oneshot";
      exec = [
        "${cfg.package}/bin/ssh-keygen"
        "-q"
        "-t"
        (lib.findFirst (kind: lib.hasInfix kind (baseNameOf file)) "ed25519" [
          "ecdsa"
          "rsa"
        ])
        "-N"
        ""
        "-f"
        file
      ];
      unless = file;
      directories = lib.genAttrs (stateOf file) (_: {
        mode = "0700";
      });
      enabled = true;
    }
  ) cfg.hostKeys;
  # /etc is the image's, and read by every user's session.
  stateOf = file: lib.optional (!lib.hasPrefix "/etc/" file) (dirOf file);
  keysOf = lib.filterAttrs (_: keys: keys != [ ]) cfg.authorizedKeys;
in
{
  options.services.openssh = {
    enable = lib.mkEnableOption "OpenSSH's server";
    package = lib.mkPackageOption pkgs "openssh" { };
    settings = mkOption {
      type = settings.type;
      default = { };
      example = {
        PasswordAuthentication = false;
      };
      description = "Settings of sshd_config; one that occurs several times is a list.";
    };
    matches = mkOption {
      type = types.attrsOf settings.type;
      default = { };
      example = {
        "User backup" = {
          ForceCommand = "internal-sftp";
        };
      };
      description = "Settings for some sessions only, by what `Match` matches.";
    };
    hostKeys = mkOption {
      type = types.listOf types.str;
      default = [ "/var/lib/sshd/ssh_host_ed25519_key" ];
      example = [
        "/var/lib/sshd/ssh_host_ed25519_key"
        "/var/lib/sshd/ssh_host_rsa_key"
      ];
      description = "Files with the keys of the host. They are made at the first start, never in the image; `rsa` or `ecdsa` in the name of one makes it such a key.";
    };
    authorizedKeys = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      example = {
        root = [ "ssh-ed25519 AAAA... me@host" ];
      };
      description = "Keys that may log in, by user.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.openssh.settings = lib.mapAttrs (_: lib.mkDefault) {
      Port = 22;
      HostKey = cfg.hostKeys;
      AuthorizedKeysFile = "/etc/ssh/authorized_keys.d/%u .ssh/authorized_keys";
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
      UsePAM = false;
      PidFile = "none";
      # What `scp` speaks, too.
      Subsystem = "sftp internal-sftp";
    };

    environment.etc = {
      # What follows a `Match` belongs to it.
      "ssh/sshd_config".text = lib.concatLines (
        written cfg.settings
        ++ lib.concatLists (lib.mapAttrsToList (what: settings: [ "Match ${what}" ] ++ written settings) cfg.matches)
      );
    }
    // lib.mapAttrs' (
      user: keys: lib.nameValuePair "ssh/authorized_keys.d/${user}" { text = lib.concatLines keys; }
    ) keysOf
    // lib.optionalAttrs (cfg.settings.UsePAM == true) (import ./pam.nix { inherit lib; } "sshd");

    init.services = lib.listToAttrs keys // {
      sshd = {
        exec = [
          "${cfg.package}/bin/sshd"
          "-D"
          "-e"
          "-f"
          "/etc/ssh/sshd_config"
        ];
        requires = map (key: key.name) keys;
        directories."/run/sshd" = { };
        enabled = true;
      };
    };

    users =
      import ./account.nix { inherit lib; } {
        user = "sshd";
        description = "OpenSSH's unprivileged half";
        home = "/run/sshd";
      }
      // {
        logins = lib.mapAttrs (_: _: [ "`services.openssh.authorizedKeys`" ]) keysOf;
      };
    assertions = [
      {
        assertion = !cfg.settings ? Match;
        message = "`services.openssh.settings.Match` would take in the settings that follow it; use `services.openssh.matches`";
      }
    ];
    image = {
      ports = lib.concatMap addresses.port (lib.toList (settings.over { Port = 22; } cfg.settings).Port);
      volumes = lib.unique (lib.concatMap stateOf cfg.hostKeys);
    };
  };
}
