# Archives and compression.
{ lib }:
{
  brotli = {
    license = "MIT";
    bin = [ "/usr/bin/brotli" ];
    scripts = "covered";
  };
  bzip2 = {
    mainProgram = "bzip2";
    license = "bzip2-1.0.6";
    scripts = "covered";
    development = [ "libbz2-dev" ];
  };
  cpio = {
    bin = [ "/usr/bin/cpio" ];
    license = "GPL-3.0-or-later";
    scripts = "covered";
  };
  gnutar = {
    deb = "tar";
    bin = [ "/usr/bin/tar" ];
    license = "GPL-3.0-or-later";
    scripts = "covered";
  };
  gzip = {
    mainProgram = "gzip";
    license = "GPL-3.0-or-later";
    scripts = "covered";
  };
  lz4 = {
    mainProgram = "lz4";
    license = "GPL-2.0-or-later";
    scripts = "covered";
    development = [ "liblz4-dev" ];
  };
  unzip = {
    mainProgram = "unzip";
    license = "Info-ZIP";
    scripts = "covered";
  };
  xz = {
    deb = "xz-utils";
    mainProgram = "xz";
    license = "0BSD";
    scripts = "covered";
    development = [ "liblzma-dev" ];
  };
  zip = {
    mainProgram = "zip";
    license = "Info-ZIP";
    scripts = "covered";
  };
  zlib = {
    deb = "zlib1g";
    bin = [ ];
    license = "Zlib";
    scripts = "covered";
    development = [ "zlib1g-dev" ];
  };
  zstd = {
    mainProgram = "zstd";
    license = "BSD-3-Clause";
    scripts = "covered";
    development = [ "libzstd-dev" ];
  };
}
