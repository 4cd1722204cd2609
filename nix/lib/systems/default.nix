/** Systems that programs are built on and for: names, properties, lists. */
{ lib }:
let
  inherit (lib) isString;
  parse = import ./parse.nix { inherit lib; };
  inspect = import ./inspect.nix { inherit lib; };

  /* Names that differ between projects. */
  linuxArchOf =
    { cpu, ... }:
    if cpu.family == "arm" then
      if cpu.bits == 64 then "arm64" else "arm"
    else if cpu.family == "x86" then
      if cpu.bits == 64 then "x86_64" else "i386"
    else if cpu.family == "power" then
      "powerpc"
    else
      cpu.family;

  qemuArchOf =
    { cpu, ... }:
    if cpu.family == "arm" && cpu.bits == 32 then
      "arm"
    else if cpu.family == "x86" && cpu.bits == 32 then
      "i386"
    else
      {
        powerpc = "ppc";
        powerpc64 = "ppc64";
        powerpc64le = "ppc64le";
      }
      .${cpu.name} or cpu.name;

  efiArchOf =
    { cpu, ... }:
    if cpu.family == "x86" then
      if cpu.bits == 64 then "x64" else "ia32"
    else if cpu.family == "arm" then
      if cpu.bits == 64 then "aa64" else "arm"
    else
      cpu.name;

  libcOf =
    is:
    if is.isMusl then
      "musl"
    else if is.isUClibc then
      "uclibc"
    else if is.isAndroid then
      "bionic"
    else if is.isLinux then
      "glibc"
    else if is.isDarwin then
      "libSystem"
    else if is.isFreeBSD then
      "fblibc"
    else if is.isNetBSD then
      "nblibc"
    else if is.isOpenBSD then
      "oblibc"
    else if is.isMinGW then
      "msvcrt"
    else if is.isWindows then
      "ucrt"
    else if is.isWasi then
      "wasilibc"
    else if is.isNone then
      "newlib"
    else
      null;

  extensionsOf =
    is:
    let
      sharedLibrary =
        if is.isDarwin then
          ".dylib"
        else if is.isWindows || is.isCygwin then
          ".dll"
        else
          ".so";
      staticLibrary = if is.isWindows then ".lib" else ".a";
    in
    # What cannot be made has no name.
    lib.optionalAttrs (!is.isWasm) { inherit sharedLibrary; }
    // {
      inherit staticLibrary;
      library = if is.isWasm then staticLibrary else sharedLibrary;
      executable = if is.isWindows || is.isCygwin then ".exe" else "";
    };

  unameOf = parsed: {
    system =
      {
        linux = "Linux";
        darwin = "Darwin";
        freebsd = "FreeBSD";
        netbsd = "NetBSD";
        openbsd = "OpenBSD";
        windows = "Windows";
        solaris = "SunOS";
      }
      .${parsed.kernel.name} or null;
    processor = if parsed.cpu.family == "arm" && parsed.kernel.name == "darwin" then "arm64" else parsed.cpu.name;
    release = null;
  };
