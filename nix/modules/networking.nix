# The names of the system and of others, and how it reaches them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.networking;

  hostName = types.strMatching "|[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?";
  # As glibc reads them; a zone may follow those of links.
  ipAddress = types.strMatching "([0-9]{1,3}[.]){3}[0-9]{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:]*(([0-9]{1,3}[.]){3}[0-9]{1,3})?(%[[:alnum:]_.-]+)?" // {
    description = "IP address";
  };
  name = types.strMatching "[[:alnum:]_]([[:alnum:]_.-]{0,253})" // {
    description = "name of a host or domain";
  };
  hostLine = address: names: "${address} ${lib.concatStringsSep " " names}";

  interface = {
    options = {
      dhcp = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the address comes from a server.";
      };
      addresses = mkOption {
        type = types.listOf (types.strMatching "[0-9a-fA-F.:]+/[0-9]{1,3}");
        default = [ ];
        example = [ "10.0.2.15/24" ];
        description = "Addresses with the lengths of their networks' prefixes.";
      };
      gateway = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The router to everywhere else.";
      };
    };
  };
in
{
  options.networking = {
    hostName = mkOption {
      type = hostName;
      description = "The name of the host. In a container the engine decides; elsewhere it is set at start.";
    };
    domain = mkOption {
      type = types.nullOr name;
      default = null;
      example = "example.org";
      description = "The domain of the host.";
    };
    hosts = mkOption {
      type = types.attrsOf (types.listOf name);
      default = { };
      example = {
        "192.0.2.1" = [ "database" ];
      };
      description = "Names of addresses, for /etc/hosts.";
    };
    nameservers = mkOption {
      type = types.listOf ipAddress;
      default = [ ];
      description = "Addresses of name servers, for /etc/resolv.conf. Without any, the file is left to the engine.";
    };
    search = mkOption {
      type = types.listOf name;
      default = [ ];
      description = "Domains in which short names are looked up.";
    };
    interfaces = mkOption {
      type = types.attrsOf (types.submodule interface);
      default = { };
      description = "Interfaces of a machine of its own. Containers get theirs from the engine.";
    };
  };

  config = {
    assertions = map (address: {
      assertion = ipAddress.check address;
      message = "`networking.hosts.\"${address}\"` gives names to what is no address";
    }) (lib.attrNames cfg.hosts) ++ [
      {
        assertion = cfg.search == [ ] || cfg.nameservers != [ ];
        message = "`networking.search` (${lib.concatStringsSep ", " cfg.search}) needs `networking.nameservers`: without them /etc/resolv.conf is the engine's";
      }
      {
        assertion = cfg.interfaces == { };
        message = "`networking.interfaces` (${lib.concatStringsSep ", " (lib.attrNames cfg.interfaces)}) is for machines, which cannot be made yet; a container gets its network from the engine";
      }
    ];

    # The first name of an address is the one that it is called by; as in Debian, the host has an
    # address of its own, so that it is not called `localhost`.
    networking.hosts = {
      "127.0.0.1" = lib.mkBefore [ "localhost" ];
      "127.0.1.1" = lib.mkIf (cfg.hostName != "") (
        lib.mkBefore (
          lib.optional (cfg.domain != null) "${cfg.hostName}.${cfg.domain}" ++ [ cfg.hostName ]
        )
      );
      "::1" = lib.mkBefore [
        "localhost"
        "ip6-localhost"
      ];
    };

    environment.etc = {
      hostname = lib.mkIf (cfg.hostName != "") { text = "${cfg.hostName}\n"; };
      hosts.text = lib.concatLines (lib.mapAttrsToList hostLine cfg.hosts);
      "resolv.conf" = lib.mkIf (cfg.nameservers != [ ]) {
        text = lib.concatLines (
          lib.optional (cfg.search != [ ]) "search ${lib.concatStringsSep " " cfg.search}"
          ++ map (address: "nameserver ${address}") cfg.nameservers
        );
      };
      "nsswitch.conf".text = ''
        passwd: files
        group: files
        shadow: files
        hosts: files dns
        services: files
        protocols: files
      '';
    };
  };
}
