# The library with short names for evaluations, for `with import ./eval.nix;`.
let
  lib = import ../../nix/lib;
  eval = modules: lib.evalModules { inherit modules; };
  define = attrs: definitions: [ { options.x = lib.mkOption attrs; } ] ++ map (x: { inherit x; }) definitions;
in
lib
// lib.types
// {
  inherit eval;
  # The configuration of modules.
  config = modules: (eval modules).config;
  # An option `x` with definitions, and the value that definitions give an option of a type.
  option = attrs: definitions: (eval (define attrs definitions)).options.x;
  value = type: definitions: (eval (define { inherit type; } definitions)).config.x;
}
