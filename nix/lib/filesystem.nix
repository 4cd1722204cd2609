/** Reading directories. */
{ lib }:
let
  inherit (lib) hasSuffix isString;
  below = path: name: if isString path then "${path}/${name}" else path + "/${name}";
in
rec {
  inherit (builtins)
    baseNameOf
    dirOf
    hashFile
    isPath
    pathExists
    readDir
    readFileType
    ;

  /**
    What is at a path: `"regular"`, `"directory"`, `"symlink"` or `"unknown"`. `Path -> String`

        pathType /.  =>  "directory"
  */
  pathType = readFileType;

  /** Whether a path is a directory. `Path -> Bool` */
  pathIsDirectory = path: pathExists path && pathType path == "directory";

  /** Whether a path is a regular file. `Path -> Bool` */
  pathIsRegularFile = path: pathExists path && pathType path == "regular";

  /** The directories that hold a Haskell package, by name. `Path -> AttrSet` */
  haskellPathsInDir =
    root:
    lib.mapAttrs (name: _: below root name) (
      lib.filterAttrs (
        name: type: type == "directory" && pathExists (below (below root name) "${name}.cabal")
      ) (readDir root)
    );

  /**
    The nearest directory, from a path upwards, that has a file whose name a regular expression
    matches; `null` if there is none. `String -> Path -> { path :: Path; matches :: [Match]; } | Null`
  */
  locateDominatingFile =
    pattern: file:
    let
      go =
        path:
        let
          matches = lib.filter (match: match != null) (
            map (builtins.match pattern) (lib.attrNames (readDir path))
          );
          parent = dirOf path;
        in
        if matches != [ ] then
          { inherit path matches; }
        else if parent == path then
          null
        else
          go parent;
    in
    go (if pathIsDirectory file then file else dirOf file);

  /** All files in and below a directory. `Path -> [Path]` */
  listFilesRecursive =
    dir:
    lib.concatLists (
      lib.mapAttrsToList (
        name: type:
        if type == "directory" then listFilesRecursive (below dir name) else [ (below dir name) ]
      ) (readDir dir)
    );

  /**
    Calls a function with every package of a directory: `x.nix`, or a directory with `package.nix`.
    Other directories become sets, scopes if `newScope` is given.
    `{ callPackage; newScope ? null; directory; } -> AttrSet`
  */
  packagesFromDirectoryRecursive =
    {
      callPackage,
      newScope ? null,
      directory,
    }@args:
    let
      inScope = self: contents (args // { inherit (self) callPackage newScope; });
      contents =
        args: lib.concatMapAttrs (
          name: type:
          let
            path = below directory name;
          in
          if type == "directory" then
            { ${name} = packagesFromDirectoryRecursive (args // { directory = path; }); }
          else if hasSuffix ".nix" name then
            { ${lib.removeSuffix ".nix" name} = args.callPackage path { }; }
          else
            { }
        ) (readDir directory);
    in
    if pathExists (below directory "package.nix") then
      callPackage (below directory "package.nix") { }
    else if newScope != null then
      lib.recurseIntoAttrs (lib.makeScope newScope inScope)
    else
      contents args;

  /**
    The file that `import` would read: a directory means its `default.nix`. `Path | String -> Path | String`

        resolveDefaultNix ./.  =>  ./default.nix
  */
  resolveDefaultNix =
    path:
    if pathIsDirectory path then
      below path "default.nix"
    else if isString path && hasSuffix "/" path then
      path + "default.nix"
    else
      path;
}
