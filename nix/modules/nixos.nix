# What modules of NixOS say about themselves, and what needs no saying here.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    meta = mkOption {
      type = types.attrsOf (types.listOf types.raw);
      default = { };
      internal = true;
      description = "Who looks after a module; nothing reads it.";
    };
    users.users = mkOption {
      type = types.attrsOf (
        types.submodule {
          options.isSystemUser = mkOption {
            type = types.bool;
            default = false;
            description = "Whether the user is a service's. All are that are not `isNormalUser`, so it says nothing.";
          };
        }
      );
    };
  };
}
