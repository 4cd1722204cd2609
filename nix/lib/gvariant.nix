/** Values of GVariant, the format of dconf and GLib, and their text form. */
{ lib }:
let
  inherit (builtins)
    isBool
    isFloat
    isList
    isString
    ;

  # `show` gets the value; the type is printed before it unless the text form implies it.
  mkPrimitive = type: value: {
    _type = "gvariant";
    inherit type value;
    __toString = self: "@${self.type} ${toString self.value}";
  };
  withShow = show: gvariant: gvariant // { __toString = self: show self; };

  maybeOf = type: "m${type}";
  arrayOf = type: "a${type}";
  tupleOf = types: "(${lib.concatStrings types})";
  entryOf = key: value: "{${key}${value}}";

  elements = lib.concatMapStringsSep "," toString;
in
rec {
  /** The type letters and how to make container types of them. */
  type = {
    inherit arrayOf maybeOf tupleOf;
    dictionaryEntryOf = entryOf;
    string = "s";
    boolean = "b";
    uchar = "y";
    int16 = "n";
    uint16 = "q";
    int32 = "i";
    uint32 = "u";
    int64 = "x";
    uint64 = "t";
    double = "d";
    variant = "v";
    objectpath = "o";
  };

  /** Whether a value was made here. `a -> Bool` */
  isGVariant = v: v._type or "" == "gvariant";

  /** The constructors of integers, with their types. `[{ constructor; type; }]` */
  intConstructors = [
    { type = type.int32; constructor = mkInt32; }
    { type = type.uint32; constructor = mkUint32; }
    { type = type.int64; constructor = mkInt64; }
    { type = type.uint64; constructor = mkUint64; }
    { type = type.int16; constructor = mkInt16; }
    { type = type.uint16; constructor = mkUint16; }
    { type = type.uchar; constructor = mkUchar; }
  ];

  /**
    The GVariant of a Nix value; integers have to say their size themselves. `a -> GVariant`

        toString (mkValue [ "a" ])  =>  "@as ['a']"
  */
  mkValue =
    v:
    if isBool v then
      mkBoolean v
    else if isFloat v then
      mkDouble v
    else if isString v then
      mkString v
    else if isList v then
      mkArray v
    else if isGVariant v then
      v
    else if lib.isDerivation v then
      mkString "${v}"
    else
      throw "gvariant.mkValue: which type a value of type ${builtins.typeOf v} gets is not known; use the constructor of one.";

  /** An array; all elements have one type. `[a] -> GVariant` */
  mkArray =
    elems:
    let
      values = map mkValue elems;
      types = lib.unique (map (v: v.type) values);
    in
    if elems == [ ] then
      throw "gvariant.mkArray: the type of an empty array is not known; use mkEmptyArray."
    else if builtins.length types != 1 then
      throw "gvariant.mkArray: the elements are of several types: ${toString types}"
    else
      withShow (self: "@${self.type} [${elements self.value}]") (
        mkPrimitive (arrayOf (lib.head types)) values
      );

  /** An array without elements. `String -> GVariant` */
  mkEmptyArray =
    elemType: withShow (self: "@${self.type} []") (mkPrimitive (arrayOf elemType) [ ]);

  /** A value together with its type. `a -> GVariant` */
  mkVariant = v: withShow (self: "<${toString self.value}>") (mkPrimitive type.variant (mkValue v));

  /** A pair of key and value. `a -> b -> GVariant` */
  mkDictionaryEntry =
    name: value:
    let
      k = mkValue name;
      v = mkValue value;
    in
    withShow (self: "@${self.type} {${elements self.value}}") (
      mkPrimitive (entryOf k.type v.type) [
        k
        v
      ]
    );

  /** A value that may be absent. `String -> Null | GVariant -> GVariant` */
  mkMaybe =
    elemType: elem:
    withShow (
      self: if self.value == null then "@${self.type} nothing" else "just ${toString self.value}"
    ) (mkPrimitive (maybeOf elemType) elem);

  /** An absent value. `String -> GVariant` */
  mkNothing = elemType: mkMaybe elemType null;

  /** A present value. `a -> GVariant` */
  mkJust =
    elem:
    let
      v = mkValue elem;
    in
    mkMaybe v.type v;

  /** A tuple. `[a] -> GVariant` */
  mkTuple =
    elems:
    let
      values = map mkValue elems;
    in
    withShow (self: "@${self.type} (${elements self.value})") (
      mkPrimitive (tupleOf (map (v: v.type) values)) values
    );

  /** A boolean. `Bool -> GVariant` */
  mkBoolean = v: withShow (self: lib.boolToString self.value) (mkPrimitive type.boolean v);

  /** A string. `String -> GVariant` */
  mkString =
    v:
    withShow (
      self: "'${lib.replaceStrings [ "\\" "'" "\n" ] [ "\\\\" "\\'" "\\n" ] self.value}'"
    ) (mkPrimitive type.string v);

  /** An object path of D-Bus. `String -> GVariant` */
  mkObjectpath =
    v: withShow (self: "objectpath '${lib.escape [ "'" ] self.value}'") (mkPrimitive type.objectpath v);

  /** A byte. `Int -> GVariant` */
  mkUchar = mkPrimitive type.uchar;
  /** A 16 bit integer. `Int -> GVariant` */
  mkInt16 = mkPrimitive type.int16;
  /** An unsigned 16 bit integer. `Int -> GVariant` */
  mkUint16 = mkPrimitive type.uint16;
  /** A 32 bit integer. `Int -> GVariant` */
  mkInt32 = v: withShow (self: toString self.value) (mkPrimitive type.int32 v);
  /** An unsigned 32 bit integer. `Int -> GVariant` */
  mkUint32 = mkPrimitive type.uint32;
  /** A 64 bit integer. `Int -> GVariant` */
  mkInt64 = mkPrimitive type.int64;
  /** An unsigned 64 bit integer. `Int -> GVariant` */
  mkUint64 = mkPrimitive type.uint64;
  /** A floating point number. `Float -> GVariant` */
  mkDouble = v: withShow (self: toString self.value) (mkPrimitive type.double v);
}
