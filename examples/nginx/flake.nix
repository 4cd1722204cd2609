{
  description = "A page, served by nginx in a container of a few megabytes";

  inputs = {
    nixpkgs.url = "debian:trixie";
    frazil.url = "builtin:frazil";
  };

  outputs =
    { nixpkgs, frazil, ... }:
    {
      default = frazil.nglib.makeSystem {
        inherit nixpkgs;
        name = "nginx";
        system = "x86_64-linux";
        # Your own would be `./system.nix`.
        config = "${frazil}/examples/nginx.nix";
      };
    };
}
