/**
  The module system: modules declare options and define values for options; an evaluation merges
  all of them into one configuration.
*/
{ lib }:
let
  load = file: import file { inherit lib; };
  collect = load ./modules/collect.nix;
in
load ./modules/properties.nix
// load ./modules/merge.nix
// load ./modules/eval.nix
// load ./modules/migrate.nix
// {
  inherit (collect) applyModuleArgsIfFunction collectModules unifyModuleSyntax;
}
