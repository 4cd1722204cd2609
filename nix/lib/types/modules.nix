/** Types whose values are modules or what modules evaluate to; part of `lib.types`. */
{ lib }:
let
  inherit (builtins)
    attrNames
    intersectAttrs
    isAttrs
    throw
    toJSON
    ;
  inherit (lib.modules) evalModules mkOptionDefault setDefaultModuleLocation;
  inherit (lib.options) showOption;
  inherit (lib.types) mkOptionType optionDescriptionPhrase path;
  inherit (import ./make.nix { inherit lib; })
    coherentCheck
    functorOf
    headErrorUnless
    noCheckForDocsModule
    nounOrComposite
    v2Merge
    ;

  isModule = x: isAttrs x || lib.isFunction x || path.check x;

  # One of two values if they are equal or one is null.
  agree =
    what: a: b:
    if a == null || a == b then
      b
    else if b == null then
      a
    else
      throw "A submoduleWith option is declared multiple times with conflicting ${what} values ${toJSON a} and ${toJSON b}.";
in
rec {
  /**
    Options inside an option: the value is the configuration that its definitions, as modules,
    evaluate to. `Module | [Module] -> Type`

        submodule { options.port = mkOption { type = port; }; }
  */
  submodule =
    modules:
    submoduleWith {
      shorthandOnlyDefinesConfig = true;
      modules = lib.toList modules;
    };

  /**
    `submodule` with its choices. With `shorthandOnlyDefinesConfig` a definition that is a set is
    configuration only, even if it has attributes `config` or `options`.

        submoduleWith {
          modules;
          specialArgs ? { };
          shorthandOnlyDefinesConfig ? false;
          description ? null;
          class ? null;
        }
  */
  submoduleWith =
    {
      modules,
      specialArgs ? { },
      shorthandOnlyDefinesConfig ? false,
      description ? null,
      class ? null,
    }@choice:
    let
      base = evalModules {
        inherit class specialArgs;
        modules = [ { _module.args.name = mkOptionDefault "‹name›"; } ] ++ modules;
      };
      inherit (base._module) freeformType;
      forDocs = base.extendModules { modules = [ noCheckForDocsModule ]; };

      asModule =
        { file, value, ... }:
        if isAttrs value && shorthandOnlyDefinesConfig == true then
          {
            _file = file;
            config = value;
          }
        else
          setDefaultModuleLocation file value;
    in
    mkOptionType {
      name = "submodule";
      description =
        if description != null then
          description
        else if forDocs._module.freeformType ? description then
          "open submodule of ${optionDescriptionPhrase nounOrComposite forDocs._module.freeformType}"
        else
          "submodule";
      check = coherentCheck isModule;
      merge = v2Merge (
        { loc, defs }:
        let
          configuration = base.extendModules {
            modules = [ { _module.args.name = lib.last loc; } ] ++ map asModule defs;
            prefix = loc;
          };
        in
        {
          headError = headErrorUnless isModule defs;
          value = configuration.config;
          valueMeta = { inherit configuration; };
        }
      );
      emptyValue.value = base.config;
      getSubOptions =
        prefix:
        let
          docs = base.extendModules {
            modules = [ noCheckForDocsModule ];
            inherit prefix;
          };
          below = docs._module.freeformType;
        in
        docs.options
        // lib.optionalAttrs (below != null) {
          # `_` keeps it apart from options; the names of freeform definitions are not known.
          _freeformOptions = below.getSubOptions prefix;
        };
      getSubModules = modules;
      substSubModules = modules: submoduleWith (choice // { inherit modules; });
      nestedTypes = lib.optionalAttrs (freeformType != null) { inherit freeformType; };
      functor =
        functorOf "submodule" submoduleWith
          {
            inherit
              modules
              class
              specialArgs
              shorthandOnlyDefinesConfig
              description
              ;
          }
          (
            a: b:
            let
              shared = attrNames (intersectAttrs a.specialArgs b.specialArgs);
            in
            {
              class = agree "class" a.class b.class;
              modules = a.modules ++ b.modules;
              specialArgs =
                if shared == [ ] then
                  a.specialArgs // b.specialArgs
                else
                  throw "A submoduleWith option is declared multiple times with the same specialArgs ${toJSON shared}";
              shorthandOnlyDefinesConfig =
                agree "shorthandOnlyDefinesConfig" a.shorthandOnlyDefinesConfig
                  b.shorthandOnlyDefinesConfig;
              description = agree "description" a.description b.description;
            }
          );
    };

  /** A module that is not evaluated here but imported elsewhere. */
  deferredModule = deferredModuleWith { };

  /** `deferredModule` that always has some modules, which are documented. `{ staticModules ? [ ]; } -> Type` */
  deferredModuleWith =
    {
      staticModules ? [ ],
    }:
    mkOptionType {
      name = "deferredModule";
      description = "module";
      descriptionClass = "noun";
      check = isModule;
      merge = loc: defs: {
        imports =
          staticModules
          ++ map (def: setDefaultModuleLocation "${def.file}, via option ${showOption loc}" def.value) defs;
      };
      inherit (submoduleWith { modules = staticModules; }) getSubOptions getSubModules;
      substSubModules = modules: deferredModuleWith { staticModules = modules; };
      functor = functorOf "deferredModule" deferredModuleWith { inherit staticModules; } (
        a: b: { staticModules = a.staticModules ++ b.staticModules; }
      );
    };
}
