/** Parsing of IPv6 addresses (RFC 4291); part of `lib.network`. */
{ lib }:
let
  groupsMax = 8;
  bitsMax = 128;
in
{
  _ipv6 = {
    /** The eight numbers of an address and its prefix length. `String -> { address :: [Int]; prefixLength :: Int; }` */
    split =
      text:
      let
        cidr = lib.splitString "/" text;
        invalid = throw "${text} is not a valid IPv6 address";
        number =
          group:
          let
            n = lib.fromHexString group;
          in
          if n > 65535 then throw "0x${group} is not a valid u16 integer" else n;
        groups = side: if side == "" then [ ] else map (g: if g == "" then invalid else number g) (lib.splitString ":" side);

        halves = lib.splitString "::" (lib.head cidr);
        left = groups (lib.head halves);
        right = groups (lib.last halves);
        missing = groupsMax - lib.length left - lib.length right;
        address =
          if lib.length halves == 1 then
            if lib.length left == groupsMax then left else invalid
          else if lib.length halves == 2 && missing > 0 then
            left ++ lib.replicate missing 0 ++ right
          else
            invalid;

        length = lib.toInt (lib.last cidr);
        prefixLength =
          if lib.length cidr == 1 then
            bitsMax
          else if lib.length cidr != 2 || lib.head cidr == "" || lib.last cidr == "" then
            throw "${text} is not a valid IPv6 address in CIDR notation"
          else if length < 1 || length > bitsMax then
            throw "IPv6 subnet should be in range [1;128], got ${toString length}"
          else
            length;
      in
      if builtins.match "[0-9a-fA-F:]*(/.*)?" text == null then
        throw "${text} contains malformed characters for IPv6 address"
      else
        { inherit address prefixLength; };
  };
}
