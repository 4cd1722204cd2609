# memcached, a cache in memory.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  runsAs = import ./runs-as.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  cfg = config.services.memcached;
  ports = lib.optionals (cfg.socket == null) (addresses.port cfg.port);
  place =
    if cfg.socket != null then
      [
        "-s"
        cfg.socket
      ]
    else
      [
        "-l"
        cfg.listen
        "-p"
        (toString cfg.port)
      ];
in
{
  options.services.memcached = {
    enable = lib.mkEnableOption "memcached";
    package = lib.mkPackageOption pkgs "memcached" { };
    inherit (runsAs "memcached") user group;
    socket = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/run/memcached/memcached.sock";
      description = "A socket to listen on instead of a port.";
    };
    listen = mkOption {
      type = types.str;
      default = "0.0.0.0";
      description = "The address it listens on.";
    };
    port = mkOption {
      type = types.port;
      default = 11211;
      description = "The port it listens on.";
    };
    maxMemory = mkOption {
      type = types.ints.positive;
      default = 64;
      description = "How much it keeps, in MiB.";
    };
    maxConnections = mkOption {
      type = types.ints.positive;
      default = 1024;
      description = "How many clients it serves at once.";
    };
    extraOptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Further arguments.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.memcached = {
      exec = [
        "${cfg.package}/bin/memcached"
      ]
      ++ place
      ++ [
        "-m"
        (toString cfg.maxMemory)
        "-c"
        (toString cfg.maxConnections)
      ]
      ++ cfg.extraOptions;
      inherit (cfg) user group;
      directories = lib.mkIf (cfg.socket != null) { ${dirOf cfg.socket} = { }; };
      ambientCapabilities = addresses.capabilities ports;
      enabled = true;
    };
    users = account {
      inherit (cfg) user group;
      description = "memcached";
    };
    image = { inherit ports; };
  };
}
