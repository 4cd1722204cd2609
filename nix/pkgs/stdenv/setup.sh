# The environment of a build and its phases, with the names that nixpkgs' expressions use.
set -eu
set -o pipefail
shopt -s inherit_errexit

export PATH=/usr/bin:/usr/sbin
# With structured attributes the outputs are an array of their paths, else the words of their names.
if [[ "$(declare -p outputs 2>/dev/null)" == "declare -A"* ]]; then
    _names=("${!outputs[@]}")
    for _name in "${_names[@]}"; do export "$_name=${outputs[$_name]}"; done
    unset outputs
    outputs="${_names[*]}"
fi
: "${outputs:=out}"
export HOME="${HOME:-/homeless-shelter}"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
export TZ=UTC LC_ALL=C
SHELL=/bin/bash
CONFIG_SHELL=/bin/bash
export SHELL CONFIG_SHELL

prefix="${prefix:-${out:-}}"
# 0 means as many as there are.
if [ "${NIX_BUILD_CORES:-0}" -le 0 ]; then NIX_BUILD_CORES=$(nproc); fi
export NIX_BUILD_CORES
export NIX_BUILD_TOP="${NIX_BUILD_TOP:-$PWD}"

# Messages.

die() {
    echo "error: $*" >&2
    exit 1
}

showBuildStats() { :; }

# Search paths.

addToSearchPathWithCustomDelimiter() {
    local delimiter=$1 variable=$2 directory=$3
    if [ -d "$directory" ]; then
        export "$variable=${!variable:+${!variable}$delimiter}$directory"
    fi
}

addToSearchPath() { addToSearchPathWithCustomDelimiter : "$@"; }

# Puts a directory before those of the root.
prependToPath() {
    if [ -d "$1" ]; then PATH="$1:$PATH"; fi
}

# Inputs: their programs, libraries and hooks.

declare -A seenInputs=()
envHooks=()
addEnvHooks() { shift && envHooks+=("$@"); }

findInput() {
    local input=$1 more
    if [ -n "${seenInputs[$input]:-}" ]; then return 0; fi
    seenInputs[$input]=1
    prependToPath "$input/bin"
    addToSearchPath C_INCLUDE_PATH "$input/include"
    addToSearchPath CPLUS_INCLUDE_PATH "$input/include"
    addToSearchPath LIBRARY_PATH "$input/lib"
    addToSearchPath LD_RUN_PATH "$input/lib"
    addToSearchPath PKG_CONFIG_PATH "$input/lib/pkgconfig"
    addToSearchPath PKG_CONFIG_PATH "$input/share/pkgconfig"
    addToSearchPath CMAKE_PREFIX_PATH "$input"
    addToSearchPath XDG_DATA_DIRS "$input/share"
    if [ -e "$input/nix-support/propagated-build-inputs" ]; then
        for more in $(<"$input/nix-support/propagated-build-inputs"); do findInput "$more"; done
    fi
    if [ -f "$input" ]; then
        source "$input"
    elif [ -e "$input/nix-support/setup-hook" ]; then
        source "$input/nix-support/setup-hook"
    fi
}

# Hooks: a variable or a function of that name, and those that others registered.

_eval() {
    if declare -F "$1" >/dev/null; then
        "$@"
    else
        eval "$1"
    fi
}

runOneHook() {
    local name=$1
    if declare -F "$name" >/dev/null; then
        "$name"
    elif [ -n "${!name:-}" ]; then
        eval "${!name}"
    fi
}

runHook() {
    local name=$1 hook all
    shift
    runOneHook "$name"
    wordsOf "${name}Hooks" all
    for hook in "${all[@]}"; do _eval "$hook" "$@"; done
}

for phase in Unpack Patch Configure Build Check Install Fixup InstallCheck Dist; do
    declare -a "pre${phase}Hooks=()" "post${phase}Hooks=()"
