# NixNG's options that have no meaning here: defining one is an error that says what takes its place.
{ lib, ... }:
let
  whole = "the image is complete when it is built, so that nothing has to be made of it at the start";
  inits = "`init.services` describe services for every init";
  accounts = "accounts are files of the image: see `users.users` and `users.groups`";
  kernel = "there is no kernel to configure in a container";

  removed = {
    "bootloader.enable" = kernel;
    "bootloader.filesystems" = kernel;
    "bootloader.initrdCompression" = kernel;
    "bootloader.kernelExtraConfig" = kernel;
    "dumb-init.sigell" = "`image.stopSignal` and `stop.signal` of services say which signal is sent";
    "environment.hammer" = "files have their place in `environment.etc` or `services.file-hammer`";
    "environment.hammerFile" = "files have their place in `environment.etc` or `services.file-hammer`";
    "init.script" = inits;
    "init.shutdown" = "`critical` of a service ends the system with it";
    "runit.runtimeServiceDirectory" = inits;
    "runit.stages" = inits;
    "services.postgresql.recoveryConfig" =
      "PostgreSQL reads no recovery.conf since its version 12: put its settings into `services.postgresql.config`, and the file `recovery.signal` into the data directory";
    "services.tmpfilesd.enable" = "`tmpfiles` and `directories` of services are carried out before these start";
    "services.tmpfilesd.entries" = "`tmpfiles` and `directories` of services are carried out before these start";
    "system.activationScript" = whole;
    "users.generateShadow" = accounts;
    "users.groupFile" = accounts;
    "users.passwdFile" = accounts;
  };
in
{
  imports = lib.mapAttrsToList (
    name: why: lib.mkRemovedOptionModule (lib.splitString "." name) "${why}."
  ) removed;
}
