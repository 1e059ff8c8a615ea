#!/usr/bin/env bash
# Compares millions of captured stacks with full unwinds, in programs built in four ways, and shows that the comparison
# notices mistakes: each fault of the stack capture is planted in turn, and stacks have to come out wrong.
#
# Usage: ci/stack-stress.sh [captures of each optimised build, 10,000,000 unless given]
#
# Exits 1 if any build finds a wrong stack, or if a planted fault is not caught.
set -euo pipefail
cd "$(dirname "$0")/.."

captures=${1:-10000000}
# What a planted fault and the portable capture are tried with.
few=$((captures < 500000 ? captures : 500000))
seconds=3600
host=x86_64-unknown-linux-gnu
# Other flags mean other artefacts: they stay apart from those of everyday builds.
target="${CARGO_TARGET_DIR:-target}/stack-stress"

# build <name> [arguments of cargo]: a target is named, so that RUSTFLAGS are for the program alone.
build() {
    cargo build --quiet --release --package heaplens-stress --target "$host" --target-dir "$target/$1" "${@:2}"
}
program() { echo "$target/$1/$host/release/stacks"; }

# stress <name> <captures>
stress() { HEAPLENS_STRESS_CAPTURES=$2 timeout "$seconds" "$(program "$1")"; }

failed=0
# stress_build <title> <name> <captures>
stress_build() {
    printf '\n== %s\n' "$1"
    stress "$2" "$3" || failed=$((failed + 1))
}

build plain
stress_build "release" plain "$captures"

(
    export CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
    export CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=symbols
    build lto
)
stress_build "release, fat LTO, one codegen unit, panic=abort, stripped" lto "$captures"

RUSTFLAGS="-C target-feature=+crt-static" build static
stress_build "release, static-pie" static "$captures"

RUSTFLAGS="--cfg heaplens_portable" build portable
stress_build "release, portable capture" portable "$few"

printf '\n== planted faults\n'
build faults --features planted-faults
if ! stress faults "$few" >/dev/null; then
    echo "the stress fails without a planted fault" >&2
    exit 1
fi

# The mismatches that a table ends with. A program that ends in another way has no table.
mismatches() { awk -F'|' '/^total/ { print $3 + 0 }' <<<"$1"; }

faults=(skip-verification compare-return-addresses-only trust-remembered-traces shorten-path-hash)
for fault in "${faults[@]}"; do
    status=0
    table=$(HEAPLENS_PLANTED_FAULT=$fault stress faults "$few" 2>/dev/null) || status=$?
    wrong=$(mismatches "$table")
    mixes=$(grep -c 'FAILED: stacks differ from a full unwind' <<<"$table" || true)
    printf '%-30s| exit code %d, %d mismatches in %d mixes\n' "$fault" "$status" "${wrong:-0}" "$mixes"
    if [ "$status" -ne 1 ] || [ "${wrong:-0}" -eq 0 ]; then
        echo "$fault is not caught" >&2
        failed=$((failed + 1))
    fi
done

# Of two traces that only rbp tells apart, the second is wrong at every chance.
mix="nested alloca, directed"
table=$(HEAPLENS_PLANTED_FAULT=compare-return-addresses-only HEAPLENS_STRESS_MIX=$mix stress faults 20000 2>/dev/null) || true
found=$(sed -n 's/^ *nested alloca: \([0-9]*\) mismatches at \([0-9]*\) chances$/\1 \2/p' <<<"$table")
read -r caught chances <<<"${found:-0 0}"
printf '%-30s| %d mismatches at %d chances\n' "nested alloca" "$caught" "$chances"
if [ "$chances" -eq 0 ] || [ "$caught" -ne "$chances" ]; then
    echo "the directed case does not catch compare-return-addresses-only every time" >&2
    failed=$((failed + 1))
fi

printf '\n%d failures\n' "$failed"
[ "$failed" -eq 0 ]
