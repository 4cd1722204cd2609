# The package set that modules get as `pkgs`.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;

  overlay = types.mkOptionType {
    name = "nixpkgs-overlay";
    description = "overlay: a function of two arguments, the final and the previous package set";
    check = lib.isFunction;
    merge = lib.mergeOneOption;
  };
  # Packages see the settings as `config`, which there is no other way to change in a finished set.
  settings = _: prev: { config = prev.config or { } // cfg.config; };
  overlays = lib.optional (cfg.config != { }) settings ++ cfg.overlays;
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.unspecified;
      description = "The package set to start from. `makeSystem` sets it.";
    };
    config = mkOption {
      type = types.attrsOf types.unspecified;
      default = { };
      description = "Settings of the package set, as its own `config` argument takes them.";
    };
    overlays = mkOption {
      type = types.listOf overlay;
      default = [ ];
      example = lib.literalExpression "[ (final: prev: { hello = prev.hello; }) ]";
      description = "Changes to the package set, applied in this order.";
    };
  };

  config._module.args.pkgs =
    if overlays == [ ] then cfg.pkgs else cfg.pkgs.appendOverlays overlays;
}
