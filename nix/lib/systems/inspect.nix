/** Questions about systems, as patterns for what `elaborate` calls `parsed`; part of `lib.systems`. */
{ lib }:
let
  inherit (lib) matchAttrs mapAttrs toList;
  inherit (lib.systems.parse)
    cpuTypes
    execFormats
    significantBytes
    ;
  family = name: { cpu.family = name; };
  kernel = name: { kernel.name = name; };
in
rec {
  /** A pattern, or a list of them of which one has to match, for each question. */
  patterns = {
    isx86 = family "x86";
    isx86_32 = { cpu = { family = "x86"; bits = 32; }; };
    isi686 = { cpu = { family = "x86"; bits = 32; }; };
    isx86_64 = { cpu = { family = "x86"; bits = 64; }; };
    isAarch = family "arm";
    isAarch32 = { cpu = { family = "arm"; bits = 32; }; };
    isAarch64 = { cpu = { family = "arm"; bits = 64; }; };
    isArmv7 = map (name: { cpu = { inherit name; }; }) [ "armv7a" "armv7l" ];
    isArc = family "arc";
    isAvr = family "avr";
    isJavaScript = { cpu = { inherit (cpuTypes.javascript) name; }; };
    isLoongArch64 = { cpu = { family = "loongarch"; bits = 64; }; };
    isM68k = family "m68k";
    isMicroBlaze = family "microblaze";
    isMips = family "mips";
    isMips32 = { cpu = { family = "mips"; bits = 32; }; };
    isMips64 = { cpu = { family = "mips"; bits = 64; }; };
    isMmix = family "mmix";
    isMsp430 = family "msp430";
    isOr1k = family "or1k";
    isPower = family "power";
    isPower64 = { cpu = { family = "power"; bits = 64; }; };
    isRiscV = family "riscv";
    isRiscV32 = { cpu = { family = "riscv"; bits = 32; }; };
    isRiscV64 = { cpu = { family = "riscv"; bits = 64; }; };
    isRx = family "rx";
    isS390 = family "s390";
    isS390x = { cpu = { family = "s390"; bits = 64; }; };
    isSh4 = family "sh";
    isSparc = family "sparc";
    isSparc64 = { cpu = { family = "sparc"; bits = 64; }; };
    isVc4 = family "vc4";
    isWasm = family "wasm";

    is32bit = { cpu.bits = 32; };
    is64bit = { cpu.bits = 64; };
    isBigEndian = { cpu.significantByte = significantBytes.bigEndian; };
    isLittleEndian = { cpu.significantByte = significantBytes.littleEndian; };

    isBSD = { kernel.families = { bsd = { }; }; };
    isCygwin = kernel "cygwin";
    isDarwin = { kernel.families = { darwin = { }; }; };
    isFreeBSD = kernel "freebsd";
    isGenode = kernel "genode";
    isGhcjs = kernel "ghcjs";
    isLinux = kernel "linux";
    isMacOS = kernel "darwin";
    isMinGW = { kernel.name = "windows"; abi.name = "gnu"; };
    isMsvc = { kernel.name = "windows"; abi.name = "msvc"; };
    isNetBSD = kernel "netbsd";
    isNone = kernel "none";
    isOpenBSD = kernel "openbsd";
    isRedox = kernel "redox";
    isSunOS = kernel "solaris";
    isUefi = kernel "uefi";
    isUnix = [
      { kernel.families = { bsd = { }; }; }
      { kernel.families = { darwin = { }; }; }
    ]
    ++ map kernel [ "linux" "solaris" "cygwin" "redox" ];
    isWasi = kernel "wasi";
    isWindows = kernel "windows";
    isMmixware = kernel "mmixware";

    isAndroid = map (name: { abi = { inherit name; }; }) [ "android" "androideabi" ];
    isGnu = map (name: { kernel.name = "linux"; abi = { inherit name; }; }) [
      "gnu"
      "gnueabi"
      "gnueabihf"
      "gnuabi64"
      "gnuabin32"
    ];
    isMusl = map (name: { abi = { inherit name; }; }) [ "musl" "musleabi" "musleabihf" ];
    isUClibc = { abi.name = "uclibc"; };
    isiOS = { kernel.name = "ios"; };

    isElf = { kernel.execFormat = execFormats.elf; };
    isMacho = { kernel.execFormat = execFormats.macho; };

    isILP32 = [
      { abi.name = "gnuabin32"; }
    ];
    isEfi = map (name: { cpu = { inherit name; }; }) [
      "i386"
      "i486"
      "i586"
      "i686"
      "x86_64"
      "armv7l"
      "aarch64"
      "riscv32"
      "riscv64"
      "loongarch64"
    ];
  };

  /** The questions as functions of `parsed`. */
  predicates = mapAttrs (_: pattern: parsed: lib.any (p: matchAttrs p parsed) (toList pattern)) patterns;

  /** Questions about a whole platform. */
  platformPatterns = {
    isStatic = { isStatic = true; };
    hasSharedLibraries = { hasSharedLibraries = true; };
  };
}
