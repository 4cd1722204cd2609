# lib's own test-suite: an empty list when all pass.
import <lib/tests/misc.nix>
