# Debian's archive as a package set with the names and shapes of nixpkgs.
#
# `index` answers questions about one locked suite (index.nix). Everything else is plain Nix, so that
# another evaluator, given the same answers, makes the same derivations.
{
  lib,
  index,
  system ? "x86_64-linux",
  # The locked suite as a store path; null where only a recorded index is at hand.
  source ? null,
  config ? { },
  overlays ? [ ],
}:
let
  inherit (lib) extends fix foldl';

  # What every package set has, before any package.
  base = final: {
    inherit
      lib
      config
      overlays
      system
      ;
    pkgs = final;
    path = source;
    # What the link of a system takes its packages from.
    debianSource = source;
    debianRelease = index.release;

    callPackage = final.newScope { };
    callPackages = lib.callPackagesWith final;
    newScope = extra: lib.callPackageWith (final // extra);

    # One platform: what builds is what runs.
    buildPackages = final;
    targetPackages = final;
    pkgsBuildBuild = final;
    pkgsBuildHost = final;
    pkgsHostTarget = final;

    extend = overlay: make (overlays ++ [ overlay ]);
    appendOverlays = more: make (overlays ++ more);
  };

  layer = file: import file { inherit lib index; };

  make =
    overlays:
    let
      stages = [
        (layer ./build-support)
        (layer ./stdenv)
        (layer ./debian)
        (layer ./packages)
      ]
      ++ overlays;
    in
    fix (foldl' (set: overlay: extends overlay set) base stages);
in
if index.systems ? ${system} then
  make overlays
else
  throw "the locked Debian suite ${index.release.suite} is for ${toString (builtins.attrNames index.systems)}, not for ${system}"
