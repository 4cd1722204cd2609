# Systems over a recorded suite, for `with import ./system.nix;`: what the modules make of options.
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
  byPath = lib.foldl' (all: entry: all // { ${entry.path} = removeAttrs entry [ "path" ]; }) { };
in
lib
// {
  inherit lib nglib pkgs system specification;
  # What a system has of its own, and what is wrong with it.
  file = path: config: (byPath (specification config).files).${path} or null;
  text = path: config: (byPath (specification config).files).${path}.text;
  directory = path: config: (byPath (specification config).directories).${path} or null;
  complaints =
    config:
    map (assertion: assertion.message) (
      lib.filter (assertion: !assertion.assertion) (system config).options.assertions.value
    );
  # A service's command, where the path of a file is `/` and its text.
  exec =
    name: config:
    (system {
      imports = [ config ];
      nixpkgs.overlays = [ (_: _: { writeText = _: text: "/${text}"; }) ];
    }).config.init.services.${name}.exec;
  warnings = config: (system config).options.warnings.value;
}
