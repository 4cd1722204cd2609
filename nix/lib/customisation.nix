/** Packages as functions of their dependencies: overriding, calling, and scopes. */
{ lib }:
let
  inherit (builtins) intersectAttrs isAttrs;
  inherit (lib)
    functionArgs
    isDerivation
    isFunction
    mapAttrs
    mirrorFunctionArgs
    setFunctionArgs
    ;

  # The platforms of a cross build: where it is built, where it runs, what it makes code for.
  crossIndices = [
    "buildBuild"
    "buildHost"
    "buildTarget"
    "hostHost"
    "hostTarget"
    "targetTarget"
  ];
  capitalized = text: lib.toUpper (builtins.substring 0 1 text) + builtins.substring 1 (-1) text;

  argumentError =
    what: f: missing: auto:
    let
      name = lib.head missing;
      pos = builtins.unsafeGetAttrPos name (builtins.functionArgs f);
      near = lib.filter (lib.strings.levenshteinAtMost 2 name) (lib.attrNames auto);
      hint = lib.optionalString (near != [ ]) ", did you mean ${
        lib.concatMapStringsSep " or " builtins.toJSON (lib.take 3 (lib.sortOn (lib.strings.levenshtein name) near))
      }?";
      at = lib.optionalString (builtins.isFunction f && pos != null) " at ${pos.file}:${toString pos.line}";
    in
    "lib.customisation.${what}: Function called without required argument \"${name}\"${at}${hint}";

  # The function and the arguments `callPackage` calls it with.
  fill =
    what: auto: fn: args:
    let
      f = if isFunction fn then fn else import fn;
      wanted = functionArgs f;
      given = intersectAttrs wanted auto // args;
      missing = lib.filter (name: !wanted.${name} && !(given ? ${name})) (lib.attrNames wanted);
    in
    {
      inherit f;
      args = if missing == [ ] then given else abort (argumentError what f missing auto);
    };
