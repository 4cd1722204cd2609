/** Functions on attribute sets. */
{ lib }:
let
  inherit (builtins)
    concatMap
    elemAt
    filter
    foldl'
    head
    length
    throw
    ;
  outputs = import ./attrsets/outputs.nix;
in
outputs
// rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  /**
    The value at a path, or `default` where there is none. `[String] -> a -> AttrSet -> a`

        attrByPath [ "a" "b" ] 0 { a.b = 1; }  =>  1
  */
  attrByPath =
    path: default: set:
    let
      count = length path;
      go =
        i: value:
        if i == count then
          value
        else
          let
            name = elemAt path i;
          in
          if value ? ${name} then go (i + 1) value.${name} else default;
    in
    go 0 set;

  /**
    Whether there is a value at a path. `[String] -> AttrSet -> Bool`

        hasAttrByPath [ "a" "b" ] { a.b = 1; }  =>  true
  */
  hasAttrByPath = path: set: length (longestValidPathPrefix path set) == length path;

  /**
    As much of a path as exists. `[String] -> AttrSet -> [String]`

        longestValidPathPrefix [ "a" "x" ] { a.b = 1; }  =>  [ "a" ]
  */
  longestValidPathPrefix =
    path: set:
    let
      count = length path;
      go =
        i: value:
        if i == count then
          path
        else
          let
            name = elemAt path i;
          in
          if value ? ${name} then go (i + 1) value.${name} else lib.take i path;
    in
    go 0 set;

  /**
    A set that holds one value at a path. `[String] -> a -> AttrSet`

        setAttrByPath [ "a" "b" ] 1  =>  { a.b = 1; }
  */
  setAttrByPath =
    path: value:
    let
      count = length path;
      go = i: if i == count then value else { ${elemAt path i} = go (i + 1); };
    in
    go 0;

  /**
    The value at a path; an error where there is none. `[String] -> AttrSet -> a`

        getAttrFromPath [ "a" "b" ] { a.b = 1; }  =>  1
  */
  getAttrFromPath =
    path: attrByPath path (throw "cannot find attribute '${lib.concatStringsSep "." path}'");

  /**
    Applies updates at paths, the deepest first and in the order given at equal paths.
    `[{ path :: [String]; update :: a -> b; }] -> AttrSet -> AttrSet`

        updateManyAttrsByPath [ { path = [ "a" ]; update = x: x + 1; } ] { a = 1; }  =>  { a = 2; }
  */
  updateManyAttrsByPath =
    updates: value:
    let
      go =
        depth: updates: present: value:
        let
          split = lib.partition (u: length u.path == depth) updates;
          below = lib.groupBy (u: elemAt u.path depth) split.wrong;
          isSet = present && isAttrs value;
          inner =
            if split.wrong == [ ] then
              value
            else if present && !isAttrs value then
              throw "updateManyAttrsByPath: a path goes through a value that is not a set"
            else
              (if isSet then value else { })
              // mapAttrs (name: us: go (depth + 1) us (isSet && value ? ${name}) (value.${name})) below;
          # An update of a place that does not exist yet gets an error for its argument.
          start =
            if present || split.wrong != [ ] then
              inner
            else
              throw "updateManyAttrsByPath: the path '${
                showAttrPath (lib.take depth (head updates).path)
              }' does not exist in the given value, but the update of it needs the old value";
        in
        lib.foldl (old: u: u.update old) start split.right;
    in
    if updates == [ ] then value else go 0 updates true value;

  /**
    The values of some attributes. `[String] -> AttrSet -> [a]`

        attrVals [ "a" ] { a = 1; b = 2; }  =>  [ 1 ]
  */
  attrVals = names: set: map (name: set.${name}) names;

  /**
    Some of the attributes of a set; all must exist. `[String] -> AttrSet -> AttrSet`

        getAttrs [ "a" ] { a = 1; b = 2; }  =>  { a = 1; }
  */
  getAttrs = names: set: genAttrs names (name: set.${name});

  /**
    The attributes that fulfil a condition. `(String -> a -> Bool) -> AttrSet -> AttrSet`

        filterAttrs (n: v: v > 1) { a = 1; b = 2; }  =>  { b = 2; }
  */
  filterAttrs =
    pred: set: removeAttrs set (filter (name: !(pred name set.${name})) (attrNames set));

  /**
    `filterAttrs` at every depth. `(String -> a -> Bool) -> AttrSet -> AttrSet`

        filterAttrsRecursive (n: v: v != null) { a.b = null; }  =>  { a = { }; }
  */
  filterAttrsRecursive =
    pred: set:
    mapAttrs (_: v: if isAttrs v then filterAttrsRecursive pred v else v) (filterAttrs pred set);

  /**
    Folds the values of equal names from the right. `(a -> b -> b) -> b -> [AttrSet] -> AttrSet`

        foldAttrs (x: xs: [ x ] ++ xs) [ ] [ { a = 1; } { a = 2; } ]  =>  { a = [ 1 2 ]; }
  */
  foldAttrs = op: nul: zipAttrsWith (_: lib.foldr op nul);

  /**
    Folds attributes in the order of their names. `(a -> String -> b -> a) -> a -> AttrSet -> a`

        foldlAttrs (sum: _: n: sum + n) 0 { a = 1; b = 2; }  =>  3
  */
  foldlAttrs =
    f: init: set:
    foldl' (acc: name: f acc name set.${name}) init (attrNames set);

  /**
    All values inside nested sets that fulfil a condition. `(a -> Bool) -> AttrSet -> [a]`

        collect isList { a.b = [ 1 ]; c = 2; }  =>  [ [ 1 ] ]
  */
  collect =
    pred: value:
    if pred value then
      [ value ]
    else if isAttrs value then
      concatMap (collect pred) (attrValues value)
    else
      [ ];

  /**
    Every choice of one element for each name; the first name varies slowest.
    `{ ${name} :: [a] } -> [AttrSet]`

        cartesianProduct { a = [ 1 ]; b = [ 2 3 ]; }  =>  [ { a = 1; b = 2; } { a = 1; b = 3; } ]
  */
  cartesianProduct =
    lists:
    foldl' (sets: name: concatMap (set: map (x: set // { ${name} = x; }) lists.${name}) sets) [ { } ] (
      attrNames lists
    );

  /**
    A function of every element of a cartesian product. `(AttrSet -> b) -> { ${name} :: [a] } -> [b]`

        mapCartesianProduct ({ a, b }: a + b) { a = [ 1 ]; b = [ 2 3 ]; }  =>  [ 3 4 ]
  */
  mapCartesianProduct = f: lists: map f (cartesianProduct lists);

  /**
    A name and a value, as `listToAttrs` wants them. `String -> a -> { name; value; }`

        nameValuePair "a" 1  =>  { name = "a"; value = 1; }
  */
  nameValuePair = name: value: { inherit name value; };

  /**
    Maps names and values. `(String -> a -> { name; value; }) -> AttrSet -> AttrSet`

        mapAttrs' (n: v: nameValuePair "x${n}" v) { a = 1; }  =>  { xa = 1; }
  */
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);

  /**
    A list of what `f` gives for each attribute. `(String -> a -> b) -> AttrSet -> [b]`

        mapAttrsToList (n: v: n + v) { a = "1"; }  =>  [ "a1" ]
  */
  mapAttrsToList = f: set: attrValues (mapAttrs f set);

  /**
    The attributes as `nameValuePair`s; the inverse of `listToAttrs`. `AttrSet -> [{ name; value; }]`

        attrsToList { a = 1; }  =>  [ { name = "a"; value = 1; } ]
  */
  attrsToList = mapAttrsToList nameValuePair;

  /**
    The union of the sets `f` gives; later names win. `(String -> a -> AttrSet) -> AttrSet -> AttrSet`

        concatMapAttrs (n: v: { ${n} = v; ${n + v} = v; }) { x = "a"; }  =>  { x = "a"; xa = "a"; }
  */
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);

  /**
    Maps the leaves of nested sets. `([String] -> a -> b) -> AttrSet -> AttrSet`

        mapAttrsRecursive (path: v: v + 1) { a.b = 1; }  =>  { a.b = 2; }
  */
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);

  /**
    `mapAttrsRecursive` that descends only into sets for which `cond` holds.
    `(AttrSet -> Bool) -> ([String] -> a -> b) -> AttrSet -> AttrSet`

        mapAttrsRecursiveCond (s: !(s ? type)) (path: v: v.type or v) { a.type = 1; }  =>  { a = 1; }
  */
  mapAttrsRecursiveCond =
    cond: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          if isAttrs value && cond value then go (path ++ [ name ]) value else f (path ++ [ name ]) value
        );
    in
    go [ ] set;

  /**
    A list of the mapped leaves of nested sets. `([String] -> a -> b) -> AttrSet -> [b]`

        mapAttrsToListRecursive (path: v: v) { a.b = 1; c = 2; }  =>  [ 1 2 ]
  */
  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);

  /**
    `mapAttrsToListRecursive` that descends only where `cond path set` holds.
    `([String] -> AttrSet -> Bool) -> ([String] -> a -> b) -> AttrSet -> [b]`
  */
  mapAttrsToListRecursiveCond =
    cond: f: set:
    let
      go =
        path: value:
        if isAttrs value && cond path value then
          lib.concatLists (mapAttrsToList (name: go (path ++ [ name ])) value)
        else
          [ (f path value) ];
    in
    lib.concatLists (mapAttrsToList (name: go [ name ]) set);

  /**
    A set with these names. `[String] -> (String -> a) -> AttrSet`

        genAttrs [ "a" ] (n: n + "!")  =>  { a = "a!"; }
  */
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);

  /**
    A set of the pairs `f` makes of each element. `[a] -> (a -> { name; value; }) -> AttrSet`

        genAttrs' [ 1 ] (i: nameValuePair "n${toString i}" i)  =>  { n1 = 1; }
  */
  genAttrs' = xs: f: listToAttrs (map f xs);

  /**
    Whether a value is a derivation, or at least says so. `a -> Bool`

        isDerivation { type = "derivation"; }  =>  true
  */
  isDerivation = value: value.type or null == "derivation";

  /**
    A store path as something like a derivation. `Path -> Derivation`

        (toDerivation "/nix/store/<hash>-name").name  =>  "name"
  */
  toDerivation =
    path:
    let
      path' = builtins.storePath path;
      result = {
        type = "derivation";
        name = lib.strings.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf path'));
        outPath = path';
        outputs = [ "out" ];
        out = result;
        outputName = "out";
      };
    in
    result;

  /**
    The set if the condition holds, else an empty one. `Bool -> AttrSet -> AttrSet`

        optionalAttrs false { a = 1; }  =>  { }
  */
  optionalAttrs = cond: set: if cond then set else { };

  /**
    Merges the values of given names. `[String] -> (String -> [a] -> b) -> [AttrSet] -> AttrSet`

        zipAttrsWithNames [ "a" ] (n: vs: vs) [ { a = 1; } { a = 2; b = 3; } ]  =>  { a = [ 1 2 ]; }
  */
  zipAttrsWithNames =
    names: f: sets:
    genAttrs names (name: f name (catAttrs name sets));

  /**
    The values of each name as lists. `[AttrSet] -> AttrSet`

        zipAttrs [ { a = 1; } { a = 2; } ]  =>  { a = [ 1 2 ]; }
  */
  zipAttrs = zipAttrsWith (_: values: values);

  /**
    The union of many sets; later ones win. `[AttrSet] -> AttrSet`

        mergeAttrsList [ { a = 1; } { a = 2; } ]  =>  { a = 2; }
  */
  mergeAttrsList =
    sets:
    let
      # Halves rather than a fold: each attribute is copied log(n) times, not n times.
      go =
        start: end:
        if end - start > 1 then
          let
            middle = (start + end) / 2;
          in
          go start middle // go middle end
        else
          elemAt sets start;
    in
    if sets == [ ] then { } else go 0 (length sets);

  /**
    Merges two nested sets; where `stop path left right` holds, the right value is taken whole.
    `([String] -> a -> a -> Bool) -> AttrSet -> AttrSet -> AttrSet`

        recursiveUpdateUntil (p: l: r: p == [ "a" ]) { a.x = 1; } { a.y = 2; }  =>  { a.y = 2; }
  */
  recursiveUpdateUntil =
    stop: left: right:
    let
      go =
        path: l: r:
        l
        // mapAttrs (
          name: value:
          let
            here = path ++ [ name ];
          in
          if l ? ${name} && !(stop here l.${name} value) then go here l.${name} value else value
        ) r;
    in
    go [ ] left right;

  /**
    Merges two nested sets; the right one wins. `AttrSet -> AttrSet -> AttrSet`

        recursiveUpdate { a.x = 1; a.y = 1; } { a.y = 2; }  =>  { a = { x = 1; y = 2; }; }
  */
  recursiveUpdate =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && left ? ${name} && isAttrs left.${name} then
        recursiveUpdate left.${name} value
      else
        value
    ) right;

  /**
    Whether a set contains the nested values of a pattern. `AttrSet -> AttrSet -> Bool`

        matchAttrs { cpu = { }; } { cpu.bits = 64; }  =>  true
  */
  matchAttrs =
    pattern: set:
    assert isAttrs pattern;
    lib.all (
      name:
      let
        wanted = pattern.${name};
      in
      set ? ${name}
      && (
        if isAttrs wanted then isAttrs set.${name} && matchAttrs wanted set.${name} else wanted == set.${name}
      )
    ) (attrNames pattern);

  /**
    Replaces values of names the first set has. `AttrSet -> AttrSet -> AttrSet`

        overrideExisting { a = 1; } { a = 2; b = 3; }  =>  { a = 2; }
  */
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;

  /**
    A path of names as it would be written in Nix. `[String] -> String`

        showAttrPath [ "a" "1" ]  =>  "a.\"1\""
  */
  showAttrPath =
    path:
    if path == [ ] then
      "<root attribute path>"
    else
      lib.concatMapStringsSep "." lib.strings.escapeNixIdentifier path;

  /**
    Marks a set of packages as one to look into. `AttrSet -> AttrSet`

        recurseIntoAttrs { }  =>  { recurseForDerivations = true; }
  */
  recurseIntoAttrs =
    set:
    set
    // {
      recurseForDerivations = true;
    };

  /**
    Marks a set of packages as one not to look into. `AttrSet -> AttrSet`

        dontRecurseIntoAttrs { }  =>  { recurseForDerivations = false; }
  */
  dontRecurseIntoAttrs =
    set:
    set
    // {
      recurseForDerivations = false;
    };

  /**
    The union of two sets; using a name both have is an error. `AttrSet -> AttrSet -> AttrSet`

        unionOfDisjoint { a = 1; } { b = 2; }  =>  { a = 1; b = 2; }
  */
  unionOfDisjoint =
    x: y:
    let
      both = intersectAttrs x y;
      names = lib.concatStringsSep " " (attrNames both);
    in
    x
    // y
    // mapAttrs (
      name: _: throw "unionOfDisjoint: both sets have ${name} (of those in both: ${names})"
    ) both;
}