in
rec {
  inherit parse inspect;
  architectures = import ./architectures.nix { inherit lib; };
  doubles = import ./doubles.nix { inherit lib; };
  platforms = import ./kernels.nix;

  /** Some platforms by name, for `elaborate`. */
  examples = lib.mapAttrs (_: config: { inherit config; }) {
    gnu64 = "x86_64-unknown-linux-gnu";
    gnu32 = "i686-unknown-linux-gnu";
    musl64 = "x86_64-unknown-linux-musl";
    aarch64-multiplatform = "aarch64-unknown-linux-gnu";
    aarch64-multiplatform-musl = "aarch64-unknown-linux-musl";
    armv7l-hf-multiplatform = "armv7l-unknown-linux-gnueabihf";
    ppc64le = "powerpc64le-unknown-linux-gnu";
    riscv64 = "riscv64-unknown-linux-gnu";
    s390x = "s390x-unknown-linux-gnu";
    loongarch64-linux = "loongarch64-unknown-linux-gnu";
    mingwW64 = "x86_64-w64-mingw32";
    wasi32 = "wasm32-unknown-wasi";
  };

  /** The systems that flakes usually offer outputs for. `[String]` */
  flakeExposed = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "armv6l-linux"
    "armv7l-linux"
    "i686-linux"
    "aarch64-darwin"
    "powerpc64le-linux"
    "riscv64-linux"
    "x86_64-freebsd"
  ];

  /** The attributes of an elaborated platform that are functions, which cannot be compared. `[String]` */
  functionNames = [
    "canExecute"
    "emulator"
    "emulatorAvailable"
    "staticEmulatorAvailable"
  ];

  /** Whether two elaborated platforms are the same. `Platform -> Platform -> Bool` */
  equals = a: b: a._withoutFunctions == b._withoutFunctions;

  /** A system's name as a set. `String | AttrSet -> AttrSet` */
  systemToAttrs = system: if isString system then { inherit system; } else system;

  /**
    All about a platform: its names, the answers to `isLinux`, `isx86_64` and the like, `libc`,
    file extensions, names at other projects. What the argument says is kept.
    `String | AttrSet -> Platform`

        (elaborate "x86_64-linux").isLinux  =>  true
  */
  elaborate =
    systemOrArgs:
    let
      given = removeAttrs (systemToAttrs systemOrArgs) ([ "_withoutFunctions" ] ++ functionNames);
      # A configuration says most, then a double; parts that do not fit them are dropped.
      args =
        if given ? config then
          removeAttrs given [
            "parsed"
            "system"
          ]
        else if given ? system then
          removeAttrs given [ "parsed" ]
        else
          given;
      parsed =
        args.parsed or (parse.mkSystemFromString (
          args.config or args.system or (throw "elaborate: neither `system` nor `config` is given")
        ));
      is = lib.mapAttrs (_: predicate: predicate parsed) inspect.predicates;
      # Members of a processor family run programs of the same width, and of older members.
      runs =
        other:
        parsed.kernel == other.parsed.kernel
        && parsed.cpu.family == other.parsed.cpu.family
        && parsed.cpu.significantByte == other.parsed.cpu.significantByte
        && (
          parsed.cpu.name == other.parsed.cpu.name
          || (is.isx86 && parsed.cpu.bits >= other.parsed.cpu.bits)
          || (
            is.isAarch32
            && other.isAarch32
            && lib.versionAtLeast parsed.cpu.version or "0" other.parsed.cpu.version or "0"
          )
        );

      values = {
        inherit parsed;
        system = parse.doubleFromSystem parsed;
        config = parse.tripleFromSystem parsed;
        libc = libcOf is;
        extensions = extensionsOf is;
        uname = unameOf parsed;
        linuxArch = linuxArchOf parsed;
        qemuArch = qemuArchOf parsed;
        efiArch = efiArchOf parsed;
        darwinArch = if parsed.cpu.family == "arm" then "arm64" else parsed.cpu.name;
        isStatic = is.isWasm;
        hasSharedLibraries = !(is.isWasm || is.isNone || is.isUefi);
        useLLVM = false;
        useAndroidPrebuilt = false;
        linker = "bfd";
        gcc = platforms.gcc.${parsed.cpu.name} or { };
        linux-kernel = if is.isLinux then platforms.kernel.${parsed.cpu.name} or platforms.generic else { };
        rust = {
          rustcTarget = "${parsed.cpu.name}-${parsed.vendor.name}-${parsed.kernel.name}-${parsed.abi.name}";
        };
        go = {
          GOOS = if is.isWasi then "wasip1" else parsed.kernel.name;
          GOARCH =
            {
              x86_64 = "amd64";
              i686 = "386";
              aarch64 = "arm64";
              powerpc64le = "ppc64le";
              wasm32 = "wasm";
            }
            .${parsed.cpu.name} or (if is.isAarch32 then "arm" else parsed.cpu.name);
        };
        node = {
          platform = if is.isWindows then "win32" else parsed.kernel.name;
          arch =
            {
              x86_64 = "x64";
              i686 = "ia32";
              aarch64 = "arm64";
            }
            .${parsed.cpu.name} or (if is.isAarch32 then "arm" else parsed.cpu.name);
        };
      }
      // is
      // args;
      qemu = pkgs: "${pkgs.qemu-user or pkgs.qemu}/bin/qemu-${final.qemuArch}";
      final = values // {
        _withoutFunctions = values;
        /* Whether programs for another platform run here. */
        canExecute = runs;
        /* A command that runs programs for this platform on the one of `pkgs`; empty if none is needed. */
        emulator =
          pkgs:
          if pkgs.stdenv.hostPlatform.canExecute final then
            ""
          else if is.isLinux then
            qemu pkgs
          else
            throw "Don't know how to run ${final.config} executables.";
        emulatorAvailable = pkgs: pkgs.stdenv.hostPlatform.canExecute final || is.isLinux;
        staticEmulatorAvailable = final.emulatorAvailable;
      };
    in
    assert parse.isSystem parsed;
    final;
}
