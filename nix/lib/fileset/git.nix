/** File sets of what git tracks; part of `lib.fileset`. */
{ lib, make }:
let
  inherit (builtins)
    fetchGit
    isBool
    isPath
    mapAttrs
    pathExists
    readDir
    typeOf
    ;

  # Whether a path in the store, or a directory that it is in, is a working tree.
  hasGit =
    path:
    pathExists (path + "/.git")
    || (lib.path.hasStorePathPrefix (dirOf path) && hasGit (dirOf path));

  tracked =
    name: argument: extra: path:
    let
      what = "lib.fileset.${name}";
      fetched = fetchGit ({ url = path; } // extra);
      # The fetched copy has the tracked files and nothing else.
      mirror =
        dir: mapAttrs (entry: type: if type == "directory" then mirror "${dir}/${entry}" else type) (readDir dir);
    in
    if !isPath path then
      throw "${what}: Expected the ${argument} to be a path, but it's a ${typeOf path} instead."
    else if lib.filesystem.pathType path != "directory" then
      throw "${what}: Expected the ${argument} (${toString path}) to be a directory, but it's a file instead."
    else if lib.path.hasStorePathPrefix path then
      # What a fetcher has put into the store holds the tracked files and nothing else.
      if hasGit path then
        throw "${what}: The ${argument} (${toString path}) is a store path within a working tree of a Git repository. It was copied into the store with all its files, as by `\"\${./.}\"`; use `fetchGit`, or its own path."
      else
        make path "directory"
    else if !pathExists (path + "/.git") then
      throw "${what}: Expected the ${argument} (${toString path}) to point to a local working tree of a Git repository, but it's not."
    else
      make path (mirror fetched.outPath);
in
{
  /** The files of a working tree that git tracks. `Path -> FileSet` */
  gitTracked = tracked "gitTracked" "argument" { };

  /** `gitTracked`, with submodules on demand. `{ recurseSubmodules ? false; } -> Path -> FileSet` */
  gitTrackedWith =
    {
      recurseSubmodules ? false,
    }:
    path:
    if !isBool recurseSubmodules then
      throw "lib.fileset.gitTrackedWith: Expected the attribute `recurseSubmodules` of the first argument to be a boolean, but it's a ${typeOf recurseSubmodules} instead."
    else
      tracked "gitTrackedWith" "second argument" { submodules = recurseSubmodules; } path;
}
