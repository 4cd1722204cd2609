/**
  Entries that come before or after others: a directed acyclic graph. A graph is a set of entries
  `{ data; after; before; }`; `after` and `before` are lists of names, which need not exist.
*/
{ lib }:
rec {
  /** A graph without entries. */
  emptyDag = { };

  /** Whether a value is a graph. `a -> Bool` */
  isDag = dag: lib.isAttrs dag && lib.all (entry: entry ? data && entry ? after && entry ? before) (lib.attrValues dag);

  /** An entry between others. `[String] -> [String] -> a -> Entry` */
  dagEntryBetween = before: after: data: { inherit data before after; };

  /** An entry in any place. `a -> Entry` */
  dagEntryAnywhere = dagEntryBetween [ ] [ ];

  /** An entry after others. `[String] -> a -> Entry` */
  dagEntryAfter = dagEntryBetween [ ];

  /** An entry before others. `[String] -> a -> Entry` */
  dagEntryBefore = before: dagEntryBetween before [ ];

  /** Maps what the entries hold. `(String -> a -> b) -> Dag -> Dag` */
  dagMap = f: lib.mapAttrs (name: entry: entry // { data = f name entry.data; });

  /**
    The entries in order; if there is none, `cycle` and `loops` instead.
    `Dag -> { result :: [{ name; data; }]; } | { cycle; loops; }`

        dagTopoSort { a = dagEntryAfter [ "b" ] 1; b = dagEntryAnywhere 2; }
          =>  { result = [ { name = "b"; data = 2; } { name = "a"; data = 1; } ]; }
  */
  dagTopoSort =
    dag:
    let
      # What comes before each entry, said by it or by the others.
      before = lib.zipAttrs (
        lib.mapAttrsToList (name: entry: lib.genAttrs entry.before (_: name)) dag
      );
      entries = lib.mapAttrsToList (name: entry: {
        inherit name;
        inherit (entry) data;
        after = entry.after ++ before.${name} or [ ];
      }) dag;
      sorted = lib.toposort (a: b: lib.elem a.name b.after) entries;
      plain = map (entry: { inherit (entry) name data; });
    in
    if sorted ? result then
      { result = plain sorted.result; }
    else
      {
        cycle = plain sorted.cycle;
        loops = plain sorted.loops;
      };

  /** Shorter names of the same. */
  entryAnywhere = dagEntryAnywhere;
  entryAfter = dagEntryAfter;
  entryBefore = dagEntryBefore;
  entryBetween = dagEntryBetween;
  topoSort = dagTopoSort;
}
