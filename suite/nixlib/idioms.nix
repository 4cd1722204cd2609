# Modules as users of NixOS and NixNG write them, over a library: what `idioms.cases` looks at.
{
  lib ? import ../../nix/lib,
}:
let
  inherit (lib) mkOption types;

  # Settings of a program: some have an option of their own, all others are free.
  settings =
    { config, ... }:
    {
      options.services.web = {
        enable = lib.mkEnableOption "the web server";
        package = lib.mkOption {
          type = types.package;
          default = {
            type = "derivation";
            name = "web-1";
            outPath = "/web";
          };
        };
        settings = mkOption {
          default = { };
          type = types.submodule {
            freeformType = types.attrsOf (
              types.oneOf [
                types.bool
                types.int
                types.str
                (types.listOf types.str)
              ]
            );
            options.port = mkOption {
              type = types.port;
              default = 80;
            };
          };
        };
        sites = mkOption {
          default = { };
          type = types.attrsOf (
            types.submodule (
              { name, config, ... }:
              {
                options = {
                  host = mkOption {
                    type = types.str;
                    default = name;
                  };
                  aliases = mkOption {
                    type = types.listOf types.str;
                    default = [ ];
                  };
                  root = mkOption { type = types.either types.path types.str; };
                  backend = mkOption {
                    type = types.attrTag {
                      socket = mkOption { type = types.str; };
                      tcp = mkOption {
                        type = types.submodule { options.port = mkOption { type = types.port; }; };
                      };
                    };
                  };
                  all = mkOption {
                    type = types.str;
                    readOnly = true;
                  };
                };
                config.all = lib.concatStringsSep " " ([ config.host ] ++ config.aliases);
              }
            )
          );
        };
      };
      config = lib.mkIf config.services.web.enable {
        services.web.settings = {
          workers = lib.mkDefault 2;
          names = lib.mkBefore (lib.mapAttrsToList (_: site: site.all) config.services.web.sites);
        };
        out = lib.mkMerge [
          [ "run" ]
          (lib.mkIf (config.services.web.settings.port < 1024) (lib.mkOrder 100 [ "privileged" ]))
          (lib.mkAfter [ "end" ])
        ];
      };
    };

  out = {
    options.out = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
  };

  # Modules that systems instantiate, as containers or users do.
  nested =
    { config, ... }:
    {
      options.guests = mkOption {
        type = types.attrsOf types.deferredModule;
        default = { };
      };
      options.evaluated = mkOption { type = types.attrsOf types.raw; };
      config.evaluated = lib.mapAttrs (
        name: guest:
        (lib.evalModules {
          modules = [
            guest
            { options.role = mkOption { type = types.str; }; }
          ];
          specialArgs.guest = name;
        }).config.role
      ) config.guests;
    };

  moved = {
    imports = [
      (lib.mkRenamedOptionModule [ "services" "old" "port" ] [ "services" "web" "settings" "port" ])
      (lib.mkRemovedOptionModule [ "services" "gone" ] "Use services.web.")
      (lib.mkAliasOptionModule [ "web" ] [ "services" "web" ])
      (lib.mkChangedOptionModule [ "services" "web" "threads" ] [ "services" "web" "settings" "workers" ] (
        config: lib.getAttrFromPath [ "services" "web" "threads" ] config * 2
      ))
    ];
    options = {
      warnings = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      assertions = mkOption {
        type = types.listOf types.raw;
        default = [ ];
      };
    };
  };

  evaluate =
    modules:
    (lib.evalModules {
      modules = [
        settings
        out
        nested
        moved
      ]
      ++ modules;
      specialArgs.site = "example";
    }).config;
in
{
  inherit lib evaluate;
  web = modules: (evaluate modules).services.web;

  # Sites with the parts that no option computes.
  site = {
    root = "/srv";
    backend.tcp.port = 81;
  };
}
