# The module system: 200 modules, 2000 options of many types, evaluated three times with changes.
let
  lib = import <lib>;
  inherit (lib) mkOption mkIf mkDefault mkForce mkMerge types;
  count = 200;
  service = types.submodule (
    { name, ... }:
    {
      options = {
        title = mkOption { type = types.str; default = name; };
        port = mkOption { type = types.port; default = 80; };
        env = mkOption { type = types.attrsOf types.str; default = { }; };
      };
    }
  );
  module =
    i:
    { config, lib, options, ... }:
    let
      name = "m${toString i}";
      previous = "m${toString (i - 1)}";
      cfg = config.parts.${name};
    in
    {
      options.parts.${name} = {
        enable = lib.mkEnableOption name;
        level = mkOption { type = types.int; default = i; description = "A level."; };
        label = mkOption { type = types.str; example = "x"; };
        mode = mkOption { type = types.enum [ "fast" "safe" ]; default = "safe"; };
        tags = mkOption { type = types.listOf types.str; default = [ ]; };
        extra = mkOption { type = types.nullOr types.int; default = null; };
        settings = mkOption { type = types.attrsOf (types.either types.int types.str); default = { }; };
        services = mkOption { type = types.attrsOf service; default = { }; };
        lines = mkOption { type = types.lines; default = ""; };
        total = mkOption { type = types.int; readOnly = true; };
      };
      config = mkMerge [
        {
          parts.${name} = {
            label = mkDefault "part ${toString i}";
            tags = [ "all" ] ++ lib.optional (i > 100) "late";
            settings = { a = i; "k${toString (lib.mod i 5)}" = "v"; };
            services.${"s${toString i}"}.port = 1000 + i;
            lines = "first ${name}";
            total = cfg.level + (if i == 0 then 0 else config.parts.${previous}.total);
          };
          assertions = [ { assertion = cfg.level >= 0; message = "${name}: level"; } ];
        }
        (mkIf cfg.enable {
          parts.${name} = {
            level = mkForce (i + 1);
            lines = lib.mkAfter "enabled";
            services.extra.env.NAME = name;
          };
        })
        (mkIf (i > 0 && config.parts.${previous}.enable) { parts.${name}.extra = i; })
      ];
    };
  common = {
    options.assertions = mkOption { type = types.listOf types.unspecified; default = [ ]; };
    config.parts = builtins.listToAttrs (
      builtins.genList (i: {
        name = "m${toString (i * 10)}";
        value.enable = true;
      }) (count / 10)
    );
  };
  evaluate =
    change:
    let
      inherit (lib.evalModules { modules = [ common change ] ++ builtins.genList module count; }) config;
    in
    builtins.hashString "sha256" (
      builtins.toJSON [ config.parts (builtins.filter (a: !a.assertion) config.assertions) ]
    );
in
map evaluate [
  { }
  { parts.m7 = { enable = true; mode = "fast"; level = 3; }; }
  { parts.m9.settings.more = 5; parts.m8.lines = lib.mkBefore "zeroth"; }
]
