# The Apache web server.
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
  cfg = config.services.apache2;

  # In Debian's server, where loading them is an error.
  builtIn = [
    "log_config"
    "logio"
    "unixd"
    "version"
    "watchdog"
  ];
  isBuiltIn =
    line: cfg.package ? debian && lib.any (name: lib.hasInfix "LoadModule ${name}_module " line) builtIn;
  lines = lib.splitString "\n" (nglib.generators.toApache cfg.configuration);
  # Modules are looked for below the server's root, which for Debian's server is its configuration,
  # and for the linker nothing that has a name.
  text = lib.replaceStrings [ " modules/mod_" ] [ " ${cfg.package}/modules/mod_" ] (
    lib.concatStringsSep "\n" (lib.filter (line: !(isBuiltIn line)) lines)
  );
  configFile = pkgs.writeText "httpd.conf" text;
  runtimeConfig = "/run/apache2/httpd.conf";
in
{
  options.services.apache2 = {
    enable = lib.mkEnableOption "the Apache web server";
    package = lib.mkPackageOption pkgs "apacheHttpd" { };
    createUserGroup = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the user and the group `www-data` exist.";
    };
    envsubst = lib.mkEnableOption "replacing `\${NAME}` in the configuration by variables when it starts";
    configuration = mkOption {
      type = (import ./directives.nix { inherit lib; }).type "Apache";
      example = lib.literalExpression ''
        [ { Listen = "0.0.0.0:80"; ServerRoot = "/var/www"; } { DocumentRoot = "/var/www"; } ]
      '';
      description = "The configuration.";
    };
  };

  config = lib.mkIf cfg.enable {
    init.services.apache2 = {
      exec = [
        "${cfg.package}/bin/httpd"
        "-f"
        (if cfg.envsubst then runtimeConfig else "${configFile}")
        "-DFOREGROUND"
      ];
      templates = lib.mkIf cfg.envsubst { ${runtimeConfig}.source = configFile; };
      directories."/run/apache2" = { };
      # Lets requests come to their end.
      stop.signal = lib.mkDefault "WINCH";
      enabled = true;
    };

    users = lib.mkIf cfg.createUserGroup (account {
      user = "www-data";
      description = "web servers";
      home = "/var/www";
    });
    image.ports = addresses.portsOf "Listen" cfg.configuration;
  };
}
