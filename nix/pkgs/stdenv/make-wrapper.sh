# makeWrapper and wrapProgram: scripts that prepare the environment of a program.

# A word, quoted for a shell.
quoted() { printf %q "$1"; }

# makeWrapper PROGRAM WRAPPER OPTION...
makeWrapper() {
    local program=$1 wrapper=$2 before='' flags='' after='' argv0='exec -a "$0" '
    local variable separator value file
    shift 2
    while [ $# -gt 0 ]; do
        case $1 in
        --set)
            before+="export $2=$(quoted "$3")"$'\n'
            shift 3
            ;;
        --set-default)
            before+="export $2=\${$2-$(quoted "$3")}"$'\n'
            shift 3
            ;;
        --unset)
            before+="unset $2"$'\n'
            shift 2
            ;;
        --chdir)
            before+="cd $(quoted "$2")"$'\n'
            shift 2
            ;;
        --run)
            before+="$2"$'\n'
            shift 2
            ;;
        --prefix)
            variable=$2 separator=$3 value=$4
            before+="export $variable=$(quoted "$value")\${$variable:+$(quoted "$separator")}\$$variable"$'\n'
            shift 4
            ;;
        --suffix)
            variable=$2 separator=$3 value=$4
            before+="export $variable=\$$variable\${$variable:+$(quoted "$separator")}$(quoted "$value")"$'\n'
            shift 4
            ;;
        --add-flags | --append-flags)
            if [ "$1" = --add-flags ]; then flags+=" $2"; else after+=" $2"; fi
            shift 2
            ;;
        --add-flag | --append-flag)
            if [ "$1" = --add-flag ]; then flags+=" $(quoted "$2")"; else after+=" $(quoted "$2")"; fi
            shift 2
            ;;
        --argv0)
            argv0="exec -a $(quoted "$2") "
            shift 2
            ;;
        --inherit-argv0)
            argv0='exec -a "$0" '
            shift
            ;;
        --resolve-argv0) shift ;;
        *) die "makeWrapper: unknown option $1" ;;
        esac
    done
    mkdir -p "$(dirname "$wrapper")"
    printf '#!/bin/bash -e\n%s%s%s%s "$@"%s\n' \
        "$before" "$argv0" "$(quoted "$program")" "$flags" "$after" >"$wrapper"
    chmod +x "$wrapper"
}

makeShellWrapper() { makeWrapper "$@"; }
makeBinaryWrapper() { makeWrapper "$@"; }

# wrapProgram PROGRAM OPTION...: the program moves aside, and the wrapper takes its place.
wrapProgram() {
    local program=$1 hidden
    shift
    hidden="$(dirname "$program")/.$(basename "$program")-wrapped"
    while [ -e "$hidden" ]; do hidden+=_; done
    mv "$program" "$hidden"
    makeWrapper "$hidden" "$program" --inherit-argv0 "$@"
}

wrapProgramShell() { wrapProgram "$@"; }
