# Builders without a shell: trees of small files, formats, downloads.
{ lib, index }:
final: prev:
import ./trees.nix { inherit lib final; }
// import ./scripts.nix { inherit lib final; }
// import ./fetch.nix { inherit lib final; }
// import ./docker-tools.nix { inherit lib final; }
// {
  formats = import ./formats.nix { inherit lib final; };
}
