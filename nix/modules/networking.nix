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

  isMachine = config.init.mode == "vm";
  ours = "/usr/sbin/init";
  # Written by whoever has asked for an address; the root may not be writable.
  leased = "/run/resolv.conf";

  address = length: {
    options = {
      address = mkOption {
        type = types.str;
        example = "192.0.2.1";
        description = "The address.";
      };
      prefixLength = mkOption {
        type = types.ints.between 0 length;
        example = 24;
        description = "How many bits of it are those of its network.";
      };
    };
  };
  interface = {
    options = {
      useDHCP = mkOption {
        type = types.bool;
        default = false;
        description = "Whether address, router and name servers come from a server.";
      };
      ipv4.addresses = mkOption {
        type = types.listOf (types.submodule (address 32));
        default = [ ];
        example = [
          {
            address = "192.0.2.1";
            prefixLength = 24;
          }
        ];
        description = "Addresses of the interface.";
      };
      ipv6.addresses = mkOption {
        type = types.listOf (types.submodule (address 128));
        default = [ ];
        description = "Refused: the init knows addresses of IPv4 only. The kernel takes those that a router announces.";
      };
    };
  };
  gateway = {
    options = {
      address = mkOption {
        type = types.str;
        example = "192.0.2.254";
        description = "The address of the router.";
      };
      interface = mkOption {
        type = types.str;
        default = lib.head (static ++ [ "" ]);
        defaultText = "the first interface with addresses";
        description = "The interface that leads to it.";
      };
    };
  };

  static = lib.filter (name: cfg.interfaces.${name}.ipv4.addresses != [ ]) (lib.attrNames cfg.interfaces);
  leasing = lib.filter (name: cfg.interfaces.${name}.useDHCP) (lib.attrNames cfg.interfaces);
  addressed = name: [
    { link-up = name; }
  ] ++ map (entry: {
    address = {
      link = name;
      address = "${entry.address}/${toString entry.prefixLength}";
    };
  }) cfg.interfaces.${name}.ipv4.addresses;
  steps =
    lib.optional (cfg.hostName != "") { hostname = cfg.hostName; }
    ++ [ { link-up = "lo"; } ]
    ++ lib.concatMap addressed static
    ++ lib.optional (cfg.defaultGateway != null) {
      default-route = {
        link = cfg.defaultGateway.interface;
        gateway = cfg.defaultGateway.address;
      };
    };
  client = name: lib.nameValuePair "dhcp-${name}" {
    exec = [
      ours
      "dhcp"
      name
    ] ++ lib.optional (cfg.nameservers == [ ]) leased;
    ready.fd = 3;
    # A server may take its time; who needs it says so.
    startTimeout = 0;
    enabled = true;
  };

  # What only a machine has.
  ofMachines =
    lib.optional (cfg.interfaces != { }) "`networking.interfaces` (${lib.concatStringsSep ", " (lib.attrNames cfg.interfaces)})"
    ++ lib.optional (cfg.defaultGateway != null) "`networking.defaultGateway`";
in
{
  options.networking = {
    hostName = mkOption {
      type = hostName;
      description = "The name of the host. In a container the engine decides; a machine (`init.mode = \"vm\"`) gets it at the start.";
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
      description = "Addresses of name servers, for /etc/resolv.conf. Without any, the file is left to the engine, and in a machine to what comes with an address.";
    };
    search = mkOption {
      type = types.listOf name;
      default = [ ];
      description = "Domains in which short names are looked up.";
    };
    interfaces = mkOption {
      type = types.attrsOf (types.submodule interface);
      default = { };
      example = {
        eth0.useDHCP = true;
      };
      description = ''
        Interfaces of a machine (`init.mode = "vm"`), which the init sets up. Containers get theirs
        from the engine.
      '';
    };
    defaultGateway = mkOption {
      type = types.nullOr (
        types.coercedTo types.str (address: { inherit address; }) (types.submodule gateway)
      );
      default = null;
      example = "192.0.2.254";
      description = "The router to everywhere else, of a machine.";
    };
  };

  config = {
    assertions =
      map (option: {
        assertion = isMachine;
        message = "${option} cannot be honoured with `init.mode = \"${config.init.mode}\"`, as a container gets its network from the engine; set `init.mode = \"vm\"` for a machine";
      }) ofMachines
      ++ lib.mapAttrsToList (name: interface: {
        assertion = interface.ipv6.addresses == [ ];
        message = "`networking.interfaces.${name}.ipv6.addresses` cannot be honoured by the init, which sets addresses of IPv4 only";
      }) cfg.interfaces
      ++ map (address: {
        assertion = ipAddress.check address;
        message = "`networking.hosts.\"${address}\"` gives names to what is no address";
      }) (lib.attrNames cfg.hosts)
      ++ [
        {
          assertion = cfg.search == [ ] || cfg.nameservers != [ ];
          message = "`networking.search` (${lib.concatStringsSep ", " cfg.search}) needs `networking.nameservers`: without them /etc/resolv.conf is the engine's";
        }
        {
          assertion = !isMachine || cfg.defaultGateway == null || cfg.interfaces ? ${cfg.defaultGateway.interface};
          message = "`networking.defaultGateway.interface` is `${toString cfg.defaultGateway.interface}`, which is none of `networking.interfaces`";
        }
      ];

    init = lib.mkIf isMachine {
      setup = steps;
      services = lib.listToAttrs (map client leasing);
    };

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
      "resolv.conf" =
        if cfg.nameservers != [ ] then
          {
            text = lib.concatLines (
              lib.optional (cfg.search != [ ]) "search ${lib.concatStringsSep " " cfg.search}"
              ++ map (address: "nameserver ${address}") cfg.nameservers
            );
          }
        else
          lib.mkIf (isMachine && leasing != [ ]) { source = leased; };
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
