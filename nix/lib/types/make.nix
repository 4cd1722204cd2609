/** Making, describing and merging types; part of `lib.types`. */
{ lib }:
let
  inherit (builtins) filter throw;
  inherit (lib.options) mergeDefaultOption showDefs showOption;
in
rec {
  /** Whether a value carries a type tag. `String -> a -> Bool` */
  isType = type: x: x._type or "" == type;

  /** Tags a set. `String -> AttrSet -> AttrSet` */
  setType = type: value: value // { _type = type; };

  /** Whether a value is a type of options. `a -> Bool` */
  isOptionType = isType "option-type";

  /**
    A type of options. Only `name` is needed.

        mkOptionType {
          name;                   # names the kind of type; equal names may merge
          description;            # for messages and documentation
          descriptionClass;       # how to read it in a phrase: noun, nonRestrictiveClause, conjunction, composite
          check;                  # value -> whether it is of the type
          merge;                  # loc -> definitions -> value; may have an attribute `v2`, see below
          emptyValue;             # { value; } for an option that nothing defines
          getSubOptions;          # prefix -> options below, for documentation
          getSubModules;          # modules of a submodule type, or null
          substSubModules;        # modules -> the same type with these modules
          typeMerge;              # functor of another type -> merged type, or null
          functor;                # how to make the type again: name, type, payload, binOp
          deprecationMessage;     # why not to use it
          nestedTypes;            # types it is made of
        }

    `merge.v2 :: { loc; defs; } -> { headError; value; valueMeta; }` checks and merges in one go:
    `headError` is null or `{ message; }`, `valueMeta` tells about the value. Such a type has
    `check.isV2MergeCoherent = true`, so that replacing `check` alone is noticed.
  */
  mkOptionType =
    {
      name,
      description ? null,
      descriptionClass ? null,
      check ? _: true,
      merge ? mergeDefaultOption,
      emptyValue ? { },
      getSubOptions ? _: { },
      getSubModules ? null,
      substSubModules ? _: null,
      typeMerge ? defaultTypeMerge functor,
      functor ? defaultFunctor name,
      deprecationMessage ? null,
      nestedTypes ? { },
    }:
    {
      _type = "option-type";
      description = if description == null then name else description;
      inherit
        name
        descriptionClass
        check
        merge
        emptyValue
        getSubOptions
        getSubModules
        substSubModules
        typeMerge
        functor
        deprecationMessage
        nestedTypes
        ;
    };

  /** The functor of a type without parameters. `String -> AttrSet` */
  defaultFunctor = name: {
    inherit name;
    type = lib.types.${name} or null;
    wrapped = null;
    payload = null;
    binOp = _: _: null;
  };

  /**
    The functor of a type that has other types or values as parameters. `merge` merges two sets of
    parameters, or gives null.
  */
  functorOf = name: type: payload: merge: {
    inherit name type payload;
    wrapped = payload.elemType or null;
    binOp = merge;
  };

  /** Merges parameters that are one element type. `AttrSet -> AttrSet -> AttrSet | Null` */
  mergeElemTypes =
    a: b:
    let
      elemType = a.elemType.typeMerge b.elemType.functor;
    in
    if elemType == null then null else { inherit elemType; };

  /** Types merge if they have one name and their parameters merge. `Functor -> Functor -> Type | Null` */
  defaultTypeMerge =
    f: g:
    let
      payload = if f ? payload && g ? payload && f.payload != null && g.payload != null then f.binOp f.payload g.payload else null;
      wrapped =
        if f.wrapped or null != null && g.wrapped or null != null then
          f.wrapped.typeMerge g.wrapped.functor
        else
          null;
    in
    if f.name != g.name then
      null
    else if f.payload or null != null || g.payload or null != null then
      if payload == null then null else f.type payload
    else if f.wrapped or null != null || g.wrapped or null != null then
      if wrapped == null then null else f.type wrapped
    else
      f.type;

  /**
    The type both merge to, or a value of type `merge-error`. `Type -> Type -> Type`

        (mergeTypes types.str types.str).name  =>  "str"
  */
  mergeTypes =
    a: b:
    if !isOptionType a || !isOptionType b then
      throw "mergeTypes: not an option type"
    else
      let
        merged = a.typeMerge b.functor;
      in
      if merged == null then setType "merge-error" { error = "Cannot merge types"; } else merged;

  /**
    A type's description for use inside another one: in parentheses unless its class is one that
    `unparenthesize` holds for. `(String -> Bool) -> Type -> String`

        optionDescriptionPhrase (class: class == "noun") (listOf str)  =>  "(list of string)"
  */
  optionDescriptionPhrase =
    unparenthesize: type:
    let
      class = type.descriptionClass or null;
    in
    if class != null && unparenthesize class then
      type.description
    else
      "(${type.description})";

  # `unparenthesize` for the right end of a phrase.
  nounOrComposite = class: class == "noun" || class == "composite";

  # A check that belongs to a merge with `v2`.
  coherentCheck = check: {
    __functor = _: check;
    isV2MergeCoherent = true;
  };

  # A merge function with `v2`.
  v2Merge = merge: {
    __functor = self: loc: defs: (self.v2 { inherit loc defs; }).value;
    v2 = merge;
  };

  # The `headError` of definitions that all have to fulfil a check.
  headErrorUnless =
    check: defs:
    let
      wrong = filter (def: !(check def.value)) defs;
    in
    if wrong == [ ] then null else { message = "Definition values:${showDefs wrong}"; };

  # A type that merges but was changed with `//` would not be asked what it accepts.
  checkCoherence =
    loc: type: result:
    if type.check.isV2MergeCoherent or false then
      result
    else
      throw ''
        The type `${type.description}' of the option `${showOption loc}' checks values while it merges them, so that
        an ad-hoc `// { check = ...; }' override of it is incompatible: it would have no effect.
        Please use `lib.types.addCheck' instead, which works with every type.'';

  # Checks and merges with any type, whether it has `v2` or not.
  checkAndMerge =
    type:
    { loc, defs }@args:
    if type.merge ? v2 then
      checkCoherence loc type (type.merge.v2 args)
    else
      {
        headError = headErrorUnless type.check defs;
        value = type.merge loc defs;
        valueMeta = { };
      };

  /**
    What makes a submodule fit for documentation: no definition is checked. `Module`
  */
  noCheckForDocsModule = {
    config._module.check = lib.mkForce false;
  };
}
