# Shells and the tools of the command line.
{ lib }:
let
  tool = deb: license: {
    inherit deb license;
    scripts = "covered";
  };
  shell = deb: bin: license: {
    inherit deb bin license;
    scripts = "covered";
    passthru = _: { shellPath = "/bin/${baseNameOf (builtins.head bin)}"; };
  };
  applets = import ./busybox.nix;
in
{
  bash = shell "bash" [ "/usr/bin/bash" ] "GPL-3.0-or-later" // {
    commands.sh = "/usr/bin/bash";
  };
  bat = tool "bat" "MIT OR Apache-2.0" // {
    bin = [ ];
    commands.bat = "/usr/bin/batcat";
  };
  # The static one, which runs where there is nothing else.
  busybox = shell "busybox-static" [ "/usr/bin/busybox" ] "GPL-2.0-only" // {
    pname = "busybox";
    mainProgram = "busybox";
    commands = lib.genAttrs (lib.remove "busybox" applets) (_: "/usr/bin/busybox");
    passthru = _: { shellPath = "/bin/sh"; };
  };
  coreutils = tool "coreutils" "GPL-3.0-or-later" // {
    mainProgram = "ls";
  };
  dash = shell "dash" [ "/usr/bin/dash" ] "BSD-3-Clause";
  fd = tool "fd-find" "MIT OR Apache-2.0" // {
    bin = [ ];
    commands.fd = "/usr/bin/fdfind";
  };
  file = tool "file" "BSD-2-Clause" // {
    bin = [ "/usr/bin/file" ];
  };
  findutils = tool "findutils" "GPL-3.0-or-later" // {
    bin = [
      "/usr/bin/find"
      "/usr/bin/xargs"
    ];
  };
  fish = shell "fish" [ "/usr/bin/fish" ] "GPL-2.0-only";
  fzf = tool "fzf" "MIT" // {
    bin = [ "/usr/bin/fzf" ];
  };
  gawk = tool "gawk" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/gawk" ];
    commands.awk = "/usr/bin/gawk";
  };
  gettext = tool "gettext" "GPL-3.0-or-later" // {
    packages = [ "gettext-base" ];
    mainProgram = "gettext";
  };
  # Of gettext only what fills in templates.
  envsubst = tool "gettext-base" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/envsubst" ];
  };
  gnugrep = tool "grep" "GPL-3.0-or-later" // {
    mainProgram = "grep";
  };
  gnupg = tool "gnupg" "GPL-3.0-or-later" // {
    packages = [ "gpg" ];
    mainProgram = "gpg";
  };
  gnused = tool "sed" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/sed" ];
  };
  htop = tool "htop" "GPL-2.0-or-later" // {
    bin = [ "/usr/bin/htop" ];
  };
  less = tool "less" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/less" ];
  };
  lsof = tool "lsof" "Zlib" // {
    bin = [ "/usr/bin/lsof" ];
  };
  mawk = tool "mawk" "GPL-2.0-only" // {
    bin = [ "/usr/bin/mawk" ];
  };
  mksh = shell "mksh" [ "/usr/bin/mksh" ] "MirOS";
  moreutils = tool "moreutils" "GPL-2.0-or-later" // {
    mainProgram = "ts";
  };
  nano = tool "nano" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/nano" ];
  };
  ncurses = tool "ncurses-bin" "X11" // {
    packages = [ "ncurses-base" ];
    mainProgram = "tput";
    links."share/terminfo" = "/usr/share/terminfo";
    development = [ "libncurses-dev" ];
  };
  pv = tool "pv" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/pv" ];
  };
  readline = tool "libreadline8t64" "GPL-3.0-or-later" // {
    bin = [ ];
    development = [ "libreadline-dev" ];
  };
  ripgrep = tool "ripgrep" "MIT OR Unlicense" // {
    bin = [ "/usr/bin/rg" ];
  };
  screen = tool "screen" "GPL-3.0-or-later" // {
    bin = [ "/usr/bin/screen" ];
  };
  tmux = tool "tmux" "ISC" // {
    bin = [ "/usr/bin/tmux" ];
  };
  tree = tool "tree" "GPL-2.0-or-later" // {
    bin = [ "/usr/bin/tree" ];
  };
  vim = tool "vim" "Vim" // {
    bin = [ ];
    commands = {
      vim = "/usr/bin/vim.basic";
      vi = "/usr/bin/vim.basic";
    };
    mainProgram = "vim";
  };
  vim-tiny = tool "vim-tiny" "Vim" // {
    bin = [ ];
    commands = {
      vim = "/usr/bin/vim.tiny";
      vi = "/usr/bin/vim.tiny";
    };
    mainProgram = "vim";
  };
  which = tool "debianutils" "GPL-2.0-or-later" // {
    bin = [ ];
    commands.which = "/usr/bin/which.debianutils";
  };
  zsh = shell "zsh" [ "/usr/bin/zsh" ] "MIT-Modern-Variant";
}
