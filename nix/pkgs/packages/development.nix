# Tools to build software with.
{ lib }:
let
  tool = deb: program: license: {
    inherit deb license;
    mainProgram = program;
    scripts = "covered";
  };
in
{
  autoconf = tool "autoconf" "autoconf" "GPL-3.0-or-later";
  automake = tool "automake" "automake" "GPL-2.0-or-later" // {
    bin = [ ];
    commands = {
      automake = "/usr/bin/automake-1.17";
      aclocal = "/usr/bin/aclocal-1.17";
    };
  };
  binutils = tool "binutils" "ld" "GPL-3.0-or-later";
  bison = tool "bison" "bison" "GPL-3.0-or-later";
  cargo = tool "cargo" "cargo" "MIT OR Apache-2.0";
  cmake = tool "cmake" "cmake" "BSD-3-Clause";
  diffutils = tool "diffutils" "diff" "GPL-3.0-or-later";
  flex = tool "flex" "flex" "BSD-2-Clause";
  gcc = tool "gcc" "gcc" "GPL-3.0-or-later" // {
    packages = [
      "g++"
      "cpp"
      "libc6-dev"
      "binutils"
    ];
    bin = [
      "/usr/bin/gcc"
      "/usr/bin/g++"
      "/usr/bin/cpp"
    ];
    commands = {
      cc = "/usr/bin/gcc";
      "c++" = "/usr/bin/g++";
    };
  };
  gdb = tool "gdb" "gdb" "GPL-3.0-or-later";
  git = tool "git" "git" "GPL-2.0-only" // {
    bin = [
      "/usr/bin/git"
      "/usr/bin/git-receive-pack"
      "/usr/bin/git-shell"
      "/usr/bin/git-upload-archive"
      "/usr/bin/git-upload-pack"
    ];
  };
  gnumake = tool "make" "make" "GPL-3.0-or-later";
  gnum4 = tool "m4" "m4" "GPL-3.0-or-later";
  go = tool "golang-go" "go" "BSD-3-Clause";
  jq = tool "jq" "jq" "MIT" // {
    bin = [ "/usr/bin/jq" ];
    development = [ "libjq-dev" ];
  };
  libtool = tool "libtool" "libtoolize" "GPL-2.0-or-later";
  meson = tool "meson" "meson" "Apache-2.0";
  ninja = tool "ninja-build" "ninja" "Apache-2.0";
  patch = tool "patch" "patch" "GPL-3.0-or-later" // {
    pname = "patch";
  };
  patchelf = tool "patchelf" "patchelf" "GPL-3.0-or-later";
  pkg-config = tool "pkgconf" "pkg-config" "ISC" // {
    packages = [ "pkgconf-bin" ];
  };
  rustc = tool "rustc" "rustc" "MIT OR Apache-2.0";
  strace = tool "strace" "strace" "LGPL-2.1-or-later" // {
    bin = [ "/usr/bin/strace" ];
  };
  yq = tool "yq" "yq" "MIT";
}
