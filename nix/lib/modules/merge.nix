/**
  Declarations and definitions of many modules become options with values; part of `lib.modules`.

  A declaration is `{ _file; pos; options; }`, a definition `{ file; value; }`. A definition that
  belongs to no option also has `prefix`, where it stands.
*/
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    attrNames
    concatMap
    filter
    foldl'
    head
    isAttrs
    isString
    length
    mapAttrs
    removeAttrs
    seq
    throw
    typeOf
    unsafeGetAttrPos
    zipAttrsWith
    ;
  inherit (lib.modules)
    dischargeProperties
    filterOverrides'
    mkOptionDefault
    pushDownProperties
    setDefaultModuleLocation
    sortProperties
    ;
  inherit (lib.options) showDefs showFiles showOption;
  inherit (import ../types/make.nix { inherit lib; }) checkCoherence;

  expectedOption =
    loc: file:
    "In module ${file}: expected an option declaration at option path `${showOption loc}'";

  # Whether a declaration is an option rather than a set of options; other typed sets are a mistake.
  isOptionDeclaration =
    loc: decl:
    let
      type = decl.options._type or null;
    in
    if type == "option" then
      true
    else if isString type then
      throw "${expectedOption loc decl._file} but got an attribute set with type ${type}"
    else
      false;

  # A set of options inside an option whose type is a submodule is one more module of it.
  asSubmodule =
    loc: decl:
    if isOptionDeclaration loc decl then
      decl
    else
      decl
      // {
        options = lib.mkOption {
          type = lib.types.submoduleWith {
            modules = [ { inherit (decl) options; } ];
            # Another declaration says what the definitions look like.
            shorthandOnlyDefinesConfig = null;
          };
        };
      };

  nestedInOption =
    loc: decls:
    let
      isOption = isOptionDeclaration loc;
      parent = head (filter isOption decls);
      nested = concatMap (
        decl:
        if isOption decl then
          [ ]
        else
          map (name: "\n- option(s) with prefix `${showOption (loc ++ [ name ])}' in module `${decl._file}'") (
            attrNames decl.options
          )
      ) decls;
    in
    throw "The option `${showOption loc}' in module `${parent._file}' would be a parent of the following options, but its type `${
      parent.options.type.description or "<no description>"
    }' does not support nested options.${lib.concatStrings nested}";

  notASet =
    loc: file: value:
    throw ''
      In module `${file}', you're trying to define a value of type `${typeOf value}'
      rather than an attribute set for the option
      `${showOption loc}'!

      Options below `${showOption loc}' are declared, so a definition of it has to be a set of definitions of these.'';

  # Definitions by attribute: what `configs` say about each name.
  definitionsByName =
    loc: configs:
    zipAttrsWith (_: defs: defs) (
      map (
        { file, config }:
        if isAttrs config then
          mapAttrs (_: value: { inherit file value; }) config
        else
          notASet loc file config
      ) configs
    );

  pushedDown =
    concatMap (
      { file, value }:
      map (config: {
        inherit file config;
      }) (pushDownProperties value)
    );

  alreadyDeclared =
    loc: file: declarations:
    throw "The option `${showOption loc}' in `${file}' is already declared in ${showFiles declarations}.";

  # Definitions of one file: properties discharged, `mkDefinition` taken at its word about the file.
  expandDefinition =
    def:
    let
      inherit (def) value;
    in
    addErrorContext "while evaluating definitions from `${def.file}':" (
      if !isAttrs value || !(value ? _type) then
        [ def ]
      else
        concatMap (
          value:
          if isAttrs value && value._type or "" == "definition" then
            expandDefinition { inherit (value) file value; }
          else
            [
              {
                inherit (def) file;
                inherit value;
              }
            ]
        ) (dischargeProperties value)
    );
