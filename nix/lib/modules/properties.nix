/**
  Properties: what a definition says about itself besides its value; part of `lib.modules`.

  A property is a set whose `_type` tells its kind. From the outside in, a definition may be wrapped
  by `merge` and `if`, then `definition`, then `merge` and `if` again, then one `override`, then one
  `order`. Reading them off keeps the values lazy.
*/
{ lib }:
let
  inherit (builtins)
    any
    concatMap
    filter
    foldl'
    isAttrs
    isBool
    map
    mapAttrs
    throw
    ;

  kind = value: if isAttrs value then value._type or "" else "";
in
rec {
  /**
    A definition that counts only if the condition holds. `Bool -> a -> Property`

        { a = mkIf false 1; }  =>  a is not defined
  */
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };

  /**
    A definition that fails unless the condition holds. `Bool -> String -> a -> Property`
  */
  mkAssert =
    assertion: message: content:
    mkIf (if assertion then true else throw "\nFailed assertion: ${message}") content;

  /**
    Several definitions in one place. `[a] -> Property`

        { a = mkMerge [ [ 1 ] [ 2 ] ]; }  =>  a = [ 1 2 ]
  */
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  /**
    A definition that hides those of greater numbers. `Int -> a -> Property`

        { a = mkMerge [ (mkOverride 10 1) (mkOverride 20 2) ]; }  =>  a = 1
  */
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };

  /** The priority of definitions without `mkOverride`. `Int` */
  defaultOverridePriority = 100;
  /** The priority of the `default` of an option. `a -> Property` */
  mkOptionDefault = mkOverride 1500;
  /** A default that plain definitions hide. `a -> Property` */
  mkDefault = mkOverride 1000;
  /** For modules that describe an image medium. `a -> Property` */
  mkImageMediaOverride = mkOverride 60;
  /** Hides plain definitions. `a -> Property` */
  mkForce = mkOverride 50;
  /** For modules that describe a virtual machine. `a -> Property` */
  mkVMOverride = mkOverride 10;

  /**
    A definition that comes before those of greater numbers. `Int -> a -> Property`

        { a = mkMerge [ (mkOrder 2 [ 1 ]) (mkOrder 1 [ 2 ]) ]; }  =>  a = [ 2 1 ]
  */
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };

  /** The place of definitions without `mkOrder`. `Int` */
  defaultOrderPriority = 1000;
  /** Before plain definitions. `a -> Property` */
  mkBefore = mkOrder 500;
  /** After plain definitions. `a -> Property` */
  mkAfter = mkOrder 1500;

  /**
    A definition that says where it stands. `{ file :: String; value :: a; } -> Property`

        mkDefinition { file = "a.nix"; value = 1; }
  */
  mkDefinition = definition: definition // { _type = "definition"; };

  /** Obsolete: the identity. `a -> a` */
  mkFixStrictness = lib.warn "lib.mkFixStrictness has no effect; take the call away.";

  /**
    Maps the value inside properties of any nesting. `(a -> b) -> a -> b`

        mapDefinitionValue (x: x + 1) (mkForce 1)  =>  mkForce 2
  */
  mapDefinitionValue =
    f: value:
    let
      go = mapDefinitionValue f;
      type = kind value;
    in
    if type == "merge" then
      value // { contents = map go value.contents; }
    else if type == "if" || type == "override" || type == "order" then
      value // { content = go value.content; }
    else if type == "definition" then
      value // { value = go value.value; }
    else
      f value;

  /**
    Moves properties of a set onto its attributes; gives the sets of a merge separately.
    `AttrSet | Property -> [AttrSet]`

        pushDownProperties (mkIf c { a = 1; })  =>  [ { a = mkIf c 1; } ]
  */
  pushDownProperties =
    config:
    let
      type = kind config;
      # What is not a set is left for the error that says where it stands.
      onto = wrap: c: if isAttrs c then mapAttrs (_: wrap) c else c;
      pushed = wrap: map (onto wrap) (pushDownProperties config.content);
    in
    if type == "" then
      [ config ]
    else if type == "merge" then
      concatMap pushDownProperties config.contents
    else if type == "if" then
      pushed (mkIf config.condition)
    else if type == "override" then
      pushed (mkOverride config.priority)
    else if type == "definition" then
      map (onto (value: mkDefinition (config // { inherit value; }))) (pushDownProperties config.value)
    else
      [ config ];

  /**
    The definitions that remain of `mkMerge` and `mkIf`. `a -> [a]`

        dischargeProperties (mkMerge [ 1 (mkIf false 2) ])  =>  [ 1 ]
  */
  dischargeProperties =
    value:
    let
      type = kind value;
    in
    if type == "merge" then
      concatMap dischargeProperties value.contents
    else if type == "if" then
      if !isBool value.condition then
        throw "`mkIf' called with a non-Boolean condition"
      else if value.condition then
        dischargeProperties value.content
      else
        [ ]
    else
      [ value ];

  /**
    The definitions of the highest priority, without their `mkOverride`. `[Definition] -> [Definition]`

        filterOverrides [ { file = "a"; value = mkForce 1; } { file = "b"; value = 2; } ]
          =>  [ { file = "a"; value = 1; } ]
  */
  filterOverrides = defs: (filterOverrides' defs).values;

  /** `filterOverrides` that also tells the priority. `[Definition] -> { values; highestPrio; }` */
  filterOverrides' =
    defs:
    let
      isOverride = def: isAttrs def.value && def.value._type or "" == "override";
      priority = def: if isOverride def then def.value.priority else defaultOverridePriority;
      strip = def: if isOverride def then def // { value = def.value.content; } else def;
      highestPrio = foldl' (least: def: lib.min least (priority def)) 9999 defs;
    in
    if any isOverride defs then
      {
        values = map strip (filter (def: priority def == highestPrio) defs);
        inherit highestPrio;
      }
    else
      {
        values = defs;
        highestPrio = defaultOverridePriority;
      };

  /**
    Puts definitions in the order `mkOrder` asks for. `[Definition] -> [Definition]`
  */
  sortProperties =
    defs:
    let
      isOrder = def: isAttrs def.value && def.value._type or "" == "order";
      strip =
        def:
        if isOrder def then
          def
          // {
            value = def.value.content;
            inherit (def.value) priority;
          }
        else
          def;
      place = def: def.priority or defaultOrderPriority;
    in
    if any isOrder defs then lib.sort (a: b: place a < place b) (map strip defs) else defs;
}
