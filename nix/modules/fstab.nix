# File systems that are mounted when a machine (`init.mode = "vm"`) starts. A container mounts nothing
# itself.
{
  config,
  lib,
  pkgs,
  ...
}:
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
          description = "Whether it is checked at start: 0 if not, and else 1 or 2, which for fsck(8) is the order.";
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

  refused =
    name: entry:
    let
      isAsked = isMachine && lib.elem entry automatic;
      at = "`fstab.entries.\"${name}\"`";
    in
    [
      {
        assertion = !isAsked || !lib.hasInfix "=" entry.device;
        message = "${at} has the device `${entry.device}`, and the init looks for no names of file systems; name the device, as `/dev/vdb`";
      }
      {
        assertion = !isAsked || entry.fsck == 0 || lib.hasPrefix "ext" entry.type;
        message = "${at} is to be checked (`fsck`), which is done for ext2, ext3 and ext4 only, and not for `${entry.type}`";
      }
    ];

  isMachine = config.init.mode == "vm";
  entries = lib.sortOn (entry: entry.mountPoint) (lib.attrValues cfg.entries);
  # Those that are mounted at the start, as fstab(5) says it.
  automatic = lib.filter (entry: !(lib.elem "noauto" entry.options)) entries;
  # Words for mount(8), which the kernel does not know.
  ofMount = [
    "auto"
    "nofail"
    "noauto"
    "user"
    "users"
    "nouser"
    "_netdev"
  ];
  steps =
    entry:
    lib.optional (entry.fsck != 0) {
      fsck = [
        "${pkgs.e2fsprogs}/bin/fsck.${entry.type}"
        "-a"
        entry.device
      ];
    }
    ++ [
      {
        mount = {
          source = entry.device;
          target = entry.mountPoint;
          inherit (entry) type;
          options = lib.subtractLists ofMount entry.options;
        };
      }
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
    init.setup = lib.mkIf isMachine (lib.concatMap steps automatic);
    environment.etc.fstab.text = lib.concatLines (map line (lib.attrValues cfg.entries));
    warnings = lib.optional (
      !isMachine
    ) "`fstab.entries` are written to /etc/fstab, and nothing mounts them: in a container that is the engine's business (`init.mode = \"vm\"` makes a machine)";
    assertions = lib.concatLists (lib.mapAttrsToList refused cfg.entries) ++ lib.mapAttrsToList (name: entry: {
      assertion = lib.elem entry.type cfg.supportedFileSystems;
      message = "`fstab.entries.\"${name}\"` has the type `${entry.type}`, which is not in `fstab.supportedFileSystems`";
    }) cfg.entries;
  };
}
