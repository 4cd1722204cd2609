# Every file and directory that the system brings along and no package holds. Modules with a view of
# their own (`environment.etc`, `users`, ...) end here, so that one place checks and writes them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  absolute = types.strMatching "/.+" // {
    description = "absolute path";
  };
  mode = types.strMatching "[0-7]{3,4}" // {
    description = "octal mode";
  };

  owner = {
    user = mkOption {
      type = types.str;
      default = "root";
      description = "The user who owns it.";
    };
    group = mkOption {
      type = types.str;
      default = "root";
      description = "The group it belongs to.";
    };
  };

  file = types.submodule {
    options = owner // {
      text = mkOption {
        type = types.nullOr types.lines;
        default = null;
        description = "The contents.";
      };
      source = mkOption {
        type = types.nullOr types.path;
        default = null;
        description = "A file with the contents.";
      };
      link = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "What the path is a symbolic link to.";
      };
      mode = mkOption {
        type = mode;
        default = "0644";
        description = "The permissions of the file.";
      };
    };
  };

  directory = types.submodule {
    options = owner // {
      mode = mkOption {
        type = mode;
        default = "0755";
        description = "The permissions of the directory.";
      };
    };
  };

  contents =
    file:
    lib.filter (name: file.${name} != null) [
      "text"
      "source"
      "link"
    ];
in
{
  options.system = {
    files = mkOption {
      type = types.attrsOf file;
      default = { };
      example = lib.literalExpression ''{ "/etc/motd".text = "hello"; }'';
      description = "Files of the image, by their absolute path.";
    };
    directories = mkOption {
      type = types.attrsOf directory;
      default = { };
      example = lib.literalExpression ''{ "/var/lib/app" = { user = "app"; mode = "0700"; }; }'';
      description = "Directories of the image, by their absolute path.";
    };
  };

  config.assertions =
    lib.mapAttrsToList (path: file: {
      assertion = lib.length (contents file) == 1;
      message =
        "`system.files.\"${path}\"` needs exactly one of `text`, `source` and `link`; "
        + (if contents file == [ ] then "none is set" else "set are: ${lib.concatStringsSep ", " (contents file)}");
    }) config.system.files
    ++ map (path: {
      assertion = absolute.check path;
      message = "`${path}` in `system.files` or `system.directories` is not an absolute path";
    }) (lib.attrNames config.system.files ++ lib.attrNames config.system.directories);
}
