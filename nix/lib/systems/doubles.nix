/** Lists of systems, which `lib.platforms` is; part of `lib.systems`. */
{ lib }:
let
  inherit (lib.systems) inspect parse;

  # The processors that each kernel runs on.
  processors = {
    linux = [
      "aarch64" "arc" "armv5tel" "armv6l" "armv7a" "armv7l" "i686" "loongarch64" "m68k" "microblaze"
      "microblazeel" "mips" "mips64" "mips64el" "mipsel" "powerpc" "powerpc64" "powerpc64le" "riscv32"
      "riscv64" "s390" "s390x" "sh4" "x86_64"
    ];
    darwin = [ "x86_64" "aarch64" ];
    freebsd = [ "i686" "x86_64" "aarch64" ];
    netbsd = [
      "aarch64" "armv6l" "armv7a" "armv7l" "i686" "m68k" "mipsel" "powerpc" "riscv32" "riscv64" "x86_64"
    ];
    openbsd = [ "i686" "x86_64" ];
    solaris = [ "x86_64" ];
    cygwin = [ "i686" "x86_64" ];
    windows = [ "i686" "x86_64" "aarch64" ];
    genode = [ "aarch64" "i686" "x86_64" ];
    redox = [ "x86_64" ];
    wasi = [ "wasm64" "wasm32" ];
    mmixware = [ "mmix" ];
    ghcjs = [ "javascript" ];
    uefi = [ "x86_64" "aarch64" ];
    none = [
      "aarch64" "aarch64_be" "arm" "armv6l" "avr" "i686" "microblaze" "microblazeel" "mips" "mips64" "msp430"
      "or1k" "m68k" "powerpc" "powerpcle" "riscv32" "riscv64" "rx" "s390" "s390x" "vc4" "x86_64"
    ];
  };
  all = lib.concatLists (
    lib.mapAttrsToList (kernel: map (cpu: "${cpu}-${kernel}")) processors
  );
  parsed = map (double: {
    inherit double;
    system = parse.mkSystemFromString double;
  }) all;
  where = predicate: map (x: x.double) (lib.filter (x: predicate x.system) parsed);
  inherit (inspect) predicates;
in
{
  inherit all;
  none = [ ];

  aarch = where predicates.isAarch;
  aarch64 = where predicates.isAarch64;
  arm = where predicates.isAarch32;
  armv7 = where predicates.isArmv7;
  cygwin = where predicates.isCygwin;
  darwin = where predicates.isDarwin;
  embedded = where predicates.isNone;
  freebsd = where predicates.isFreeBSD;
  genode = where predicates.isGenode;
  gnu = where predicates.isGnu;
  i686 = where predicates.isi686;
  illumos = where predicates.isSunOS;
  js = where predicates.isJavaScript;
  linux = where predicates.isLinux;
  littleEndian = where predicates.isLittleEndian;
  bigEndian = where predicates.isBigEndian;
  loongarch64 = where predicates.isLoongArch64;
  m68k = where predicates.isM68k;
  microblaze = where predicates.isMicroBlaze;
  mips = where predicates.isMips;
  mmix = where predicates.isMmix;
  msp430 = where predicates.isMsp430;
  netbsd = where predicates.isNetBSD;
  openbsd = where predicates.isOpenBSD;
  power = where predicates.isPower;
  redox = where predicates.isRedox;
  riscv = where predicates.isRiscV;
  riscv32 = where predicates.isRiscV32;
  riscv64 = where predicates.isRiscV64;
  rx = where predicates.isRx;
  s390 = where predicates.isS390;
  s390x = where predicates.isS390x;
  uefi = where predicates.isUefi;
  unix = where predicates.isUnix;
  wasi = where predicates.isWasi;
  windows = where predicates.isWindows;
  x86 = where predicates.isx86;
  x86_64 = where predicates.isx86_64;
}
