# How an image presents the system to whoever runs it.
{
  config,
  lib,
  pkgs,
  provenance,
  ...
}:
let
  inherit (lib) mkOption types;

  signals = import ../init/signals.nix { inherit lib; };
  protocols = types.strMatching "[0-9]{1,5}(/(tcp|udp|sctp))?";
  isPort = text: lib.toIntBase10 (lib.head (lib.splitString "/" text)) <= 65535;
  port = types.either types.port (types.addCheck protocols isPort) // {
    description = "port such as 80 or \"53/udp\"";
  };
  # What engines take for the name of an image: a registry, perhaps, and words of small letters.
  word = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*";
  imageName = types.strMatching "([[:alnum:].-]+(:[0-9]+)?/)?${word}(/${word})*" // {
    description = "name of an image, as in web or registry.example.org/team/web";
  };
  seconds = types.either types.ints.unsigned types.float;
  # What is made of the linked system.
  made =
    builder: name: attributes:
    derivation (
      {
        inherit name builder;
        system = "builtin";
        inherit (config.system.build) toplevel;
      }
      // attributes
    );
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
      type = imageName;
      default = lib.toLower config.system.name;
      defaultText = lib.literalExpression "lib.toLower config.system.name";
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
    user = nullable (types.strMatching "[^:]+(:[^:]+)?") "The user the entry point runs as, a name or a number, and a group behind a colon if it is another than the user's; unset, root.";
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
    platform = mkOption {
      type = types.str;
      default = config.system.platform;
      defaultText = lib.literalExpression "config.system.platform";
      internal = true;
      description = "The machine that the image is for, as Nix names it.";
    };
    created = mkOption {
      type = types.ints.unsigned;
      default = provenance.created;
      defaultText = "the date of the newest locked input that `makeSystem` is given, or 0";
      description = ''
        When the image was made, in seconds since 1970: what its configuration and its list of
        packages say. Files do not bear it, so that layers do not depend on it.
      '';
    };
    source = nullable types.str "Where the source of the image is: the annotation `org.opencontainers.image.source`.";
    revision = mkOption {
      type = types.nullOr types.str;
      default = provenance.revision;
      defaultText = "the revision of the flake, if `specialArgs` has it as `self` or in `inputs`";
      description = "The revision of the source: the annotation `org.opencontainers.image.revision`.";
    };
    base = {
      name = nullable types.str "The image that this one stands for or builds on: the annotation `org.opencontainers.image.base.name`.";
      digest = nullable (types.strMatching "sha256:[0-9a-f]{64}") "The digest of the base: the annotation `org.opencontainers.image.base.digest`.";
    };
    nixStore = mkOption {
      type = types.nullOr types.str;
      # Packages of Debian have lists of their own; of others the database is the list.
      default = if pkgs ? debianSource then null else builtins.storeDir;
      internal = true;
      description = "The directory of the store of which the image has a database.";
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
      type = types.listOf types.externalPath;
      default = [ ];
      description = ''
        Directories that hold state, for which engines make volumes. Those that nothing else in the
        system says anything about belong to `image.user`.
      '';
    };
    workingDir = nullable types.path "The directory the entry point starts in; made as those of `image.volumes` are.";
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Variables of the entry point; a user may replace them.";
    };
    stopSignal = mkOption {
      type = types.enum (map (name: "SIG${name}") (signals.named ++ signals.realTime)) // {
        description = "signal such as SIGTERM or SIGRTMIN+3";
      };
      default = "SIGTERM";
      example = "SIGQUIT";
      description = ''
        The signal that asks the system to stop. The init ends the system when it gets it, as it does
        for SIGTERM; an init for one process passes it on to that.
      '';
    };
    healthcheck = nullable (types.coercedTo (types.listOf types.str) (command: { inherit command; }) (
      types.submodule {
        options = {
          command = mkOption {
            type = types.nonEmptyListOf types.str;
            description = "A command that ends with 0 while the system is healthy.";
          };
          interval = nullable seconds "The time from one check to the next, in seconds; unset, what the engine does.";
          timeout = nullable seconds "How long a check may take, in seconds.";
          startPeriod = nullable seconds "How long after the start checks may fail, in seconds.";
          retries = nullable types.ints.positive "After so many failures in a row the system is unhealthy.";
        };
      }
    )) "How engines check that the system is healthy: a command, or more about it.";
    # The names are those of the linker's table (crates/frazil-link/src/policy/tables.rs).
    trim =
      let
        trimmed =
          default: what:
          mkOption {
            type = types.bool;
            inherit default;
            description = "Whether the image is without ${what} of the packages that it holds files of.";
          };
      in
      {
        documentation = trimmed true "the manuals and other documentation";
        translations = trimmed true "the translations (`system.link.locales` keeps those of some languages)";
        development = trimmed true "the headers, static libraries, and what else only compilers read,";
        licenses = trimmed false "the licenses";
      };
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

  config.system.link.without = lib.mkIf config.image.trim.licenses [ "/usr/share/doc/*/copyright" ];

  config.assertions = map (name: {
    assertion = builtins.match "[^=]+" name != null;
    message = "`image.environment` has the variable `${name}`, and a name is not empty and has no `=`";
  }) (lib.attrNames config.image.environment);

  config.image.annotations = lib.mapAttrs (_: lib.mkDefault) (
    lib.filterAttrs (_: value: value != null) {
      "org.opencontainers.image.source" = config.image.source;
      "org.opencontainers.image.revision" = config.image.revision;
      "org.opencontainers.image.base.name" = config.image.base.name;
      "org.opencontainers.image.base.digest" = config.image.base.digest;
    }
  );

  config.system.build.ociImage = {
    # One archive: an OCI layout, and what `docker load` takes.
    build = made "builtin:oci-image" "${config.system.name}.tar" { };
    layout = made "builtin:oci-image" "${config.system.name}-layout" { format = "layout"; };
    # `./result > image.tar` writes the image without a copy on disk.
    stream = made "builtin:image-stream" "stream-${config.system.name}" { };
  };
}