done
declare -a fixupOutputHooks=() preFixupHooks=() postHookHooks=() exitHookHooks=() failureHookHooks=()

# The words of a variable that may be an array or a string of words.
wordsOf() {
    # References to variables of callers must not be called like them.
    local -n _words=$2
    _words=()
    if declare -p "$1" 2>/dev/null | grep -q '^declare -a'; then
        local -n _array=$1
        _words=("${_array[@]}")
    elif [ -n "${!1:-}" ]; then
        # Divided at blanks, as in nixpkgs.
        _words=(${!1})
    fi
}

# Variables that hold flags, joined; `<name>Array` keeps words with blanks in one piece.
flagsOf() {
    local -n _flags=$1
    local _name _one
    _flags=()
    shift
    for _name in "$@"; do
        wordsOf "$_name" _one
        _flags+=("${_one[@]}")
        if declare -p "${_name}Array" 2>/dev/null | grep -q '^declare -a'; then
            wordsOf "${_name}Array" _one
            _flags+=("${_one[@]}")
        fi
    done
}

concatTo() {
    local -n _into=$1
    local _name _one
    shift
    for _name in "$@"; do
        wordsOf "${_name%%=*}" _one
        _into+=("${_one[@]}")
    done
}

# Text.

stripHash() {
    local name
    name=$(basename "$1")
    if [[ $name =~ ^[a-z0-9]{32}- ]]; then name=${name:33}; fi
    echo "$name"
}

substituteStream() {
    local input=$1 output=$2 text pattern replacement name
    shift 2
    [ -f "$input" ] || die "substitute: there is no file $input"
    text=$(cat "$input" && printf x)
    text=${text%x}
    while [ $# -gt 0 ]; do
        case $1 in
        --replace | --replace-fail | --replace-warn | --replace-quiet)
            pattern=$2 replacement=$3
            if [[ $text != *"$pattern"* ]]; then
                case $1 in
                --replace-fail) die "substitute: '$pattern' is not in $input" ;;
                --replace | --replace-warn)
                    echo "substitute: warning: '$pattern' is not in $input" >&2 ;;
                esac
            fi
            text=${text//"$pattern"/"$replacement"}
            shift 3
            ;;
        --subst-var)
            name=$2
            text=${text//"@$name@"/"${!name}"}
            shift 2
            ;;
        --subst-var-by)
            text=${text//"@$2@"/"$3"}
            shift 3
            ;;
        *) die "substitute: unknown argument $1" ;;
        esac
    done
    printf %s "$text" >"$output"
}

substitute() { substituteStream "$@"; }

substituteInPlace() {
    local files=() file
    while [ $# -gt 0 ] && [[ $1 != --* ]]; do
        files+=("$1")
        shift
    done
    for file in "${files[@]}"; do
        substituteStream "$file" "$file.substituted" "$@"
        cat "$file.substituted" >"$file"
        rm "$file.substituted"
    done
}

substituteAll() {
    local arguments=() name
    while IFS= read -r name; do
        arguments+=(--subst-var "$name")
    done < <(compgen -e | grep '^[a-z]' || true)
    substituteStream "$1" "$2" "${arguments[@]}"
}

substituteAllInPlace() {
    substituteAll "$1" "$1.substituted"
    cat "$1.substituted" >"$1"
    rm "$1.substituted"
}

# Debian's programs are where scripts look for them, so no shebang needs a change.
patchShebangs() { :; }

installBin() { install -D --mode=755 --target-directory="$out/bin" "$@"; }

moveToOutput() {
    local pattern=$1 target=$2 output source
    for output in ${outputs[@]}; do
        for source in "${!output}"/$pattern; do
            [ -e "$source" ] || continue
            mkdir -p "$target/$(dirname "${source#"${!output}/"}")"
            mv "$source" "$target/$(dirname "${source#"${!output}/"}")"
        done
    done
}

# Phases.

unpackFile() {
    local file=$1
    echo "unpacking source archive $file"
    if [ -d "$file" ]; then
        cp --recursive --preserve=mode,timestamps --reflink=auto -- "$file" "$(stripHash "$file")"
        return
    fi
    case $file in
    *.zip) unzip -qq "$file" ;;
    *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz | *.tzst)
        tar --extract --file "$file" --mode=+w --no-same-owner --warning=no-timestamp ;;
    *) die "do not know how to unpack $file" ;;
    esac
}

