# A program of one's own, here a script of a shell.
{ pkgs, ... }:
{
  services.app.hello = {
    program = pkgs.writeScript "hello" ''
      #!${pkgs.busybox}/bin/sh
      while echo hello; do sleep 60; done
    '';
  };
}
