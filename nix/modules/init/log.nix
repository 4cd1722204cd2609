# Where a service's output goes.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.log;

  file = types.submodule {
    options = {
      dst = mkOption {
        type = types.path;
        description = "The file.";
      };
      rotate = mkOption {
        type = types.ints.unsigned;
        default = 0;
        description = "The size in kB at which a new file is begun; 0 for never.";
      };
      keep = mkOption {
        type = types.ints.positive;
        default = 5;
        description = "How many old files are kept.";
      };
    };
  };
  syslog = types.submodule {
    options = {
      type = mkOption {
        type = types.enum [ "uds" ];
        default = "uds";
        description = "How the daemon is reached: over its socket.";
      };
      dst = mkOption {
        type = types.enum [ "/dev/log" ];
        default = "/dev/log";
        description = "Where the socket is.";
      };
    };
  };

  chosen = lib.filter (kind: cfg.${kind} != null) [
    "file"
    "syslog"
  ];
in
{
  options = {
    log = {
      format = mkOption {
        type = types.enum [
          "inherit"
          "prefix"
          "json"
          "null"
        ];
        default = "prefix";
        description = ''
          Without `file` and `syslog`: `inherit` leaves the lines alone, `prefix` puts the name of
          the service before each, `json` makes an object of each, `null` drops them.
        '';
      };
      file = mkOption {
        type = types.nullOr file;
        default = null;
        description = "A file that takes the output.";
      };
      syslog = mkOption {
        type = types.nullOr syslog;
        default = null;
        description = "A daemon that takes the output.";
      };
    };
    compiledLog = mkOption {
      type = types.either types.str types.attrs;
      internal = true;
      readOnly = true;
      description = "The same as the init's compiler reads it.";
    };
  };

  config.compiledLog =
    if lib.length chosen > 1 then
      throw "a service logs to a file or to syslog, not to both"
    else if cfg.file != null then
      {
        file = {
          path = cfg.file.dst;
          # Without rotation: the largest size that can be said.
          size = if cfg.file.rotate == 0 then 4294967295 else cfg.file.rotate * 1000;
          inherit (cfg.file) keep;
        };
      }
    else if cfg.syslog != null then
      "syslog"
    else
      cfg.format;
}
