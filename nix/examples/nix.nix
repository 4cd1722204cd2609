# A place to run Nix in.
{ pkgs, ... }:
{
  nix = {
    enable = true;
    config = {
      sandbox = false;
      experimental-features = [
        "nix-command"
        "flakes"
      ];
    };
  };
  init.shell = "root";
  environment.systemPackages = [
    pkgs.bash
    pkgs.coreutils
  ];
}
