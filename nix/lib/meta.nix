/** What packages say about themselves: licence, platforms, priority, main program. */
{ lib }:
let
  inherit (lib) isString;

  byId = lib.mapAttrs' (id: license: lib.nameValuePair (lib.toLower id) license) lib.meta.licensesSpdx;
in
rec {
  /** Adds to a package's `meta`. `AttrSet -> Derivation -> Derivation` */
  addMetaAttrs =
    attrs: drv:
    if drv ? overrideAttrs then
      drv.overrideAttrs (old: {
        meta = old.meta or { } // attrs;
      })
    else
      drv
      // {
        meta = drv.meta or { } // attrs;
      };

  /** Keeps build farms from publishing a package. `Derivation -> Derivation` */
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };

  /** Gives a package another name. `String -> Derivation -> Derivation` */
  setName = name: updateName (_: name);

  /** Maps a package's name. `(String -> String) -> Derivation -> Derivation` */
  updateName =
    f: drv:
    drv
    // {
      name = f drv.name;
    };

  /**
    Puts something between a package's name and version. `String -> Derivation -> Derivation`

        (appendToName "minimal" { name = "vim-9"; }).name  =>  "vim-minimal-9"
  */
  appendToName =
    suffix:
    updateName (
      name:
      let
        parsed = builtins.parseDrvName name;
      in
      "${parsed.name}-${suffix}-${parsed.version}"
    );

  /** Maps the packages of a set. `(Derivation -> a) -> AttrSet -> AttrSet` */
  mapDerivationAttrset = f: lib.mapAttrs (_: pkg: if lib.isDerivation pkg then f pkg else pkg);

  /** The priority of a package without one; smaller numbers win. `Int` */
  defaultPriority = 5;

  /** Sets a package's priority where files collide. `Int -> Derivation -> Derivation` */
  setPrio = priority: addMetaAttrs { inherit priority; };
  /** Makes a package give way. `Derivation -> Derivation` */
  lowPrio = setPrio 10;
  /** `lowPrio` for a set. `AttrSet -> AttrSet` */
  lowPrioSet = mapDerivationAttrset lowPrio;
  /** Makes a package win. `Derivation -> Derivation` */
  hiPrio = setPrio (-10);
  /** `hiPrio` for a set. `AttrSet -> AttrSet` */
  hiPrioSet = mapDerivationAttrset hiPrio;

  /**
    Whether a platform is one that `meta.platforms` means: a system, or a pattern for an elaborated
    platform or its `parsed`. `AttrSet -> String | AttrSet -> Bool`

        platformMatch { system = "x86_64-linux"; } "x86_64-linux"  =>  true
  */
  platformMatch =
    platform: elem:
    if isString elem then
      platform ? system && elem == platform.system
    else
      lib.matchAttrs (if elem ? parsed then elem else { parsed = elem; }) platform;

  /** Whether a package can run on a platform. `AttrSet -> Derivation -> Bool` */
  availableOn =
    platform: pkg:
    let
      matches = lib.any (platformMatch platform);
    in
    (!(pkg ? meta.platforms) || matches pkg.meta.platforms) && !matches pkg.meta.badPlatforms or [ ];

  /** Licences by their SPDX identifiers. `{ ${id} :: License; }` */
  licensesSpdx = lib.mapAttrs' (_: license: lib.nameValuePair license.spdxId license) (
    lib.filterAttrs (_: license: license ? spdxId && !license.deprecated) lib.licenses.all
  );

  /** The licence of an SPDX identifier in any case; an ad-hoc one and a warning if it is not known. `String -> License` */
  getLicenseFromSpdxId =
    id:
    getLicenseFromSpdxIdOr id (
      lib.warn "getLicenseFromSpdxId: No license matches the given SPDX ID: ${id}" { shortName = id; }
    );

  /** The licence of an SPDX identifier in any case, or a default. `String -> a -> License | a` */
  getLicenseFromSpdxIdOr = id: default: byId.${lib.toLower id} or default;

  /**
    The path of a package's main program, which is `meta.mainProgram`. `Derivation -> String`

        getExe pkgs.nginx  =>  "/nix/store/...-nginx/bin/nginx"
  */
  getExe =
    pkg:
    getExe' pkg (
      pkg.meta.mainProgram or (lib.warn
        "getExe: the package ${
          lib.generators.toPretty { } pkg.meta.name or pkg.pname or pkg.name
        } does not say its meta.mainProgram; its name is taken. `getExe' pkg \"program\"' chooses a program."
        (lib.getName pkg)
      )
    );

  /**
    The path of a program of a package. `Derivation -> String -> String`

        getExe' pkgs.bind "dig"  =>  "/nix/store/...-bind/bin/dig"
  */
  getExe' =
    pkg: program:
    assert lib.assertMsg (lib.isDerivation pkg)
      "getExe': the first argument has to be a package, but is of type ${builtins.typeOf pkg}";
    assert lib.assertMsg (isString program)
      "getExe': the second argument has to be a string, but is of type ${builtins.typeOf program}";
    assert lib.assertMsg (!lib.hasInfix "/" program)
      "getExe': a program's name has no slash, but there is one in ${builtins.toJSON program}";
    "${lib.getBin pkg}/bin/${program}";

  /** A vendor and version as the parts of a CPE name. `String -> String -> AttrSet` */
  cpeFullVersionWithVendor = vendor: version: {
    inherit vendor version;
    update = "*";
  };
}
