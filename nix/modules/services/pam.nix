# What Debian's maintainer scripts put together for a service that asks PAM: passwords are those of
# /etc/shadow. PAM does not begin without rules for services that have none.
{ lib }:
service:
let
  rules = module: ''
    auth required ${module}
    account required ${module}
    password required ${module}
    session required ${module}
  '';
in
{
  "pam.d/${service}".text = lib.mkDefault (rules "pam_unix.so");
  "pam.d/other".text = lib.mkDefault (rules "pam_deny.so");
}
