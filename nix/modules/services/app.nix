# The user's own programs: a binary, a directory, whatever has no module of its own.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) mkOption types;
  account = import ./account.nix { inherit lib; };
  enabled = lib.filterAttrs (_: app: app.enable) config.services.app;

  app =
    { name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether it runs.";
        };
        program = mkOption {
          type = types.either types.path types.str;
          example = lib.literalExpression "./server";
          description = "The program: a file of your own, the path of one in a package, or a package for its main program.";
        };
        args = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Its arguments.";
        };
        environment = mkOption {
          type = types.attrsOf (import ../init/value.nix { inherit lib; });
          default = { };
          example = {
            TOKEN.file = "/run/secrets/token";
          };
          description = "Its variables: texts, or what is found at the start (`init.services.<name>.environment`).";
        };
        files = mkOption {
          type = types.attrsOf types.path;
          default = { };
          example = lib.literalExpression ''{ "/srv/www" = ./public; }'';
          description = "Files and directories of your own, by where they are in the system.";
        };
        user = mkOption {
          type = types.nullOr types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "The user it runs as; null for the one the system runs as.";
        };
        stateDir = mkOption {
          type = types.nullOr types.path;
          default = null;
          example = "/var/lib/app";
          description = "A directory of its own for state; it becomes a volume of images.";
        };
        ports = mkOption {
          inherit (options.image.ports) type;
          default = [ ];
          example = [
            8080
            "5353/udp"
          ];
          description = "Ports it listens on.";
        };
        critical = mkOption {
          type = types.bool;
          default = true;
          description = "Whether its end is the end of the system.";
        };
      };
    };

  # A package is for the program that it is called by; what a file is made of is a package, too.
  programOf =
    program:
    if lib.isDerivation program && (program ? meta.mainProgram || program ? debian) then
      lib.getExe program
    else
      "${program}";
  optionalAttr = name: value: lib.optionalAttrs (value != null) { ${value} = name; };
in
{
  options.services.app = mkOption {
    type = types.attrsOf (types.submodule app);
    default = { };
    example = lib.literalExpression ''{ hello = { program = ./hello; ports = [ 8080 ]; }; }'';
    description = "Programs of your own that run as services.";
  };

  config = {
    init.services = lib.mapAttrs (_: app: {
      exec = [ (programOf app.program) ] ++ app.args;
      inherit (app) environment user critical;
      group = app.user;
      directories = optionalAttr { mode = "0700"; } app.stateDir;
      enabled = true;
    }) enabled;

    users = lib.mkMerge (
      map (
        app:
        lib.optionalAttrs (app.user != null) (account {
          inherit (app) user;
          description = app.user;
        })
      ) (lib.attrValues enabled)
    );

    system.files = lib.mkMerge (
      map (app: lib.mapAttrs (_: source: { link = "${source}"; }) app.files) (lib.attrValues enabled)
    );

    image = lib.mkIf (enabled != { }) {
      ports = lib.concatMap (app: app.ports) (lib.attrValues enabled);
      volumes = lib.concatMap (app: lib.optional (app.stateDir != null) app.stateDir) (
        lib.attrValues enabled
      );
    };
  };
}
