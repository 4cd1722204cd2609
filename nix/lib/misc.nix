/** Functions that old packages and modules use; new code has better ones. */
{ lib }:
let
  inherit (builtins)
    isAttrs
    isBool
    isInt
    isList
    isString
    ;

  nodes = lib.concatMap (
    pkg:
    lib.optional (isAttrs pkg) {
      key = pkg.outPath;
      inherit pkg;
    }
  );
in
rec {
  /** A hash that is no hash of anything, to be replaced by the right one. `String` */
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  /** `fakeHash` in hexadecimal. `String` */
  fakeSha256 = lib.strings.replicate 64 "0";
  /** A SHA-512 in hexadecimal that is no hash of anything. `String` */
  fakeSha512 = lib.strings.replicate 128 "0";

  /** An attribute, or a default. `String -> a -> AttrSet -> a` */
  maybeAttr =
    name: default: set:
    set.${name} or default;

  /** An environment variable, or a default if it is empty. `String -> String -> String` */
  maybeEnv =
    name: default:
    let
      value = builtins.getEnv name;
    in
    if value == "" then default else value;

  /** The value if the condition holds; else an empty one of its kind. `Bool -> a -> a` */
  ifEnable =
    cond: x:
    if cond then
      x
    else if isList x then
      [ ]
    else if isAttrs x then
      { }
    else if x == true || x == false then
      false
    else
      null;

  /** Maps with indices from 1. `(Int -> a -> b) -> [a] -> [b]` */
  imap = lib.imap1;

  /** The kind of a value. `a -> String` */
  nixType =
    x:
    if isAttrs x then
      if x ? outPath then "derivation" else "attrs"
    else if lib.isFunction x then
      "function"
    else if isList x then
      "list"
    else if isBool x then
      "bool"
    else if isInt x then
      "int"
    else if isString x then
      "string"
    else
      builtins.typeOf x;

  /** A set of one attribute. `String -> a -> AttrSet` */
  nvs = name: value: { ${name} = value; };

  /** Sets an attribute. `AttrSet -> String -> a -> AttrSet` */
  setAttr =
    set: name: value:
    set // { ${name} = value; };

  /** Changes an attribute, which has a default. `String -> a -> AttrSet -> (a -> b) -> AttrSet` */
  setAttrMerge =
    name: default: set: f:
    set // { ${name} = f (set.${name} or default); };

  /** Merges two sets; `f` merges values of one name. `(a -> a -> a) -> AttrSet -> AttrSet -> AttrSet` */
  mergeAttrsWithFunc =
    f: a: b:
    a // lib.mapAttrs (name: value: if a ? ${name} then f a.${name} value else value) b;

  /** `mergeAttrsWithFunc` for lists. `AttrSet -> AttrSet -> AttrSet` */
  mergeAttrsConcatenateValues = mergeAttrsWithFunc lib.concat;

  /** Merges two sets; other values of one name than lists, sets and functions are an error. */
  mergeAttrsNoOverride =
    _:
    mergeAttrsWithFunc (
      x: y:
      if isList x && isList y then
        x ++ y
      else if isAttrs x && isAttrs y then
        x // y
      else
        throw "mergeAttrsNoOverride: two values of one name"
    );

  /** Without repeated elements. `{ inputList; acc ? [ ]; } -> [a]` */
  uniqList =
    {
      inputList,
      acc ? [ ],
    }:
    lib.unique (acc ++ inputList);

  /** Packages with all that they propagate. `[Derivation] -> [Derivation]` */
  closePropagation =
    pkgs:
    map (node: node.pkg) (
      builtins.genericClosure {
        startSet = nodes pkgs;
        operator =
          node: nodes (node.pkg.propagatedBuildInputs or [ ] ++ node.pkg.propagatedNativeBuildInputs or [ ]);
      }
    );
}
