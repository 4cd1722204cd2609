/** Evaluation of modules; part of `lib.modules`. */
{ lib }:
let
  inherit (builtins)
    addErrorContext
    any
    attrNames
    attrValues
    head
    isAttrs
    removeAttrs
    throw
    tryEval
    ;
  inherit (lib.modules) collectModules mergeModules;
  inherit (lib.options)
    isOption
    mkOption
    showDefs
    showOption
    ;
  inherit (lib) types;

  recursionHint =
    "if you get an infinite recursion here, you probably reference `config` in `imports`; "
    + "import unconditionally instead, and let `mkIf` make what the module defines depend on `config`";

  # The options every evaluation has.
  internalModule =
    {
      prefix,
      specialArgs,
      moduleType,
      extendModules,
    }:
    {
      _file = "lib/modules/eval.nix";
      # Without a key it would be told from the user's modules by its place, which may change.
      key = "lib/modules/eval.nix";
      options._module = {
        args = mkOption {
          # Lazy: arguments may depend on each other, and most modules need few of them.
          type = types.lazyAttrsOf types.raw;
          # Documented once, not for each submodule.
          internal = prefix != [ ];
          description = ''
            Arguments for modules that are functions, besides those of `specialArgs`. They may
            depend on `config`, and so cannot be used in `imports`. In a submodule of an attribute
            set `name` is the name of the attribute.
          '';
        };
        check = mkOption {
          type = types.bool;
          internal = true;
          default = true;
          description = "Whether a definition of something that is not an option is an error.";
        };
        freeformType = mkOption {
          type = types.nullOr types.optionType;
          internal = true;
          default = null;
          description = ''
            If not `null`, definitions that belong to no option are merged with this type, and
            the result is part of `config`.
          '';
        };
        specialArgs = mkOption {
          readOnly = true;
          internal = true;
          description = "Arguments for modules that are known before the evaluation, so that `imports` may use them.";
        };
      };
      config._module = {
        args = {
          inherit extendModules moduleType;
        };
        inherit specialArgs;
      };
    };

  # The names of options that look most like one that does not exist.
  suggestions =
    options: def:
    let
      go =
        path: options:
        let
          name = head path;
          names = lib.remove "_module" (attrNames options);
          near = lib.sortOn (other: lib.strings.levenshtein name other) names;
        in
        if options ? ${name} && isAttrs options.${name} && !isOption options.${name} then
          if lib.tail path == [ ] then [ ] else map (rest: [ name ] ++ rest) (go (lib.tail path) options.${name})
        else
          map (other: [ other ]) (lib.take 3 near);
    in
    go def.prefix options;

  orList =
    words:
    if lib.length words < 2 then
      lib.concatStrings words
    else
      "${lib.concatStringsSep ", " (lib.init words)} or ${lib.last words}";

  # Whether there is an option declaration somewhere in a value.
  holdsOption = value: isOption value || (isAttrs value && any isOption (attrValues value));

  unmatchedError =
    prefix: options: defs:
    let
      def = head defs;
      name = showOption (prefix ++ def.prefix);
      near = map (path: "`${showOption (prefix ++ path)}'") (suggestions options def);
      hint =
        if (tryEval (holdsOption def.value)).value then
          if lib.remove "_module" (attrNames options) == [ ] && prefix != [ ] then
            "\n\nThe submodule `${showOption prefix}' has no options. This can happen if you e.g. declared your options in `types.submodule'\nbut not under `options'."
          else
            "\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!"
        else if near != [ ] then
          "\n\nDid you mean ${orList near}?"
        else
          "";
    in
    addErrorContext
      "while evaluating the error message for definitions for `${name}', which is an option that does not exist"
      (throw "The option `${name}' does not exist. Definition values:${showDefs [ def ]}${hint}");

  valuesOf = lib.mapAttrsRecursiveCond (options: !isOption options) (_: option: option.value);
in
rec {
  /**
    Evaluates modules. `config` holds the values, `options` the options, `extendModules` evaluates
    the same modules with more of them, `type` makes submodules of them, `graph` shows what was
    imported.

        evalModules {
          modules;             # list of modules
          specialArgs ? { };   # arguments for modules that `imports` may use
          class ? null;        # modules of another `_class` are refused
          prefix ? [ ];        # where the options stand, for messages
        }
          =>  { config; options; extendModules; type; graph; class; _module; }
  */
  evalModules =
    {
      modules,
      prefix ? [ ],
      specialArgs ? { },
      class ? null,
    }@evaluation:
    let
      type = types.submoduleWith { inherit modules specialArgs class; };

      extendModules =
        {
          modules ? [ ],
          specialArgs ? { },
          prefix ? evaluation.prefix or [ ],
        }:
        evalModules {
          modules = evaluation.modules ++ modules;
          specialArgs = evaluation.specialArgs or { } // specialArgs;
          inherit class prefix;
        };

      collected = collectModules class (specialArgs.modulesPath or "") (
        modules
        ++ [
          (internalModule {
            inherit prefix specialArgs extendModules;
            moduleType = type;
          })
        ]
      ) (
        {
          inherit lib options specialArgs;
          config = addErrorContext recursionHint config;
          _class = class;
          _prefix = prefix;
        }
        // specialArgs
      );

      # Definitions of modules imported later come first, as they always did.
      merged = mergeModules prefix (lib.reverseList collected.modules);
      options = merged.matchedOptions;
      declared = valuesOf options;
      inherit (declared._module) freeformType;

      freeform =
        if merged.unmatchedDefns == [ ] then
          { }
        else
          # Not checked as a whole: only what the type makes of each attribute is.
          freeformType.merge prefix (
            map (def: {
              inherit (def) file;
              value = lib.setAttrByPath def.prefix def.value;
            }) merged.unmatchedDefns
          );

      config = if freeformType == null then declared else lib.recursiveUpdate freeform declared;

      checked =
        if declared._module.check && freeformType == null && merged.unmatchedDefns != [ ] then
          unmatchedError prefix options merged.unmatchedDefns
        else
          value: value;
    in
    {
      _type = "configuration";
      options = checked options;
      config = checked (removeAttrs config [ "_module" ]);
      _module = checked config._module;
      # The internal module is none of the user's.
      graph = lib.init collected.graph;
      inherit class extendModules type;
    };
}
