# Mosquitto, a broker of MQTT messages.
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
  runsAs = import ./runs-as.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; };
  settings = import ./settings.nix { inherit lib; };
  cfg = config.services.mosquitto;

  keyValue = settings.keyValue {
    yes = "true";
    no = "false";
  };
  # A set among the values of a setting holds further ones, which belong to what stands before it.
  line = name: value: if lib.isAttrs value then written value else "${keyValue name value}\n";
  written = set: lib.concatStrings (settings.lines line set);
  # A listener begins a part of its own, which other settings must not fall into.
  isListener = name: _: name == "listener";
  configFile = pkgs.writeText "mosquitto.conf" (
    written (lib.filterAttrs (name: value: !isListener name value) cfg.config)
    + written (lib.filterAttrs isListener cfg.config)
  );
  # Without a listener it listens on 1883, on localhost.
  ports = lib.concatMap addresses.port (lib.filter (value: !lib.isAttrs value) listeners);
  listeners = settings.values (cfg.config.listener or null);
  runtimeConfig = "/run/mosquitto/mosquitto.conf";
in
{
  options.services.mosquitto = {
    enable = lib.mkEnableOption "Mosquitto";
    package = lib.mkPackageOption pkgs "mosquitto" { };
    inherit (runsAs "mosquitto") user group;
    envsubst = lib.mkEnableOption "replacing `\${NAME}` in the configuration by variables when it starts";
    config = mkOption {
      type = types.attrsOf (with settings; types.either atom (types.listOf (types.either atom (types.attrsOf atom))));
      default = { };
      example = {
        listener = [
          "1883 0.0.0.0"
          { allow_anonymous = true; }
        ];
      };
      description = "Settings of mosquitto.conf; one that occurs several times is a list, and a set in it has the settings of the listener before it.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.mosquitto.config = nglib.mkDefaultRec {
      persistence = true;
      persistence_location = "/var/lib/mosquitto/";
      log_dest = "stderr";
    };

    init.services.mosquitto = {
      exec = [
        "${cfg.package}/bin/mosquitto"
        "-c"
        (if cfg.envsubst then runtimeConfig else "${configFile}")
      ];
      templates = lib.mkIf cfg.envsubst { ${runtimeConfig}.source = configFile; };
      inherit (cfg) user group;
      ambientCapabilities = addresses.capabilities ports;
      directories = {
        "/run/mosquitto" = { };
        "/var/lib/mosquitto".mode = "0700";
      };
      enabled = true;
    };

    users = account {
      inherit (cfg) user group;
      description = "Mosquitto";
      home = "/var/lib/mosquitto";
    };
    image = {
      inherit ports;
      volumes = [ "/var/lib/mosquitto" ];
    };
  };
}
