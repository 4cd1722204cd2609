# Interpreters. Those with a version in their name are in families.nix.
{ lib }:
let
  interpreter = deb: bin: license: {
    inherit deb bin license;
    scripts = "covered";
  };
in
{
  guile = interpreter "guile-3.0" null "LGPL-3.0-or-later" // {
    bin = [ ];
    commands.guile = "/usr/bin/guile-3.0";
  };
  lua = interpreter "lua5.4" [ ] "MIT" // {
    commands = {
      lua = "/usr/bin/lua5.4";
      luac = "/usr/bin/luac5.4";
    };
  };
  perl = interpreter "perl" null "Artistic-1.0-Perl OR GPL-1.0-or-later" // {
    packages = [ "perl-base" ];
    mainProgram = "perl";
  };
  tcl = interpreter "tcl8.6" null "TCL" // {
    mainProgram = "tclsh";
  };
}
