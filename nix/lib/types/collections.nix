/** Types of sets and lists; part of `lib.types`. */
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    head
    isAttrs
    isList
    length
    mapAttrs
    typeOf
    zipAttrsWith
    ;
  inherit (lib.modules)
    defaultOrderPriority
    defaultOverridePriority
    dischargeProperties
    mergeDefinitions
    mkDefinition
    mkOrder
    ;

  inherit (lib.types) addCheck mkOptionType optionDescriptionPhrase;
  inherit (import ./make.nix { inherit lib; })
    coherentCheck
    functorOf
    headErrorUnless
    mergeElemTypes
    nounOrComposite
    v2Merge
    ;

  phrase = optionDescriptionPhrase nounOrComposite;
in
rec {
  /** A set whose attributes are taken whole: the last definition of each counts. Prefer `attrsOf anything`. */
  attrs = mkOptionType {
    name = "attrs";
    description = "attribute set";
    check = isAttrs;
    merge = _: builtins.foldl' (set: def: set // def.value) { };
    emptyValue.value = { };
  };

  /** A set of any names; attributes that are only defined under a false condition are left out. `Type -> Type` */
  attrsOf = elemType: attrsWith { inherit elemType; };

  /** `attrsOf` whose attributes may depend on each other; conditions do not remove a name. `Type -> Type` */
  lazyAttrsOf =
    elemType:
    attrsWith {
      inherit elemType;
      lazy = true;
    };

  /** Old name of `attrsOf`. `Type -> Type` */
  loaOf =
    elemType:
    attrsOf elemType
    // {
      name = "loaOf";
      deprecationMessage = "Mixing lists with attribute values is no longer possible; please use `types.attrsOf` instead.";
      nestedTypes = { inherit elemType; };
    };

  /**
    The set types with their choices; `placeholder` stands for the name in documentation.
    `{ elemType; lazy ? false; placeholder ? "name"; } -> Type`
  */
  attrsWith =
    {
      elemType,
      lazy ? false,
      placeholder ? "name",
    }:
    mkOptionType rec {
      name = if lazy then "lazyAttrsOf" else "attrsOf";
      description = "${if lazy then "lazy " else ""}attribute set of ${phrase elemType}";
      descriptionClass = "composite";
      check = coherentCheck isAttrs;
      merge = v2Merge (
        { loc, defs }:
        let
          merged = zipAttrsWith (name: mergeDefinitions (loc ++ [ name ]) elemType) (
            map (def: mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs
          );
          undefined = filter (name: !merged.${name}.isDefined) (attrNames merged);
          present = if lazy then merged else removeAttrs merged undefined;
        in
        {
          headError = headErrorUnless isAttrs defs;
          value = mapAttrs (_: m: m.mergedValue) present;
          valueMeta.attrs = mapAttrs (_: m: m.valueMeta) present;
        }
      );
      emptyValue.value = { };
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<${placeholder}>" ]);
      inherit (elemType) getSubModules;
      substSubModules =
        modules:
        attrsWith {
          elemType = elemType.substSubModules modules;
          inherit lazy placeholder;
        };
      functor = functorOf "attrsWith" attrsWith { inherit elemType lazy placeholder; } (
        a: b:
        let
          merged = mergeElemTypes a b;
          # The default gives way; two that were chosen have to agree.
          named =
            if a.placeholder == b.placeholder || b.placeholder == "name" then
              a.placeholder
            else if a.placeholder == "name" then
              b.placeholder
            else
              null;
        in
        if merged == null || named == null || a.lazy != b.lazy then
          null
        else
          merged
          // {
            inherit (a) lazy;
            placeholder = named;
          }
      );
      nestedTypes = { inherit elemType; };
    };

  /** A list; definitions are concatenated. `Type -> Type` */
  listOf =
    elemType:
    mkOptionType {
      name = "listOf";
      description = "list of ${phrase elemType}";
      descriptionClass = "composite";
      check = coherentCheck isList;
      merge = v2Merge (
        { loc, defs }:
        let
          entries = lib.concatLists (
            lib.imap1 (
              i: def:
              lib.imap1 (
                j: value:
                mergeDefinitions (loc ++ [ "[definition ${toString i}-entry ${toString j}]" ]) elemType [
                  {
                    inherit (def) file;
                    inherit value;
                  }
                ]
              ) def.value
            ) defs
          );
          present = filter (entry: entry.isDefined) entries;
        in
        {
          headError = headErrorUnless isList defs;
          value = map (entry: entry.mergedValue) present;
          valueMeta.list = map (entry: entry.valueMeta) present;
        }
      );
      emptyValue.value = [ ];
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "*" ]);
      inherit (elemType) getSubModules;
      substSubModules = modules: listOf (elemType.substSubModules modules);
      functor = functorOf "listOf" ({ elemType }: listOf elemType) { inherit elemType; } mergeElemTypes;
      nestedTypes = { inherit elemType; };
    };

  /** A list that is not empty. `Type -> Type` */
  nonEmptyListOf =
    elemType:
    let
      list = addCheck (listOf elemType) (xs: xs != [ ]);
    in
    list
    // {
      description = "non-empty ${optionDescriptionPhrase (class: class == "noun") list}";
      emptyValue = { };
      substSubModules = modules: nonEmptyListOf (elemType.substSubModules modules);
    };

  /** A list of sets of one attribute each, see `attrListWith`. `Type -> Type` */
  attrListOf = elemType: attrListWith { inherit elemType; };

  /**
    A list of names with values, in which names may repeat and order counts. It is defined by lists of
    sets of one attribute, or by sets; each value may have its own order and priority, and of one
    name only the definitions of the highest priority count.

    With `asAttrs` the value is a set, made by `mergeAttrValues name values`, and the ordered list is
    `valueMeta.attrListValue`. `valueMeta.definitions` are definitions for an option that is derived
    from this one and keeps files and order.
    `{ elemType; asAttrs ? false; mergeAttrValues ? name: values: values; } -> Type`
  */
  attrListWith =
    {
      elemType,
      asAttrs ? false,
      mergeAttrValues ? _: values: values,
    }:
    let
      isContainer = x: isList x || isAttrs x;

      # A value without properties, and what they said. What a definition of higher priority hides
      # may not be evaluated, so that `readOff` stops at an override.
      readOff =
        found: value:
        let
          type = if isAttrs value then value._type or "" else "";
        in
        if type == "order" then
          readOff (found // { order = value.priority; }) value.content
        else if type == "override" then
          [
            (
              found
              // {
                override = value.priority;
                inherit (value) content;
              }
            )
          ]
        else if type == "if" || type == "merge" then
          concatMap (readOff found) (dischargeProperties value)
        else
          [ (found // { content = value; }) ];
      readOffTwice = found: value: concatMap (entry: readOff entry entry.content) (readOff found value);

      entriesOfSet =
        found: set:
        concatMap (
          name: map (entry: entry // { inherit name; }) (readOff found set.${name})
        ) (attrNames set);

      entriesOf =
        def:
        let
          found = {
            inherit (def) file;
            order = def.priority or defaultOrderPriority;
            override = defaultOverridePriority;
          };
        in
        if isList def.value then
          concatMap (
            element:
            concatMap (e: entriesOfSet (removeAttrs e [ "content" ]) e.content) (readOffTwice found element)
          ) def.value
        else
          entriesOfSet found def.value;

      elementError =
        element:
        if !isAttrs element then
          "Each list element must be an attribute set, but got ${typeOf element}"
        else if length (attrNames element) != 1 then
          "Each list element must be a single-key attribute set, but got ${toString (length (attrNames element))} keys"
        else
          null;

      headErrorOf =
        defs:
        let
          container = headErrorUnless isContainer defs;
          elements = concatMap (def: lib.optionals (isList def.value) def.value) defs;
          errors = filter (error: error != null) (
            concatMap (element: map (e: elementError e.content) (readOffTwice { } element)) elements
          );
        in
        if container != null then
          { message = "TypeError: ${container.message}"; }
        else if errors != [ ] then
          { message = head errors; }
        else
          null;
    in
    mkOptionType {
      name = "attrListOf";
      description = "attribute list of ${phrase elemType}";
      descriptionClass = "composite";
      check = coherentCheck isContainer;
      merge = v2Merge (
        { loc, defs }:
        let
          all = concatMap entriesOf defs;
          highest = zipAttrsWith (_: lib.foldl' lib.min 9999) (
            map (entry: { ${entry.name} = entry.override; }) all
          );
          winning = concatMap (entry: readOff entry entry.content) (
            filter (entry: entry.override == highest.${entry.name}) all
          );
          ordered = map (
            entry:
            entry
            // mergeDefinitions (loc ++ [ entry.name ]) elemType [
              {
                inherit (entry) file;
                value = entry.content;
              }
            ]
          ) (lib.sort (a: b: a.order < b.order) winning);
          list = map (entry: { ${entry.name} = entry.mergedValue; }) ordered;
        in
        {
          headError = headErrorOf defs;
          value = if asAttrs then zipAttrsWith mergeAttrValues list else list;
          valueMeta = {
            attrList = map (entry: entry.valueMeta) ordered;
            attrListValue = list;
            definitions = map (
              entry:
              mkDefinition {
                inherit (entry) file;
                value = mkOrder entry.order { ${entry.name} = entry.mergedValue; };
              }
            ) ordered;
          };
        }
      );
      emptyValue.value = if asAttrs then { } else [ ];
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<name>" ]);
      # How two declarations would agree about order and merging is not known.
      typeMerge = _: null;
      nestedTypes = { inherit elemType; };
    };
}
