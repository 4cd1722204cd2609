/** A system out of modules. */
{ lib, nglib }:
/**
  Evaluates a system. The result is that of `evalModules`; reading `config` fails if one of the
  `assertions` does, and prints the `warnings`.

      makeSystem {
        nixpkgs;                  # has legacyPackages.<system>, and lib
        name;                     # the host name
        system;                   # such as "x86_64-linux"
        config;                   # the module that describes the system
        defaultModules ? all;     # the modules that are always there
        extraModules ? [ ];       # more of them
        specialArgs ? { };        # more arguments for modules; `nglib` is one, and `provenance`:
                                  # how old the newest input is, and the revision of the flake
      }
*/
{
  nixpkgs,
  name,
  system,
  config,
  defaultModules ? import ../modules/list.nix,
  extraModules ? [ ],
  specialArgs ? { },
}@arguments:
let
  # A module that is written where `makeSystem` is called has no file of its own to be named by.
  place = builtins.unsafeGetAttrPos "config" arguments;
  located =
    if place == null then
      config
    else
      lib.modules.setDefaultModuleLocation place.file config;

  # The flake itself does not count: while it is edited its date says nothing.
  inputs = [ nixpkgs ] ++ lib.attrValues (removeAttrs (specialArgs.inputs or { }) [ "self" ]);
  self = specialArgs.self or specialArgs.inputs.self or { };
  provenance = {
    created = lib.foldl' lib.max 0 (map (input: input.lastModified or 0) inputs);
    revision = self.rev or null;
  };

  evaluation = (nixpkgs.lib or lib).evalModules {
    specialArgs = {
      inherit provenance;
      # What names in `disabledModules` are relative to.
      modulesPath = toString ../modules;
    }
    // specialArgs
    // {
      inherit nglib;
    };
    modules =
      defaultModules
      ++ extraModules
      ++ [
        {
          _file = "makeSystem";
          networking.hostName = name;
        }
        located
        {
          _file = "makeSystem";
          nixpkgs.pkgs =
            nixpkgs.legacyPackages.${system}
              or (throw "the input `nixpkgs` has no packages for `${system}`; it has those for ${
                lib.concatStringsSep ", " (lib.attrNames nixpkgs.legacyPackages)
              }, and `debian:trixie?arch=arm64` has those for aarch64-linux");
          _module.args = { inherit system; };
        }
      ];
  };
  result = evaluation.config;
in
evaluation
// {
  config = lib.asserts.checkAssertWarn (result.assertions or [ ]) (result.warnings or [ ]) result;
}
