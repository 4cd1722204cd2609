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
    else if !pathExists (path + "/.git") then
      if lib.path.hasStorePathPrefix path then
        throw "${what}: The ${argument} (${toString path}) is a store path: the copy of a working tree knows nothing of git. Import it by its own path."
      else
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
