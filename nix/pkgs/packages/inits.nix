# Process supervisors and the small programs beside them.
{ lib }:
{
  catatonit = {
    bin = [ "/usr/bin/catatonit" ];
    license = "GPL-2.0-or-later";
    scripts = "covered";
  };
  dumb-init = {
    bin = [ "/usr/bin/dumb-init" ];
    license = "MIT";
    scripts = "covered";
  };
  execline = {
    mainProgram = "execlineb";
    license = "ISC";
    scripts = "covered";
  };
  runit = {
    bin = [
      "/usr/bin/chpst"
      "/usr/bin/runsv"
      "/usr/bin/runsvdir"
      "/usr/bin/sv"
      "/usr/bin/svlogd"
      "/usr/sbin/runit"
      "/usr/sbin/runit-init"
      "/usr/sbin/runsvchdir"
      "/usr/sbin/utmpset"
    ];
    mainProgram = "runit";
    license = "BSD-3-Clause";
    users._runit-log = { };
    scripts = "covered";
  };
  s6 = {
    mainProgram = "s6-svscan";
    license = "ISC";
    scripts = "covered";
  };
  socklog = {
    bin = [
      "/usr/sbin/socklog"
      "/usr/bin/tryto"
      "/usr/bin/uncat"
    ];
    license = "BSD-3-Clause";
    scripts = "covered";
  };
  # Only systemd-tmpfiles, without systemd.
  systemdTmpfiles = {
    deb = "systemd-standalone-tmpfiles";
    bin = [ "/usr/bin/systemd-tmpfiles" ];
    license = "LGPL-2.1-or-later";
    scripts = "covered";
  };
  tini = {
    bin = [
      "/usr/bin/tini"
      "/usr/bin/tini-static"
    ];
    license = "MIT";
    scripts = "covered";
  };
}
