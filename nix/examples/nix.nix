# A place to run Nix in, with nothing else.
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
}
