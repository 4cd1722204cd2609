# The library with short names for evaluations, for `with import ./eval.nix;`.
let
  lib = import ../../nix/lib;
  eval = modules: lib.evalModules { inherit modules; };
in
lib
// lib.types
// {
  inherit eval;
  # The configuration of modules.
  config = modules: (eval modules).config;
  # The value that definitions give an option `x` of a type; `options.x` is the whole option.
  value = type: definitions: (config ([ { options.x = lib.mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) definitions)).x;
  option =
    attrs: definitions:
    (eval ([ { options.x = lib.mkOption attrs; } ] ++ map (x: { inherit x; }) definitions)).options.x;
}
