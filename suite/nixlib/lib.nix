# The library, for `with import ./lib.nix;`.
import ../../nix/lib
