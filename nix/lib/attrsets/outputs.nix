/** The outputs of packages; part of `lib.attrsets`. */
let
  inherit (builtins) filter head;
in
rec {
  /**
    An output of a package; `out`, then the package itself, where it is missing or one was already
    chosen. `String -> Derivation -> Derivation`

        getOutput "dev" { dev = "d"; }  =>  "d"
  */
  getOutput =
    output: pkg: if pkg.outputSpecified or false then pkg else pkg.${output} or pkg.out or pkg;

  /**
    The first output of a list that a package has. `[String] -> Derivation -> Derivation`

        getFirstOutput [ "dev" "out" ] { out = "o"; }  =>  "o"
  */
  getFirstOutput =
    candidates: pkg:
    let
      present = filter (name: pkg ? ${name}) candidates;
    in
    if pkg.outputSpecified or false || present == [ ] then pkg else pkg.${head present};

  /** The output with programs. `Derivation -> Derivation` */
  getBin = getOutput "bin";
  /** The output with libraries. `Derivation -> Derivation` */
  getLib = getOutput "lib";
  /** The output with static libraries. `Derivation -> Derivation` */
  getStatic = getFirstOutput [
    "static"
    "lib"
    "out"
  ];
  /** The output for development. `Derivation -> Derivation` */
  getDev = getOutput "dev";
  /** The output with header files. `Derivation -> Derivation` */
  getInclude = getFirstOutput [
    "include"
    "dev"
    "out"
  ];
  /** The output with manual pages. `Derivation -> Derivation` */
  getMan = getOutput "man";
  /** The development outputs of several packages. `[Derivation] -> [Derivation]` */
  chooseDevOutputs = map getDev;
}
