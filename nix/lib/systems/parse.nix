/**
  Names of systems: Nix's doubles (`x86_64-linux`) and GNU's configurations
  (`x86_64-unknown-linux-gnu`), and what they are made of; part of `lib.systems`.
*/
{ lib }:
let
  inherit (builtins) elemAt length mapAttrs;
  inherit (lib) hasPrefix isString;

  named = type: mapAttrs (name: value: value // { inherit name; _type = type; });

  little = {
    _type = "significant-byte";
    name = "littleEndian";
  };
  big = {
    _type = "significant-byte";
    name = "bigEndian";
  };
  cpu = family: bits: significantByte: { inherit family bits significantByte; };
  arm = bits: version: arch: cpu "arm" bits little // { inherit version arch; };
  x86 = bits: arch: cpu "x86" bits little // { inherit arch; };
in
rec {
  /** Orders of bytes. */
  significantBytes = {
    bigEndian = big;
    littleEndian = little;
  };

  /** Processors: family, bits, order of bytes, and the architecture compilers know. */
  cpuTypes = named "cpu-type" {
    arm = cpu "arm" 32 little;
    armv5tel = arm 32 "5" "armv5t";
    armv6l = arm 32 "6" "armv6";
    armv7a = arm 32 "7" "armv7-a";
    armv7l = arm 32 "7" "armv7";
    armv8a = arm 32 "8" "armv8-a";
    aarch64 = arm 64 "8" "armv8-a";
    aarch64_be = cpu "arm" 64 big // { version = "8"; arch = "armv8-a"; };
    i386 = x86 32 "i386";
    i486 = x86 32 "i486";
    i586 = x86 32 "i586";
    i686 = x86 32 "i686";
    x86_64 = x86 64 "x86-64";
    arc = cpu "arc" 32 little;
    avr = cpu "avr" 8 little;
    javascript = cpu "javascript" 32 little;
    loongarch64 = cpu "loongarch" 64 little;
    m68k = cpu "m68k" 32 big;
    microblaze = cpu "microblaze" 32 big;
    microblazeel = cpu "microblaze" 32 little;
    mips = cpu "mips" 32 big;
    mipsel = cpu "mips" 32 little;
    mips64 = cpu "mips" 64 big;
    mips64el = cpu "mips" 64 little;
    mmix = cpu "mmix" 64 big;
    msp430 = cpu "msp430" 16 little;
    or1k = cpu "or1k" 32 big;
    powerpc = cpu "power" 32 big;
    powerpcle = cpu "power" 32 little;
    powerpc64 = cpu "power" 64 big;
    powerpc64le = cpu "power" 64 little;
    riscv32 = cpu "riscv" 32 little;
    riscv64 = cpu "riscv" 64 little;
    rx = cpu "rx" 32 little;
    s390 = cpu "s390" 32 big;
    s390x = cpu "s390" 64 big;
    sh4 = cpu "sh" 32 little;
    sparc = cpu "sparc" 32 big;
    sparc64 = cpu "sparc" 64 big;
    vc4 = cpu "vc4" 32 little;
    wasm32 = cpu "wasm" 32 little;
    wasm64 = cpu "wasm" 64 little;
  };

  /** Who made a system, as configurations say. */
  vendors = named "vendor" {
    unknown = { };
    none = { };
    pc = { };
    apple = { };
    knuth = { };
  };

  /** Formats of programs. */
  execFormats = named "exec-format" {
    elf = { };
    macho = { };
    pe = { };
    wasm = { };
    unknown = { };
  };

  /** Kernels: families, and the format of programs. */
  kernels =
    let
      bsd = named "exec-format" { bsd = { }; };
      kernel = execFormat: families: {
        inherit execFormat families;
      };
      inherit (execFormats)
        elf
        macho
        pe
        unknown
        wasm
        ;
    in
    named "kernel" {
      linux = kernel elf { };
      darwin = kernel macho { darwin = { name = "darwin"; _type = "kernel-family"; }; };
      freebsd = kernel elf { inherit (bsd) bsd; };
      netbsd = kernel elf { inherit (bsd) bsd; };
      openbsd = kernel elf { inherit (bsd) bsd; };
      solaris = kernel elf { };
      redox = kernel elf { };
      genode = kernel elf { };
      cygwin = kernel pe { };
      windows = kernel pe { };
      uefi = kernel pe { };
      wasi = kernel wasm { };
      mmixware = kernel unknown { };
      ghcjs = kernel unknown { };
      none = kernel unknown { };
    };

  /** Conventions for binaries; the libraries they imply are in `elaborate`. */
  abis = named "abi" {
    gnu = { };
    gnueabi = { float = "soft"; };
    gnueabihf = { float = "hard"; };
    gnuabi64 = { abi = "64"; };
    gnuabin32 = { abi = "n32"; };
    musl = { };
    musleabi = { float = "soft"; };
    musleabihf = { float = "hard"; };
    uclibc = { };
    android = { };
    androideabi = { };
    eabi = { float = "soft"; };
    eabihf = { float = "hard"; };
    elf = { };
    msvc = { };
    cygnus = { };
    unknown = { };
  };

  /** A system of its parts. */
  mkSystem = parts: parts // { _type = "system"; };

  # The convention that a kernel and a processor imply.
  defaultAbi =
    cpu: kernel:
    if kernel.name == "linux" then
      if cpu.family == "arm" && cpu.bits == 32 then
        if lib.versionAtLeast cpu.version or "0" "6" then abis.gnueabihf else abis.gnueabi
      else if lib.elem cpu.name [ "mips64" "mips64el" ] then
        abis.gnuabi64
      else
        abis.gnu
    else if kernel.name == "windows" then
      abis.msvc
    else if kernel.name == "cygwin" then
      abis.cygnus
    else
      abis.unknown;

  defaultVendor =
    cpu: kernel:
    if kernel.name == "darwin" then
      vendors.apple
    else if kernel.name == "windows" || kernel.name == "cygwin" then
      vendors.pc
    else if cpu.name == "mmix" then
      vendors.knuth
    else
      vendors.unknown;

  # Kernels as configurations spell them.
  kernelOf =
    text:
    let
      name = lib.head (builtins.match "([a-z]+)[0-9.]*" text);
      aliases = {
        mingw = "windows";
        macos = "darwin";
        macosx = "darwin";
      };
    in
    kernels.${aliases.${name} or name} or (throw "Unknown kernel: ${text}");
  cpuOf =
    name:
    cpuTypes.${
      {
        amd64 = "x86_64";
        arm64 = "aarch64";
        powerpc64el = "powerpc64le";
      }
      .${name} or name
    } or (throw "Unknown CPU type: ${name}");

  /**
    The parts of a double or a configuration. `String -> System`

        (mkSystemFromString "x86_64-linux").kernel.name  =>  "linux"
  */
  mkSystemFromString =
    text:
    let
      parts = lib.splitString "-" text;
      at = elemAt parts;
      count = length parts;
      cpu = cpuOf (at 0);
      # Two parts: cpu-kernel; three: cpu-vendor-kernel or cpu-kernel-abi; four: all.
      threeIsVendor = count == 3 && (vendors ? ${at 1} && !(kernels ? ${at 1}) || (abis ? ${at 2} == false));
      kernelText =
        if count == 2 then
          at 1
        else if count == 3 then
          if threeIsVendor then at 2 else at 1
        else
          at 2;
      kernel = kernelOf kernelText;
      vendorText =
        if count == 4 || (count == 3 && threeIsVendor) then at 1 else null;
      abiText =
        if count == 4 then
          at 3
        else if count == 3 && !threeIsVendor then
          at 2
        else
          null;
      abi =
        if hasPrefix "mingw" kernelText then
          abis.gnu
        else if abiText == null || abiText == "none" then
          defaultAbi cpu kernel
        else if abiText == "gnu" && kernel.name == "linux" then
          # Plain `gnu` leaves open how an ARM passes floating point numbers.
          defaultAbi cpu kernel
        else
          abis.${abiText} or (throw "Unknown ABI: ${abiText}");
    in
    if count < 2 || count > 4 then
      throw "system string '${text}' with ${toString count} components is ambiguous"
    else
      mkSystem {
        inherit cpu kernel abi;
        vendor =
          if vendorText == null then
            defaultVendor cpu kernel
          else
            vendors.${vendorText} or (named "vendor" { ${vendorText} = { }; }).${vendorText};
      };

  /**
    The double of a system. `System -> String`
  */
  doubleFromSystem =
    { cpu, kernel, ... }:
    "${if cpu.family == "x86" && cpu.bits == 32 then "i686" else cpu.name}-${kernel.name}";

  /** The configuration of a system. `System -> String` */
  tripleFromSystem =
    {
      cpu,
      vendor,
      kernel,
      abi,
      ...
    }:
    let
      cpuName = if kernel.name == "darwin" && cpu.name == "aarch64" then "arm64" else cpu.name;
      implied = lib.elem abi.name [
        "unknown"
        "cygnus"
      ];
    in
    if kernel.name == "windows" && abi.name == "gnu" then
      "${cpu.name}-w64-mingw32"
    else
      "${cpuName}-${vendor.name}-${kernel.name}${lib.optionalString (!implied) "-${abi.name}"}";

  /** Whether a value is a system of parts. `a -> Bool` */
  isSystem = x: !isString x && lib.isType "system" x;
}
