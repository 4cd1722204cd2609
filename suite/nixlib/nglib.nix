# The library of systems with the library, for `with import ./nglib.nix;`.
let
  lib = import ../../nix/lib;
in
lib // import ../../nix/nglib { inherit lib; }
