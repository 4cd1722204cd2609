/** Nix values as property lists of macOS; part of `lib.generators`. */
{ lib }:
let
  inherit (builtins)
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isString
    ;
in
{
  /**
    An XML property list; `null`s are left out, and text is only escaped on demand.
    `{ escape ? false; } -> a -> String`
  */
  toPlist =
    {
      escape ? false,
    }:
    value:
    let
      text = if escape then lib.escapeXML else lib.id;
      element = tag: content: "<${tag}>${content}</${tag}>";
      block =
        indent: tag: lines:
        "${indent}<${tag}>\n${lib.concatStringsSep "\n" lines}\n${indent}</${tag}>";

      go =
        indent: x:
        let
          inner = go "${indent}\t";
        in
        if isBool x then
          "${indent}<${lib.boolToString x}/>"
        else if isInt x then
          indent + element "integer" (toString x)
        else if isFloat x then
          indent + element "real" (toString x)
        else if isString x || builtins.isPath x || lib.isDerivation x then
          indent + element "string" (text (toString x))
        else if isList x then
          block indent "array" (map inner (lib.remove null x))
        else if isAttrs x then
          block indent "dict" (
            lib.concatLists (
              lib.mapAttrsToList (name: v: [
                "${indent}\t${element "key" (text name)}"
                (inner v)
              ]) (lib.filterAttrs (_: v: v != null) x)
            )
          )
        else
          throw "generators.toPlist: type ${builtins.typeOf x} is unsupported";
    in
    ''
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">
    ''
    + (if value == null then "" else go "" value)
    + "\n</plist>";
}
