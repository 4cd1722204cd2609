# File systems that are mounted when a machine starts. A container mounts nothing itself.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.fstab;

  entry =
    { name, ... }:
    {
      options = {
        mountPoint = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          description = "Where it is mounted.";
        };
        device = mkOption {
          type = types.str;
          example = "LABEL=data";
          description = "What is mounted.";
        };
        type = mkOption {
          type = types.str;
          example = "ext4";
          description = "The type of the file system.";
        };
        options = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Mount options.";
        };
        dump = mkOption {
          type = types.bool;
          default = false;
          description = "Whether dump(8) saves it.";
        };
        fsck = mkOption {
          type = types.ints.between 0 2;
          default = 0;
          description = "When it is checked at start: 0 never, 1 first, 2 later.";
        };
      };
    };

  line =
    entry:
    lib.concatStringsSep " " [
      entry.device
      entry.mountPoint
      entry.type
      (if entry.options == [ ] then "defaults" else lib.concatStringsSep "," entry.options)
      (if entry.dump then "1" else "0")
      (toString entry.fsck)
    ];
in
{
  options.fstab = {
    supportedFileSystems = mkOption {
      type = types.listOf types.str;
      default = [
        "ext4"
        "erofs"
        "squashfs"
        "tmpfs"
        "vfat"
        "virtiofs"
        "9p"
      ];
      description = "Types of file systems that the machine can mount.";
    };
    entries = mkOption {
      type = types.attrsOf (types.submodule entry);
      default = { };
      example = {
        "/data" = {
          device = "LABEL=data";
          type = "ext4";
        };
      };
      description = "What is mounted, by mount point.";
    };
  };

  config = lib.mkIf (cfg.entries != { }) {
    environment.etc.fstab.text = lib.concatLines (map line (lib.attrValues cfg.entries));
    warnings = [
      "`fstab.entries` are written to /etc/fstab, and nothing mounts them: in a container that is the engine's business"
    ];
    assertions = lib.mapAttrsToList (name: entry: {
      assertion = lib.elem entry.type cfg.supportedFileSystems;
      message = "`fstab.entries.\"${name}\"` has the type `${entry.type}`, which is not in `fstab.supportedFileSystems`";
    }) cfg.entries;
  };
}
