# The names of ports and protocols.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.iana;
in
{
  options.iana = {
    enable = lib.mkEnableOption "the lists of ports and protocols even where no program asks for them";
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.iana-etc;
      defaultText = lib.literalExpression "pkgs.iana-etc";
      description = "The package that holds the lists.";
    };
  };

  config.environment.etc = lib.mkIf cfg.enable {
    services.source = "${cfg.package}/etc/services";
    protocols.source = "${cfg.package}/etc/protocols";
  };
}
