# A directory of files over HTTP, and nothing else: the smallest web server there is.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  cfg = config.services.static-files;
in
{
  options.services.static-files = {
    enable = lib.mkEnableOption "a server of static files";
    package = lib.mkPackageOption pkgs "busybox" { };
    root = mkOption {
      type = types.path;
      example = lib.literalExpression "./public";
      description = "The directory to serve.";
    };
    port = mkOption {
      type = types.port;
      default = 8080;
      description = "The port it listens on.";
    };
    user = mkOption {
      type = types.nullOr types.str;
      default = "www-data";
      description = "The user it runs as; null for the one the system runs as.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.static-files = {
      exec = [
        "${cfg.package}/bin/busybox"
        "httpd"
        "-f"
        "-p"
        (toString cfg.port)
        "-h"
        "${cfg.root}"
      ];
      inherit (cfg) user;
      group = cfg.user;
      ambientCapabilities = lib.mkIf (cfg.user != null) (addresses.capabilities [ cfg.port ]);
      ready.tcp = lib.mkDefault "127.0.0.1:${toString cfg.port}";
      enabled = true;
    };
    users = lib.mkIf (cfg.user != null) (account {
      inherit (cfg) user;
      description = "web servers";
      home = "/var/www";
    });
    image.ports = [ cfg.port ];
  };
}
