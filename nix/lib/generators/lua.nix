/** Nix values as Lua; part of `lib.generators`. */
{ lib }:
let
  inherit (builtins)
    attrNames
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isPath
    isString
    toJSON
    ;
in
rec {
  /**
    Lua code as a value. `String -> LuaInline`

        toLua { } (mkLuaInline "f(1)")  =>  "(f(1))"
  */
  mkLuaInline = expr: {
    _type = "lua-inline";
    inherit expr;
  };

  /**
    A Lua table, or with `asBindings` assignments of its fields.
    `{ multiline ? true; indent ? ""; asBindings ? false; } -> a -> String`

        toLua { multiline = false; } { a = [ 1 ]; }  =>  "{ [\"a\"] = { 1 } }"
  */
  toLua =
    {
      multiline ? true,
      indent ? "",
      asBindings ? false,
    }@options:
    v:
    let
      nested = {
        inherit multiline;
        asBindings = false;
        indent = "${indent}${lib.optionalString multiline "  "}";
      };
      open = if multiline then "\n${nested.indent}" else " ";
      close = if multiline then "\n${indent}" else " ";
      table = fields: if fields == [ ] then "{}" else "{${open}${lib.concatStringsSep ",${open}" fields}${close}}";

      isName = name: builtins.match "[a-zA-Z_][a-zA-Z0-9_]*(\\.[a-zA-Z_][a-zA-Z0-9_]*)*" name != null;
      badNames = lib.filter (name: !isName name) (attrNames v);
      binding =
        name: value: "${indent}${name} = ${toLua (options // { asBindings = false; }) value}\n";
    in
    if asBindings then
      if badNames != [ ] then
        throw "generators.toLua: these cannot name Lua variables: ${lib.generators.toPretty { } badNames}"
      else
        lib.concatStrings (lib.mapAttrsToList binding v)
    else if v == null then
      "nil"
    else if isInt v || isFloat v || isString v || isBool v then
      toJSON v
    else if isPath v || lib.isDerivation v then
      toJSON "${v}"
    else if isList v then
      table (map (toLua nested) v)
    else if isAttrs v then
      if v._type or null == "lua-inline" then
        "(${v.expr})"
      else
        table (lib.mapAttrsToList (name: value: "[${toJSON name}] = ${toLua nested value}") v)
    else
      throw "generators.toLua: type ${builtins.typeOf v} is unsupported";
}