in
rec {
  /**
    A derivation with some of the arguments of `derivation` replaced; prefer `overrideAttrs`.
    `Derivation -> (AttrSet -> AttrSet) -> Derivation`
  */
  overrideDerivation =
    drv: f:
    let
      new = derivation (drv.drvAttrs // f drv);
    in
    lib.seq drv.drvPath (
      extendDerivation (lib.seq new.drvPath true) (
        {
          meta = drv.meta or { };
          passthru = drv.passthru or { };
        }
        // drv.passthru or { }
        // lib.optionalAttrs (drv ? __spliced) {
          __spliced = { } // mapAttrs (_: spliced: overrideDerivation spliced f) drv.__spliced;
        }
      ) new
    );

  /**
    Gives the results of a function an attribute `override`, which calls it again with changed
    arguments. `(AttrSet -> a) -> AttrSet -> a`

        (makeOverridable ({ a, b }: { sum = a + b; }) { a = 1; b = 2; }).override { a = 3; }
          =>  { sum = 5; ... }
  */
  makeOverridable =
    f:
    let
      mirror = mirrorFunctionArgs f;
      call = mirror (
        args:
        let
          result = f args;
          changed = new: args // (if isFunction new then new args else new);
          override = mirror (new: makeOverridable f (changed new));
          overrideResult = g: makeOverridable (mirror (args: g (f args))) args;
        in
        if isAttrs result then
          result
          // {
            inherit override;
            overrideDerivation = g: overrideResult (drv: overrideDerivation drv g);
            ${if result ? overrideAttrs then "overrideAttrs" else null} =
              g: overrideResult (drv: drv.overrideAttrs g);
          }
        else if isFunction result then
          setFunctionArgs result (functionArgs result) // { inherit override; }
        else
          result
      );
    in
    # A set that can be called keeps its attributes, and its own `override` stays overridable.
    if isAttrs f then
      f
      // call
      // lib.optionalAttrs (f ? override) {
        override = mirrorFunctionArgs f.override (new: makeOverridable (f.override new));
      }
    else
      call;

  /**
    Calls a function, or the one in a file, with arguments out of a set by their names.
    `AttrSet -> Function | Path -> AttrSet -> a`

        callPackageWith { a = 1; } ({ a, b }: { sum = a + b; }) { b = 2; }  =>  { sum = 3; ... }
  */
  callPackageWith =
    auto: fn: args:
    let
      filled = fill "callPackageWith" auto fn args;
    in
    makeOverridable filled.f filled.args;

  /** `callPackageWith` for a function to a set of packages; each can be overridden. `AttrSet -> Function | Path -> AttrSet -> AttrSet` */
  callPackagesWith =
    auto: fn: args:
    let
      filled = fill "callPackagesWith" auto fn args;
      pkgs = filled.f filled.args;
      one = name: makeOverridable (mirrorFunctionArgs filled.f (args: (filled.f args).${name})) filled.args;
    in
    if isDerivation pkgs then
      throw "callPackages: the function gives one package, ${pkgs.name}, not a set of them; use `callPackage`."
    else
      mapAttrs (name: _: one name) pkgs;

  /**
    Adds attributes to a derivation and all of its outputs; using it fails unless the condition holds.
    `Bool -> AttrSet -> Derivation -> Derivation`
  */
  extendDerivation =
    condition: passthru: drv:
    let
      checked =
        output:
        {
          outPath = assert condition; output.outPath;
          drvPath = assert condition; output.drvPath;
        }
        # Only derivations that are content-addressed have names without hashes.
        // lib.optionalAttrs (drv.passthru or { } ? __contentAddressed) { inherit (output) outputHash; };
      common = drv // outputs // { all = map (name: outputs.${name}) (drv.outputs or [ "out" ]); } // passthru;
      outputs = lib.genAttrs (drv.outputs or [ "out" ]) (
        name:
        common
        // {
          inherit (drv.${name}) type outputName;
          outputSpecified = true;
        }
        // checked drv.${name}
      );
    in
    common // checked drv;

  /** A derivation reduced to what a build farm looks at. `Derivation -> Derivation` */
  hydraJob =
    drv:
    let
      outputs = drv.outputs or [ "out" ];
      common = {
        inherit (drv) name system meta;
        inherit outputs;
      }
      // lib.optionalAttrs (drv._hydraAggregate or false) {
        _hydraAggregate = true;
        constituents = map hydraJob (lib.flatten drv.constituents);
      }
      // lib.genAttrs outputs (output: (common // { inherit (drv.${output}) outPath drvPath type outputName; }));
    in
    if drv == null then null else common // { inherit (drv) outPath drvPath type outputName; };

  /**
    A set of packages that get each other as arguments: `callPackage` finds them, `overrideScope`
    lays an overlay over them, `newScope` makes a `callPackage` that knows more.
    `(AttrSet -> callPackage) -> (self -> AttrSet) -> AttrSet`

        makeScope pkgs.newScope (self: { a = self.callPackage ./a.nix { }; })
  */
  makeScope =
    newScope: f:
    let
      self = {
        callPackage = self.newScope { };
      }
      // f self
      // {
        newScope = scope: newScope (self // scope);
        overrideScope = overlay: makeScope newScope (lib.extends overlay f);
        packages = f;
      };
    in
    self;

  /** `makeScopeWithSplicing'` with arguments by position. */
  makeScopeWithSplicing =
    splicePackages: newScope: otherSplices: keep: extra: f:
    makeScopeWithSplicing' { inherit splicePackages newScope; } {
      inherit
        otherSplices
        keep
        extra
        f
        ;
    };

  /** `makeScope` for cross builds: `splicePackages` joins the packages of the other platforms. */
  makeScopeWithSplicing' =
    {
      splicePackages,
      newScope,
    }:
    {
      otherSplices,
      keep ? _: { },
      extra ? _: { },
      f,
    }:
    let
      spliced =
        extra plain
        // splicePackages {
          pkgsBuildBuild = otherSplices.selfBuildBuild;
          pkgsBuildHost = otherSplices.selfBuildHost;
          pkgsBuildTarget = otherSplices.selfBuildTarget;
          pkgsHostHost = otherSplices.selfHostHost;
          pkgsHostTarget = self;
          pkgsTargetTarget = otherSplices.selfTargetTarget;
        }
        // keep self;
      plain = otherSplices // {
        selfHostTarget = self;
      };
      self = f self // {
        newScope = scope: newScope (spliced // scope);
        callPackage = newScope spliced;
        overrideScope =
          overlay:
          makeScopeWithSplicing' { inherit splicePackages newScope; } {
            inherit otherSplices keep extra;
            f = lib.extends overlay f;
          };
        packages = f;
      };
    in
    self;

  /**
    A function like `mkDerivation` on top of another: `extendDrvArgs final args` adds to the arguments.

        extendMkDerivation {
          constructDrv;               # the function below
          extendDrvArgs;              # final -> args -> more args
          excludeDrvArgNames ? [ ];   # arguments that are not passed on
          excludeFunctionArgNames ? [ ];
          inheritFunctionArgs ? true;
          transformDrv ? id;
        }
  */
  extendMkDerivation =
    {
      constructDrv,
      excludeDrvArgNames ? [ ],
      excludeFunctionArgNames ? [ ],
      extendDrvArgs,
      inheritFunctionArgs ? true,
      transformDrv ? lib.id,
    }:
    setFunctionArgs
      (
        args:
        transformDrv (
          constructDrv (
            final:
            let
              given = lib.toFunction args final;
            in
            removeAttrs given excludeDrvArgNames // extendDrvArgs final given
          )
        )
      )
      (
        removeAttrs (
          functionArgs (extendDrvArgs { })
          // lib.optionalAttrs inheritFunctionArgs (functionArgs constructDrv)
        ) excludeFunctionArgNames
      );

  /** Maps the sets of a cross index. `(a -> b) -> AttrSet -> AttrSet` */
  mapCrossIndex = f: index: lib.genAttrs crossIndices (name: f index.${name});

  /**
    Takes a prefix off the names of a cross index. `String -> AttrSet -> AttrSet`

        renameCrossIndexFrom "pkgs" { pkgsBuildHost = 1; ... }  =>  { buildHost = 1; ... }
  */
  renameCrossIndexFrom =
    prefix: index: lib.genAttrs crossIndices (name: index.${prefix + capitalized name});

  /**
    Puts a prefix before the names of a cross index. `String -> AttrSet -> AttrSet`

        renameCrossIndexTo "self" { buildHost = 1; ... }  =>  { selfBuildHost = 1; ... }
  */
  renameCrossIndexTo =
    prefix: index:
    lib.genAttrs' crossIndices (name: lib.nameValuePair (prefix + capitalized name) index.${name});
}
