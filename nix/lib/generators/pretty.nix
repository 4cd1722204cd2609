/** Nix values as Nix text for people; part of `lib.generators`. */
{ lib }:
let
  inherit (builtins)
    addErrorContext
    concatStringsSep
    elem
    isAttrs
    isFloat
    isInt
    isList
    isPath
    isString
    mapAttrs
    match
    replaceStrings
    toJSON
    ;

  quote =
    text:
    "\"${
      replaceStrings
        [ "\\" "\"" "\${" "\n" "\r" "\t" ]
        [ "\\\\" "\\\"" "\\\${" "\\n" "\\r" "\\t" ]
        text
    }\"";
in
rec {
  /**
    Stops at a depth: what lies deeper becomes `"<unevaluated>"`, or an error.
    `{ depthLimit :: Int; throwOnDepthLimit ? true; } -> a -> a`

        withRecursion { depthLimit = 0; throwOnDepthLimit = false; } { a = 1; }  =>  { a = "<unevaluated>"; }
  */
  withRecursion =
    {
      depthLimit,
      throwOnDepthLimit ? true,
    }:
    assert isInt depthLimit;
    let
      # Attributes that say how to print or call a set are not part of the data.
      special = [
        "__functor"
        "__functionArgs"
        "__toString"
        "__pretty"
      ];
      cut =
        depth: v:
        if depth <= depthLimit then
          v
        else if throwOnDepthLimit then
          throw "generators.withRecursion: the value is nested more than ${toString depthLimit} deep"
        else
          "<unevaluated>";
      go =
        depth: v:
        let
          next = x: go (depth + 1) (cut (depth + 1) x);
        in
        if isAttrs v then
          mapAttrs (name: x: if elem name special then x else next x) v
        else if isList v then
          map next v
        else
          cut (depth + 1) v;
    in
    go 0;

  /**
    A value as Nix text; functions and packages as a note. With `allowPrettyValues` a set
    `{ __pretty; val; }` prints as `__pretty val`.
    `{ multiline ? true; allowPrettyValues ? false; indent ? ""; } -> a -> String`

        toPretty { multiline = false; } { a = [ 1 null ]; }  =>  "{ a = [ 1 null ]; }"
  */
  toPretty =
    {
      allowPrettyValues ? false,
      multiline ? true,
      indent ? "",
    }:
    let
      go =
        indent: v:
        let
          open = if multiline then "\n${indent}  " else " ";
          close = if multiline then "\n${indent}" else " ";
          inner = go "${indent}  ";

          indented =
            let
              lines = lib.splitString "\n" (replaceStrings [ "\${" "''" ] [ "''\${" "'''" ] v);
              end = lib.last lines;
            in
            "''${open}${concatStringsSep open (lib.init lines)}${
              if end == "" then close else open + end
            }''";

          args = lib.mapAttrsToList (name: optional: if optional then "${name}?" else name) (
            lib.functionArgs v
          );

          attribute =
            name: value:
            "${lib.strings.escapeNixIdentifier name} = ${
              addErrorContext "while evaluating an attribute `${name}`" (inner value)
            };";
        in
        if isString v then
          if multiline && match ".*\n.*" v != null then indented else quote v
        else if isInt v then
          toString v
        else if isFloat v then
          toJSON v
        else if v == true then
          "true"
        else if v == false then
          "false"
        else if v == null then
          "null"
        else if isPath v then
          toString v
        else if isList v then
          if v == [ ] then "[ ]" else "[${open}${lib.concatMapStringsSep open inner v}${close}]"
        else if lib.isFunction v then
          if args == [ ] then "<function>" else "<function, args: {${concatStringsSep ", " args}}>"
        else if isAttrs v then
          if allowPrettyValues && v ? __pretty && v ? val then
            v.__pretty v.val
          else if v == { } then
            "{ }"
          else if lib.isDerivation v then
            "<derivation ${v.name or "???"}>"
          else
            "{${open}${lib.concatMapAttrsStringSep open attribute v}${close}}"
        else
          "<${builtins.typeOf v}>";
    in
    go indent;
}
