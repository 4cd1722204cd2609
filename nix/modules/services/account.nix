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
  users.${user} = { };
  groups.${group} = { };
  ofServices.${user} = [ { inherit description group home; } ];
}
