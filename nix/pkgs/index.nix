# The two ways to ask about a locked suite.
#
# An index is { release; systems; package; names; solve; }:
#   release   { suite; versions; } where `versions` is "exact" or "nearest"
#   systems   a set with the one system the suite was locked for
#   package   name -> facts of the newest stanza of that name, or null
#   names     every package name, sorted
#   solve     [ name ] -> the names of a set of packages that is complete, sorted
let
  # Debian's names of the processors.
  systems = {
    amd64 = "x86_64-linux";
    arm64 = "aarch64-linux";
    i386 = "i686-linux";
    armhf = "armv7l-linux";
    riscv64 = "riscv64-linux";
    ppc64el = "powerpc64le-linux";
    s390x = "s390x-linux";
  };

  releaseOf = facts: {
    inherit (facts) suite;
    versions = facts.versions or "exact";
  };

  systemsOf = facts: { ${systems.${facts.architecture}} = facts.architecture; };
in
{
  # Of a locked suite in the store, through the program that evaluates.
  ofSource =
    source:
    let
      inherit (builtins.frazil) query;
      facts = builtins.fromJSON (builtins.readFile (source + "/release.json"));
      # The program knows the suite by where it lies.
      place = builtins.unsafeDiscardStringContext (toString source);
    in
    {
      release = releaseOf facts;
      systems = systemsOf facts;
      package =
        name:
        query "debian-package" {
          source = place;
          inherit name;
        };
      names = query "debian-names" { source = place; };
      solve =
        seeds:
        query "debian-solve" {
          source = place;
          inherit seeds;
        };
    };

  # Of answers that were recorded: `frazil debian export`. What was not recorded is an error, so that
  # it cannot be taken for a package that the suite does not have.
  ofRecord =
    record:
    let
      notRecorded = what: throw "the record of ${record.release.suite} does not hold ${what}";
    in
    {
      release = releaseOf record.release;
      systems = systemsOf record.release;
      package = name: record.packages.${name} or (notRecorded "the package ${name}");
      names = record.names or (notRecorded "the names of all packages");
      solve =
        seeds:
        let
          key = builtins.concatStringsSep " " seeds;
        in
        record.solutions.${key} or (notRecorded "a solution for ${key}");
    };
}
