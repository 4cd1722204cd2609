/**
  From what is imported to one flat list of modules; part of `lib.modules`.

  A module is a set, a function of module arguments to a set, or a path to either. Each gets a key;
  of modules with equal keys the first one counts, and a module whose key is disabled does not.
*/
{ lib }:
let
  inherit (builtins)
    addErrorContext
    attrNames
    concatMap
    elem
    filter
    functionArgs
    genericClosure
    head
    isAttrs
    isList
    isPath
    isString
    mapAttrs
    removeAttrs
    substring
    throw
    ;
  inherit (lib.modules) mkMerge;

  # What a module may hold besides its configuration.
  syntax = [
    "_class"
    "_file"
    "config"
    "disabledModules"
    "freeformType"
    "imports"
    "key"
    "meta"
    "options"
  ];
  # The same for a module that is its own configuration.
  shorthandSyntax = [
    "_class"
    "_file"
    "disabledModules"
    "freeformType"
    "imports"
    "key"
    "require"
  ];

  loading = file: prefix: what: ''
    Expected a module, but found a value of type ${builtins.toJSON what}, while trying to load a module into ${file}${
      lib.optionalString (prefix != [ ]) ", while trying to load a module into the option `${lib.showOption prefix}'"
    }.${
      lib.optionalString (what == "configuration") ''

        A configuration is the result of evaluating modules, not a module:
        please only import the modules that make up the configuration.''
    }'';

  classError =
    class: module:
    throw ''
      The module `${
        if module._file == unknown then module.key else module._file
      }` is of class ${builtins.toJSON module._class}, but this evaluation expects class ${builtins.toJSON class}.'';

  checkClass =
    class: module:
    if class == null || module._class == null || module._class == class then
      module
    else
      classError class module;

  unknown = "<unknown-file>";

  # Any module as a set of all fields.
  normalize =
    file: key: m:
    let
      extra = removeAttrs m syntax;
      withFreeform =
        config:
        if m ? freeformType then
          mkMerge [
            config
            { _module.freeformType = m.freeformType; }
          ]
        else
          config;
      common = {
        _class = m._class or null;
        _file = toString m._file or file;
        key = keyOf (m.key or key);
        disabledModules = m.disabledModules or [ ];
      };
    in
    if !isAttrs m then
      throw "module ${file} (${key}) does not look like a module."
    else if m ? config || m ? options then
      if extra != { } then
        throw ''
          Module `${toString key}' has an unsupported attribute `${head (attrNames extra)}'.
          As it has `config' or `options', what else it defines (${lib.concatStringsSep " " (attrNames extra)}) belongs into `config'.''
      else
        common
        // {
          imports = m.imports or [ ];
          options = m.options or { };
          config = withFreeform (
            if m ? meta then
              mkMerge [
                (m.config or { })
                { inherit (m) meta; }
              ]
            else
              m.config or { }
          );
        }
    else
      common
      // {
        imports = m.require or [ ] ++ m.imports or [ ];
        options = { };
        config = withFreeform (removeAttrs m shorthandSyntax);
      };

  # Keys are compared as strings, so that a path and its string are the same module.
  keyOf = toString;
in
rec {
  /**
    Calls a module that is a function. Arguments that are not at hand are taken from
    `_module.args`, each with a trace that names it. `String -> Module -> AttrSet -> Module`
  */
  applyModuleArgsIfFunction =
    key: f: args:
    if lib.isFunction f then applyModuleArgs key f args else f;

  applyModuleArgs =
    key: f: args:
    let
      named = mapAttrs (
        name: _:
        addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          args.${name} or (addErrorContext
            "noting that argument `${name}` is not externally provided, so querying `_module.args` instead, requiring `config`"
            args.config._module.args.${name}
          )
        )
      ) (if builtins.isFunction f then functionArgs f else lib.functionArgs f);
    in
    f (args // named);

  /**
    A module in full form: what the shorthand leaves out is filled in. `String -> String -> AttrSet -> AttrSet`
  */
  unifyModuleSyntax = normalize;

  # A module in full form. `file` and `key` say who imports it and how it is called if it has no name.
  loadModule =
    args: file: key: m:
    let
      type = m._type or "module";
    in
    if lib.isFunction m then
      normalize file key (applyModuleArgs key m args)
    else if isAttrs m then
      if type == "module" then
        normalize file key m
      else if type == "if" || type == "override" then
        loadModule args file key { config = m; }
      else
        throw (loading file args._prefix or [ ] type)
    else if isList m then
      let
        defs = [
          {
            inherit file;
            value = m;
          }
        ];
      in
      throw "A list stands in `imports' where a module is expected. Definitions:${lib.options.showDefs defs}"
    else if isPath m || isString m then
      normalize (toString m) (toString m) (applyModuleArgsIfFunction (toString m) (import m) args)
    else
      normalize file key m;

  # The tree of imports: for each module itself, its imports, and what is disabled in and below it.
  importTree =
    class: args: file: parentKey: modules:
    let
      nodes = lib.imap1 (
        i: m:
        let
          module = checkClass class (loadModule args file "${toString parentKey}:anon-${toString i}" m);
          below = importTree class args module._file module.key module.imports;
        in
        {
          inherit (module) key;
          inherit module;
          imports = below.nodes;
          disabled =
            (
              if module.disabledModules == [ ] then
                [ ]
              else
                [
                  {
                    file = module._file;
                    modules = module.disabledModules;
                  }
                ]
            )
            ++ below.disabled;
        }
      ) modules;
    in
    {
      inherit nodes;
      disabled = concatMap (node: node.disabled) nodes;
    };

  # The key that an element of `disabledModules` means.
  disabledKey =
    modulesPath: file: m:
    if isString m then
      if substring 0 1 m == "/" then m else "${toString modulesPath}/${m}"
    else if lib.isAttrs m || lib.isFunction m then
      if m ? key then
        keyOf m.key
      else if m ? outPath then
        toString m
      else
        throw (
          "Module `${file}` contains a disabledModules item that is an attribute set, presumably a module, "
          + "that does not have a `key` attribute. Name the path of the module to disable, or give it a `key`."
        )
    else
      keyOf m;

  /**
    All modules that `modules` bring in, in the order of their imports: `modules` is the flat list,
    `graph` the tree for display. `String | Null -> Path -> [Module] -> AttrSet -> { modules; graph; }`
  */
  collectModules =
    class: modulesPath: modules: args:
    let
      tree = importTree class args unknown "" modules;
      disabledKeys = concatMap (d: map (disabledKey modulesPath d.file) d.modules) tree.disabled;
      enabled =
        if disabledKeys == [ ] then
          nodes: nodes
        else
          filter (node: !(elem node.key disabledKeys));
      graphOf = map (node: {
        inherit (node) key;
        file = node.module._file;
        imports = graphOf node.imports;
        disabled = elem node.key disabledKeys;
      });
    in
    {
      modules = map (node: node.module) (genericClosure {
        startSet = enabled tree.nodes;
        operator = node: enabled node.imports;
      });
      graph = graphOf tree.nodes;
    };
}