in
rec {
  /**
    The options and values of a list of modules in full form.
    `[String] -> [Module] -> { matchedOptions :: AttrSet; unmatchedDefns :: [Definition]; }`
  */
  mergeModules =
    prefix: modules:
    mergeModules' prefix modules (
      concatMap (
        module:
        map (config: {
          file = module._file;
          inherit config;
        }) (pushDownProperties module.config)
      ) modules
    );

  /** `mergeModules` with the definitions, `{ file; config; }`, apart from the declarations. */
  mergeModules' =
    prefix: modules: configs:
    let
      declarations = zipAttrsWith (_: decls: decls) (
        map (
          module:
          let
            subtree = module.options;
          in
          if !isAttrs subtree then
            throw "${expectedOption prefix module._file} or a set of them, but got a value of type ${typeOf subtree}"
          else
            mapAttrs (name: options: {
              inherit (module) _file;
              pos = unsafeGetAttrPos name subtree;
              inherit options;
            }) subtree
        ) modules
      );
      definitions = definitionsByName prefix configs;

      results = mapAttrs (
        name: decls:
        let
          loc = prefix ++ [ name ];
          defs = definitions.${name} or [ ];
          options = filter (isOptionDeclaration loc) decls;
          optionOf = decls: {
            matchedOptions = evalOptionValue loc (fixupOptionType loc (mergeOptionDecls loc decls)) defs;
            unmatchedDefns = [ ];
          };
        in
        if options == [ ] then
          mergeModules' loc decls (pushedDown defs)
        else if length options == length decls then
          optionOf decls
        else if all (decl: decl.options.type.name or "" == "submodule") options then
          optionOf (map (asSubmodule loc) decls)
        else
          nestedInOption loc decls
      ) declarations;

      unmatched =
        lib.mapAttrsToList (
          name: result: map (def: def // { prefix = [ name ] ++ def.prefix or [ ]; }) result.unmatchedDefns
        ) results
        ++ lib.mapAttrsToList (name: map (def: def // { prefix = [ name ]; })) (
          removeAttrs definitions (attrNames declarations)
        );
    in
    {
      matchedOptions = mapAttrs (_: result: result.matchedOptions) results;
      # Without definitions none is unmatched, and no option has to be looked at.
      unmatchedDefns = if configs == [ ] then [ ] else lib.concatLists unmatched;
    };

  /**
    One option of several declarations of it. Types merge, everything else may be said once.
    `[String] -> [Declaration] -> Option`
  */
  mergeOptionDecls =
    loc:
    foldl'
      (
        merged: decl:
        let
          new = decl.options;
          both = name: merged ? ${name} && new ? ${name};
          conflict = alreadyDeclared loc decl._file merged.declarations;
          mergedType = merged.type.typeMerge new.type.functor;
          type =
            if !both "type" then
              { }
            else if mergedType == null then
              { type = conflict; }
            else
              { type = mergedType; };
          submodules = new.type.getSubModules or null;
          position =
            if decl.pos or null != null then
              decl.pos
            else
              {
                file = decl._file;
                line = null;
                column = null;
              };
        in
        if both "default" || both "example" || both "description" || both "apply" then
          conflict
        else
          seq (if type ? type then mergedType else null) (
            new
            // merged
            // {
              declarations = merged.declarations ++ [ decl._file ];
              declarationPositions = merged.declarationPositions ++ [ position ];
              options =
                if submodules == null then
                  merged.options
                else
                  map (setDefaultModuleLocation decl._file) submodules ++ merged.options;
            }
            // type
          )
      )
      {
        inherit loc;
        declarations = [ ];
        declarationPositions = [ ];
        options = [ ];
      };

  /**
    Gives an option a type if it has none, and a submodule type the modules of all declarations.
    `[String] -> Option -> Option`
  */
  fixupOptionType =
    loc: opt:
    if opt.type.getSubModules or null == null then
      if opt ? type then opt else opt // { type = lib.types.unspecified; }
    else
      opt
      // {
        type = opt.type.substSubModules opt.options;
        options = [ ];
      };

  /**
    An option with its value: what it is declared to be, and what is defined.
    `[String] -> Option -> [Definition] -> Option`
  */
  evalOptionValue =
    loc: opt: defs:
    let
      defaults =
        if opt ? default then
          [
            {
              file = if opt.declarations == [ ] then "<unknown-file>" else head opt.declarations;
              value = mkOptionDefault opt.default;
            }
          ]
        else
          [ ];
      allDefs = defaults ++ defs;

      merged =
        if opt.readOnly or false && length allDefs > 1 then
          let
            separate = map (
              def: def // { value = (mergeDefinitions loc opt.type [ def ]).mergedValue; }
            ) allDefs;
          in
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${showDefs separate}"
        else
          mergeDefinitions loc opt.type allDefs;

      value = if opt ? apply then opt.apply merged.mergedValue else merged.mergedValue;

      deprecation =
        if opt.type.deprecationMessage or null == null then
          opt: opt
        else
          lib.warn (
            "The type `types.${opt.type.name}' of the option `${showOption loc}' "
            + "declared in ${showFiles opt.declarations} is deprecated. ${opt.type.deprecationMessage}"
          );
    in
    deprecation (
      opt
      // {
        value = addErrorContext "while evaluating the option `${showOption loc}':" value;
        inherit (merged) highestPrio isDefined valueMeta;
        definitions = map (def: def.value) merged.defsFinal;
        files = map (def: def.file) merged.defsFinal;
        definitionsWithLocations = merged.defsFinal;
        # An option in a string means its name.
        __toString = _: showOption loc;
      }
    );

  /**
    The value that definitions give for a type. `defsFinal` are the definitions that count, in order;
    `optionalValue` has `value` only if there are any.
    `[String] -> Type -> [Definition] -> { mergedValue; optionalValue; isDefined; defsFinal; highestPrio; valueMeta; }`
  */
  mergeDefinitions =
    loc: type: defs:
    let
      overridden = filterOverrides' (concatMap expandDefinition defs);
      defsFinal = sortProperties overridden.values;
      isDefined = defsFinal != [ ];

      mistyped =
        what:
        throw "A definition for option `${showOption loc}' is not of type `${type.description}'. ${what}";

      # `value` is an error if a definition is not of the type.
      checked =
        if type.merge ? v2 then
          let
            result = checkCoherence loc type (type.merge.v2 { inherit loc; defs = defsFinal; });
          in
          {
            value = if result.headError == null then result.value else mistyped result.headError.message;
            inherit (result) valueMeta;
          }
        else
          {
            value =
              if all (def: type.check def.value) defsFinal then
                type.merge loc defsFinal
              else
                mistyped "Definition values:${showDefs (filter (def: !(type.check def.value)) defsFinal)}";
            valueMeta = { };
          };

      mergedValue =
        if isDefined then
          checked.value
        else if type.emptyValue ? value then
          type.emptyValue.value
        else
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.";
    in
    {
      inherit defsFinal isDefined mergedValue;
      inherit (overridden) highestPrio;
      defsFinal' = {
        values = defsFinal;
        inherit (overridden) highestPrio;
      };
      valueMeta = if isDefined then checked.valueMeta else { };
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };
}