unpackPhase() {
    runHook preUnpack
    local all file directory before
    if [ -n "${srcs:-}" ]; then wordsOf srcs all; else all=("${src:?no source: set src}"); fi
    before=$(find . -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort)
    for file in "${all[@]}"; do unpackFile "$file"; done
    if [ -n "${setSourceRoot:-}" ]; then
        runOneHook setSourceRoot
    elif [ -z "${sourceRoot:-}" ]; then
        sourceRoot=
        while IFS= read -r directory; do
            [ -n "$directory" ] || continue
            [ -z "$sourceRoot" ] || die "unpacking made several directories: set sourceRoot"
            sourceRoot=${directory#./}
        done < <(comm -13 <(echo "$before") <(find . -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort))
        [ -n "$sourceRoot" ] || die "unpacking made no directory: set sourceRoot"
    fi
    echo "source root is $sourceRoot"
    chmod --recursive u+w -- "$sourceRoot"
    runHook postUnpack
}

patchPhase() {
    runHook prePatch
    local all file flags
    wordsOf patches all
    flagsOf flags patchFlags
    [ "${#flags[@]}" -gt 0 ] || flags=(-p1)
    for file in "${all[@]}"; do
        echo "applying patch $file"
        case $file in
        *.gz) gzip -d <"$file" | patch "${flags[@]}" ;;
        *.bz2) bzip2 -d <"$file" | patch "${flags[@]}" ;;
        *.xz) xz -d <"$file" | patch "${flags[@]}" ;;
        *) patch "${flags[@]}" <"$file" ;;
        esac
    done
    runHook postPatch
}

configurePhase() {
    runHook preConfigure
    local flags script=${configureScript:-}
    if [ -z "$script" ] && [ -x ./configure ]; then script=./configure; fi
    if [ -n "$script" ]; then
        flagsOf flags configureFlags
        if [ -z "${dontAddPrefix:-}" ] && [ -n "$prefix" ]; then
            flags=("${prefixKey:---prefix=}$prefix" "${flags[@]}")
        fi
        if [ -z "${dontDisableStatic:-}" ] && grep -q enable-static "$script"; then
            flags=(--disable-static "${flags[@]}")
        fi
        echo "configure flags: ${flags[*]}"
        $script "${flags[@]}"
    else
        echo "no configure script, doing nothing"
    fi
    runHook postConfigure
}

hasMakefile() {
    [ -n "${makefile:-}" ] || [ -e Makefile ] || [ -e makefile ] || [ -e GNUmakefile ]
}

runMake() {
    local flags more=()
    flagsOf flags makeFlags "$1"
    shift
    if [ -n "${enableParallelBuilding:-1}" ]; then more+=("-j$NIX_BUILD_CORES"); fi
    if [ -n "${makefile:-}" ]; then more+=(-f "$makefile"); fi
    echo "make flags: ${more[*]} ${flags[*]} $*"
    make SHELL=/bin/bash "${more[@]}" "${flags[@]}" "$@"
}

buildPhase() {
    runHook preBuild
    if hasMakefile; then runMake buildFlags; else echo "no Makefile, doing nothing"; fi
    runHook postBuild
}

checkPhase() {
    runHook preCheck
    if [ -z "${checkTarget:-}" ]; then
        if make -n check >/dev/null 2>&1; then checkTarget=check; else checkTarget=test; fi
    fi
    runMake checkFlags $checkTarget
    runHook postCheck
}

