# The default builder: all phases, with the functions of `setup`.
if [ -n "${NIX_ATTRS_SH_FILE:-}" ]; then
    . "$NIX_ATTRS_SH_FILE"
fi
source "$stdenv/setup"
genericBuild
