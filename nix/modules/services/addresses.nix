# Addresses and ports, as the configurations of services write them.
{ lib }:
let
  inherit (builtins) head isAttrs isList;
in
rec {
  # `HOST:PORT`; addresses of IPv6 stand in brackets.
  join = address: port: "${if lib.hasInfix ":" address then "[${address}]" else address}:${toString port}";

  # The port of `80`, `*:80` and `[::]:80 ssl`, as a list: a socket in the file system has none, and 0 is none.
  port =
    text:
    let
      found = builtins.match "([^ /]*:)?([0-9]+)( .*)?" (toString text);
    in
    lib.remove 0 (lib.optional (found != null) (lib.toIntBase10 (builtins.elemAt found 1)));

  # The ports of all directives of a name, wherever they are in a configuration (`directives.nix`).
  portsOf =
    name: value:
    let
      # The address is the first argument; a list of lists is a directive that occurs several times.
      ofDirective =
        value:
        if !isList value then
          port value
        else if lib.any isList value then
          lib.concatMap (arguments: port (head arguments)) value
        else
          port (head value);
      ofSetting = key: value: if key == name && !isAttrs value then ofDirective value else portsOf name value;
    in
    if isList value then
      lib.concatMap (portsOf name) value
    else if isAttrs value && !lib.isDerivation value then
      lib.concatLists (lib.mapAttrsToList ofSetting value)
    else
      [ ];

  # Where to ask whether a server answers that listens on these addresses; null where that cannot be said: the
  # init asks addresses of IPv4 only.
  probe =
    addresses: port:
    let
      isAny = address: lib.elem address [ "*" "0.0.0.0" "127.0.0.1" "localhost" ];
      isNumber = address: builtins.match "[0-9]+(\\.[0-9]+){3}" address != null;
      known = lib.findFirst isNumber null addresses;
      address = if lib.any isAny addresses then "127.0.0.1" else known;
    in
    if port == 0 || address == null then null else "${address}:${toString port}";

  # What a user who is not root needs to listen on these ports.
  capabilities = ports: lib.optional (lib.any (port: port < 1024) ports) "net_bind_service";
}
