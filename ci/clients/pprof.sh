#!/bin/sh
# Reads a pprof profile with the clients that people read it with, and compares what they print with what is expected.
#
#   pprof.sh FILE ALLOC_SPACE ALLOC_OBJECTS INUSE_SPACE INUSE_OBJECTS PEAK_SPACE PEAK_OBJECTS \
#       [scope NAME ALLOC_SPACE]... [thread NAME ALLOC_SPACE]... [self FUNCTION ALLOC_SPACE]...
#
# `scope` says what was allocated in a scope and those inside of it, `thread` what on a thread, `self` what a function
# allocated as the leaf of its stacks. The clients are `go tool pprof` (Debian's golang-go) and the package pprof-format in Node.
set -eu

file=$1
here=$(cd "$(dirname "$0")" && pwd)
packages="${CARGO_TARGET_DIR:-$here/../../target}/clients"
said=$(mktemp)
trap 'rm -f "$said"' EXIT

fail() {
    printf 'ci/clients/pprof.sh: %s: %s\n' "$file" "$1" >&2
    exit 1
}

# $1 is what was compared, $2 expected, $3 what the client says.
same() {
    [ "$2" = "$3" ] || fail "$1 should be $2, the client says ${3:-nothing}"
}

if ! command -v go >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends golang-go >/dev/null ||
        fail "golang-go is needed, and could not be installed"
fi
[ -d "$packages/node_modules/pprof-format" ] ||
    npm install --silent --no-audit --no-fund --prefix "$packages" pprof-format@2.3.2 >/dev/null ||
    fail "the package pprof-format is needed, and could not be installed"

# Every node, in the unit of the figure and not the one that is shortest.
pprof() {
    go tool pprof -nodefraction=0 -nodecount=0 "$@" "$file" 2>"$said" || fail "go tool pprof $*: $(cat "$said")"
}

# What `-top` accounts for: "Showing nodes accounting for 12B, 100% of 12B total".
accounted() {
    pprof -top "$@" | sed -n 's/^Showing nodes accounting for \([0-9-]*\)[a-zA-Z]*, .* total$/\1/p'
}

# A regular expression for a name. pprof takes what commas separate for several expressions.
quoted() {
    printf '%s' "\\Q$1\\E" | sed 's/,/\\E.\\Q/g'
}

totals=
for type in alloc_space alloc_objects inuse_space inuse_objects peak_space peak_objects; do
    shift
    case $type in *space) unit=bytes ;; *) unit=count ;; esac
    same "the total of $type" "$1" "$(accounted -sample_index=$type -unit=$unit)"
    same "the difference of the file and itself, $type," 0 "$(accounted -sample_index=$type -unit=$unit -diff_base "$file")"
    totals="$totals $type=$1"
    [ $type != inuse_space ] || begin=$([ "$1" -gt 0 ] && echo inuse_space || echo alloc_space)
done
shift

types=$(pprof -raw | sed -n '/^Samples:/{n;s/ *$//;p;}')
same "the list of sample types" "$(echo 'alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes' \
    'peak_objects/count peak_space/bytes' | sed "s|$begin/bytes|&[dflt]|")" "$types"

compared="6 totals"
while [ $# -ge 3 ]; do
    case $1 in
        scope | thread)
            found=$(accounted -sample_index=alloc_space -unit=bytes -tagfocus="$1=(^|< )$(quoted "$2")( <|$)") ;;
        # "flat flat% sum% cum cum% name"
        self) found=$(pprof -top -sample_index=alloc_space -unit=bytes |
            sed -nE 's/^ *([0-9]+)B? +([^ ]+ +){4}/\1 /p' | name=$2 awk '$0 == $1 " " ENVIRON["name"] { print $1 }') ;;
        *) fail "what is \"$1\"?" ;;
    esac
    same "alloc_space of the $1 $2" "$3" "$found"
    compared="$compared, $1 $2"
    shift 3
done

# Node looks for packages beside the script unless it is told where they are.
same "what pprof-format reads" "$totals" " $(NODE_PATH="$packages/node_modules" node "$here/pprof.cjs" "$file")"
printf 'go tool pprof and pprof-format read %s:%s; equal: %s\n' "$(basename "$file")" "$totals" "$compared"
