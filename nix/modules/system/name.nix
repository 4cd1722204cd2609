# What the system is called, and for which machines it is.
{
  config,
  lib,
  system,
  ...
}:
{
  options.system = {
    name = lib.mkOption {
      type = lib.types.strMatching "[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?";
      default = config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      example = "web";
      description = "The name of the system: of its store path, and of its images unless they name themselves.";
    };
    platform = lib.mkOption {
      type = lib.types.str;
      default = system;
      readOnly = true;
      internal = true;
      description = "The machine the system is for, as `makeSystem` was told: `x86_64-linux`.";
    };
  };
}
