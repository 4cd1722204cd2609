# From the facts about a package to its contents in the store.
{ lib }:
rec {
  # A legal store name from a Debian version or file name: epochs and `~` are not legal in one.
  storeName = builtins.replaceStrings [ ":" "%3a" "~" ] [ "." "." "_" ];

  # The version that upstream gave it: without epoch, Debian's revision and the mark of a repacked
  # source.
  upstreamVersion =
    version:
    let
      withoutEpoch = lib.last (lib.splitString ":" version);
      revised = builtins.match "(.*)-[^-]*" withoutEpoch;
      upstream = if revised == null then withoutEpoch else builtins.head revised;
      repacked = builtins.match "(.*)[.+~](dfsg|ds|repack|git|really)[^-]*" upstream;
    in
    if repacked == null then upstream else builtins.head repacked;

  # The file as the archive has it. No mirror is named: which one to ask is found out when it is
  # fetched.
  file =
    facts:
    derivation {
      name = storeName (baseNameOf facts.path);
      system = "builtin";
      builder = "builtin:fetch-deb";
      url = "debian:${facts.archive}/${facts.path}";
      size = toString facts.size;
      # When the archive had it for certain, for those who keep what is old.
      snapshot = facts.snapshot or "";
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = facts.sha256;
    };

  # What is in it: `data/`, `control/`, and `manifest` for what a store path cannot hold.
  unit =
    facts:
    derivation {
      name = storeName "${facts.package}-${facts.version}";
      system = "builtin";
      builder = "builtin:unpack-deb";
      deb = file facts;
    };
}
