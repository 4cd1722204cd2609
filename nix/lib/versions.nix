/** Versions: strings of parts that dots separate. */
{ lib }:
let
  part = i: version: builtins.elemAt (builtins.splitVersion version) i;
in
rec {
  inherit (builtins) compareVersions splitVersion;

  /**
    The first part. `String -> String`

        major "1.2.3"  =>  "1"
  */
  major = part 0;

  /**
    The second part. `String -> String`

        minor "1.2.3"  =>  "2"
  */
  minor = part 1;

  /**
    The third part. `String -> String`

        patch "1.2.3"  =>  "3"
  */
  patch = part 2;

  /**
    The first two parts. `String -> String`

        majorMinor "1.2.3"  =>  "1.2"
  */
  majorMinor = version: "${major version}.${minor version}";

  /**
    A version of exactly this many parts, with zeros added or parts cut; what follows a `-` stays.
    `Int -> String -> String`

        pad 3 "1.2-rc1"  =>  "1.2.0-rc1"
  */
  pad =
    count: version:
    let
      dash = lib.splitString "-" version;
      parts = lib.splitString "." (lib.head dash);
      suffix = lib.concatMapStrings (x: "-${x}") (lib.tail dash);
      missing = lib.max 0 (count - lib.length parts);
    in
    lib.concatStringsSep "." (lib.take count (parts ++ lib.replicate missing "0")) + suffix;
}
