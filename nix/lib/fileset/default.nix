/**
  Sets of local files: combining them, and adding what they hold to the store.

  A file set has a base directory and a tree below it. A tree is `null` for nothing, a string
  (`"directory"`: all that is below; else the type of a file), or a set of trees by name. A path
  stands for itself and all below it; directories without files do not count.
*/
{ lib }:
let
  inherit (builtins)
    addErrorContext
    attrNames
    attrValues
    isAttrs
    isFunction
    isList
    isPath
    mapAttrs
    pathExists
    readDir
    typeOf
    ;
  inherit (lib) hasSuffix;
  inherit (lib.filesystem) pathIsDirectory pathType;
  inherit (lib.path) splitRoot subpath;

  direct = throw (
    "lib.fileset: Directly evaluating a file set is not supported; "
    + "`lib.fileset.toSource` makes a source of it, `lib.fileset.trace` shows what it holds."
  );

  make = base: tree: {
    _type = "fileset";
    inherit base tree;
    # Evaluating a set as a whole is a mistake; this says so.
    _noEval = direct;
  };

  nothing = make null null;

  componentsOf = path: subpath.components (splitRoot path).subpath;

  # A tree for a path that exists.
  ofPath =
    path:
    let
      type = pathType path;
    in
    if type == "directory" then make path "directory" else make (dirOf path) { ${baseNameOf path} = type; };

  # A value as a file set, or what is wrong with it. `what` begins the message.
  coerceOr =
    fail: what: value:
    if isAttrs value && value._type or "" == "fileset" then
      value
    else if isPath value then
      if pathExists value then
        ofPath value
      else
        fail "${what} (${toString value}) is a path that does not exist. If it may be missing, use `lib.fileset.maybeMissing`."
    else if value ? _isLibCleanSourceWith then
      fail "${what} is a `lib.sources`-based value, but it should be a file set or a path instead; `lib.fileset.fromSource` makes one of it."
    else if lib.isStringLike value then
      fail "${what} (\"${toString value}\") is a string-like value, but it should be a file set or a path instead."
    else
      fail "${what} is of type ${typeOf value}, but it should be a file set or a path instead.";
  coerce = coerceOr throw;

  needPath =
    what: value:
    if isPath value then
      if pathExists value then value else throw "${what} (${toString value}) is a path that does not exist."
    else if isAttrs value && value._type or "" == "fileset" then
      throw "${what} is a file set, but it should be a path instead."
    else if lib.isStringLike value then
      throw "${what} (\"${toString value}\") is a string-like value, but it should be a path instead."
    else
      throw "${what} is of type ${typeOf value}, but it should be a path instead.";

  # The entries of a tree at a directory, in full.
  entries = path: tree: if tree == "directory" then mapAttrs (_: type: type) (readDir path) else tree;

  # A tree as seen from a directory above or below its base.
  raise = names: tree: if tree == null then null else lib.setAttrByPath names tree;
  descend =
    names: tree:
    lib.foldl' (
      t: name:
      if t == "directory" then
        t
      else if isAttrs t then
        t.${name} or null
      else
        null
    ) tree names;

  # A file set's tree as seen from another directory; what is not below it is lost.
  seenFrom =
    base: set:
    if set.base == null then
      null
    else
      let
        here = componentsOf base;
        there = componentsOf set.base;
      in
      if lib.lists.hasPrefix here there then
        raise (lib.drop (lib.length here) there) set.tree
      else if lib.lists.hasPrefix there here then
        descend (lib.drop (lib.length there) here) set.tree
      else
        null;

  below = root: names: root + "/${lib.concatStringsSep "/" names}";

  # The deepest directory above all bases.
  commonBase =
    what: sets:
    let
      first = lib.head sets;
      names = lib.foldl' (
        common: set: lib.lists.commonPrefix common (componentsOf set.base)
      ) (componentsOf first.base) sets;
      rootOf = set: (splitRoot set.base).root;
    in
    if lib.any (set: rootOf set != rootOf first) sets then
      throw "${what}: Filesystem roots are not the same: ${
        lib.concatMapStringsSep ", " (set: toString (rootOf set)) sets
      }. Different filesystem roots are not supported."
    else
      below (rootOf first) names;

  unionTrees =
    trees:
    let
      # The first that has all there is; what comes after it is not looked at.
      whole = lib.findFirst (tree: tree != null && !isAttrs tree) null trees;
      present = lib.filter (tree: tree != null) trees;
    in
    if whole != null then
      whole
    else if present == [ ] then
      null
    else
      lib.zipAttrsWith (_: unionTrees) present;

  intersectTrees =
    a: b:
    if a == null || b == null then
      null
    else if a == "directory" then
      b
    else if b == "directory" then
      a
    else if !isAttrs a || !isAttrs b then
      b
    else
      mapAttrs (name: intersectTrees a.${name}) (builtins.intersectAttrs a b);

  subtractTrees =
    path: a: b:
    if a == null || b == "directory" || (b != null && !isAttrs b) then
      null
    else if b == null then
      a
    else
      mapAttrs (
        name: tree: if b ? ${name} then subtractTrees (path + "/${name}") tree b.${name} else tree
      ) (entries path a);

  unionAll =
    what: sets:
    let
      some = lib.filter (set: set.base != null) sets;
      base = commonBase what some;
    in
    if some == [ ] then nothing else make base (unionTrees (map (seenFrom base) some));

  # The files of a tree.
  filesOf =
    path: tree:
    if tree == null then
      [ ]
    else if tree == "directory" || isAttrs tree then
      lib.concatLists (lib.mapAttrsToList (name: filesOf (path + "/${name}")) (entries path tree))
    else
      [ path ];

  holdsFiles =
    path: tree:
    if tree == null then
      false
    else if tree == "directory" || isAttrs tree then
      lib.any (name: holdsFiles (path + "/${name}") (entries path tree).${name}) (
        attrNames (entries path tree)
      )
    else
      true;

  # What a tree has of a path: whether there is a file, whether all are there, and the same of what is
  # in a directory (`subs`). One that is left out counts as having files: it is not looked into.
  survey =
    path: tree:
    if tree == null then
      {
        some = false;
        all = false;
      }
    else if tree == "directory" || isAttrs tree then
      let
        present = mapAttrs (_: type: if tree == "directory" then type else null) (readDir path);
        subs = mapAttrs (name: survey (path + "/${name}")) (
          if isAttrs tree then present // tree else present
        );
      in
      {
        some = lib.any (sub: sub.some) (attrValues subs);
        all = tree == "directory" || lib.all (sub: sub.all) (attrValues subs);
        inherit subs;
      }
    else
      {
        some = true;
        all = true;
        type = tree;
      };

  # Each line is a trace of its own, so that all begin alike.
  line = text: builtins.trace text null;
  printSurvey =
    indent: text: seen:
    if !seen.some then
      null
    else if seen ? type then
      line "${text} (${seen.type})"
    else if seen.all then
      line "${text} (all files in directory)"
    else
      builtins.seq (line text) (
        lib.foldl' (
          _: name: printSurvey "${indent}  " "${indent}- ${name}" seen.subs.${name}
        ) null (attrNames seen.subs)
      );
  print =
    set:
    let
      seen = survey set.base set.tree;
    in
    if set.base == null || !seen.some then
      line "(empty)"
    else
      printSurvey "" (toString set.base) seen;

  git = import ./git.nix { inherit lib make; };
