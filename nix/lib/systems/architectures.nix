/** Microarchitectures of x86: what they can do, and whose programs they run; part of `lib.systems`. */
{ lib }:
let
  # Each runs what the first of its list runs, and the rest of the list.
  older = {
    x86-64 = [ ];
    x86-64-v2 = [ "x86-64" ];
    x86-64-v3 = [ "x86-64-v2" ];
    x86-64-v4 = [ "x86-64-v3" ];
    nehalem = [ "x86-64-v2" ];
    westmere = [ "nehalem" ];
    sandybridge = [ "westmere" ];
    ivybridge = [ "sandybridge" ];
    haswell = [ "ivybridge" "x86-64-v3" ];
    broadwell = [ "haswell" ];
    skylake = [ "broadwell" ];
    skylake-avx512 = [ "skylake" "x86-64-v4" ];
    cascadelake = [ "skylake-avx512" ];
    cooperlake = [ "cascadelake" ];
    icelake-client = [ "skylake-avx512" ];
    icelake-server = [ "icelake-client" ];
    tigerlake = [ "icelake-server" ];
    alderlake = [ "skylake" ];
    sapphirerapids = [ "tigerlake" ];
    btver1 = [ "x86-64" ];
    btver2 = [ "x86-64-v2" ];
    bdver1 = [ "x86-64-v2" ];
    bdver2 = [ "bdver1" ];
    bdver3 = [ "bdver2" ];
    bdver4 = [ "bdver3" "x86-64-v3" ];
    znver1 = [ "x86-64-v3" ];
    znver2 = [ "znver1" ];
    znver3 = [ "znver2" ];
    znver4 = [ "znver3" "x86-64-v4" ];
    znver5 = [ "znver4" ];
  };
  levels = {
    x86-64 = [ ];
    x86-64-v2 = [ "sse3" "ssse3" "sse4_1" "sse4_2" ];
    x86-64-v3 = [ "avx" "avx2" "fma" ];
    x86-64-v4 = [ "avx512" ];
  };
  below = arch: lib.unique (lib.concatMap (old: [ old ] ++ below old) older.${arch});
in
rec {
  /** The architectures whose programs each can run. `{ ${arch} :: [String]; }` */
  inferiors = lib.mapAttrs (arch: _: below arch) older // { default = [ ]; };

  /** What each can do. `{ ${arch} :: [String]; }` */
  features = lib.mapAttrs (
    arch: olds: lib.concatMap (level: levels.${level} or [ ]) (olds ++ lib.optional (arch != "default") arch)
  ) inferiors;

  /** The architectures that can run the programs of one. `String -> [String]` */
  superiors = arch: lib.filter (other: lib.elem arch inferiors.${other}) (lib.attrNames older);

  /** Whether the first can run the programs of the second. `String -> String -> Bool` */
  canExecute = arch: other: arch == other || lib.elem other inferiors.${arch};

  /** Questions about what an architecture can do. */
  predicates = lib.genAttrs' [ "sse3" "ssse3" "sse4_1" "sse4_2" "avx" "avx2" "avx512" "fma" ] (
    name: lib.nameValuePair "${name}Support" (arch: lib.elem name features.${arch} or [ ])
  );
}
