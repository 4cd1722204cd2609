# Systems of made-up packages, each about something that a link decides.
let
  frazil = builtins.frazil.source;
  lib = import "${frazil}/lib";
  nglib = import "${frazil}/nglib" { inherit lib; };
  # As a lock would have it: in the store.
  source = builtins.path {
    path = ./suite;
    name = "source";
  };
  pkgs = import source { inherit frazil source; };
  system = systemFor "x86_64-linux";
  systemFor =
    machine: config:
    (nglib.makeSystem {
      nixpkgs = {
        inherit lib;
        legacyPackages.${machine} = pkgs;
      };
      name = "made-up";
      system = machine;
      config = {
        imports = [
          config
          {
            init.services.app = {
              enabled = true;
              execStart = "${pkgs.debian.app}/bin/app --config=/etc/app.conf";
            };
          }
        ];
      };
    }).config.system.build.toplevel;
  linked = link: system { system.link = link; };
in
{
  plain = system { };
  packages = linked { level = "packages"; };
  declared = linked { level = "declared"; };
  unit = linked { units.libone1.level = "packages"; };
  kept = linked {
    keep = [ "/usr/share/app/extra/*" ];
    bins = [ "app-tool" ];
    locales = [ "de" ];
    setId = [ "/usr/bin/app-helper" ];
  };
  without = linked {
    without = [ "/usr/lib/app/plugin.so" ];
    capabilities.shell = false;
  };
  alternative = linked {
    bins = [ "awk" ];
    alternatives.awk = "/usr/bin/mawk";
    packages = [ pkgs.debian.mawk ];
  };
  conflict = linked {
    packages = [ pkgs.debian.rival ];
    keep = [ "/usr/share/rival/x" ];
    units.rival.level = "packages";
  };
  broken = system {
    init.services.broken = {
      enabled = true;
      execStart = "${pkgs.debian.broken}/bin/broken";
    };
  };
  foreign = systemFor "aarch64-linux" { };
  unknown = linked { units.nowhere.level = "packages"; };
  wish = linked { keep = [ "/usr/share/nowhere/*" ]; };
}
