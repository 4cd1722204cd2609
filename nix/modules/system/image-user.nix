# Who an image runs as: somebody who exists, and whom the services can run as, for nobody but root can
# become somebody else.
{ config, lib, ... }:
let
  inherit (config.system.accounts) users groups;
  services = lib.filterAttrs (_: service: service.enabled) config.init.services;

  parts = lib.splitString ":" (if config.image.user == null then "0" else config.image.user);
  user = lib.head parts;
  declared = lib.findFirst (name: isSame users "uid" name user) null (lib.attrNames users);
  group =
    if lib.length parts > 1 then
      lib.elemAt parts 1
    else if declared != null then
      users.${declared}.group
    else
      null;

  isNumber = text: builtins.match "[0-9]{1,10}" text != null && lib.toIntBase10 text < 4294967295;
  exists = accounts: name: accounts ? ${name} || isNumber name;
  # The number of an account as far as it is known: those that nobody set are chosen later.
  number =
    accounts: kind: name:
    if accounts ? ${name} then
      accounts.${name}.${kind}
    else if isNumber name then
      lib.toIntBase10 name
    else
      null;
  isSame =
    accounts: kind: one: other:
    one == other || number accounts kind one != null && number accounts kind one == number accounts kind other;
  isRoot = number users "uid" user == 0;

  cannot =
    name: service:
    lib.optional (service.user != null && !(isSame users "uid" user service.user)) "the user `${service.user}` of `init.services.${name}`"
    ++ lib.optional (
      service.group != null && group != null && !(isSame groups "gid" group service.group)
    ) "the group `${service.group}` of `init.services.${name}`"
    ++ map (other: "the group `${other}` of `init.services.${name}`") service.supplementaryGroups;
in
{
  config.assertions = [
    {
      assertion = exists users user;
      message = "`image.user` names the user `${user}`, who does not exist; add `users.users.${user} = { };`";
    }
    {
      assertion = group == null || exists groups group;
      message = "`image.user` names the group `${toString group}`, which does not exist; add `users.groups.${toString group} = { };`";
    }
  ]
  ++ map (what: {
    assertion = isRoot;
    message = "the image runs as `${toString config.image.user}` (`image.user`), who cannot take ${what}; make them the same, or leave one of them out";
  }) (lib.concatLists (lib.mapAttrsToList cannot services));
}
