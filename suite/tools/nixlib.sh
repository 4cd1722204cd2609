#!/usr/bin/env bash
# Runs nixpkgs' own tests of `lib` against `nix/lib`.
#
#   suite/tools/nixlib.sh LIBTESTS_DIR CMD
#
# LIBTESTS_DIR is a copy of nixpkgs' folder `lib` (its tests; its library is not used), CMD a
# nix-instantiate compatible command, such as 'frazil nix-instantiate'. With ONLY='misc modules' only
# some groups run. Prints what passed of each group; the logs of groups that fail are kept.
set -u

if [ $# != 2 ]; then
    sed -n '4s/^# *//p' "$0" >&2
    exit 2
fi
tests=$(realpath "$1") || exit 2
read -ra command <<<"$2"
command[0]=$(command -v "${command[0]}") || { echo "no such command: $2" >&2; exit 2; }
library=$(realpath "$(dirname "$0")/../../nix/lib")

work=$(mktemp -d)
mkdir -p "$work"/{bin,etc,home,tmp,logs,nixpkgs}
cp -r "$library" "$work/nixpkgs/lib"
cp -r "$tests/tests" "$work/nixpkgs/lib/tests"
cp -r "$tests/path/tests" "$work/nixpkgs/lib/path/tests"
cp "$tests"/fileset/{tests.sh,mock-splitRoot.nix} "$work/nixpkgs/lib/fileset"
chmod -R u+w "$work/nixpkgs"

# Tests of file sets end with the first failure, and reach into the library. Here all run, each call
# notes its line, and the functions they reach for are made of those that we have.
sed -i -E -e 's/^set -euo pipefail/set -uo pipefail/; s/inherit_errexit//; s/^    exit 1$/    return 1/' \
    -e 's/^(die|expect[A-Za-z]+)\(\) \{/&\n    echo "${BASH_LINENO[-2]}" >>"$LINES_OF.\1"/' \
    "$work/nixpkgs/lib/fileset/tests.sh"
export LINES_OF="$work/fileset"
cat >"$work/nixpkgs/lib/fileset/internal.nix" <<'END'
{ lib }:
{
  _emptyWithoutBase = lib.fileset.empty;
  _create = base: tree: lib.fileset.empty // { inherit base tree; };
  _toSourceFilter = set: (lib.fileset.toSource { root = set.base; fileset = set; }).filter;
}
END
printf '#!/usr/bin/env bash\nexec %s "$@"\n' "$(printf '%q ' "${command[@]}")" >"$work/bin/nix-instantiate"
chmod +x "$work/bin/nix-instantiate"
printf 'build-users-group =\nexperimental-features = nix-command\nsandbox = false\nsubstituters =\n' >"$work/etc/nix.conf"

export PATH="$work/bin:$PATH" HOME="$work/home" TMPDIR="$work/tmp" TEST_LIB="$work/nixpkgs/lib"
export NIX_REMOTE=local NIX_STORE_DIR="$work/store" NIX_STATE_DIR="$work/var/nix" NIX_LOCALSTATE_DIR="$work/var"
export NIX_LOG_DIR="$work/var/log" NIX_CONF_DIR="$work/etc" NIX_CONFIG='' NIX_BUILD_HOOK='' PAGER=cat
unset NIX_PATH
cd "$work/nixpkgs" || exit 2

# A file that evaluates to the list of its failures.
failures() { out=$(nix-instantiate --eval --strict "$1") && echo "$out" && [ "$out" = '[ ]' ]; }

run() {
    case $1 in
    version) nix-instantiate lib -A version --eval ;;
    misc | systems | fetchers) failures "lib/tests/$1.nix" ;;
    path) nix-instantiate --eval --show-trace --argstr libpath "$TEST_LIB" lib/path/tests/unit.nix ;;
    fileset) bash lib/fileset/tests.sh; [ ! -e "$LINES_OF.die" ] ;;
    path-properties) bash lib/path/tests/prop.sh 4711 ;;
    *) bash "lib/tests/$1.sh" ;;
    esac
}

# How many tests a group has, and how many of them failed, as far as its log tells.
count() {
    case $1 in
    misc | systems | fetchers)
        failed=$(grep -o ' expected = ' "$2" | wc -l)
        echo "$(grep -cE '^ *"?test[^=]*" *=|^ *test[^ ]* *=' "lib/tests/$1.nix") $failed" ;;
    modules)
        pass=$(sed -n 's/ Pass$//p' "$2")
        fail=$(sed -n 's/ Fail$//p' "$2")
        echo "$((${pass:-0} + ${fail:-1})) ${fail:-1}" ;;
    fileset) echo "$(sort -u "$LINES_OF".* | wc -l) $(sort -u "$LINES_OF.die" | wc -l)" ;;
    *) echo "1 $3" ;;
    esac
}

bad=0
for group in ${ONLY:-version misc systems fetchers path path-properties modules filesystem sources debug network fileset}; do
    log="$work/logs/$group"
    run "$group" >"$log" 2>&1 </dev/null
    status=$(($? != 0))
    read -r total failed <<<"$(count "$group" "$log" "$status")"
    [ "$status" = 0 ] || { bad=$((bad + 1)); [ "$failed" != 0 ] || failed=$total; }
    printf '%-16s %4d / %d\n' "$group" $((total - failed)) "$total"
done
if [ "$bad" = 0 ]; then
    chmod -R u+w "$work" && rm -rf "$work"
else
    echo "$bad groups failed; logs: $work/logs" >&2
    exit 1
fi
