# Logins on terminals.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  getty =
    { name, ... }:
    {
      options = {
        port = mkOption {
          type = types.str;
          default = name;
          defaultText = "the attribute's name";
          example = "ttyS0";
          description = "The terminal.";
        };
        baudrate = mkOption {
          type = types.nullOr (
            types.oneOf [
              (types.listOf types.int)
              types.int
              types.str
            ]
          );
          default = null;
          description = "The speed of a serial line, or several to try.";
        };
        term = mkOption {
          type = types.str;
          default = "vt220";
          description = "The kind of terminal.";
        };
        options = mkOption {
          type = types.attrsOf (
            types.nullOr (
              types.oneOf [
                types.bool
                types.int
                types.str
                (types.listOf types.str)
              ]
            )
          );
          default = { };
          example = {
            autologin = "root";
          };
          description = "Options of agetty by their long names; `true` for those without a value.";
        };
        package = lib.mkPackageOption pkgs "util-linux" { };
      };
    };

  option =
    name: value:
    if value == true then
      [ "--${name}" ]
    else if value == false || value == null then
      [ ]
    else
      map (one: "--${name}=${toString one}") (lib.toList value);
  speeds = getty: lib.concatMapStringsSep "," toString (lib.toList getty.baudrate);
in
{
  options.services.getty = mkOption {
    type = types.attrsOf (types.submodule getty);
    default = { };
    example = {
      ttyS0.baudrate = 115200;
    };
    description = "Terminals to log in on.";
  };

  config.environment.etc = lib.mkIf (config.services.getty != { }) (
    import ./pam.nix { inherit lib; } "login"
  );

  config.users.logins = lib.mapAttrs' (
    name: getty: lib.nameValuePair getty.options.autologin [ "`services.getty.${name}`" ]
  ) (lib.filterAttrs (_: getty: lib.isString (getty.options.autologin or null)) config.services.getty);

  config.init.services = lib.mapAttrs' (
    name: getty:
    lib.nameValuePair "getty-${name}" {
      exec = [
        "${getty.package}/bin/agetty"
      ]
      ++ lib.concatLists (lib.mapAttrsToList option getty.options)
      ++ [ getty.port ]
      ++ lib.optional (getty.baudrate != null) (speeds getty)
      ++ [ getty.term ];
      tty = "/dev/${getty.port}";
      enabled = true;
    }
  ) config.services.getty;
}
