# Systems over a recorded suite, for `with import ./system.nix;`: what modules make of options.
let
  lib = import ../../nix/lib;
  nglib = import ../../nix/nglib { inherit lib; };
  record = builtins.fromJSON (builtins.readFile ../pkgs/record.json);
  pkgs = import ../../nix/pkgs {
    inherit lib;
    index = (import ../../nix/pkgs/index.nix).ofRecord record;
  };

  system =
    config:
    nglib.makeSystem {
      nixpkgs = {
        inherit lib;
        legacyPackages.x86_64-linux = pkgs;
      };
      name = "host";
      system = "x86_64-linux";
      inherit config;
    };
  specification = config: (system config).config.system.specification;
  byPath = lib.foldl' (files: file: files // { ${file.path} = removeAttrs file [ "path" ]; }) { };
in
lib
// {
  inherit
    lib
    nglib
    pkgs
    system
    specification
    ;
  # What a system has of its own: `(files { ... })."etc/hosts".text`.
  files = config: byPath (specification config).files;
  text = path: config: (byPath (specification config).files).${path}.text;
  directories = config: byPath (specification config).directories;
  # What is wrong with a system.
  complaints =
    config: map (a: a.message) (filterFalse (lib.evalModules (systemModules config)).config.assertions);
}
