# The file system that real builds see: complete packages of the suite, merged at `/`.
{
  lib,
  index,
  units,
}:
seeds:
let
  sorted = lib.sort builtins.lessThan (lib.unique seeds);
  packages = index.solve sorted;
in
derivation {
  name = "debian-root";
  system = "builtin";
  builder = "builtin:debian-root";
  __structuredAttrs = true;
  units = map (name: units.unit (index.package name)) packages;
}
