/**
  The library of systems: `makeSystem`, and what modules of a system share. Names and shapes are
  those of NixNG's `nglib`, so that its modules and configurations work with it.

  `lib` is `nix/lib`, or `nixpkgs.lib`.
*/
{ lib }:
let
  nglib = {
    makeSystem = import ./make-system.nix { inherit lib nglib; };
    dag = import ./dag.nix { inherit lib; };
    generators = import ./generators.nix { inherit lib; };
    nottmpfiles = import ./nottmpfiles.nix { inherit lib; };

    /**
      A key for `{ ${key} = value; }` that is left out unless the condition holds. `Bool -> String -> String | Null`

          { ${optionalAttr false "a"} = 1; }  =>  { }
    */
    optionalAttr = cond: key: if cond then key else null;

    /** `optionalAttr` for what may be `null`. `a | Null -> String -> String | Null` */
    optionalAttr' = value: key: if value == null then null else key;

    /** Every leaf of a nested set with `mkDefault`. `AttrSet -> AttrSet` */
    mkDefaultRec = lib.mapAttrsRecursive (_: lib.mkDefault);

    /**
      A value together with what a function makes of it, for `apply`. `(a -> b) -> a -> { original :: a; applied :: b; }`

          mkApply toString 1  =>  { original = 1; applied = "1"; }
    */
    mkApply = f: original: {
      inherit original;
      applied = f original;
    };

    /** An option of entries that depend on each other; its value is sorted, see `dag`. `String -> Option` */
    mkDagOption =
      description:
      let
        names =
          what:
          lib.mkOption {
            description = "The names of the entries that come ${what} this one.";
            type = lib.types.listOf lib.types.str;
            default = [ ];
          };
      in
      lib.mkOption {
        inherit description;
        type = lib.types.attrsOf (
          lib.types.submodule {
            options = {
              data = lib.mkOption {
                description = "What the entry holds, such as a part of a script.";
                type = lib.types.str;
              };
              before = names "after";
              after = names "before";
            };
          }
        );
        default = { };
        apply = nglib.dag.dagTopoSort;
      };

    /**
      One shell script out of several: each runs in a shell of its own, so that a failure of one does
      not keep the others from running. `_status` is 1 at the end if one failed.
      `[{ name :: String; data :: String; }] -> String`
    */
    mergeShellFragmentsIsolated =
      fragments:
      "_status=0\n"
      + lib.concatMapStrings (
        fragment:
        let
          name = lib.escapeShellArg fragment.name;
        in
        ''
          echo "Running fragment" ${name}
          _localstatus=0
          (
          ${fragment.data}
          ) || _localstatus=$?
          if [ "$_localstatus" -ne 0 ]; then
            _status=1
            echo "Fragment ${name} failed ($_localstatus)" >&2
          fi
        ''
      ) fragments;

    /**
      A command that runs as a user, if there is one, with `setgroups`.
      `{ setgroups; user; group; supplementaryGroups; command; } -> String`
    */
    maybeChangeUserAndGroup =
      {
        setgroups,
        user,
        group,
        supplementaryGroups,
        command,
      }:
      if user == null then
        command
      else
        lib.concatStringsSep " " [
          (lib.getExe setgroups)
          user
          (if group == null then ":" else group)
          ":${lib.concatStringsSep ":" supplementaryGroups}"
          command
        ];

    /**
      A path as the name of a unit (systemd.unit(5)): slashes become dashes, and what a name may not
      hold becomes `\xNN`. `String -> String`

          escapeSystemdPath "/foo//bar-baz/"  =>  "foo-bar\\x2dbaz"
    */
    escapeSystemdPath =
      path:
      let
        parts = lib.filter (part: part != "") (lib.splitString "/" path);
        quoted = lib.stringToCharacters " !\"#$%&'()*+,;<=>?@[\\]^`{|}~-";
        quote = lib.strings.escapeC quoted;
        name = lib.concatMapStringsSep "-" quote parts;
      in
      if parts == [ ] then
        "-"
      else if lib.hasPrefix "." name then
        lib.strings.escapeC [ "." ] "." + lib.removePrefix "." name
      else
        name;
  };
in
nglib
