# Trees of small files, made by the builder `builtin:tree`: nixpkgs' trivial builders.
#
# An entry is { path; } with one of text, link, copy, concat, merge, substitute or commands; the path
# "" is the output itself. docs/packages.md describes them.
{ lib, final }:
let
  inherit (final.debianTools.units) storeName;

  # An output made of entries; `extra` are more attributes of the derivation.
  writeTree =
    name: extra: entries:
    derivation (
      {
        inherit name entries;
        system = "builtin";
        builder = "builtin:tree";
        __structuredAttrs = true;
      }
      // extra
    );

  # What nixpkgs' functions add to a derivation without changing it.
  annotateDerivation =
    drv:
    {
      pname ? null,
      version ? null,
      meta ? { },
      passthru ? { },
    }:
    passthru
    // drv
    // {
      inherit meta passthru;
    }
    // lib.optionalAttrs (pname != null) { inherit pname; }
    // lib.optionalAttrs (version != null) { inherit version; };

  relative = lib.removePrefix "/";
  strip = path: lib.removeSuffix "/" (relative path);
in
rec {
  inherit writeTree annotateDerivation;

  writeTextFile =
    {
      name ? "${pname}-${version}",
      pname ? null,
      version ? null,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      allowSubstitutes ? false,
      preferLocalBuild ? true,
      derivationArgs ? { },
    }:
    annotateDerivation (writeTree name { } [
      {
        path = strip destination;
        inherit text executable;
      }
    ]) {
      inherit pname version passthru;
      meta =
        lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
          mainProgram = lib.removePrefix "/bin/" destination;
        }
        // meta;
    };

  writeText =
    name: text:
    writeTextFile {
      inherit name text;
    };

  writeTextDir =
    path: text:
    writeTextFile {
      inherit text;
      name = storeName (baseNameOf path);
      destination = "/${path}";
    };

  concatTextFile =
    {
      name,
      files,
      executable ? false,
      destination ? "",
      meta ? { },
      passthru ? { },
      checkPhase ? "",
    }:
    annotateDerivation (writeTree name { } [
      {
        path = strip destination;
        concat = map toString' files;
        inherit executable;
      }
    ]) { inherit meta passthru; };

  concatText =
    name: files:
    concatTextFile {
      inherit name files;
    };

  concatScript =
    name: files:
    concatTextFile {
      inherit name files;
      executable = true;
    };

  # A path literal becomes a store path, as in a string.
  toString' = file: "${file}";

  # The directories of `paths`, merged; leaves are links.
  symlinkJoin =
    args_@{
      name ? "${pname}-${version}",
      pname ? null,
      version ? null,
      paths,
      stripPrefix ? "",
      postBuild ? "",
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      meta ? { },
      passthru ? { },
      ...
    }:
    let
      joined = writeTree name { } [
        {
          path = "";
          merge = map toString' paths;
          below = strip stripPrefix;
          collisions = "first";
        }
      ];
    in
    if postBuild == "" then
      annotateDerivation joined {
        inherit
          pname
          version
          meta
          passthru
          ;
      }
    else
      # Commands need a shell, so this one is a real build.
      final.runCommand name
        (
          removeAttrs args_ [
            "name"
            "paths"
            "postBuild"
            "stripPrefix"
          ]
          // {
            inherit joined meta passthru;
          }
        )
        ''
          cp --recursive --no-preserve=mode --no-dereference "$joined" "$out"
          chmod --recursive u+w "$out"
          ${postBuild}
        '';

  # One profile of several packages: like symlinkJoin, but only some directories of them, and a file
  # that two of the same priority have is an error.
  buildEnv =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      ignoreCollisions ? false,
      checkCollisionContents ? true,
      extraPrefix ? "",
      extraOutputsToInstall ? [ ],
      ignoreSingleFileOutputs ? false,
      includeClosures ? false,
      manifest ? "",
      postBuild ? "",
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      meta ? { },
      passthru ? { },
      pname ? null,
      version ? null,
    }:
    let
      groups = lib.groupBy (path: toString (path.meta.priority or 5)) paths;
      # Lower numbers come first and win.
      priorities = lib.sort (one: other: lib.toInt one < lib.toInt other) (builtins.attrNames groups);
      profile = writeTree name { } (
        map (priority: {
          path = strip extraPrefix;
          merge = map toString' groups.${priority};
          only = map strip pathsToLink;
          collisions = if ignoreCollisions then "first" else "same";
          isFallback = priority != builtins.head priorities;
        }) priorities
      );
    in
    if postBuild == "" then
      annotateDerivation profile {
        inherit
          pname
          version
          meta
          passthru
          ;
      }
    else
      final.runCommand name
        {
          inherit
            profile
            nativeBuildInputs
            buildInputs
            meta
            passthru
            ;
        }
        ''
          cp --recursive --no-preserve=mode --no-dereference "$profile" "$out"
          chmod --recursive u+w "$out"
          ${postBuild}
        '';

  # A directory of links: { name -> target } or [ { name; path; } ].
  linkFarm =
    name: entries:
    let
      ofList = builtins.listToAttrs (
        map (entry: {
          inherit (entry) name;
          value = entry.path;
        }) entries
      );
      links = if builtins.isList entries then ofList else entries;
    in
    annotateDerivation (writeTree name { } (
      lib.mapAttrsToList (path: target: {
        path = strip path;
        link = toString' target;
      }) links
    )) { passthru.entries = links; };

  linkFarmFromDrvs =
    name: drvs:
    linkFarm name (
      map (drv: {
        inherit (drv) name;
        path = drv;
      }) drvs
    );

  # `src` with `@name@` replaced by the attribute `name`, for every attribute that is a string.
  substituteAll =
    {
      src,
      name ? storeName (baseNameOf (toString src)),
      dir ? null,
      isExecutable ? false,
      meta ? { },
      ...
    }@args:
    let
      values = removeAttrs args [
        "src"
        "name"
        "dir"
        "isExecutable"
        "meta"
        "passthru"
      ];
      legal = lib.filterAttrs (key: _: builtins.match "[a-z][A-Za-z0-9_]*" key != null) values;
    in
    substituteTree {
      inherit
        src
        name
        dir
        isExecutable
        meta
        ;
      replacements = lib.mapAttrsToList (key: value: {
        from = "@${key}@";
        to = toString value;
      }) legal;
    };

  # As substituteAll, with the names in `replacements`; one that does not occur is an error.
  replaceVarsWith =
    {
      src,
      replacements,
      name ? storeName (baseNameOf (toString src)),
      dir ? null,
      isExecutable ? false,
      meta ? { },
    }:
    substituteTree {
      inherit
        src
        name
        dir
        isExecutable
        meta
        ;
      mustOccur = true;
      replacements = lib.mapAttrsToList (key: value: {
        from = "@${key}@";
        to = toString value;
      }) (lib.filterAttrs (_: value: value != null) replacements);
    };

  replaceVars = src: replacements: replaceVarsWith { inherit src replacements; };

  substituteTree =
    {
      src,
      name,
      dir,
      isExecutable,
      meta,
      replacements,
      mustOccur ? false,
    }:
    annotateDerivation (writeTree name { } [
      {
        path = if dir == null then "" else "${strip dir}/${name}";
        substitute = toString' src;
        executable = isExecutable;
        inherit replacements mustOccur;
      }
    ]) { inherit meta; };

  # What `rootPaths` need, as nix-store can register it elsewhere.
  closureInfo =
    { rootPaths }:
    assert lib.assertMsg (builtins.isList rootPaths) "closureInfo wants a list of root paths";
    derivation {
      name = "closure-info";
      system = "builtin";
      builder = "builtin:closure-info";
      __structuredAttrs = true;
      exportReferencesGraph.closure = rootPaths;
    };

  # The store paths that `paths` need, one a line.
  writeClosure =
    paths:
    derivation {
      name = "runtime-deps";
      system = "builtin";
      builder = "builtin:closure-info";
      __structuredAttrs = true;
      exportReferencesGraph.closure = paths;
      onlyPaths = true;
    };

  emptyFile = writeText "empty-file" "";
  emptyDirectory = annotateDerivation (writeTree "empty-directory" { } [ ]) { };
}
