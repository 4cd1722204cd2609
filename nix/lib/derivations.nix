/** Derivations as values. */
{ lib }:
{
  inherit (builtins) unsafeDiscardOutputDependency;

  /** Makes a path to a derivation mean the derivation with its outputs. `String -> String` */
  addDrvOutputDependencies = builtins.addDrvOutputDependencies or (drvPath: drvPath);

  /**
    A derivation whose attribute names are known before it is evaluated.
    `{ derivation; meta ? null; passthru ? { }; outputs ? [ "out" ]; } -> Derivation`

        (lazyDerivation { derivation = throw "not needed"; meta.x = 1; }).meta.x  =>  1
  */
  lazyDerivation =
    {
      derivation,
      meta ? derivation.meta or { },
      passthru ? { },
      outputs ? [ "out" ],
    }:
    let
      # Forces the check that `outputs` is right before anything that depends on it.
      checked =
        lib.throwIf (derivation.outputs or [ "out" ] != outputs)
          "lib.lazyDerivation: the derivation has outputs ${
            lib.generators.toPretty { multiline = false; } derivation.outputs
          }, but the argument `outputs` says ${lib.generators.toPretty { multiline = false; } outputs}"
          derivation;
    in
    {
      type = "derivation";
      inherit meta outputs;
      inherit (checked)
        drvPath
        name
        outPath
        outputName
        system
        ;
    }
    // lib.genAttrs outputs (output: checked.${output})
    // passthru;

  /**
    The value if the condition holds, else `null`, which derivations with `__ignoreNulls` leave out.
    `Bool -> a -> a | Null`
  */
  optionalDrvAttr = cond: value: if cond then value else null;

  /** A derivation that prints a warning when it is instantiated. `String -> Derivation -> Derivation` */
  warnOnInstantiate =
    message: drv:
    let
      forced = lib.removeAttrs drv [
        "meta"
        "name"
        "type"
      ];
    in
    drv // lib.mapAttrs (_: lib.warn message) forced;
}
