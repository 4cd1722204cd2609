# How an image presents the system to whoever runs it.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  port = types.either types.port (types.strMatching "[0-9]+(/(tcp|udp|sctp))?");
  nullable =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };
in
{
  options.image = {
    name = mkOption {
      type = types.str;
      default = config.system.name;
      defaultText = lib.literalExpression "config.system.name";
      description = "The name of the image, with a registry in front where it has one.";
    };
    tag = mkOption {
      type = types.strMatching "[[:alnum:]_][[:alnum:]_.-]{0,127}";
      default = "latest";
      description = "The tag of the image.";
    };
    entrypoint = nullable (types.listOf types.str) "The program that starts the system; unset, the init.";
    cmd = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Arguments of the entry point that a user may replace.";
    };
    user = nullable types.str "The user the entry point runs as; unset, root.";
    ports = mkOption {
      type = types.listOf port;
      default = [ ];
      example = [
        80
        "53/udp"
      ];
      apply = lib.unique;
      description = "Ports that services listen on.";
    };
    labels = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Labels of the image.";
    };
    annotations = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        "org.opencontainers.image.source" = "the repository";
      };
      description = "Annotations of the image's manifest.";
    };
    volumes = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Directories that hold state, for which engines make volumes.";
    };
    workingDir = nullable types.str "The directory the entry point starts in.";
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Variables of the entry point; a user may replace them.";
    };
    stopSignal = mkOption {
      type = types.strMatching "SIG[A-Z0-9+-]+";
      default = "SIGTERM";
      description = "The signal that asks the system to stop.";
    };
    healthcheck = nullable (types.listOf types.str) "A command that ends with 0 while the system is healthy.";
    layers = {
      max = mkOption {
        type = types.ints.between 1 127;
        default = 100;
        description = "The most layers an image has.";
      };
      compression = mkOption {
        type = types.enum [
          "gzip"
          "zstd"
          "none"
        ];
        default = "gzip";
        description = "How layers are compressed. Old engines refuse `zstd`.";
      };
    };
  };
}
