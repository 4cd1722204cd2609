# Packages with a version in their name: nixpkgs has several of each, a suite of Debian one or two.
#
# A name whose version the suite does not have is an error that says which there are. A suite that was
# locked with `versions=nearest` gives the nearest one, with a warning: first a later one, which most
# likely does what the earlier did, else the latest there is.
{
  lib,
  index,
  adapt,
}:
let
  inherit (lib) compareVersions;

  older = one: other: compareVersions one other < 0;

  # How many versions a name can wait for; the newest first.
  nearest =
    wanted: available:
    let
      later = builtins.filter (version: !older version wanted) available;
      sorted = lib.sort older;
    in
    if later != [ ] then builtins.head (sorted later) else lib.last (sorted available);

  # One family: names by the version that they promise, and what the suite has.
  family =
    {
      # What it is called in messages.
      title,
      # Name -> version; versions with fewer parts stand for all that begin so.
      names,
      # Version -> row, for each version that Debian may have; a row's `deb` says whether it has.
      rows,
    }:
    let
      available = builtins.filter (version: index.package rows.${version}.deb != null) (
        builtins.attrNames rows
      );
      has = wanted: builtins.filter (version: version == wanted || lib.hasPrefix "${wanted}." version) available;
      list = lib.concatStringsSep ", " available;
      pick =
        attribute: wanted:
        let
          exact = has wanted;
          chosen = nearest wanted available;
        in
        if exact != [ ] then
          lib.last (lib.sort older exact)
        else if available == [ ] then
          throw "Debian ${index.release.suite} has no ${title}"
        else if index.release.versions == "nearest" then
          lib.warn "${attribute}: Debian ${index.release.suite} has no ${title} ${wanted}; taking ${chosen}" chosen
        else
          throw "${attribute}: Debian ${index.release.suite} has no ${title} ${wanted}, only ${list}; lock the suite with `versions=nearest` to take the nearest";
      make =
        attribute: version:
        adapt {
          inherit attribute;
          row = rows.${version};
        };
    in
    builtins.mapAttrs (
      attribute: wanted:
      make attribute (if wanted == "latest" then lib.last (lib.sort older available) else pick attribute wanted)
    ) names;

  underscored = builtins.replaceStrings [ "." ] [ "_" ];
  joined = builtins.replaceStrings [ "." ] [ "" ];

  # `name` with each version -> that version.
  named =
    prefix: write: versions:
    builtins.listToAttrs (
      map (version: {
        name = prefix + write version;
        value = version;
      }) versions
    );

  # Of what has a single version, which its package tells.
  only =
    deb: parts: row:
    let
      facts = index.package deb;
      version = builtins.match "(([0-9]+:)?)([0-9]+(\\.[0-9]+){${toString (parts - 1)}}).*" facts.version;
    in
    if facts == null then
      { }
    else
      {
        ${builtins.elemAt version 2} = row // {
          inherit deb;
        };
      };

  import' = file: import file { inherit lib; };
  postgresql = import' ./postgresql.nix;
  php = import' ./php.nix;
  python = import' ./python.nix;
in
family {
  title = "PostgreSQL";
  names = named "postgresql_" lib.id (map toString (lib.range 12 18)) // {
    postgresql = "latest";
  };
  rows = lib.genAttrs (map toString (lib.range 12 19)) postgresql;
}
// family {
  title = "PHP";
  names =
    named "php" joined [
      "7.4"
      "8.0"
      "8.1"
      "8.2"
      "8.3"
      "8.4"
      "8.5"
    ]
    // {
      php = "latest";
    };
  rows = lib.genAttrs [ "7.4" "8.2" "8.4" "8.5" ] php;
}
// family {
  title = "Python";
  names =
    named "python" joined (map (minor: "3.${toString minor}") (lib.range 9 14))
    // {
      python3 = "latest";
      python3Minimal = "latest";
    };
  rows = only "python3" 2 python;
}
// family {
  title = "Node.js";
  names =
    named "nodejs_" lib.id (map toString (lib.range 16 26))
    // {
      nodejs = "latest";
      nodejs-slim = "latest";
    };
  rows = only "nodejs" 1 {
    bin = [ "/usr/bin/node" ];
    mainProgram = "node";
    pname = "nodejs";
    license = "MIT";
    packages = [ ];
    scripts = "covered";
  };
}
// family {
  title = "Ruby";
  names =
    named "ruby_" underscored [
      "2.7"
      "3.0"
      "3.1"
      "3.2"
      "3.3"
      "3.4"
      "3.5"
    ]
    // {
      ruby = "latest";
    };
  rows = lib.genAttrs [ "2.7" "3.1" "3.3" "3.4" ] (version: {
    deb = "ruby${version}";
    pname = "ruby";
    bin = [ ];
    commands = lib.genAttrs [ "ruby" "bundle" "bundler" "erb" "gem" "irb" "rake" "rdoc" "ri" ] (
      name: "/usr/bin/${name}${version}"
    );
    mainProgram = "ruby";
    license = "BSD-2-Clause OR Ruby";
    scripts = "covered";
  });
}
// (
  let
    versions = [
      "8"
      "11"
      "17"
      "21"
      "25"
    ];
    java = kind: packages: version: {
      deb = "openjdk-${version}-${kind}-headless";
      packages = map (other: "openjdk-${version}-${other}-headless") packages;
      pname = "openjdk";
      bin = [ ];
      commands =
        lib.genAttrs ([ "java" "keytool" ] ++ lib.optionals (kind == "jdk") [ "javac" "jar" "jlink" ])
          (name: "/usr/lib/jvm/java-${version}-openjdk-amd64/bin/${name}");
      links."lib/openjdk" = "/usr/lib/jvm/java-${version}-openjdk-amd64";
      mainProgram = "java";
      license = "GPL-2.0-only WITH Classpath-exception-2.0";
      passthru = _: { home = "/usr/lib/jvm/java-${version}-openjdk-amd64"; };
      scripts = "covered";
    };
  in
  family {
    title = "Java development kit";
    names =
      named "jdk" lib.id versions
      // named "openjdk" lib.id versions
      // lib.mapAttrs' (name: lib.nameValuePair "${name}_headless") (named "jdk" lib.id versions)
      // {
        jdk = "latest";
        jdk_headless = "latest";
      };
    rows = lib.genAttrs versions (java "jdk" [ "jre" ]);
  }
  // family {
    title = "Java runtime";
    names =
      named "jre" lib.id versions
      // {
        jre = "latest";
        jre_headless = "latest";
        jre_minimal = "latest";
      };
    rows = lib.genAttrs versions (java "jre" [ ]);
  }
)
// family {
  title = "MariaDB";
  names = named "mariadb_" joined [
    "10.6"
    "10.11"
    "11.4"
    "11.8"
  ];
  rows = only "mariadb-server" 2 ((import' ./databases.nix).mariadb // { pname = "mariadb"; });
}
// {
  nixVersions =
    family {
      title = "Nix";
      names =
        named "nix_" underscored (map (minor: "2.${toString minor}") (lib.range 3 40))
        // {
          stable = "latest";
          latest = "latest";
          unstable = "latest";
          git = "latest";
        };
      rows = only "nix-bin" 2 ((import' ./system.nix).nix // { pname = "nix"; });
    };
}
