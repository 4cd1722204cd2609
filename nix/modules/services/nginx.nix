# nginx, a web server.
{
  config,
  lib,
  nglib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  directives = import ./directives.nix { inherit lib; };
  cfg = config.services.nginx;

  configFile = pkgs.writeText "nginx.conf" (nglib.generators.toNginx cfg.configuration);
  runtimeConfig = "/run/nginx/nginx.conf";
  added = lib.concatStringsSep " " (
    # It stays where it is supervised.
    lib.optional (!directives.has "daemon" cfg.configuration) "daemon off;"
    # Where the master is not root, workers cannot be somebody else.
    ++ lib.optional (
      config.image.user == null && !directives.has "user" cfg.configuration
    ) "user ${cfg.user} ${cfg.group};"
  );
in
{
  options.services.nginx = {
    enable = lib.mkEnableOption "nginx";
    package = lib.mkPackageOption pkgs "nginx" { };
    user = mkOption {
      type = types.str;
      default = "nginx";
      description = "The user the workers run as, unless `configuration` names one.";
    };
    group = mkOption {
      type = types.str;
      default = "nginx";
      description = "The group the workers run as, unless `configuration` names one.";
    };
    envsubst = lib.mkEnableOption "replacing `\${NAME}` in the configuration by variables when it starts";
    configuration = mkOption {
      type = directives.type "nginx";
      example = lib.literalExpression ''
        [ { events."" = { worker_connections = 128; }; http."" = { sendfile = true; server."" = { listen = 80; }; }; } ]
      '';
      description = "The configuration, in which a block without an argument is written `http.\"\" = { ... };`. `daemon off;` stands before it unless it has `daemon` itself.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.nginx = {
      exec = [
        "${cfg.package}/bin/nginx"
        "-e"
        "stderr"
        "-c"
        (if cfg.envsubst then runtimeConfig else "${configFile}")
      ]
      ++ lib.optionals (added != "") [
        "-g"
        added
      ];
      templates = lib.mkIf cfg.envsubst { ${runtimeConfig}.source = configFile; };
      directories = {
        "/var/lib/nginx" = { };
        "/var/log/nginx" = { };
      };
      # Ends open connections in their own time; TERM would cut them off.
      stop.signal = lib.mkDefault "QUIT";
      enabled = true;
    };

    users = account {
      inherit (cfg) user group;
      description = "nginx";
    };

    image.ports = addresses.portsOf "listen" cfg.configuration;
  };
}
