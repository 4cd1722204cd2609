/** Types made of other types; part of `lib.types`. */
{ lib }:
let
  inherit (builtins)
    all
    attrNames
    concatStringsSep
    elemAt
    foldl'
    head
    intersectAttrs
    isAttrs
    length
    mapAttrs
    tail
    throw
    typeOf
    unsafeGetAttrPos
    ;
  inherit (lib.modules)
    evalOptionValue
    fixupOptionType
    mergeDefinitions
    mergeOptionDecls
    ;
  inherit (lib.options)
    getFiles
    mergeEqualOption
    mergeOneOption
    mergeUniqueOption
    mkOption
    showDefs
    showFiles
    showOption
    ;
  inherit (lib.types)
    attrsOf
    bool
    float
    int
    isOptionType
    listOf
    mkOptionType
    optionDescriptionPhrase
    path
    str
    ;
  inherit (import ./make.nix { inherit lib; })
    checkAndMerge
    coherentCheck
    functorOf
    headErrorUnless
    mergeElemTypes
    nounOrComposite
    v2Merge
    ;

  isNoun = class: class == "noun";
  nounOrConjunction = class: class == "noun" || class == "conjunction";

  body = loc: loc ++ [ "<function body>" ];
in
rec {
  /** A value of a type, or `null`. `Type -> Type` */
  nullOr =
    elemType:
    mkOptionType {
      name = "nullOr";
      description = "null or ${optionDescriptionPhrase nounOrConjunction elemType}";
      descriptionClass = "conjunction";
      check = x: x == null || elemType.check x;
      merge =
        loc: defs:
        let
          nulls = lib.count (def: def.value == null) defs;
        in
        if nulls == length defs then
          null
        else if nulls != 0 then
          throw "The option `${showOption loc}' is null by one definition and not by another: ${showFiles (getFiles defs)}."
        else
          elemType.merge loc defs;
      emptyValue.value = null;
      inherit (elemType) getSubOptions getSubModules;
      substSubModules = modules: nullOr (elemType.substSubModules modules);
      functor = functorOf "nullOr" ({ elemType }: nullOr elemType) { inherit elemType; } mergeElemTypes;
      nestedTypes = { inherit elemType; };
    };

  /** At most one definition. `Type -> Type` */
  uniq = unique { message = ""; };

  /** At most one definition, with a message that says why. `{ message :: String; } -> Type -> Type` */
  unique =
    { message }:
    type:
    mkOptionType {
      name = "unique";
      inherit (type)
        check
        description
        descriptionClass
        emptyValue
        getSubModules
        getSubOptions
        ;
      merge = mergeUniqueOption {
        inherit message;
        inherit (type) merge;
      };
      substSubModules = modules: unique { inherit message; } (type.substSubModules modules);
      functor = functorOf "unique" ({ elemType }: unique { inherit message; } elemType) {
        elemType = type;
      } mergeElemTypes;
      nestedTypes.elemType = type;
    };

  /** A value of the first type that accepts all definitions. `Type -> Type -> Type` */
  either =
    t1: t2:
    let
      left =
        if t1.descriptionClass or null == "nonRestrictiveClause" then
          "${t1.description}, or"
        else
          "${optionDescriptionPhrase nounOrConjunction t1} or";
      right = optionDescriptionPhrase (class: nounOrConjunction class || class == "composite") t2;
    in
    mkOptionType {
      name = "either";
      description = "${left} ${right}";
      descriptionClass = "conjunction";
      check = coherentCheck (x: t1.check x || t2.check x);
      merge = v2Merge (
        { loc, defs }@args:
        let
          first = checkAndMerge t1 args;
          second = checkAndMerge t2 args;
        in
        if first.headError == null then
          first
        else if second.headError == null then
          second
        else
          {
            headError.message = "Definition values:${showDefs defs}";
            valueMeta = { };
            # Reached only by callers that ask for the value without having asked for the error.
            value = lib.warn (
              "One or more definitions did not pass the type-check of the 'either' type. "
              + "Option `${showOption loc}', definition values:${showDefs defs}"
            ) (mergeOneOption loc defs);
          }
      );
      functor = functorOf "either" ({ elemTypes }: either (head elemTypes) (elemAt elemTypes 1)) {
        elemTypes = [
          t1
          t2
        ];
      } (
        a: b:
        let
          merged = lib.zipListsWith (x: y: x.typeMerge y.functor) a.elemTypes b.elemTypes;
        in
        if lib.elem null merged then null else { elemTypes = merged; }
      );
      nestedTypes.left = t1;
      nestedTypes.right = t2;
    };

  /** A value of the first of several types that accepts all definitions. `[Type] -> Type` */
  oneOf =
    types:
    if types == [ ] then
      throw "types.oneOf: the list of types is empty"
    else
      foldl' either (head types) (tail types);

  /**
    A value of the last type, or of the first, which the function then makes one of the last.
    `Type -> (a -> b) -> Type -> Type`

        coercedTo int toString str
  */
  coercedTo =
    from: coerce: to:
    if from.getSubModules or null != null then
      throw "types.coercedTo: a type with submodules (${from.description}) cannot be converted from"
    else
      mkOptionType {
        name = "coercedTo";
        description = "${optionDescriptionPhrase isNoun to} or ${optionDescriptionPhrase isNoun from} convertible to it";
        check = coherentCheck (x: (from.check x && to.check (coerce x)) || to.check x);
        merge = v2Merge (
          { loc, defs }:
          let
            accepted =
              def:
              (checkAndMerge from {
                inherit loc;
                defs = [ def ];
              }).headError == null;
            coerced = map (def: if accepted def then def // { value = coerce def.value; } else def) defs;
            merged = checkAndMerge to {
              inherit loc;
              defs = coerced;
            };
          in
          merged
          // {
            # What was written, not what was made of it.
            headError =
              if merged.headError == null then null else { message = "Definition values:${showDefs defs}"; };
          }
        );
        inherit (to) emptyValue getSubModules getSubOptions;
        substSubModules = modules: coercedTo from coerce (to.substSubModules modules);
        # Two functions cannot be compared, so that two declarations never agree.
        typeMerge = _: null;
        nestedTypes.coercedType = from;
        nestedTypes.finalType = to;
      };

  /** A type with one more condition. `Type -> (a -> Bool) -> Type` */
  addCheck =
    type: check:
    let
      both = x: type.check x && check x;
    in
    if type.merge ? v2 then
      type
      // {
        check = coherentCheck both;
        merge = v2Merge (
          args:
          let
            merged = checkAndMerge type args;
          in
          merged
          // {
            headError = if merged.headError == null then headErrorUnless check args.defs else merged.headError;
          }
        );
      }
    else
      type // { check = both; };

  /** A function; definitions merge by merging what they return. `Type -> Type` */
  functionTo =
    elemType:
    mkOptionType {
      name = "functionTo";
      description = "function that evaluates to a(n) ${optionDescriptionPhrase nounOrComposite elemType}";
      descriptionClass = "composite";
      check = lib.isFunction;
      merge =
        loc: defs:
        let
          # An argument may be left out if every definition has a default for it.
          args = builtins.zipAttrsWith (_: all lib.id) (map (def: lib.functionArgs def.value) defs);
          call =
            arg:
            (mergeDefinitions (body loc) elemType (
              map (def: {
                inherit (def) file;
                value = def.value arg;
              }) defs
            )).mergedValue;
        in
        lib.setFunctionArgs call args;
      getSubOptions = prefix: elemType.getSubOptions (body prefix);
      inherit (elemType) getSubModules;
      substSubModules = modules: functionTo (elemType.substSubModules modules);
      functor = functorOf "functionTo" ({ elemType }: functionTo elemType) {
        inherit elemType;
      } mergeElemTypes;
      nestedTypes = { inherit elemType; };
    };

  /** Any value: sets merge by attribute, functions by what they return, the rest has to be equal. */
  anything = mkOptionType {
    name = "anything";
    description = "anything";
    descriptionClass = "noun";
    check = _: true;
    merge =
      loc: defs:
      let
        # A set that is like a string, such as a package, is one value.
        kind = x: if isAttrs x && lib.isStringLike x then "string-like set" else typeOf x;
        first = kind (head defs).value;
        merges = {
          set = (attrsOf anything).merge;
          list = if length defs == 1 then _: defs: (head defs).value else mergeEqualOption;
          "string-like set" = mergeOneOption;
          lambda =
            loc: defs: arg:
            anything.merge (body loc) (map (def: def // { value = def.value arg; }) defs);
        };
      in
      if all (def: kind def.value == first) defs then
        (merges.${first} or mergeEqualOption) loc defs
      else
        throw "The option `${showOption loc}' has conflicting option types in ${showFiles (getFiles defs)}";
  };

  /**
    A set of one attribute out of several options: a tagged union. `{ ${tag} :: Option; } -> Type`

        attrTag { file = mkOption { type = path; }; text = mkOption { type = str; }; }
  */
  attrTag =
    tags:
    let
      choices = mapAttrs (
        tag: option:
        let
          pos = unsafeGetAttrPos tag tags;
        in
        if lib.isOption option then
          option
          // {
            declarations = option.declarations or (lib.optional (pos != null) pos.file);
            declarationPositions = option.declarationPositions or (lib.optional (pos != null) pos);
          }
        else
          throw "In attrTag, each tag value must be an option, but tag ${tag} ${
            if isOptionType option then
              "was a bare type, not wrapped in mkOption."
            else
              "was of type ${typeOf option}."
          }"
      ) tags;
      tagOf = set: head (attrNames set);
    in
    mkOptionType {
      name = "attrTag";
      description = "attribute-tagged union with choices: ${concatStringsSep ", " (attrNames tags)}";
      descriptionClass = "noun";
      check = x: isAttrs x && length (attrNames x) == 1 && choices ? ${tagOf x};
      merge =
        loc: defs:
        let
          tag = tagOf (head defs).value;
          values = map (
            def:
            if def.value ? ${tag} then
              {
                inherit (def) file;
                value = def.value.${tag};
              }
            else
              throw "The option `${showOption loc}' is defined both as `${tag}' and `${tagOf def.value}', in ${showFiles (getFiles defs)}."
          ) defs;
        in
        {
          ${tag} = (evalOptionValue (loc ++ [ tag ]) choices.${tag} values).value;
        };
      getSubOptions = prefix: mapAttrs (tag: option: option // { loc = prefix ++ [ tag ]; }) choices;
      functor = functorOf "attrTag" ({ tags }: attrTag tags) { tags = choices; } (
        a: b: {
          tags =
            a.tags
            // b.tags
            // mapAttrs (
              tag: _:
              let
                options = [
                  a.tags.${tag}
                  b.tags.${tag}
                ];
                merged = mergeOptionDecls [ tag ] (
                  map (option: {
                    _file = lib.concatStringsSep " and " option.declarations;
                    options = option;
                  }) options
                );
              in
              merged
              // {
                declarations = lib.concatMap (option: option.declarations) options;
                declarationPositions = lib.concatMap (option: option.declarationPositions) options;
              }
            ) (intersectAttrs a.tags b.tags);
        }
      );
      nestedTypes = mapAttrs (_: option: option.type) choices;
    };

  /** A type of options; several of them merge to one type. */
  optionType = mkOptionType {
    name = "optionType";
    description = "optionType";
    descriptionClass = "noun";
    check = isOptionType;
    merge =
      loc: defs:
      if length defs == 1 then
        (head defs).value
      else
        (fixupOptionType loc (
          mergeOptionDecls loc (
            map (def: {
              _file = def.file;
              options = mkOption { type = def.value; };
            }) defs
          )
        )).type;
  };

  /** An option as `mkOption` makes it, not one out of an evaluation. */
  optionDeclaration = mkOptionType {
    name = "optionDeclaration";
    description = "option declaration";
    descriptionClass = "noun";
    check = x: lib.isOption x && !(x ? declarations);
    merge = mergeOneOption;
  };

  /** What a data format can hold. `{ typeName :: String; nullable ? true; } -> Type` */
  serializableValueWith =
    {
      typeName,
      nullable ? true,
    }:
    let
      orNull = if nullable then nullOr else lib.id;
      value =
        orNull (oneOf [
          bool
          int
          float
          str
          path
          (attrsOf value)
          (listOf value)
        ])
        // {
          description = "${typeName} value";
          descriptionClass = "noun";
        };
    in
    value;

  /** What JSON can hold. */
  json = serializableValueWith { typeName = "JSON"; };
  /** What TOML can hold. */
  toml = serializableValueWith {
    typeName = "TOML";
    nullable = false;
  };
}
