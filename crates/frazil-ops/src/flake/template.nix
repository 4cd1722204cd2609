{
  description = "A system made by frazil";

  inputs = {
    frazil.url = "builtin:frazil";
    nixpkgs.url = "debian:trixie";
  };

  outputs =
    {
      self,
      frazil,
      nixpkgs,
    }:
    {
      systems.example = frazil.nglib.makeSystem {
        inherit nixpkgs;
        system = "x86_64-linux";
        name = "example";
        config =
          { pkgs, ... }:
          {
            init.services.hello.script = ''
              while true; do echo hello; sleep 5; done
            '';
          };
      };
    };
}
