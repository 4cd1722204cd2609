/** Settings in the syntax of the programs that services run. */
{ lib }:
let
  inherit (builtins)
    isAttrs
    isBool
    isList
    isPath
    isString
    ;
  inherit (lib)
    concatMapStringsSep
    concatStringsSep
    isDerivation
    mapAttrsToList
    toList
    ;

  isScalar = x: isString x || lib.isInt x || isPath x || isDerivation x || builtins.isFloat x;
  isArgument = x: isScalar x || isBool x;
  # A path is a file of the system's, which is copied with it.
  argument =
    x:
    if isBool x then
      (if x then "on" else "off")
    else if isPath x then
      "${x}"
    else
      toString x;
  # `what` names the format in messages, `name` the setting.
  refuse =
    what: name: value:
    throw "A value of type ${builtins.typeOf value} cannot be written to a configuration of ${what} (setting `${name}').";

  yesNo =
    what: name: x:
    if isBool x then
      lib.boolToYesNo x
    else if isScalar x then
      toString x
    else
      refuse what name x;

  # Directives with arguments and blocks: the value of a block is a set of blocks by their
  # arguments, a list of lists repeats a directive, a list of texts is one with several arguments.
  directives =
    {
      what,
      line,
      block,
    }:
    let
      one =
        name: value:
        if isArgument value then
          line name (argument value)
        else if isList value then
          if lib.all isArgument value then
            line name (concatMapStringsSep " " argument value)
          else if lib.all isList value then
            concatMapStringsSep "\n" (args: line name (concatMapStringsSep " " argument args)) value
          else
            refuse what name value
        else if isAttrs value then
          concatStringsSep "\n" (mapAttrsToList (args: inner: block name args (go inner)) value)
        else
          refuse what name value;
      go =
        settings:
        if isString settings then
          settings
        else if isList settings then
          concatMapStringsSep "\n" go settings
        else if isAttrs settings then
          concatStringsSep "\n" (mapAttrsToList one settings)
        else
          refuse what "?" settings;
    in
    settings: if isString settings then refuse what "?" settings else go settings;

  # `name = value` lines; lists are one value, with commas.
  assignments =
    what: settings:
    concatStringsSep "\n" (
      mapAttrsToList (
        name: value:
        "${name} = ${concatMapStringsSep ", " (yesNo what name) (toList value)}"
      ) (lib.filterAttrs (_: value: value != null) settings)
    );
in
{
  /**
    A configuration of Apache httpd. `AttrSet | [AttrSet | String] -> String`

        toApache { Listen = 80; Directory."/srv".Require = [ "all" "granted" ]; }
          =>  "<Directory /srv>\n  Require all granted\n</Directory>\n\nListen 80"
  */
  toApache = directives {
    what = "Apache httpd";
    line = name: args: "${name} ${args}";
    block = name: args: inner: ''
      <${name} ${args}>
        ${inner}
      </${name}>
    '';
  };

  /**
    A configuration of nginx; a block without arguments is `{ ${name}."" = { ... }; }`.
    `AttrSet | [AttrSet | String] -> String`

        toNginx { daemon = "off"; events."" = { }; }  =>  "daemon off;\nevents  {\n  \n}\n"
  */
  toNginx = directives {
    what = "nginx";
    line = name: args: "${name} ${args};";
    block = name: args: inner: ''
      ${name} ${args} {
        ${inner}
      }
    '';
  };

  /**
    A format of Dovecot settings: `type` for an option, and `generate`.
    `{ dovecot_config_version :: String; } -> { type; generate :: AttrSet -> String; }`
  */
  dovecot =
    { dovecot_config_version }:
    let
      what = "Dovecot";
      includes = [
        "!include"
        "!include_try"
      ];
      one =
        name: value:
        if value == null then
          ""
        else if isAttrs value && !isDerivation value then
          concatStringsSep "\n" (mapAttrsToList (block name) value)
        else if isList value && lib.elem name includes then
          concatMapStringsSep "\n" (file: "${name} ${file}") value
        else
          "${name} = ${concatMapStringsSep ", " (yesNo what name) (toList value)}";
      block =
        name: title: inner:
        if !isAttrs inner then
          throw "`${name}.${title}` in a configuration of Dovecot is a ${builtins.typeOf inner} where a section is wanted. What a section without a title holds is below `${name}.\"\"`."
        else
          section name title inner;
      section = name: title: inner: ''
        ${name}${lib.optionalString (title != "") " \"${title}\""} {
          ${all inner}
        }'';
      all = settings: concatStringsSep "\n" (mapAttrsToList one settings);
      inherit (lib) types;
      scalar = types.oneOf [
        types.str
        types.int
        types.package
        types.bool
      ];
    in
    {
      type =
        let
          # The description of a type that contains itself would have no end.
          nested = types.attrsOf type // {
            description = "Dovecot settings";
          };
          type = types.nullOr (
            types.oneOf [
              scalar
              (types.listOf scalar)
              nested
            ]
          );
        in
        types.attrsOf type;
      generate = settings: ''
        dovecot_config_version = ${dovecot_config_version}
        ${all (removeAttrs settings [ "dovecot_config_version" ])}
      '';
    };

  /** Files of Postfix. */
  postfix = {
    /** main.cf; `null` leaves a setting out. `AttrSet -> String` */
    toMainCnf = assignments "Postfix";
  };

  /** Files of PHP. */
  php = {
    /** php.ini. `AttrSet -> String` */
    ini = settings: concatStringsSep "\n" (mapAttrsToList (name: value: "${name} = ${toString value}") settings);

    /** A section of php-fpm.conf: environment, settings, name. `AttrSet -> AttrSet -> String -> String` */
    fpm =
      environment: settings: name:
      concatStringsSep "\n" (
        [ "[${name}]" ]
        ++ mapAttrsToList (name: value: "${name} = ${toString value}") settings
        ++ mapAttrsToList (name: value: "env[${name}] = ${toString value}") environment
        ++ [ "" ]
      );
  };

  /**
    A service description of dinit(8): `generate` writes one. `{ } -> { type; generate :: AttrSet -> String; }`

        (dinitService { }).generate { type = "process"; depends-on = [ "a" "b" ]; }
          =>  "depends-on: a\ndepends-on: b\ntype = process"
  */
  dinitService = _: {
    type = lib.types.attrsOf (lib.types.either lib.types.str (lib.types.listOf lib.types.str));
    generate =
      let
        relations = [
          "after"
          "before"
          "depends-ms"
          "depends-ms.d"
          "depends-on"
          "depends-on.d"
          "waits-for"
          "waits-for.d"
        ];
      in
      lib.concatMapAttrsStringSep "\n" (
        name: value:
        if lib.elem name relations then
          concatMapStringsSep "\n" (other: "${name}: ${other}") (toList value)
        else if isList value then
          concatStringsSep "\n" ([ "${name} =" ] ++ map (part: "${name} += ${part}") value)
        else
          "${name} = ${value}"
      );
  };
}
