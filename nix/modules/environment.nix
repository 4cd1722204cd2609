# What a person or a program finds in the system besides services: commands, variables, /etc.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.environment;

  # As NixNG writes numbers, and as NixOS does.
  number =
    what: name:
    mkOption {
      type = types.nullOr (types.either types.ints.unsigned (types.strMatching "[0-9]+"));
      default = null;
      example = 33;
      description = "The ${what} of the file, in place of the name `${name}`.";
    };

  entry =
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file is made.";
        };
        target = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "Where the file stands, relative to /etc.";
        };
        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "The contents.";
        };
        source = mkOption {
          type = types.nullOr types.path;
          default = null;
          description = "A file, or with the mode `symlink` anything, that the entry is a copy of or a link to.";
        };
        mode = mkOption {
          type = types.strMatching "symlink|[0-7]{3,4}";
          default = "symlink";
          example = "0640";
          description = ''
            The permissions of the file. `symlink` stands for a link to `source`, and for `text`,
            which is written as it is, for 0644.
          '';
        };
        user = mkOption {
          type = types.str;
          default = "root";
          description = "The user who owns the file.";
        };
        group = mkOption {
          type = types.str;
          default = "root";
          description = "The group the file belongs to.";
        };
        uid = number "uid" "user";
        gid = number "gid" "group";
      };
    };

  isLink = entry: entry.text == null && entry.source != null && entry.mode == "symlink";
  userOf = entry: if entry.uid != null then toString entry.uid else entry.user;
  groupOf = entry: if entry.gid != null then toString entry.gid else entry.group;
  file =
    entry:
    if isLink entry then
      { link = "${entry.source}"; }
    else
      {
        inherit (entry) text source;
        user = userOf entry;
        group = groupOf entry;
        mode = if entry.mode == "symlink" then "0644" else entry.mode;
      };

  # `a:b` for lists, as search paths are written.
  joined = value: if lib.isList value then lib.concatStringsSep ":" value else value;
  assignment = name: value: "export ${name}=${lib.escapeShellArg value}";
in
{
  options.environment = {
    createBaseEnv = mkOption {
      type = types.bool;
      default = true;
      description = "Whether /tmp, /var/empty and the other directories that programs count on exist.";
    };
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "[ pkgs.curl ]";
      description = "Packages whose commands are in the system.";
    };
    variables = mkOption {
      type = types.attrsOf (types.either types.str (types.listOf types.str));
      default = { };
      apply = lib.mapAttrs (_: joined);
      example = {
        EDITOR = "vi";
      };
      description = "Variables of login shells; the elements of lists are joined with colons.";
    };
    shell = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether /etc/profile is made.";
      };
      profile = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Lines of /etc/profile.";
      };
    };
    etc = mkOption {
      type = types.attrsOf (types.submodule entry);
      default = { };
      example = lib.literalExpression ''{ "motd".text = "hello"; }'';
      description = "Files in /etc.";
    };
  };

  config = {
    environment.etc.profile = lib.mkIf cfg.shell.enable {
      text = lib.concatLines (lib.mapAttrsToList assignment cfg.variables ++ cfg.shell.profile);
    };

    system.files = lib.mkMerge [
      (lib.mapAttrs' (_: entry: lib.nameValuePair "/etc/${entry.target}" (file entry)) (
        lib.filterAttrs (_: entry: entry.enable) cfg.etc
      ))
      # As Debian has them; paths that are compiled in lead through them.
      (lib.mkIf cfg.createBaseEnv {
        "/var/run".link = "/run";
        "/var/lock".link = "/run/lock";
      })
    ];

    assertions = lib.mapAttrsToList (name: entry: {
      assertion = !isLink entry || userOf entry == "root" && groupOf entry == "root";
      message = "`environment.etc.\"${name}\"` is a link, which nobody owns; set its `mode`, as \"0440\", to have a file that belongs to ${userOf entry}:${groupOf entry}";
    }) (lib.filterAttrs (_: entry: entry.enable) cfg.etc);

    system.directories = lib.mkIf cfg.createBaseEnv {
      "/tmp".mode = "1777";
      "/var/tmp".mode = "1777";
      "/var/empty".mode = "0555";
      "/run" = { };
      "/run/lock".mode = "1777";
      "/root".mode = "0700";
      "/proc" = { };
      "/sys" = { };
      "/dev" = { };
    };
  };
}
