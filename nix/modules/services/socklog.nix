# socklog: messages of syslog, from a socket to the log of the system.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.socklog;

  socklog = args: {
    exec = [ "${cfg.package}/bin/socklog" ] ++ args;
    enabled = true;
  };
in
{
  options.services.socklog = {
    enable = lib.mkEnableOption "socklog";
    package = lib.mkPackageOption pkgs "socklog" { };
    unix = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/dev/log";
      description = "A socket to read messages from.";
    };
    inet = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            ip = mkOption {
              type = types.str;
              default = "127.0.0.1";
              description = "The address.";
            };
            port = mkOption {
              type = types.port;
              default = 514;
              description = "The port.";
            };
          };
        }
      );
      default = null;
      description = "An address to read messages from, over UDP.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services = {
      socklog-unix = lib.mkIf (cfg.unix != null) (socklog [
        "unix"
        cfg.unix
      ]);
      socklog-inet = lib.mkIf (cfg.inet != null) (socklog [
        "inet"
        cfg.inet.ip
        (toString cfg.inet.port)
      ]);
    };
    assertions = [
      {
        assertion = cfg.unix != null || cfg.inet != null;
        message = "`services.socklog` listens nowhere; set `unix` or `inet`";
      }
    ];
  };
}
