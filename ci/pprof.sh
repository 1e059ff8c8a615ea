#!/bin/sh
# Exports profiles as pprof and has the real clients read them (`ci/clients/pprof.sh`): both profiles of `tests/golden`,
# some with hostile names, and the empty one. Then the clients read files with a fault each, and the check has to notice.
set -eu
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
exports=$(mktemp -d)
trap 'rm -rf "$exports"' EXIT

fail() {
    echo "ci/pprof.sh: $1" >&2
    exit 1
}

# Exports $1 as $2, with the fault $3 if there is one, and checks what the clients make of it.
check() {
    "$target/debug/examples/export_pprof" "$1" "$exports/$2.pb.gz" ${3:-} >"$exports/expected" || fail "$1 is not exported"
    tr '\n' '\0' <"$exports/expected" | xargs -0 ci/clients/pprof.sh "$exports/$2.pb.gz"
}

cargo build --quiet --example export_pprof
check tests/golden/fluid.json fluid
check tests/golden/orders.json orders
for number in 1 64 128 200; do check hostile-$number hostile-$number; done
check empty empty

for fault in objects-for-space peak-for-inuse lost-sample root-first no-labels no-default system-names; do
    if said=$(check tests/golden/orders.json "$fault" "$fault" 2>&1); then
        fail "the fault $fault is not noticed: $said"
    fi
    case $said in
        *"should be"*) echo "$fault is noticed: ${said#*.pb.gz: }" ;;
        *) fail "the fault $fault ends the check in another way: $said" ;;
    esac
done
