/** Command lines from attribute sets. */
{ lib }:
let
  inherit (builtins) isBool isList;
  inherit (lib.generators) mkValueStringDefault;

  isShort = name: builtins.stringLength name == 1;
  dashes = name: if isShort name then "-${name}" else "--${name}";
in
rec {
  /**
    Arguments for each attribute, as `optionFormat name` says: `option` is its spelling; `sep` stands
    between option and value, `null` makes two arguments; `explicitBool` passes booleans as values
    instead of as presence; `formatArg` turns a value into text. A list repeats the option, `null` omits it.
    `(String -> { option; sep ? null; explicitBool ? false; formatArg ? toString; }) -> AttrSet -> [String]`

        toCommandLine (name: { option = "-${name}"; sep = "="; }) { a = 1; b = true; }  =>  [ "-a=1" "-b" ]
  */
  toCommandLine =
    optionFormat: set:
    let
      arguments =
        name: value:
        let
          format = optionFormat name;
          sep = format.sep or null;
          text = (format.formatArg or (mkValueStringDefault { })) value;
        in
        if isList value then
          lib.concatMap (arguments name) value
        else if value == null then
          [ ]
        else if isBool value && !(format.explicitBool or false) then
          lib.optional value format.option
        else if sep == null then
          [
            format.option
            text
          ]
        else
          [ "${format.option}${sep}${text}" ];
    in
    lib.concatLists (lib.mapAttrsToList arguments set);

  /**
    `toCommandLine` in GNU style: `-a1`, `--name=value`, flags by presence.
    `{ isLong; explicitBool; formatArg; } -> AttrSet -> [String]`

        toCommandLineGNU { } { a = 1; name = "x"; v = true; }  =>  [ "-a1" "--name=x" "-v" ]
  */
  toCommandLineGNU =
    {
      isLong ? name: !isShort name,
      explicitBool ? false,
      formatArg ? mkValueStringDefault { },
    }:
    toCommandLine (name: {
      option = if isLong name then "--${name}" else "-${name}";
      sep = if isLong name then "=" else "";
      inherit explicitBool formatArg;
    });

  /** `toCommandLine` as words for a shell. `(String -> AttrSet) -> AttrSet -> String` */
  toCommandLineShell = optionFormat: set: lib.escapeShellArgs (toCommandLine optionFormat set);

  /** `toCommandLineGNU` as words for a shell. `AttrSet -> AttrSet -> String` */
  toCommandLineShellGNU = options: set: lib.escapeShellArgs (toCommandLineGNU options set);

  /**
    The older form of `toCommandLineGNU`: option and value are two arguments by default.
    `{ mkOptionName; mkBool; mkList; mkOption; optionValueSeparator ? null; } -> AttrSet -> [String]`

        toGNUCommandLine { } { X = "PUT"; verbose = true; }  =>  [ "-X" "PUT" "--verbose" ]
  */
  toGNUCommandLine =
    {
      mkOptionName ? dashes,
      mkBool ? name: value: lib.optional value (mkOptionName name),
      mkList ? name: lib.concatMap (mkOption name),
      mkOption ?
        name: value:
        let
          text = mkValueStringDefault { } value;
        in
        if value == null then
          [ ]
        else if optionValueSeparator == null then
          [
            (mkOptionName name)
            text
          ]
        else
          [ "${mkOptionName name}${optionValueSeparator}${text}" ],
      optionValueSeparator ? null,
    }:
    set:
    lib.concatLists (
      lib.mapAttrsToList (
        name: value:
        if isBool value then
          mkBool name value
        else if isList value then
          mkList name value
        else
          mkOption name value
      ) set
    );

  /** `toGNUCommandLine` as words for a shell. `AttrSet -> AttrSet -> String` */
  toGNUCommandLineShell = options: set: lib.escapeShellArgs (toGNUCommandLine options set);
}
