# Adapters: what `pkgs.nginx` is when nginx comes from Debian.
#
# An adapter holds links from where a Nix package would have something to where Debian has it, and a
# text that says which packages it stands for. It refers to no package: the link of a system decides
# about all adapters in it together.
{
  lib,
  index,
  units,
}:
let
  inherit (units) unit upstreamVersion storeName;

  # Everything a row of the tables may say, and what it means if it does not.
  defaults = attribute: {
    # The Debian package that gives version and description.
    deb = attribute;
    # Debian packages that are needed besides.
    packages = [ ];
    # Absolute paths of commands; null: whatever is in the packages' directories of commands.
    bin = null;
    # Commands under other names: name -> absolute path.
    commands = { };
    # Other places: path in the adapter -> absolute path.
    links = { };
    # Debian packages with what is needed to build against it.
    development = [ ];
    pname = null;
    mainProgram = null;
    license = null;
    # name -> { uid ? null, group ? name, home ? "/nonexistent", shell ? nologin, description ? "" }
    users = { };
    # name -> { gid ? null }
    groups = { };
    # What the maintainer scripts would have set: [ { path; mode; user; group; } ]
    modes = [ ];
    directories = [ ];
    # "covered": this row says all that the maintainer scripts do and a system needs; "unknown":
    # nobody has looked, and the link warns if there are any.
    scripts = "unknown";
    passthru = _: { };
    # What `.override` can honour: arguments with defaults -> changes to the row.
    override = null;
  };

  checked =
    attribute: row:
    let
      known = defaults attribute;
      unknown = builtins.attrNames (removeAttrs row (builtins.attrNames known));
    in
    assert lib.assertMsg (unknown == [ ]) "the row of ${attribute} has unknown fields: ${toString unknown}";
    known // row;

  # `bin/x`, and `sbin/x` for what Debian has in a directory for the administrator.
  commandLinks =
    name: target:
    [ (link "bin/${name}" target) ]
    ++ lib.optional (lib.hasPrefix "/usr/sbin/" target) (link "sbin/${name}" target);

  link = path: target: {
    inherit path;
    link = target;
  };

  # Adds what Debian's policy says about users and directories that a row leaves out.
  user =
    name: row:
    {
      uid = null;
      group = name;
      home = "/nonexistent";
      shell = "/usr/sbin/nologin";
      description = "";
    }
    // row;

  adapt =
    {
      attribute,
      row,
      # The arguments of `.override` so far.
      arguments ? { },
    }:
    let
      plain = checked attribute row;
      changes = if plain.override == null then { } else plain.override arguments;
      full =
        plain
        // changes
        // {
          packages = plain.packages ++ changes.packages or [ ];
        };
      facts = index.package full.deb;
      present =
        if facts == null then
          throw "${attribute} is the Debian package ${full.deb}, which ${index.release.suite} does not have"
        else
          facts;
      version = upstreamVersion present.version;
      pname = if full.pname == null then lib.last (lib.splitString "." attribute) else full.pname;
      names = [ full.deb ] ++ full.packages;

      commandNames =
        map baseNameOf (if full.bin == null then [ ] else full.bin) ++ builtins.attrNames full.commands;
      mainProgram =
        if full.mainProgram != null then
          full.mainProgram
        else if commandNames != [ ] then
          builtins.head commandNames
        else
          pname;

      # What the link of a system reads.
      description = {
        inherit attribute;
        inherit (present) package version architecture;
        inherit (index.release) suite;
        packages = names;
        inherit (full) development;
        users = builtins.mapAttrs user full.users;
        inherit (full)
          groups
          modes
          directories
          scripts
          ;
        options = arguments;
      };

      out = derivation {
        name = storeName "${pname}-${version}";
        system = "builtin";
        builder = "builtin:tree";
        __structuredAttrs = true;
        entries =
          (
            if full.bin == null then
              map (name: {
                path = "";
                commands = unit (index.package name);
              }) names
            else
              builtins.concatMap (target: commandLinks (baseNameOf target) target) full.bin
          )
          ++ builtins.concatLists (lib.mapAttrsToList commandLinks full.commands)
          ++ lib.mapAttrsToList link (
            if builtins.isFunction full.links then full.links present else full.links
          )
          ++ [
            {
              path = "nix-support/debian/package";
              text = builtins.toJSON description;
            }
          ];
      };

      meta = {
        inherit mainProgram;
        name = "${pname}-${version}";
        description = present.description;
        homepage = present.homepage;
        license = license full.license;
        available = true;
        broken = false;
        unfree = false;
        insecure = false;
        platforms = builtins.attrNames index.systems;
        outputsToInstall = [ "out" ];
      };

      refuse =
        what: advice:
        throw "${attribute} comes from Debian as it was built there, so ${what} cannot be honoured; ${advice}";

      honoured = if plain.override == null then [ ] else builtins.attrNames (builtins.functionArgs plain.override);

      override =
        new:
        let
          more = if builtins.isFunction new then new arguments else new;
          others = builtins.attrNames (removeAttrs more honoured);
        in
        if others == [ ] then
          adapt {
            inherit attribute row;
            arguments = arguments // more;
          }
        else
          refuse "`.override { ${lib.concatStringsSep "; " others}; }`" (
            if honoured == [ ] then
              "it has nothing to override: take a package that was built otherwise, or build your own with stdenv.mkDerivation"
            else
              "what can be overridden is ${lib.concatStringsSep ", " honoured}"
          );

      # Nothing is built, so only what is said about the package can change.
      overrideAttrs =
        change:
        let
          old = {
            inherit pname version meta;
            passthru = { };
          };
          new =
            if !builtins.isFunction change then
              change
            else
              let
                first = change old;
              in
              if builtins.isFunction first then change package old else first;
          others = builtins.attrNames (removeAttrs new [ "meta" "passthru" ]);
        in
        if others == [ ] then
          package // (new.passthru or { }) // { meta = meta // (new.meta or { }); }
        else
          refuse "`.overrideAttrs` of ${lib.concatStringsSep ", " others}" "only `meta` and `passthru` can be changed, or build your own with stdenv.mkDerivation";

      package =
        out
        // full.passthru present
        // {
          inherit
            pname
            version
            meta
            override
            overrideAttrs
            ;
          overrideDerivation = overrideAttrs;
          # Their contents are one tree, whatever nixpkgs divides them into.
          bin = package;
          lib = package;
          dev = package;
          man = package;
          doc = package;
          debian = description // {
            facts = present;
          };
          passthru = full.passthru present;
        };
    in
    package;

  license =
    spdxId:
    if spdxId == null then
      { fullName = "see the copyright file of the package"; free = true; }
    else
      {
        inherit spdxId;
        shortName = lib.toLower spdxId;
        fullName = spdxId;
        free = true;
      };
in
{
  inherit adapt;
}
