# What must hold of a configuration, and what its author should know. `makeSystem` reads both.
{ lib, ... }:
{
  options = {
    assertions = lib.mkOption {
      type = lib.types.listOf (
        lib.types.submodule {
          options = {
            assertion = lib.mkOption {
              type = lib.types.bool;
              description = "What must be true.";
            };
            message = lib.mkOption {
              type = lib.types.str;
              description = "What is wrong otherwise, and what to do about it.";
            };
          };
        }
      );
      default = [ ];
      example = lib.literalExpression ''
        [ { assertion = config.services.nginx.enable; message = "this system is about nginx"; } ]
      '';
      description = ''
        Conditions of a valid configuration. The messages of those that are false are the error that
        every look at `config` ends with.
      '';
    };

    warnings = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "`services.foo.port` is ignored, since `services.foo.socket` is set" ];
      description = "Messages to print when the configuration is evaluated.";
    };
  };
}
