import ./list.nix ++ import ./list.nix
