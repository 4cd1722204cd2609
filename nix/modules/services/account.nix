# The user and the group that a service has for itself. Whoever declares the same name says more
# about it, or otherwise.
{ lib }:
{
  user,
  group ? user,
  description,
  home ? "/var/empty",
}:
{
  users.${user} = lib.mapAttrs (_: lib.mkDefault) {
    inherit description group home;
    # The service makes it, with the permissions that it needs.
    createHome = false;
  };
  groups.${group} = { };
}
