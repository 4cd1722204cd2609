/** Licences by the names packages use, and expressions of several. */
{ lib }:
let
  inherit (lib) mapAttrs;

  simple =
    shortName: license:
    {
      inherit shortName;
      licenseType = "simple";
      free = true;
      deprecated = false;
      redistributable = license.free or true;
    }
    // lib.optionalAttrs (license ? spdxId) { url = "https://spdx.org/licenses/${license.spdxId}.html"; }
    // license;

  compound = operator: licenses: {
    licenseType = "compound";
    inherit operator licenses;
  };

  # The licences an expression is made of that say something of their own; an exception does.
  isSimple = license: !(license ? licenseType) || license.licenseType == "simple";

  table = mapAttrs simple (import ./licenses/table.nix);
in
table
// rec {
  /** All licences, without the functions that are beside them here. `{ ${name} :: License; }` */
  all = table;

  /** One of several licences may be chosen. `[License] -> License` */
  OR = compound "OR";

  /** All of several licences hold. `[License] -> License` */
  AND = compound "AND";

  /** A licence with an exception. `License -> License -> License` */
  WITH = license: exception: {
    licenseType = "exception";
    operator = "WITH";
    inherit license exception;
  };

  /** A licence or any later version of it. `License -> License` */
  PLUS = license: {
    licenseType = "plus";
    operator = "+";
    inherit license;
  };

  /**
    Whether a predicate holds for an expression. If `permissive`, a choice (`OR`) needs one licence
    and `AND` needs all of them; else the other way round. `(License -> Bool) -> Bool -> License -> Bool`

        evaluateProperty (l: l.free) true (OR [ mit unfree ])  =>  true
  */
  evaluateProperty =
    predicate: permissive: license:
    let
      go = evaluateProperty predicate permissive;
      every = if permissive then lib.all else lib.any;
      some = if permissive then lib.any else lib.all;
    in
    if isSimple license then
      predicate license
    else if license.operator == "OR" then
      some go license.licenses
    else if license.operator == "AND" then
      every go license.licenses
    else if license.operator == "WITH" then
      every go [
        license.license
        license.exception
      ]
    else
      go license.license;

  /** `evaluateProperty` of an attribute. `String -> Bool -> License -> Bool` */
  evaluateNamedProperty = name: evaluateProperty (license: license.${name});

  /** Whether an expression allows free use. `License -> Bool` */
  isFree = evaluateNamedProperty "free" true;

  /** Whether an expression allows passing on. `License -> Bool` */
  isRedistributable = evaluateNamedProperty "redistributable" true;

  /** Whether one of some licences occurs in an expression. `[License] -> License -> Bool` */
  containsLicenses = licenses: evaluateProperty (license: lib.elem license licenses) false;

  /**
    An expression in the syntax of SPDX. `License -> String`

        toSPDX (AND [ mit (PLUS eupl11) ])  =>  "MIT AND EUPL-1.1+"
  */
  toSPDX =
    license:
    let
      inner =
        sub: if isSimple sub || sub.operator == "+" then toSPDX sub else "(${toSPDX sub})";
    in
    if isSimple license then
      license.spdxId or "LicenseRef-nixos-${license.shortName}"
    else if license.operator == "WITH" then
      "${inner license.license} WITH ${inner license.exception}"
    else if license.operator == "+" then
      "${inner license.license}+"
    else
      lib.concatMapStringsSep " ${license.operator} " inner license.licenses;
}
