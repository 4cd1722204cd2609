/**
  One system for each service, as small as one is that does something.

  They are what documentation shows and what tests start: each is a module, and here they become
  systems.

  # Type

  ```
  { nglib, nixpkgs, system ? "x86_64-linux" } -> { name = system; ... }
  ```
*/
{
  nglib,
  nixpkgs,
  system ? "x86_64-linux",
}:
let
  inherit (nixpkgs) lib;
  files = lib.filterAttrs (file: _: lib.hasSuffix ".nix" file && file != "default.nix") (
    builtins.readDir ./.
  );
  make =
    file: _:
    let
      name = lib.removeSuffix ".nix" file;
    in
    lib.nameValuePair name (
      nglib.makeSystem {
        inherit nixpkgs name system;
        config = ./. + "/${file}";
      }
    );
in
lib.mapAttrs' make files
