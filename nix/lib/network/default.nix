/** Addresses of networks. */
{ lib }:
let
  internal = import ./internal.nix { inherit lib; };
in
{
  ipv6 = {
    /**
      An IPv6 address with an optional prefix length, in a plain form.
      `String -> { address :: String; prefixLength :: Int; }`

          ipv6.fromString "2001:DB8::ffff/64"
            =>  { address = "2001:db8:0:0:0:0:0:ffff"; prefixLength = 64; }
    */
    fromString =
      text:
      let
        parsed = internal._ipv6.split text;
      in
      {
        address = lib.concatMapStringsSep ":" (n: lib.toLower (lib.toHexString n)) parsed.address;
        inherit (parsed) prefixLength;
      };
  };

  /**
    The second half of an IPv6 address that is made of a MAC address (EUI-64). `String -> String`

        mkEUI64Suffix "66:75:63:6B:20:75"  =>  "6475:63ff:fe6b:2075"
  */
  mkEUI64Suffix =
    mac:
    let
      octet = "([0-9a-f]{2})";
      octets = builtins.match (lib.concatStringsSep "[:.-]?" (lib.replicate 6 octet)) (lib.toLower mac);
      at = builtins.elemAt octets;
      # The second bit of an address tells that it is not unique by itself; EUI-64 turns it over.
      first = lib.bitXor (lib.fromHexString (at 0)) 2;
    in
    if octets == null then
      throw "\"${mac}\" is not a valid MAC address (expected 6 octets of hex digits)"
    else
      "${lib.toLower (lib.optionalString (first != 0) (lib.toHexString first))}${at 1}:${at 2}ff:fe${at 3}:${at 4}${at 5}";
}
