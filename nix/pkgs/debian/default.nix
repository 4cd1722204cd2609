# `pkgs.debian.NAME`: every package of the suite by its Debian name, and what packages are made of.
{ lib, index }:
final: prev:
let
  units = import ./units.nix { inherit lib; };
  adapters = import ./adapter.nix { inherit lib index units; };

  # A package by its Debian name, as the archive built it.
  generic =
    name:
    let
      facts = index.package name;
    in
    if facts == null then
      throw "Debian ${index.release.suite} has no package ${name}${suggest name}"
    else
      adapters.adapt {
        attribute = "debian.${name}";
        row.deb = name;
      };

  suggest =
    name:
    let
      near = builtins.filter (lib.hasInfix name) index.names;
    in
    lib.optionalString (near != [ ])
      "; there are ${lib.concatStringsSep ", " (lib.take 8 near)}";
in
{
  debian = lib.genAttrs index.names generic;

  # For expressions of the distribution: units, and the root that real builds see.
  debianTools = {
    inherit generic units;
    inherit (adapters) adapt;
    unit = name: units.unit (index.package name);
    root = import ./root.nix { inherit lib index units; };
  };
}
