/** Modules that rename, remove and combine options, and aliases of options; part of `lib.modules`. */
{ lib }:
let
  inherit (builtins)
    any
    concatMap
    filter
    foldl'
    map
    throw
    ;
  inherit (lib)
    attrByPath
    getAttrFromPath
    setAttrByPath
    ;
  inherit (lib.modules)
    defaultOverridePriority
    mergeDefinitions
    mkIf
    mkMerge
    mkOverride
    pushDownProperties
    ;
  inherit (lib.options)
    isOption
    mkOption
    showFiles
    showOption
    ;

  # The value of an old option that nothing defines.
  undefined = "_mkMergedOptionModule";
in
rec {
  /**
    Imports a file that holds a function to a module, and keeps the file's name for messages.
    `Path -> a -> Module`

        imports = [ (importApply ./module.nix { inherit self; }) ]
  */
  importApply = path: arg: setDefaultModuleLocation path (import path arg);

  /**
    Names the file of a module that does not say itself. `Path | String -> Module -> Module`
  */
  setDefaultModuleLocation = file: module: {
    _file = file;
    imports = [ module ];
  };

  /** A module whose configuration is a JSON file. `Path -> Module` */
  importJSON = file: {
    _file = file;
    config = lib.importJSON file;
  };

  /** A module whose configuration is a TOML file. `Path -> Module` */
  importTOML = file: {
    _file = file;
    config = lib.importTOML file;
  };

  /** Defined only if the option is. `Option -> a -> Property` */
  mkAliasIfDef = option: mkIf (isOption option && option.isDefined);

  /** The definitions of another option. `Option -> Property` */
  mkAliasDefinitions = mkAliasAndWrapDefinitions lib.id;

  /** The definitions of another option, wrapped. `(a -> a) -> Option -> Property` */
  mkAliasAndWrapDefinitions =
    wrap: option: mkAliasIfDef option (wrap (mkMerge option.definitions));

  /** `mkAliasAndWrapDefinitions` that keeps the priority. `(a -> a) -> Option -> Property` */
  mkAliasAndWrapDefsWithPriority =
    wrap: option:
    let
      priority = option.highestPrio or defaultOverridePriority;
    in
    mkAliasIfDef option (wrap (mkMerge (map (mkOverride priority) option.definitions)));

  /**
    A definition made of the value of another option, of the same priority. `Option -> (a -> b) -> Property`
  */
  mkDerivedConfig =
    option: f: mkOverride (option.highestPrio or defaultOverridePriority) (f option.value);

  /**
    Merges each attribute of an option of type `attrsOf` on its own, and keeps its priority.
    `Option -> { ${name} :: { value; highestPrio; }; }`
  */
  mergeAttrDefinitionsWithPrio =
    option:
    let
      byName = lib.zipAttrs (
        concatMap (
          def:
          map (builtins.mapAttrs (_: value: def // { inherit value; })) (pushDownProperties def.value)
        ) option.definitionsWithLocations
      );
    in
    builtins.mapAttrs (
      name: defs:
      let
        merged = mergeDefinitions (option.loc ++ [ name ]) option.type.nestedTypes.elemType defs;
      in
      {
        value = merged.mergedValue;
        inherit (merged) highestPrio;
      }
    ) byName;

  /**
    A module that makes one option another name of a second. `use` is applied to the value that is
    read through the old name; with `condition` false definitions are not passed on.

        doRename { from = [ "a" ]; to = [ "b" ]; visible = false; warn = true; use = lib.id; }
  */
  doRename =
    {
      from,
      to,
      visible,
      warn,
      use,
      withPriority ? true,
      condition ? true,
    }:
    { config, options, ... }:
    let
      old = getAttrFromPath from options;
      new = attrByPath to { } options;
      wrap = setAttrByPath to;
      message = "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
    in
    {
      options = setAttrByPath from (
        mkOption {
          inherit visible;
          description = "Alias of {option}`${showOption to}`.";
          apply =
            _:
            use (attrByPath to (abort "doRename: there is no option `${showOption to}'.") config);
        }
        // lib.optionalAttrs (new ? type) { inherit (new) type; }
      );
      config = mkIf condition (mkMerge [
        (lib.optionalAttrs (options ? warnings) {
          warnings = lib.optional (warn && old.isDefined) message;
        })
        ((if withPriority then mkAliasAndWrapDefsWithPriority else mkAliasAndWrapDefinitions) wrap old)
      ]);
    };

  /**
    A module for an option that has another name now. `[String] -> [String] -> Module`

        imports = [ (mkRenamedOptionModule [ "a" "b" ] [ "c" ]) ]
  */
  mkRenamedOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = false;
      warn = true;
      use = builtins.trace "The option `${showOption from}' is obsolete; its name is `${showOption to}' now.";
    };

  /**
    `mkRenamedOptionModule` that warns only once every supported release knows the new name.
    `{ from :: [String]; to :: [String]; sinceRelease :: Int; } -> Module`
  */
  mkRenamedOptionModuleWith =
    {
      from,
      to,
      sinceRelease,
    }:
    let
      old = lib.oldestSupportedReleaseIsAtLeast sinceRelease;
    in
    doRename {
      inherit from to;
      visible = false;
      warn = old;
      use = lib.warnIf old "The option `${showOption from}' is obsolete; its name is `${showOption to}' now.";
    };

  /**
    A module for an option that is gone: a definition of it fails an assertion, reading it is an
    error. `[String] -> String -> Module`

        imports = [ (mkRemovedOptionModule [ "a" ] "Use b instead.") ]
  */
  mkRemovedOptionModule =
    name: instructions:
    { options, ... }:
    let
      option = getAttrFromPath name options;
    in
    {
      options = setAttrByPath name (mkOption {
        visible = false;
        apply =
          _:
          throw "The option `${showOption name}' was removed and has no value. ${instructions}";
      });
      config.assertions = [
        {
          assertion = !option.isDefined;
          message = ''
            The option definition `${showOption name}' in ${showFiles option.files} has no effect: the option was removed.
            ${instructions}
          '';
        }
      ];
    };

  /**
    A module for options that one other replaces; its value is computed from the whole configuration.
    `[[String]] -> [String] -> (config -> a) -> Module`
  */
  mkMergedOptionModule =
    from: to: f:
    { config, options, ... }:
    let
      isSet = path: getAttrFromPath path config != undefined;
      warning =
        path:
        "The option `${showOption path}' defined in ${showFiles (getAttrFromPath path options).files} "
        + "was replaced by `${showOption to}', which takes other values.";
    in
    {
      options = foldl' lib.recursiveUpdate { } (
        map (
          path:
          setAttrByPath path (mkOption {
            visible = false;
            # A default would count as a definition that is passed on; this value means none.
            default = undefined;
          })
        ) from
      );
      config =
        lib.recursiveUpdate
          (lib.optionalAttrs (options ? warnings) { warnings = map warning (filter isSet from); })
          (setAttrByPath to (mkMerge (lib.optional (any isSet from) (f config))));
    };

  /**
    `mkMergedOptionModule` for one option. `[String] -> [String] -> (config -> a) -> Module`
  */
  mkChangedOptionModule = from: mkMergedOptionModule [ from ];

  /** A module that gives an option one more name. `[String] -> [String] -> Module` */
  mkAliasOptionModule =
    from: to:
    doRename {
      inherit from to;
      visible = true;
      warn = false;
      use = lib.id;
    };
  /** The same as `mkAliasOptionModule`. `[String] -> [String] -> Module` */
  mkAliasOptionModuleMD = mkAliasOptionModule;
}
