# Other names of the same packages, and sets of packages.
{
  lib,
  index,
  final,
  families,
}:
let
  # A library of a language: its Debian package, marked so that `withPackages` can take it.
  library =
    prefix: name:
    final.debianTools.generic "${prefix}${name}"
    // {
      libraryName = name;
    };

  # `set` -> its packages by the names that they have behind `prefix`.
  librariesOf =
    prefix:
    let
      found = builtins.filter (lib.hasPrefix prefix) index.names;
      names = map (lib.removePrefix prefix) found;
    in
    lib.genAttrs names (library prefix);

  pythonPackages = librariesOf "python3-";
  withPackages =
    select: final.python3.override { libraries = map (one: one.libraryName) (select pythonPackages); };
in
{
  apacheHttpd_2_4 = final.apacheHttpd;
  apparmor-utils = final.debian.apparmor-utils;
  bashInteractive = final.bash;
  bashNonInteractive = final.bash;
  busybox-sandbox-shell = final.busybox;
  coreutils-full = final.coreutils;
  curlFull = final.curl;
  curlMinimal = final.curl;
  gitMinimal = final.git;
  glibcLocalesUtf8 = final.glibcLocales;
  gnupatch = final.patch;
  iputils-ping = final.iputils;
  jqLang = final.jq;
  linux_latest = final.linux;
  mariadb-server = final.mariadb;
  memcached-full = final.memcached;
  mysql = final.mariadb;
  net-tools = final.nettools;
  netcat = final.debian.netcat-openbsd;
  nginxMainline = final.nginx;
  nginxStable = final.nginx;
  nixStable = final.nix;
  node_exporter = final.prometheus-node-exporter;
  openjdk = final.jdk;
  pkgconf = final.pkg-config;
  procps-ng = final.procps;
  python = final.python3;
  sh = final.bash;
  systemdTmpfilesD = final.systemdTmpfiles;
  unixtools = {
    inherit (final)
      procps
      util-linux
      ;
    hexdump = final.util-linux;
    ifconfig = final.nettools;
    netstat = final.nettools;
    ping = final.iputils;
    ps = final.procps;
    route = final.nettools;
    watch = final.procps;
    xxd = final.debian.xxd;
  };
  util-linuxMinimal = final.util-linux;
  vimMinimal = final.vim-tiny;
  wgetFull = final.wget;

  linuxPackages.kernel = final.linux;
  linuxPackages_latest.kernel = final.linux;

  python3Packages = pythonPackages;
  python3 = families.python3 // {
    pkgs = pythonPackages;
    inherit withPackages;
  };
}
