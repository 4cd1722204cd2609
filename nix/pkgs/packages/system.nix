# The machine: disks, processes, users, time, cron, Nix.
{ lib }:
let
  tool = deb: license: {
    inherit deb license;
    scripts = "covered";
  };
  # Debian gives crontab to its group when it is installed.
  crontab = bin: license: {
    inherit bin license;
    groups.crontab = { };
    modes = [
      {
        path = "/usr/bin/crontab";
        mode = "2755";
        user = "root";
        group = "crontab";
      }
    ];
    directories = [
      {
        path = "/var/spool/cron/crontabs";
        mode = "1730";
        user = "root";
        group = "crontab";
      }
    ];
    scripts = "covered";
  };
in
{
  acl = tool "acl" "GPL-2.0-or-later";
  attr = tool "attr" "GPL-2.0-or-later";
  cron = crontab [
    "/usr/sbin/cron"
    "/usr/bin/crontab"
  ] "ISC";
  cronie = crontab [
    "/usr/sbin/crond"
    "/usr/bin/crontab"
  ] "ISC";
  dosfstools = tool "dosfstools" "GPL-3.0-or-later" // {
    mainProgram = "mkfs.fat";
  };
  dpkg = tool "dpkg" "GPL-2.0-or-later" // {
    mainProgram = "dpkg";
  };
  e2fsprogs = tool "e2fsprogs" "GPL-2.0-only" // {
    mainProgram = "mke2fs";
  };
  # The C library is in every system that needs it; this is for its programs.
  glibc = tool "libc-bin" "LGPL-2.1-or-later" // {
    packages = [ "libc6" ];
    mainProgram = "ldd";
    links."lib" = "/usr/lib";
    development = [ "libc6-dev" ];
  };
  hostname = tool "hostname" "GPL-2.0-or-later" // {
    mainProgram = "hostname";
  };
  inotify-tools = tool "inotify-tools" "GPL-2.0-only" // {
    mainProgram = "inotifywait";
  };
  kmod = tool "kmod" "GPL-2.0-or-later" // {
    mainProgram = "kmod";
  };
  libcap = tool "libcap2-bin" "BSD-3-Clause OR GPL-2.0-only" // {
    mainProgram = "capsh";
    development = [ "libcap-dev" ];
  };
  nix = tool "nix-bin" "LGPL-2.1-or-later" // {
    bin = map (name: "/usr/bin/${name}") [
      "nix"
      "nix-build"
      "nix-channel"
      "nix-collect-garbage"
      "nix-copy-closure"
      "nix-daemon"
      "nix-env"
      "nix-hash"
      "nix-instantiate"
      "nix-prefetch-url"
      "nix-shell"
      "nix-store"
    ];
  };
  procps = tool "procps" "GPL-2.0-or-later" // {
    mainProgram = "ps";
  };
  psmisc = tool "psmisc" "GPL-2.0-or-later" // {
    mainProgram = "pstree";
  };
  shadow = tool "passwd" "BSD-3-Clause" // {
    packages = [
      "login"
      "login.defs"
    ];
    mainProgram = "passwd";
    groups.shadow.gid = 42;
  };
  sudo = tool "sudo" "ISC" // {
    bin = [
      "/usr/bin/sudo"
      "/usr/bin/sudoedit"
      "/usr/sbin/visudo"
    ];
    modes = [
      {
        path = "/etc/sudoers";
        mode = "0440";
        user = "root";
        group = "root";
      }
    ];
  };
  util-linux = tool "util-linux" "GPL-2.0-or-later" // {
    packages = [
      "bsdextrautils"
      "bsdutils"
      "fdisk"
      "login"
      "mount"
      "util-linux-extra"
    ];
    mainProgram = "lsblk";
  };
}
