# Real builds: mkDerivation and runCommand, run by bash in a root of Debian packages.
#
# The attribute `debianRoot` of a derivation names that root; the sandbox shows it at `/`. Packages
# from Debian among the inputs become part of the root, others are found as in nixpkgs: by `bin/`,
# `include/`, `lib/` and setup hooks. What is built so is at home on Debian: it asks for libraries by
# name and gets those of the system that it is linked into.
{ lib, index }:
final: prev:
let
  # What every build can call. Essential packages come with any solution.
  tools = [
    "bash"
    "bzip2"
    "coreutils"
    "diffutils"
    "file"
    "findutils"
    "gawk"
    "grep"
    "gzip"
    "make"
    "patch"
    "sed"
    "tar"
    "xz-utils"
  ];
  compilers = [
    "binutils"
    "g++"
    "gcc"
    "libc6-dev"
  ];

  platform = import ./platform.nix { inherit lib; } final.system;

  setup = final.writeTree "stdenv-debian" { } [
    {
      path = "setup";
      text = builtins.readFile ./setup.sh;
    }
    {
      path = "builder";
      text = builtins.readFile ./builder.sh;
    }
  ];

  makeStdenv =
    { hasCC }:
    let
      stdenv = {
        name = "stdenv-debian";
        inherit (final) system;
        inherit hasCC;
        shell = "/bin/bash";
        buildPlatform = platform;
        hostPlatform = platform;
        targetPlatform = platform;
        isLinux = true;
        isDarwin = false;
        inherit (platform) is64bit isx86_64 isAarch64;
        mkDerivation = import ./make-derivation.nix {
          inherit
            lib
            final
            setup
            stdenv
            ;
          tools = tools ++ lib.optionals hasCC compilers;
        };
        cc = {
          isGNU = true;
          isClang = false;
          name = "gcc";
          targetPrefix = "";
        };
        overrideCC = throw "stdenv compiles with Debian's gcc; another compiler can be an input";
        override = throw "stdenv is made of Debian packages of the suite and cannot be overridden";
      };
    in
    stdenv;

  run =
    {
      stdenv,
      derivationArgs ? { },
      name,
      env,
      command,
    }:
    stdenv.mkDerivation (
      {
        inherit name;
        buildCommand = command;
        enableParallelBuilding = true;
      }
      // derivationArgs
      // env
    );
in
rec {
  stdenv = makeStdenv { hasCC = true; };
  stdenvNoCC = makeStdenv { hasCC = false; };
  gccStdenv = stdenv;
  inherit (stdenv) buildPlatform hostPlatform targetPlatform;

  runCommandWith =
    {
      stdenv ? stdenvNoCC,
      runLocal ? false,
      derivationArgs ? { },
      name,
    }:
    command:
    run {
      inherit
        stdenv
        derivationArgs
        name
        command
        ;
      env = { };
    };

  runCommand =
    name: env: command:
    run {
      stdenv = stdenvNoCC;
      inherit name env command;
    };
  runCommandLocal = runCommand;
  runCommandCC =
    name: env: command:
    run {
      inherit
        stdenv
        name
        env
        command
        ;
    };

  # A hook with which builds wrap programs.
  makeWrapper = final.makeSetupHook { name = "make-wrapper-hook"; } ./make-wrapper.sh;
  makeBinaryWrapper = makeWrapper;
  makeShellWrapper = makeWrapper;

  makeSetupHook =
    {
      name ? "setup-hook",
      propagatedBuildInputs ? [ ],
      substitutions ? { },
      meta ? { },
      passthru ? { },
    }:
    script:
    final.annotateDerivation
      (final.writeTree name { } [
        {
          path = "nix-support/setup-hook";
          substitute = "${script}";
          replacements = lib.mapAttrsToList (from: to: {
            from = "@${from}@";
            to = toString to;
          }) substitutions;
          mustOccur = false;
          executable = false;
        }
      ])
      { inherit meta passthru; };

  mkShell = throw "mkShell makes an environment to work in, which this package set does not offer";
}
