{ pkgs, ... }:
{
  services.static-files = {
    enable = true;
    root = pkgs.writeTextDir "index.html" "It runs.\n";
  };
  init.services.static-files.critical = true;
}
