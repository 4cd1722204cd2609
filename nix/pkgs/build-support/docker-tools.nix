# Images of single applications, without an init: nixpkgs' dockerTools.
#
# Contents are linked as systems are: of a Debian package an image has the files that its program can
# reach. Names of arguments are those of nixpkgs; what cannot be honoured is refused with a reason.
{ lib, final }:
let
  inherit (final) writeTree;

  refuse = what: advice: throw "dockerTools: ${what}; ${advice}";
  refuseUnless =
    isDefault: what: advice: value:
    if isDefault then value else refuse what advice;

  # `1970-01-01T00:00:01Z` as seconds since 1970.
  seconds =
    text:
    let
      fields = builtins.match "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(Z|[+]00:00)" text;
      number = index: lib.toIntBase10 (builtins.elemAt fields index);
      # Years are counted from March, so that the leap day is the last of its year.
      month = number 1;
      year = number 0 - (if month < 3 then 1 else 0);
      days =
        365 * year
        + year / 4
        - year / 100
        + year / 400
        + (153 * (if month < 3 then month + 9 else month - 3) + 2) / 5
        + number 2
        - 1
        - 719468;
    in
    if builtins.isInt text then
      text
    else if text == "now" then
      refuse "`created = \"now\"` makes another image each time" "give a time, such as `self.lastModified` of a flake"
    else if fields == null then
      refuse "`created = ${builtins.toJSON text}` is no time" "write it as `2026-01-31T12:00:00Z`, or in seconds since 1970"
    else
      ((days * 24 + number 3) * 60 + number 4) * 60 + number 5;

  # What Go calls the machine that a package set is for.
  architectures = {
    x86_64 = "amd64";
    aarch64 = "arm64";
    i686 = "386";
    armv7l = "arm";
    powerpc64le = "ppc64le";
  };
  machine = lib.head (lib.splitString "-" final.system);
  ownArchitecture = architectures.${machine} or machine;

  compressions = {
    gz = "gzip";
    zstd = "zstd";
    none = "none";
  };

  # OCI's configuration of a container in the words of `image.*`.
  presentation =
    config:
    let
      known = [
        "Cmd"
        "Entrypoint"
        "Env"
        "ExposedPorts"
        "Healthcheck"
        "Labels"
        "StopSignal"
        "User"
        "Volumes"
        "WorkingDir"
      ];
      unknown = builtins.attrNames (removeAttrs config known);
      variable =
        text:
        let
          parts = builtins.match "([^=]*)=(.*)" text;
        in
        if parts == null then
          refuse "the variable `${text}` has no value" "write it as NAME=VALUE"
        else
          lib.nameValuePair (builtins.elemAt parts 0) (builtins.elemAt parts 1);
      names = set: if builtins.isList set then set else builtins.attrNames set;
      listOf = value: if value == null then [ ] else lib.toList value;
      check = config.Healthcheck.Test or [ "NONE" ];
      # From nanoseconds.
      duration = name: lib.mapNullable (time: time / 1000000000.0) (config.Healthcheck.${name} or null);
    in
    assert lib.assertMsg (unknown == [ ]) "dockerTools: `config` has unknown fields: ${toString unknown}; there are ${toString known}";
    {
      entrypoint = listOf (config.Entrypoint or null);
      cmd = listOf (config.Cmd or null);
      environment = lib.listToAttrs (map variable (config.Env or [ ]));
      ports = names (config.ExposedPorts or { });
      volumes = names (config.Volumes or { });
      labels = config.Labels or { };
    }
    // lib.optionalAttrs (config.Healthcheck or null != null) {
      healthcheck =
        if builtins.head check == "NONE" then
          null
        else
          {
            command =
              if builtins.head check == "CMD" then
                builtins.tail check
              else
                [ "/bin/sh" "-c" ] ++ builtins.tail check;
            interval = duration "Interval";
            timeout = duration "Timeout";
            startPeriod = duration "StartPeriod";
            retries = config.Healthcheck.Retries or null;
          };
    }
    // lib.optionalAttrs (config ? User) { user = config.User; }
    // lib.optionalAttrs (config ? WorkingDir) { workingDir = config.WorkingDir; }
    // lib.optionalAttrs (config ? StopSignal) { stopSignal = config.StopSignal; };

  directory = path: mode: {
    inherit path mode;
    user = "root";
    group = "root";
  };

  # Who is in every image; nixpkgs' `fakeNss`.
  users = {
    root = {
      uid = 0;
      group = "root";
      home = "/root";
      shell = "/bin/sh";
    };
    nobody = {
      uid = 65534;
      group = "nobody";
      home = "/nonexistent";
      shell = "/usr/sbin/nologin";
    };
  };
  groups = {
    root.gid = 0;
    nobody.gid = 65534;
  };

  defaults = {
    architecture = ownArchitecture;
    compressor = "gz";
    config = null;
    contents = [ ];
    created = "1970-01-01T00:00:01Z";
    debug = false;
    enableFakechroot = false;
    extraCommands = "";
    fakeRootCommands = "";
    fromImage = null;
    fromImageName = null;
    fromImageTag = null;
    gid = 0;
    gname = "root";
    includeNixDB = false;
    includeStorePaths = true;
    keepContentsDirlinks = false;
    layeringPipeline = null;
    maxLayers = 100;
    meta = { };
    mtime = "1970-01-01T00:00:01Z";
    passthru = { };
    runAsRoot = null;
    tag = null;
    uid = 0;
    uname = "root";
    # Beyond nixpkgs': what other images would run commands for. The values are those of the options
    # `system.files`, `system.directories`, `users.users`, `users.groups` and `system.link`.
    files = [ ];
    directories = [ ];
    users = { };
    groups = { };
    link = { };
    annotations = { };
  };

  noCommands = "an image is made without running anything: put files into `contents`, or use `files`, `directories`, `users` and `groups`";

  # Refuses what cannot be honoured.
  checked =
    a:
    lib.pipe a [
      (refuseUnless (a.fromImage == null && a.fromImageName == null && a.fromImageTag == null) "`fromImage` is not supported" "list what the base has in `contents`")
      (refuseUnless (a.runAsRoot == null) "`runAsRoot` is not supported" noCommands)
      (refuseUnless (a.fakeRootCommands == "" && !a.enableFakechroot) "`fakeRootCommands` is not supported" noCommands)
      (refuseUnless (a.extraCommands == "") "`extraCommands` is not supported" noCommands)
      (refuseUnless (a.uid == 0 && a.gid == 0 && a.uname == "root" && a.gname == "root") "files belong to root" "name owners of single ones in `files` and `directories`")
      (refuseUnless a.includeStorePaths "`includeStorePaths = false` is not supported" "an image has all that it needs")
      (refuseUnless (a.layeringPipeline == null) "`layeringPipeline` is not supported" "`maxLayers` limits how many layers there are")
      (refuseUnless (a.mtime == defaults.mtime) "all files bear one time" "leave `mtime` out")
      (refuseUnless (a.architecture == ownArchitecture) "the packages are for ${ownArchitecture}, not for ${a.architecture}" "take them from the package set for that machine")
      (refuseUnless (compressions ? ${a.compressor}) "the compressor `${a.compressor}` is unknown" "there are ${toString (builtins.attrNames compressions)}")
    ];

  toplevel =
    name: a:
    derivation {
      name = "image-${lib.replaceStrings [ "/" ":" ] [ "-" "-" ] name}";
      system = "builtin";
      builder = "builtin:link";
      __structuredAttrs = true;
      specification = {
        version = import ../../modules/system/linker-version.nix;
        inherit name;
        system = final.system;
        debian = final.debianSource;
        packages = [ ];
        root = map (package: "${package}") (lib.toList a.contents);
        files = a.files;
        directories = [
          (directory "/root" "700")
          (directory "/tmp" "1777")
        ]
        ++ a.directories;
        users = users // a.users;
        groups = groups // a.groups;
        plan = {
          type = "none";
          programs = [ ];
          services = { };
        };
        link = {
          level = "files";
          units = { };
          keep = [ ];
          without = [ ];
          bins = [ ];
          locales = [ ];
          capabilities = { };
          packages = [ ];
        }
        // a.link;
        image =
          presentation (if a.config == null then { } else a.config)
          // {
            inherit name;
            inherit (a) annotations;
            platform = final.system;
            created = seconds a.created;
            layers = {
              max = a.maxLayers;
              compression = compressions.${a.compressor};
            };
          }
          // lib.optionalAttrs (a.tag != null) { inherit (a) tag; }
          // lib.optionalAttrs a.includeNixDB { nixStore = builtins.storeDir; };
      };
    };

  make =
    change: { name, ... }@arguments:
    let
      unknown = builtins.attrNames (removeAttrs arguments ([ "name" ] ++ builtins.attrNames defaults));
      all = checked (defaults // removeAttrs arguments [ "name" ]);
      system = toplevel name all;
      # As in nixpkgs: without a tag, the digest of what the image is made of.
      tag = if all.tag != null then all.tag else builtins.substring 0 32 (baseNameOf (builtins.unsafeDiscardStringContext system.outPath));
      base = baseNameOf name;
      made =
        builder: file: attributes:
        derivation (
          {
            name = file;
            inherit builder tag;
            system = "builtin";
            toplevel = system;
          }
          // attributes
        );
      images = {
        archive = made "builtin:oci-image" "${base}.tar" { };
        stream = made "builtin:image-stream" "stream-${base}" { };
        layout = made "builtin:oci-image" "${base}-layout" { format = "layout"; };
      };
      passthru = {
        imageName = name;
        imageTag = tag;
        toplevel = system;
        inherit (images) layout stream;
      }
      // all.passthru;
    in
    assert lib.assertMsg (unknown == [ ]) "dockerTools: unknown arguments: ${toString unknown}";
    final.annotateDerivation images.${change} { inherit passthru; inherit (all) meta; };

  renamed =
    arguments:
    if arguments.copyToRoot or null == null then
      removeAttrs arguments [ "copyToRoot" ]
    else if arguments ? contents then
      refuse "both `contents` and `copyToRoot` are given" "`contents` is the old name: use `copyToRoot`"
    else
      removeAttrs arguments [ "copyToRoot" ] // { contents = arguments.copyToRoot; };

  # A tree with one link.
  alias =
    name: path: target:
    writeTree name { } [
      {
        inherit path;
        link = target;
      }
    ];
in
{
  dockerTools = {
    # An image in few layers: one with all packages, and one with what is made for this image.
    buildImage =
      arguments:
      make "archive" (
        { maxLayers = 2; } // removeAttrs (renamed arguments) [ "diskSize" "buildVMMemorySize" ]
      );
    # An image with a layer for each package.
    buildLayeredImage = arguments: make "archive" (renamed arguments);
    # A program that writes such an image to its standard output.
    streamLayeredImage = arguments: make "stream" (renamed arguments);

    binSh = alias "bin-sh" "bin/sh" "${final.bash}/bin/bash";
    usrBinEnv = alias "usr-bin-env" "usr/bin/env" "${final.coreutils}/bin/env";
    caCertificates = final.cacert;
    # Images have users without it; this adds how hosts are looked up.
    fakeNss = final.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n";
  };
}
