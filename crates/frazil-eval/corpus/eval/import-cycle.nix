[ (import ./self.nix) ]
