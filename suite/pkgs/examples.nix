# Every example over the recorded suite, as derivation paths, which are compared with what C++ Nix
# makes of the same files. A package that the record does not hold is added to it with
# `frazil debian export`.
let
  lib = import ../../nix/lib;
  nglib = import ../../nix/nglib { inherit lib; };
  record = builtins.fromJSON (builtins.readFile ./record.json);

  examples = import ../../nix/examples {
    inherit nglib;
    nixpkgs = {
      inherit lib;
      legacyPackages.x86_64-linux = import ../../nix/pkgs {
        inherit lib;
        index = (import ../../nix/pkgs/index.nix).ofRecord record;
      };
    };
  };
in
lib.mapAttrs (
  _: example:
  let
    inherit (example.config.system) build;
  in
  {
    toplevel = build.toplevel.drvPath;
    ociImage = lib.mapAttrs (_: image: image.drvPath) build.ociImage;
  }
) examples
