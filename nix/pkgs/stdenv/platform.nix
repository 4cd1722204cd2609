# What expressions ask about a platform, in nixpkgs' words.
{ lib }:
system:
let
  parts = lib.splitString "-" system;
  cpu = builtins.head parts;
  bits64 = [
    "x86_64"
    "aarch64"
    "riscv64"
    "powerpc64le"
    "s390x"
  ];
in
rec {
  inherit system;
  config = "${cpu}-unknown-linux-gnu";
  # Debian's name of it, in the paths of libraries.
  multiarch = "${if cpu == "i686" then "i386" else cpu}-linux-gnu";
  isLinux = true;
  isDarwin = false;
  isWindows = false;
  isUnix = true;
  isGnu = true;
  isMusl = false;
  isStatic = false;
  is64bit = builtins.elem cpu bits64;
  is32bit = !is64bit;
  isx86 = isx86_64 || isi686;
  isx86_64 = cpu == "x86_64";
  isi686 = cpu == "i686";
  isAarch64 = cpu == "aarch64";
  isAarch32 = cpu == "armv7l";
  isRiscV64 = cpu == "riscv64";
  isLittleEndian = cpu != "s390x";
  parsed = {
    cpu = {
      name = cpu;
      bits = if is64bit then 64 else 32;
    };
    kernel.name = "linux";
    abi.name = "gnu";
    vendor.name = "unknown";
  };
  linuxArch =
    {
      x86_64 = "x86_64";
      aarch64 = "arm64";
      riscv64 = "riscv";
      armv7l = "arm";
      i686 = "i386";
      s390x = "s390";
      powerpc64le = "powerpc";
    }
    .${cpu};
  gcc = { };
  libc = "glibc";
  extensions = {
    sharedLibrary = ".so";
    staticLibrary = ".a";
    library = ".so";
    executable = "";
  };
  # What is built here runs here.
  canExecute = other: other.system == system;
  emulator = _: throw "no emulator is needed: builds run on the machine that they are for";
}
