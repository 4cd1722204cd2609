/** Checks for `assert`: they fail with a message. */
{ lib }:
let
  inherit (lib.generators) toPretty;
  show = toPretty { };
in
rec {
  /**
    The condition; where it fails, an error. `Bool -> String -> Bool`

        assert assertMsg (x > 0) "x has to be positive";
  */
  assertMsg = cond: message: cond || throw message;

  /**
    Whether a value is one of a list; an error if not. `String -> a -> [a] -> Bool`

        assertOneOf "tls" "ssl" [ "ssl" "none" ]  =>  true
  */
  assertOneOf =
    name: value: choices:
    assertMsg (lib.elem value choices) "${name} must be one of ${show choices}, but is: ${show value}";

  /**
    Whether all values are in a list; an error if not. `String -> [a] -> [a] -> Bool`

        assertEachOneOf "tls" [ "ssl" ] [ "ssl" "none" ]  =>  true
  */
  assertEachOneOf =
    name: values: choices:
    assertMsg (lib.all (value: lib.elem value choices) values)
      "each element in ${name} must be one of ${show choices}, but is: ${show values}";

  /**
    What a configuration's assertions and warnings do to a value: failed assertions are an error,
    warnings are printed. `[{ assertion; message; }] -> [String] -> a -> a`

        checkAssertWarn [ { assertion = true; message = "no"; } ] [ ] 1  =>  1
  */
  checkAssertWarn =
    assertions: warnings: value:
    let
      failed = lib.concatMap (a: lib.optional (!a.assertion) a.message) assertions;
    in
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
    else
      lib.showWarnings warnings value;
}
