/** Parts of source trees, and what a git repository says about one. */
{ lib }:
let
  inherit (builtins)
    any
    elem
    match
    pathExists
    readFile
    storeDir
    ;
  inherit (lib)
    hasPrefix
    hasSuffix
    removePrefix
    removeSuffix
    ;

  # A source as the path it was, the filter and the name it has in the store.
  partsOf = src: {
    origSrc = src.origSrc or src;
    filter = src.filter or (_: _: true);
    name = src.name or "source";
  };
  isFiltered = src: src ? _isLibCleanSourceWith;

  fromParts =
    {
      origSrc,
      filter,
      name,
    }:
    {
      _isLibCleanSourceWith = true;
      inherit origSrc filter name;
      outPath = builtins.path {
        inherit filter name;
        path = origSrc;
      };
    };

  relativeTo = root: path: removePrefix (toString root + "/") path;
  rootOf = src: if isFiltered src then src.origSrc else src;

  # The commit a repository is at: its id, or what is wrong.
  commitOf =
    path:
    let
      follow =
        dir: file:
        let
          content = lib.fileContents file;
          ref = match "ref: (.*)" content;
          packed = dir + "/packed-refs";
          inPacked =
            name: match ".*\n([a-f0-9]{40}) ${lib.escapeRegex name}\n.*" ("\n" + readFile packed + "\n");
          name = lib.head ref;
          # In a working tree of its own, references are with the repository it belongs to.
          shared = dir + "/commondir";
        in
        if ref == null then
          { value = content; }
        else if pathExists (dir + "/${name}") then
          follow dir (dir + "/${name}")
        else if pathExists packed && inPacked name != null then
          { value = lib.head (inPacked name); }
        else if pathExists shared then
          let
            common = absolute dir (lib.fileContents shared);
          in
          if pathExists (common + "/${name}") then
            follow common (common + "/${name}")
          else
            { error = "Could not find ${name} in ${toString dir}"; }
        else
          { error = "Not a .git directory: ${toString path}"; };
      absolute = dir: text: if hasPrefix "/" text then /. + text else /. + "${toString dir}/${text}";
      gitDir =
        let
          pointer = match "gitdir: (.*)" (lib.fileContents path);
        in
        if lib.filesystem.pathIsRegularFile path && pointer != null then
          absolute (dirOf path) (lib.head pointer)
        else
          path;
    in
    if !pathExists path then
      { error = "Not a .git directory: ${toString path}"; }
    else if pathExists (gitDir + "/HEAD") then
      follow gitDir (gitDir + "/HEAD")
    else
      { error = "Not a .git directory: ${toString path}"; };
