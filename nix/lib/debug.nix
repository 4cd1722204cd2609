/** Printing while evaluating, and tests written as attribute sets. */
{ lib }:
let
  inherit (builtins)
    deepSeq
    isAttrs
    isList
    mapAttrs
    ;
  inherit (lib.generators) toPretty;

  # Only so deep that printing forces no more than asked for; functions print as a note.
  cutAt =
    depth: v:
    if isAttrs v && !lib.isDerivation v then
      if depth == 0 then noted "{…}" v else mapAttrs (_: cutAt (depth - 1)) v
    else if isList v then
      if depth == 0 then noted "[…]" v else map (cutAt (depth - 1)) v
    else
      v;
  noted =
    text: v:
    if v == { } || v == [ ] then
      v
    else
      {
        __pretty = _: text;
        val = v;
      };
in
rec {
  inherit (builtins) addErrorContext trace unsafeGetAttrPos;

  /** `trace` if the condition holds. `Bool -> String -> a -> a` */
  traceIf = cond: message: value: if cond then trace message value else value;

  /** Prints what a function makes of a value, and gives the value. `(a -> b) -> a -> a` */
  traceValFn = f: x: trace (f x) x;

  /** Prints a value and gives it. `a -> a` */
  traceVal = traceValFn lib.id;

  /** `trace` of a value that is forced as a whole. `a -> b -> b` */
  traceSeq = x: value: trace (deepSeq x x) value;

  /** `traceSeq` down to a depth. `Int -> a -> b -> b` */
  traceSeqN =
    depth: x: value:
    trace (toPretty { allowPrettyValues = true; } (cutAt depth x)) value;

  /** `traceValFn` whose printed value is forced as a whole. `(a -> b) -> a -> a` */
  traceValSeqFn = f: x: traceSeq (f x) x;

  /** Prints a value, forced as a whole, and gives it. `a -> a` */
  traceValSeq = traceValSeqFn lib.id;

  /** `traceValSeqFn` down to a depth. `(a -> b) -> Int -> a -> a` */
  traceValSeqNFn =
    f: depth: x:
    traceSeqN depth (f x) x;

  /** `traceValSeq` down to a depth. `Int -> a -> a` */
  traceValSeqN = traceValSeqNFn lib.id;

  /** Prints the argument and the result of a call, down to a depth. `Int -> String -> (a -> b) -> a -> b` */
  traceFnSeqN =
    depth: name: f: x:
    let
      result = f x;
    in
    traceSeqN (depth + 1) {
      fn = name;
      from = x;
      to = result;
    } result;

  /**
    The tests that fail, of those whose names begin with `test` or that `tests` lists.
    `{ ${name} :: { expr; expected; }; } -> [{ name; expected; result; }]`

        runTests { testAnd = { expr = and true false; expected = false; }; }  =>  [ ]
  */
  runTests =
    tests:
    let
      chosen = tests.tests or [ ];
      isChosen =
        name:
        if chosen == [ ] then lib.hasPrefix "test" name else lib.elem name chosen;
    in
    lib.concatLists (
      lib.mapAttrsToList (
        name: test:
        lib.optional (isChosen name && test.expr != test.expected) {
          inherit name;
          inherit (test) expected;
          result = test.expr;
        }
      ) tests
    );

  /** A test that all values of a list are true. `[Bool] -> { expr; expected; }` */
  testAllTrue = expr: {
    inherit expr;
    expected = map (_: true) expr;
  };

  /**
    `null` if nothing failed, else an error that shows what `runTests` found.
    `{ failures; description ? "tests"; } -> Null`
  */
  throwTestFailures =
    {
      failures,
      description ? "tests",
      ...
    }:
    let
      show =
        failure:
        "FAIL ${toPretty { } failure.name}: expected ${toPretty { } failure.expected}, got ${toPretty { } failure.result}";
    in
    if failures == [ ] then
      null
    else
      throw "${toString (lib.length failures)} ${description} failed:\n${lib.concatMapStringsSep "\n" show failures}";
}