in
{
  /** The file set without files. `FileSet` */
  empty = nothing;

  /** Whether a value is a file set or a path. `a -> Bool` */
  isFileset = x: isPath x || (isAttrs x && x._type or "" == "fileset");

  /** The path, or no files if there is nothing. `Path -> FileSet` */
  maybeMissing =
    path:
    if !isPath path then
      needPath "lib.fileset.maybeMissing: Argument" path
    else if pathExists path then
      ofPath path
    else
      nothing;

  /** Prints a file set and gives its second argument. `FileSet -> a -> a` */
  trace = set: builtins.seq (print (coerce "lib.fileset.trace: Argument" set)) (x: x);

  /** Prints a file set and gives it. `FileSet -> FileSet` */
  traceVal =
    value:
    let
      set = coerce "lib.fileset.traceVal: Argument" value;
    in
    builtins.seq (print set) set;

  /**
    A store path of the files of a set below a directory.
    `{ root :: Path; fileset :: FileSet; } -> { outPath; ... }`

        toSource { root = ./.; fileset = ./src; }
  */
  toSource =
    { root, fileset }:
    let
      what = "lib.fileset.toSource";
      set = coerce "${what}: `fileset`" fileset;
      tree = seenFrom root set;
      rootNames = lib.length (componentsOf root);
      at = path: descend (lib.drop rootNames (componentsOf path)) tree;
      filter =
        text: type:
        let
          path = (splitRoot root).root + text;
          sub = at path;
        in
        if type == "directory" then
          holdsFiles path sub
        else if type == "unknown" && sub != null then
          throw "${what}: `fileset` contains a file that cannot be added to the store: ${text}"
        else
          sub != null;
    in
    if !isPath root then
      if root ? _isLibCleanSourceWith then
        throw "${what}: `root` is a `lib.sources`-based value, but it should be a path instead; pass what `lib.fileset.fromSource` makes of it as `fileset`."
      else if lib.isStringLike root then
        throw "${what}: `root` (${toString root}) is a string-like value, but it should be a path instead."
      else
        throw "${what}: `root` is of type ${typeOf root}, but it should be a path instead."
    else if !pathExists root then
      throw "${what}: `root` (${toString root}) is a path that does not exist."
    else if !pathIsDirectory root then
      throw (
        "${what}: `root` (${toString root}) is a file, but it should be a directory instead. "
        + "To have the file alone in a source, make ${toString (dirOf root)} the `root` and the file the `fileset`."
      )
    else if set.base != null && (splitRoot root).root != (splitRoot set.base).root then
      throw "${what}: Filesystem roots are not the same: ${toString (splitRoot root).root} of `root`, ${toString (splitRoot set.base).root} of `fileset`. Different filesystem roots are not supported."
    else if set.base != null && !lib.path.hasPrefix root set.base then
      throw (
        "${what}: `fileset` could contain files in ${toString set.base}, "
        + "which is not under the `root` (${toString root}). "
        + "Choose a `root` above all files, or intersect the file set with the `root`."
      )
    else
      {
        _isLibCleanSourceWith = true;
        origSrc = root;
        inherit filter;
        name = "source";
        outPath = addErrorContext "while adding the files of a file set to the store" (
          builtins.path {
            name = "source";
            path = root;
            inherit filter;
          }
        );
      };

  /** The paths of all files. `FileSet -> [Path]` */
  toList =
    fileset:
    let
      set = coerce "lib.fileset.toList: Argument" fileset;
    in
    if set.base == null then [ ] else filesOf set.base set.tree;

  /** The files of either set. `FileSet -> FileSet -> FileSet` */
  union =
    a: b:
    unionAll "lib.fileset.union" [
      (coerce "lib.fileset.union: First argument" a)
      (coerce "lib.fileset.union: Second argument" b)
    ];

  /** The files of all sets. `[FileSet] -> FileSet` */
  unions =
    sets:
    if !isList sets then
      throw "lib.fileset.unions: Argument is of type ${typeOf sets}, but it should be a list instead."
    else
      unionAll "lib.fileset.unions" (
        lib.imap0 (i: coerce "lib.fileset.unions: Element ${toString i}") sets
      );

  /** The files of both sets. `FileSet -> FileSet -> FileSet` */
  intersection =
    a: b:
    let
      a' = coerce "lib.fileset.intersection: First argument" a;
      b' = coerce "lib.fileset.intersection: Second argument" b;
      # The result cannot hold files above either base.
      within = lib.path.hasPrefix;
      base = if within a'.base b'.base then b'.base else a'.base;
    in
    if a'.base == null || b'.base == null then
      nothing
    else
      lib.seq (commonBase "lib.fileset.intersection" [ a' b' ]) (
        if within a'.base base && within b'.base base then
          make base (intersectTrees (seenFrom base a') (seenFrom base b'))
        else
          nothing
      );

  /** The files of the first set that are not in the second. `FileSet -> FileSet -> FileSet` */
  difference =
    a: b:
    let
      a' = coerce "lib.fileset.difference: First argument" a;
      b' = coerce "lib.fileset.difference: Second argument" b;
    in
    if a'.base == null || b'.base == null then
      a'
    else
      lib.seq (commonBase "lib.fileset.difference" [ a' b' ]) (
        make a'.base (subtractTrees a'.base a'.tree (seenFrom a'.base b'))
      );

  /**
    The files below a path that fulfil a condition. `({ name; type; hasExt; ... } -> Bool) -> Path -> FileSet`

        fileFilter (file: file.hasExt "nix") ./.
  */
  fileFilter =
    pred: path:
    let
      keep =
        name: type:
        pred {
          inherit name type;
          hasExt = ext: hasSuffix ".${ext}" name;
          # A predicate has to allow for more attributes.
          "lib.fileset.fileFilter: the predicate has to end its argument with `...`, since there may be more attributes later" =
            null;
        };
      go =
        path:
        mapAttrs (
          name: type:
          if type == "directory" then
            go (path + "/${name}")
          else if keep name type then
            type
          else
            null
        ) (readDir path);
      what = "lib.fileset.fileFilter";
      path' = needPath "${what}: Second argument" path;
    in
    if !isFunction pred then
      throw "${what}: First argument is of type ${typeOf pred}, but it should be a function instead."
    else if pathIsDirectory path' then
      make path' (go path')
    else
      make (dirOf path') {
        ${baseNameOf path'} =
          if keep (baseNameOf path') (pathType path') then pathType path' else null;
      };

  /** The files of a source as `lib.sources` makes it. `Source -> FileSet` */
  fromSource =
    source:
    let
      filtered = source ? _isLibCleanSourceWith;
      root = if filtered then source.origSrc else source;
      what = "lib.fileset.fromSource: The source origin";
      go =
        path:
        mapAttrs (
          name: type:
          let
            path' = path + "/${name}";
          in
          if !source.filter (toString path') type then
            null
          else if type == "directory" then
            go path'
          else
            type
        ) (readDir path);
    in
    if !isPath root then
      if lib.isStringLike root then
        throw "${what} of the argument is a string-like value (\"${toString root}\"), but it should be a path instead."
      else
        throw "${what} of the argument is of type ${typeOf root}, but it should be a path instead."
    else if !pathExists root then
      throw "${what} (${toString root}) of the argument is a path that does not exist."
    else if filtered && pathIsDirectory root then
      make root (go root)
    else
      ofPath root;

  inherit (git) gitTracked gitTrackedWith;
}
