# Elaborating every system lib knows.
let
  lib = import <lib>;
  systems = lib.systems.doubles.all;
  describe =
    system:
    let
      platform = lib.systems.elaborate { inherit system; };
    in
    [
      platform.config
      platform.isLinux
      platform.isx86
      platform.is64bit
      platform.linuxArch
      platform.parsed.cpu.bits
      platform.extensions.executable
      platform.parsed.kernel.name
    ];
in
builtins.hashString "sha256" (builtins.toJSON (map describe (builtins.concatLists (builtins.genList (_: systems) 20))))
