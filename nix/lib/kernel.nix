/** Options of a Linux kernel configuration. */
{ lib }:
{
  /** An option that may be missing from the kernel. `AttrSet -> AttrSet` */
  option = x: x // { optional = true; };
  /** Compiled in. */
  yes = {
    tristate = "y";
    optional = false;
  };
  /** Left out. */
  no = {
    tristate = "n";
    optional = false;
  };
  /** Compiled as a module. */
  module = {
    tristate = "m";
    optional = false;
  };
  /** Not decided here. */
  unset = {
    tristate = null;
    optional = false;
  };
  /** A value. `String -> AttrSet` */
  freeform = value: {
    freeform = value;
    optional = false;
  };

  /** Conditions on the version of the kernel. `String -> AttrSet` */
  whenHelpers =
    version:
    let
      atLeast = lib.versionAtLeast version;
      older = lib.versionOlder version;
    in
    {
      whenAtLeast = v: lib.mkIf (atLeast v);
      whenOlder = v: lib.mkIf (older v);
      whenBetween = from: to: lib.mkIf (atLeast from && older to);
    };
}
