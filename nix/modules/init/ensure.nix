# NixNG's `ensureSomething`: what must exist before a service starts, in its own words. It becomes
# rules of tmpfiles.d(5), like all else that a service wants made.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.ensureSomething;

  dst = mkOption {
    type = types.path;
    description = "Where it is made.";
  };
  src = mkOption {
    type = types.path;
    description = "What it is made of.";
  };
  persistent = mkOption {
    type = types.bool;
    default = false;
    description = "Whether it stays when the service has ended.";
  };
  kind =
    description: options:
    mkOption {
      type = types.attrsOf (types.submodule { options = options // { inherit dst persistent; }; });
      default = { };
      inherit description;
    };

  rule = type: path: {
    inherit type path;
    mode = null;
    user = null;
    group = null;
    age = null;
    argument = null;
  };
  removed = entry: lib.optional (!entry.persistent) (rule "r" entry.dst);
  owner =
    entry:
    let
      parts = lib.splitString ":" entry.owner;
    in
    if lib.length parts == 2 then
      {
        user = lib.elemAt parts 0;
        group = lib.elemAt parts 1;
      }
    else
      throw "the owner of `${entry.dst}` must be `user:group`, and is `${entry.owner}`";

  made = type: entries: make: lib.concatMap (entry: [ (make entry) ] ++ removed entry) (lib.attrValues entries);
in
{
  options.ensureSomething = {
    link = kind "Symbolic links." { inherit src; };
    copy = kind "Copies of files." { inherit src; };
    linkFarm = kind "Directories of links to what a directory holds." { inherit src; };
    exec = kind "What a program makes: it is run with `out` set to `dst` unless that exists." {
      executable = mkOption {
        type = types.path;
        description = "The program.";
      };
    };
    create = kind "Empty files and directories." {
      type = mkOption {
        type = types.enum [
          "directory"
          "file"
        ];
        description = "Which of the two.";
      };
      mode = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its permissions.";
      };
      owner = mkOption {
        type = types.str;
        default = "root:root";
        description = "The user and the group it belongs to.";
      };
    };
  };
  options.ensureRules = mkOption {
    type = types.listOf types.attrs;
    internal = true;
    readOnly = true;
    description = "The same as rules of tmpfiles.d(5).";
  };

  config = {
    ensureRules =
      made "link" cfg.link (entry: rule "L+" entry.dst // { argument = "${entry.src}"; })
      ++ made "copy" cfg.copy (entry: rule "C+" entry.dst // { argument = "${entry.src}"; })
      ++ made "linkFarm" cfg.linkFarm (entry: rule "link-farm" entry.dst // { argument = "${entry.src}"; })
      ++ made "create" cfg.create (
        entry:
        rule (if entry.type == "file" then "f" else "d") entry.dst // owner entry // { inherit (entry) mode; }
      );

    beforeStart = lib.mapAttrsToList (_: entry: [
      "/usr/sbin/init"
      "ensure"
      entry.dst
      "${entry.executable}"
    ]) cfg.exec;
  };
}
