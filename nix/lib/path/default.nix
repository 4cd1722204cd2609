/**
  Paths (values of the type path) and subpaths: relative paths as strings that stay below where they
  start, such as `"./foo/bar"`. Nothing here reads the disk.
*/
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    isPath
    isString
    length
    split
    storeDir
    substring
    ;
  inherit (lib) assertMsg;

  # A path as its root and the names below it.
  deconstruct =
    path:
    let
      go =
        names: here:
        let
          parent = dirOf here;
        in
        if parent == here then
          {
            root = here;
            components = names;
          }
        else
          go ([ (baseNameOf here) ] ++ names) parent;
    in
    go [ ] path;

  join = names: if names == [ ] then "./." else "./${concatStringsSep "/" names}";

  rawComponents =
    text: lib.filter (part: isString part && part != "" && part != ".") (split "/+" text);

  whyInvalid =
    value:
    if !isString value then
      "The given value is of type ${builtins.typeOf value}, but it has to be a string"
    else if value == "" then
      "The given string is empty"
    else if substring 0 1 value == "/" then
      ''The given string "${value}" starts with a `/`, representing an absolute path''
    else if lib.elem ".." (rawComponents value) then
      ''The given string "${value}" contains a `..` component, which is not allowed in subpaths''
    else
      null;

  valid =
    what: value: assertMsg (whyInvalid value == null) "${what} not a valid subpath string:\n    ${whyInvalid value}";

  needPath =
    what: value:
    assertMsg (isPath value) "${what} is of type ${builtins.typeOf value}, but it has to be a path";

  storeComponents = rawComponents storeDir;
in
rec {
  /**
    A path below a path. `Path -> String -> Path`

        append /foo "./bar//baz/"  =>  /foo/bar/baz
  */
  append =
    path: sub:
    assert needPath "lib.path.append: The first argument" path;
    assert valid "lib.path.append: Second argument is" sub;
    path + ("/" + sub);

  /**
    Whether the second path is the first, or below it. `Path -> Path -> Bool`

        hasPrefix /foo /foo/bar  =>  true
  */
  hasPrefix =
    prefix:
    assert needPath "lib.path.hasPrefix: First argument" prefix;
    let
      above = deconstruct prefix;
    in
    path:
    assert needPath "lib.path.hasPrefix: Second argument" path;
    let
      here = deconstruct path;
    in
    above.root == here.root && lib.lists.hasPrefix above.components here.components;

  /**
    The subpath that leads from the first path to the second. `Path -> Path -> String`

        removePrefix /foo /foo/bar  =>  "./bar"
  */
  removePrefix =
    prefix: path:
    assert assertMsg (hasPrefix prefix path)
      "lib.path.removePrefix: ${toString path} is not in or below ${toString prefix}";
    join (lib.drop (length (deconstruct prefix).components) (deconstruct path).components);

  /**
    A path as its root and the subpath from there. `Path -> { root :: Path; subpath :: String; }`

        splitRoot /foo/bar  =>  { root = /.; subpath = "./foo/bar"; }
  */
  splitRoot =
    path:
    assert needPath "lib.path.splitRoot: Argument" path;
    let
      parts = deconstruct path;
    in
    {
      inherit (parts) root;
      subpath = join parts.components;
    };

  /**
    Whether a path is in the store, or below something in it. `Path -> Bool`

        hasStorePathPrefix /nix/store/00000000000000000000000000000000-a/b  =>  true
  */
  hasStorePathPrefix =
    path:
    assert needPath "lib.path.hasStorePathPrefix: Argument" path;
    let
      inherit (deconstruct path) components;
      isName = name: builtins.match "[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+._?=-]+" name != null;
      isContentAddressed = name: builtins.match "[0-9a-df-np-sv-z]{52}" name != null;
      rest = lib.drop (length storeComponents) components;
    in
    if lib.lists.hasPrefix storeComponents components then
      rest != [ ] && isName (lib.head rest)
    else
      # Paths that are content-addressed before they are known stand directly below the root.
      components != [ ] && isContentAddressed (lib.head components);

  /** Functions on relative paths that are strings. */
  subpath = {
    /**
      Whether a value is a subpath: relative, not empty, without `..`. `a -> Bool`

          subpath.isValid "../foo"  =>  false
    */
    isValid = value: whyInvalid value == null;

    /**
      Joins subpaths. `[String] -> String`

          subpath.join [ "./foo" "bar//baz" ]  =>  "./foo/bar/baz"
    */
    join =
      subpaths:
      join (
        lib.concatLists (
          lib.imap0 (
            i: sub:
            assert valid "lib.path.subpath.join: Element at index ${toString i} is" sub;
            rawComponents sub
          ) subpaths
        )
      );

    /**
      The names a subpath is made of. `String -> [String]`

          subpath.components "./foo//bar/"  =>  [ "foo" "bar" ]
    */
    components =
      sub:
      assert valid "lib.path.subpath.components: Argument is" sub;
      rawComponents sub;

    /**
      A subpath in its shortest form, with `./` before it. `String -> String`

          subpath.normalise "foo//bar/."  =>  "./foo/bar"
    */
    normalise =
      sub:
      assert valid "lib.path.subpath.normalise: Argument is" sub;
      join (rawComponents sub);
  };
}
