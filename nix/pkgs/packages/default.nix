# The packages by their names in nixpkgs.
#
# Each file holds rows for one field of use; debian/adapter.nix says what a row may have. A row is the
# only place that knows how a package of Debian differs from that of nixpkgs.
{ lib, index }:
final: prev:
let
  tables = map (file: import file { inherit lib; }) [
    ./compression.nix
    ./databases.nix
    ./development.nix
    ./files.nix
    ./images.nix
    ./inits.nix
    ./languages.nix
    ./mail.nix
    ./monitoring.nix
    ./network.nix
    ./shells.nix
    ./system.nix
    ./web.nix
  ];

  rows = lib.foldl' (all: table: all // table) { } tables;

  packages = builtins.mapAttrs (
    attribute: row:
    final.debianTools.adapt {
      inherit attribute row;
    }
  ) rows;

  families = import ./families.nix {
    inherit lib index;
    inherit (final.debianTools) adapt;
  };
  aliases = import ./aliases.nix {
    inherit
      lib
      index
      final
      families
      ;
  };
in
packages // families // aliases
