# The distribution as a flake: `builtin:frazil`, which is in every binary.
{
  description = "frazil: a light distribution that is declared in Nix";

  outputs =
    { self }:
    let
      lib = import ./lib;
    in
    {
      inherit lib;

      nglib = import ./nglib { inherit lib; };
    };
}
