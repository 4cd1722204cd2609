/** Options: declaring them, merging their definitions, and naming them in messages. */
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    any
    concatLists
    concatStringsSep
    filter
    foldl'
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isString
    length
    map
    match
    removeAttrs
    tail
    throw
    tryEval
    ;
  inherit (lib) types;
  inherit (lib.generators) toPretty withRecursion;

  changePriority = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";
in
rec {
  /**
    Whether a value is an option. `a -> Bool`

        isOption (mkOption { })  =>  true
  */
  isOption = lib.isType "option";

  /**
    Declares an option.

        mkOption {
          type;          # what definitions have to be, and how they merge
          default;       # the value without definitions
          defaultText;   # what the documentation shows for `default`
          example;       # for the documentation
          description;   # for the documentation, in Markdown
          apply;         # applied to the merged value
          internal;      # true: not for users
          visible;       # false: not documented; "shallow", "transparent": with or without what is below
          readOnly;      # true: may be defined once
        }
  */
  mkOption =
    {
      apply ? null,
      default ? null,
      defaultText ? null,
      description ? null,
      example ? null,
      internal ? null,
      readOnly ? null,
      relatedPackages ? null,
      type ? null,
      visible ? null,
    }@option:
    option // { _type = "option"; };

  /**
    A switch that is off. `String -> Option`

        mkEnableOption "nginx"  =>  description: Whether to enable nginx.
  */
  mkEnableOption =
    name:
    mkOption {
      default = false;
      example = true;
      description = "Whether to enable ${name}.";
      type = types.bool;
    };

  /**
    An option for a package out of a set; `default` and `example` are names or paths of names in it.
    `AttrSet -> String | [String] -> AttrSet -> Option`

        mkPackageOption pkgs "nginx" { }
        mkPackageOption pkgs "nginx" {
          nullable ? false; default ? name; example ? null; extraDescription ? ""; pkgsText ? "pkgs";
        }
  */
  mkPackageOption =
    pkgs: name:
    {
      nullable ? false,
      default ? name,
      example ? null,
      extraDescription ? "",
      pkgsText ? "pkgs",
    }:
    let
      path = lib.toList default;
      shown = lib.showAttrPath path;
      orNull = if nullable then types.nullOr else lib.id;
      value =
        if default != null then
          {
            default = lib.attrByPath path (throw "${shown} cannot be found in ${pkgsText}") pkgs;
            defaultText = literalExpression "${pkgsText}.${shown}";
          }
        else if nullable then
          { default = null; }
        else
          { };
    in
    mkOption (
      value
      // {
        description =
          "The ${if isList name then lib.last name else name} package to use."
          + lib.optionalString (extraDescription != "") " ${extraDescription}";
        type = orNull types.package;
      }
      // lib.optionalAttrs (example != null) {
        example = literalExpression (
          if isList example then "${pkgsText}.${lib.showAttrPath example}" else example
        );
      }
    );

  /**
    An option for what other modules may define though nothing declares it. Reading it is an error.
    `AttrSet -> Option`
  */
  mkSinkUndeclaredOptions =
    attrs:
    mkOption (
      {
        internal = true;
        visible = false;
        default = false;
        description = "Takes definitions of options that no module declares.";
        type = types.mkOptionType {
          name = "sink";
          check = _: true;
          merge = _: _: false;
        };
        apply = _: throw "Nothing declares this option, so that it has no value.";
      }
      // attrs
    );

  /**
    Merges by what the values are: lists are concatenated, sets united, strings joined, and so on.
    `[String] -> [Definition] -> a`
  */
  mergeDefaultOption =
    loc: defs:
    let
      values = getValues defs;
      first = head values;
    in
    if length values == 1 then
      first
    else if all isFunction values then
      x: mergeDefaultOption loc (map (def: def // { value = def.value x; }) defs)
    else if all isList values then
      concatLists values
    else if all isAttrs values then
      foldl' lib.mergeAttrs { } values
    else if all isBool values then
      any lib.id values
    else if all isString values then
      lib.concatStrings values
    else if all isInt values && all (x: x == first) values then
      first
    else
      throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";

  /** Refuses more than one definition. `[String] -> [Definition] -> a` */
  mergeOneOption = mergeUniqueOption { message = ""; };

  /**
    Refuses more than one definition, with a message that says why; `merge` handles the one.
    `{ message :: String; merge ? null; } -> [String] -> [Definition] -> a`
  */
  mergeUniqueOption =
    {
      message,
      merge ? null,
    }:
    loc: defs:
    if length defs == 1 then
      if merge == null then (head defs).value else merge loc defs
    else
      throw (
        "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n"
        + "${message}\nDefinition values:${showDefs defs}\n${changePriority}"
      );

  /** Refuses definitions that are not all equal. `[String] -> [Definition] -> a` */
  mergeEqualOption =
    loc: defs:
    let
      first = head defs;
      same =
        def:
        def.value == first.value
        || throw "The option `${showOption loc}' has conflicting definition values:${
          showDefs [
            first
            def
          ]
        }\n${changePriority}";
    in
    if all same (tail defs) then first.value else null;

  /** The values of definitions. `[Definition] -> [a]` */
  getValues = map (def: def.value);
  /** The files of definitions. `[Definition] -> [String]` */
  getFiles = map (def: def.file);

  /**
    All options of a tree, with those of submodules, as plain data for documentation.
    `AttrSet -> [{ name; loc; description; type; default; example; declarations; internal; visible; readOnly; }]`
  */
  optionAttrSetToDocList = optionAttrSetToDocList' [ ];

  /** `optionAttrSetToDocList` of what is below a path, which is only for messages. `a -> AttrSet -> [AttrSet]` */
  optionAttrSetToDocList' =
    _:
    let
      describe =
        opt:
        let
          name = showOption opt.loc;
          visible = opt.visible or true;
          # The empty value of a submodule depends on its own defaults, which are documented with it.
          hasEmptyValue = opt.type.emptyValue or { } ? value && opt.type.getSubModules or null == null;
          default = opt.defaultText or opt.default or opt.type.emptyValue.value;
          below = opt.type.getSubOptions opt.loc;
        in
        [
          (
            {
              inherit name;
              inherit (opt) loc;
              description = opt.description or null;
              declarations = filter (file: file != unknownModule) opt.declarations;
              internal = opt.internal or false;
              visible = if isBool visible then visible else visible == "shallow";
              readOnly = opt.readOnly or false;
              type = opt.type.description or "unspecified";
            }
            // lib.optionalAttrs (opt ? example) {
              example = addErrorContext "while evaluating the example of option `${name}'" (
                renderOptionValue opt.example
              );
            }
            // lib.optionalAttrs (opt ? defaultText || opt ? default || hasEmptyValue) {
              default = addErrorContext "while evaluating the ${
                if opt ? defaultText then "defaultText" else "default value"
              } of option `${name}'" (renderOptionValue default);
            }
            // lib.optionalAttrs (opt ? relatedPackages && opt.relatedPackages != null) {
              inherit (opt) relatedPackages;
            }
          )
        ]
        ++ lib.optionals (if isBool visible then visible else visible == "transparent") (
          if below == { } then [ ] else optionAttrSetToDocList' opt.loc below
        );
    in
    options: lib.concatMap describe (lib.collect isOption options);

  /**
    A value as the documentation shows it: text of its own stays, the rest becomes Nix code.
    `a -> { _type; text; }`
  */
  renderOptionValue =
    v:
    if v ? _type && v ? text then
      v
    else
      literalExpression (
        toPretty {
          multiline = true;
          allowPrettyValues = true;
        } v
      );

  /** Superseded by `renderOptionValue`: derivations inside a value by name. `a -> a` */
  scrubOptionValue =
    x:
    if lib.isDerivation x then
      {
        type = "derivation";
        drvPath = x.name;
        outPath = x.name;
        inherit (x) name;
      }
    else if isList x then
      map scrubOptionValue x
    else if isAttrs x then
      builtins.mapAttrs (_: scrubOptionValue) (removeAttrs x [ "_args" ])
    else
      x;

  /**
    Nix code for the documentation of a default or an example. `String -> { _type; text; }`

        literalExpression "pkgs.nginx"
  */
  literalExpression =
    text:
    if isString text then
      {
        _type = "literalExpression";
        inherit text;
      }
    else
      throw "literalExpression expects a string.";

  /** Markdown for the documentation of a default or an example. `String -> { _type; text; }` */
  literalMD =
    text:
    if isString text then
      {
        _type = "literalMD";
        inherit text;
      }
    else
      throw "literalMD expects a string.";

  /** Code of another language for the documentation. `String -> String -> { _type; text; }` */
  literalCode = language: text: literalMD "```${language}\n${text}\n```\n";

  /**
    The name of an option as it is written in Nix; `<name>` and `*` stand for any name.
    `[String] -> String`

        showOption [ "a" "b.c" "<name>" ]  =>  "a.\"b.c\".<name>"
  */
  showOption =
    parts:
    concatStringsSep "." (
      map (
        part:
        if part == "*" || match "<.*>" part != null then part else lib.strings.escapeNixIdentifier part
      ) parts
    );

  /**
    Names of files for a message. `[String] -> String`

        showFiles [ "a.nix" "b.nix" ]  =>  "`a.nix' and `b.nix'"
  */
  showFiles = files: concatStringsSep " and " (map (file: "`${file}'") files);

  /**
    Definitions for a message: a line for each with its file and the first lines of its value, if
    that can be evaluated. `[Definition] -> String`
  */
  showDefs = lib.concatMapStrings (
    def:
    let
      value = addErrorContext "while evaluating a definition from `${def.file}'" (
        tryEval (
          toPretty { } (
            withRecursion {
              depthLimit = 10;
              throwOnDepthLimit = false;
            } def.value
          )
        )
      );
      lines = filter isString (builtins.split "\n" value.value);
      shown = lib.take 5 lines ++ lib.optional (length lines > 5) "...";
    in
    "\n- In `${def.file}'${
      if !value.success then
        ""
      else if length lines == 1 then
        ": ${value.value}"
      else
        ":${lib.concatMapStrings (line: "\n    ${line}") shown}"
    }"
  );

  /** An option with the files and values of its definitions, for a message. `Option -> String` */
  showOptionWithDefLocs =
    opt: "${showOption opt.loc}, with values defined in:${showDefs opt.definitionsWithLocations}";

  /** The file of a module that has none. `String` */
  unknownModule = "<unknown-file>";
}