in
rec {
  inherit (builtins) filterSource;

  /**
    Refuses what belongs to version control, editors, compilers and Nix's result links.
    `String -> String -> Bool`
  */
  cleanSourceFilter =
    name: type:
    let
      base = baseNameOf (toString name);
    in
    !(
      elem base [
        ".bzr"
        ".cvs"
        ".git"
        ".hg"
        ".pijul"
        ".svn"
        "CVS"
        "_darcs"
        ".jj"
      ]
      || hasSuffix "~" base
      || match "\\.sw[a-z]|\\..*\\.sw[a-z]" base != null
      || hasSuffix ".o" base
      || hasSuffix ".so" base
      || (type == "symlink" && hasPrefix "result" base)
      || type == "unknown"
    );

  /** A source without what `cleanSourceFilter` refuses. `Source -> Source` */
  cleanSource =
    src:
    cleanSourceWith {
      filter = cleanSourceFilter;
      inherit src;
    };

  /**
    A source with a filter, on top of the one it has. `{ src; filter ? all; name ? null; } -> Source`

        cleanSourceWith { src = ./.; filter = path: type: baseNameOf path != "test"; }
  */
  cleanSourceWith =
    {
      filter ? _: _: true,
      src,
      name ? null,
    }:
    let
      old = partsOf src;
    in
    fromParts {
      inherit (old) origSrc;
      filter = path: type: filter path type && old.filter path type;
      name = if name != null then name else old.name;
    };

  /** A source that prints what its filter decides. `Source -> Source` */
  trace =
    src:
    let
      old = partsOf src;
    in
    fromParts (
      old
      // {
        filter =
          path: type:
          let
            keep = old.filter path type;
          in
          builtins.trace "${old.name}.filter ${path} = ${lib.boolToString keep}" keep;
      }
    );

  /** Whether `cleanSourceWith` takes a value. `a -> Bool` */
  canCleanSource = src: isFiltered src || !pathHasContext (toString src);

  /** Whether a path is already in the store. `Path -> Bool` */
  pathHasContext = path: builtins.hasContext path || hasPrefix storeDir path;

  /**
    A source of the files whose paths below its root a regular expression matches, directories included.
    `Source -> [String] -> Source`

        sourceByRegex ./. [ "src" "src/.*\\.c" ]
  */
  sourceByRegex =
    src: regexes:
    cleanSourceWith {
      filter =
        path: _: any (regex: match regex (relativeTo (rootOf src) path) != null) regexes;
      inherit src;
    };

  /**
    A source of the files that a glob matches: `*` is any part of one name, `**` any number of names.
    `Source -> [String] -> Source`

        sourceByGlobs ./. [ "*.md" "src/**" ]
  */
  sourceByGlobs =
    src: globs:
    let
      # Bytes that regular expressions know are quoted before globs become expressions.
      part =
        text:
        lib.replaceStrings [ "\\*" "\\?" ] [ "[^/]*" "[^/]" ] (lib.escapeRegex text);
      names = glob: lib.splitString "/" glob;
      file =
        glob:
        let
          parts = names glob;
          count = lib.length parts;
        in
        lib.concatStrings (
          lib.imap1 (
            i: name:
            if name == "**" then
              if i == count then ".*" else "(.*/)?"
            else
              part name + lib.optionalString (i < count) "/"
          ) parts
        );
      # Directories on the way to what a glob may match.
      ways =
        glob:
        let
          parts = names glob;
          go =
            prefix: rest:
            if lib.length rest < 2 then
              [ ]
            else if lib.head rest == "**" then
              [ "${prefix}.*" ]
            else
              [ (prefix + part (lib.head rest)) ] ++ go (prefix + part (lib.head rest) + "/") (lib.tail rest);
        in
        go "" parts;
      files = map file globs;
      directories = lib.concatMap ways globs;
    in
    cleanSourceWith {
      filter =
        path: type:
        let
          name = relativeTo (rootOf src) path;
          matches = any (regex: match regex name != null);
        in
        matches files || (type == "directory" && matches directories);
      inherit src;
    };

  /** A source of the files with some endings, and all directories. `Source -> [String] -> Source` */
  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      filter =
        path: type: type == "directory" || any (suffix: hasSuffix suffix (baseNameOf path)) suffixes;
      inherit src;
    };

  /** Whether a path is a git repository. `Path -> Bool` */
  pathIsGitRepo = path: commitOf path ? value;

  /** The commit a repository is at. `Path -> String` */
  commitIdFromGitRepo =
    path:
    let
      commit = commitOf path;
    in
    commit.value or (throw commit.error);

  /**
    The name of what is at a URL, without endings of archives. `String -> String`

        urlToName "https://a.org/b/foo.git"  =>  "foo"
  */
  urlToName =
    url:
    let
      strip =
        name:
        let
          found = match "(.+)\\.(git|tar|zip|gz|tgz|bz|tbz|bz2|tbz2|lzma|txz|xz|zst|zstd)" name;
        in
        if found == null then name else strip (lib.head found);
    in
    strip (baseNameOf (removeSuffix "/" (lib.last (lib.splitString ":" (toString url)))));

  /**
    A short form of a revision: seven digits of a commit, or the version in a tag. `String | Int -> String`

        shortRev "refs/tags/v12.0"  =>  "12.0"
  */
  shortRev =
    rev:
    let
      base = baseNameOf (toString rev);
      version = match "([A-Za-z]+[-_. ]?)*(v)?([0-9.]+.*)" base;
    in
    if match "[a-f0-9]+" base != null then
      lib.substring 0 7 base
    else if version != null then
      lib.last version
    else
      base;

  /** The tag, else the revision, else `"HEAD"`. `String | Null -> String | Null -> String` */
  revOrTag =
    rev: tag:
    if tag != null then
      tag
    else if rev != null then
      rev
    else
      "HEAD";

  /**
    A function that names the source of a repository: `"source"`, or with the repository, the revision
    and a suffix. `String -> (String -> String | Null -> String | Null -> String)`

        repoRevToName "versioned" "https://a.org/foo.git" "v1.2" null  =>  "foo-1.2-source"
  */
  repoRevToName =
    kind:
    let
      name =
        repo: rev: suffix:
        "${urlToName repo}${lib.optionalString (rev != null) "-${shortRev rev}"}${
          lib.optionalString (suffix != null) "-${suffix}"
        }-source";
    in
    if kind == "source" then
      _: _: _: "source"
    else if kind == "versioned" then
      repo: rev: _: name repo rev null
    else if kind == "full" then
      name
    else
      throw "repoRevToName: invalid kind";
}
