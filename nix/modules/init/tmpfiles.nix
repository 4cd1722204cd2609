# Rules of tmpfiles.d(5) as the init carries them out: those that make or remove something.
{ lib }:
service: rules:
let
  kinds = {
    "d" = "directory";
    "D" = "directory";
    "e" = "adjust";
    "v" = "directory";
    "q" = "directory";
    "Q" = "directory";
    "f" = "file";
    "f+" = "file-anew";
    "w" = "write";
    "p" = "fifo";
    "p+" = "fifo-anew";
    "L" = "link";
    "L+" = "link-anew";
    "C" = "copy";
    "C+" = "copy-anew";
    "link-farm" = "link-farm";
    "template" = "template";
    "r" = "remove-after";
    "R" = "remove-tree-after";
    "z" = "adjust";
    "Z" = "adjust-tree";
  };
  given = lib.filterAttrs (_: value: value != null);

  compiled =
    rule:
    given {
      kind =
        kinds.${rule.type}
          or (throw "`init.services.${service}` has a rule of the type `${rule.type}` for `${rule.path}`; supported are ${lib.concatStringsSep " " (lib.attrNames kinds)}");
      inherit (rule)
        path
        mode
        user
        group
        ;
      argument = lib.mapNullable toString rule.argument;
    };
in
map compiled rules