installPhase() {
    runHook preInstall
    if [ -n "$prefix" ]; then mkdir -p "$prefix"; fi
    runMake installFlags ${installTargets:-install}
    runHook postInstall
}

installCheckPhase() {
    runHook preInstallCheck
    runMake installCheckFlags ${installCheckTarget:-installcheck}
    runHook postInstallCheck
}

stripOutputs() {
    local output file
    for output in ${outputs[@]}; do
        [ -d "${!output:-}" ] || continue
        while IFS= read -r -d '' file; do
            if [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ]; then
                strip --strip-debug "$file" 2>/dev/null || true
            fi
        done < <(find "${!output}" -type f \( -perm /111 -o -name '*.so*' -o -name '*.a' \) -print0)
    done
}

fixupPhase() {
    local output prefix hook
    runHook preFixup
    if [ -z "${dontStrip:-}" ] && type strip >/dev/null 2>&1; then stripOutputs; fi
    for output in ${outputs[@]}; do
        prefix=${!output}
        for hook in "${fixupOutputHooks[@]}"; do _eval "$hook"; done
        # nixpkgs has one place for both.
        if [ -d "$prefix/sbin" ] && [ ! -e "$prefix/bin" ]; then ln -s sbin "$prefix/bin"; fi
    done
    if [ -n "${propagatedInputs:-}" ]; then
        mkdir -p "$out/nix-support"
        echo "$propagatedInputs" >"$out/nix-support/propagated-build-inputs"
    fi
    if [ -n "${setupHook:-}" ]; then
        mkdir -p "$out/nix-support"
        cp "$setupHook" "$out/nix-support/setup-hook"
    fi
    runHook postFixup
}

runPhase() {
    local phase=$1 skip
    case $phase in
    checkPhase) [ -n "${doCheck:-}" ] || return 0 ;;
    installCheckPhase) [ -n "${doInstallCheck:-}" ] || return 0 ;;
    esac
    skip="dont${phase^}"
    skip=${skip%Phase}
    case $phase in configurePhase | unpackPhase | patchPhase | buildPhase | installPhase | fixupPhase)
        if [ -n "${!skip:-}" ]; then return 0; fi ;;
    esac
    echo "Running phase: $phase"
    # A variable of that name comes before the function.
    if [ -n "${!phase:-}" ]; then eval "${!phase}"; else "$phase"; fi
    if [ "$phase" = unpackPhase ]; then cd -- "${sourceRoot:-.}"; fi
}

genericBuild() {
    local all phase
    if [ -n "${buildCommandPath:-}" ]; then
        source "$buildCommandPath"
        return
    fi
    if [ -n "${buildCommand:-}" ]; then
        eval "$buildCommand"
        return
    fi
    if [ -n "${phases:-}" ]; then
        wordsOf phases all
    else
        local prePhases_ preConfigure_ preBuild_ preInstall_ preFixup_ preDist_ post_
        wordsOf prePhases prePhases_
        wordsOf preConfigurePhases preConfigure_
        wordsOf preBuildPhases preBuild_
        wordsOf preInstallPhases preInstall_
        wordsOf preFixupPhases preFixup_
        wordsOf postPhases post_
        all=("${prePhases_[@]}" unpackPhase patchPhase "${preConfigure_[@]}" configurePhase
            "${preBuild_[@]}" buildPhase checkPhase "${preInstall_[@]}" installPhase
            "${preFixup_[@]}" fixupPhase installCheckPhase "${post_[@]}")
    fi
    for phase in "${all[@]}"; do runPhase "$phase"; done
}

# The inputs come last: their hooks may use everything above.
wordsOf inputs _inputs
for _input in "${_inputs[@]}"; do findInput "$_input"; done
for _input in "${!seenInputs[@]}"; do
    for _hook in "${envHooks[@]}"; do "$_hook" "$_input"; done
done
runHook postHook
