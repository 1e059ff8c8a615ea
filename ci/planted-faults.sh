#!/usr/bin/env bash
# Shows that the tests notice mistakes: each fault of src/fault.rs is planted in turn, and some test has to fail. Faults
# of the stack capture are for the stress, which has to end with exit code 1 and a table that counts wrong stacks.
#
# The tests are built once, with the private feature `planted-faults`; the environment variable HEAPLENS_PLANTED_FAULT
# says which fault is on. Exits 1 if the tests fail without a fault, or if a fault is caught by none of them.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first that notices a fault is named, so that the quick ones come first.
tests=(peaks temporary_blocks scopes own_work damaged_tags lockstep scope_records)
# What only tests that run at the same time show: the test that has to notice it, and no other, is this one.
of_isolation=(charge-foreign-blocks)
# A part of the usual number: every fault shows within the first thousand calls.
export HEAPLENS_LOCKSTEP_OPERATIONS=100000
# Faults of the stack capture, and the captures that show them.
of_stacks=(skip-verification compare-return-addresses-only trust-remembered-traces shorten-path-hash)
export HEAPLENS_STRESS_CAPTURES=200000
seconds=300

selected=()
for test in "${tests[@]}" isolation; do selected+=(--test "$test"); done
built=$(cargo test --features planted-faults "${selected[@]}" --no-run 2>&1) || { echo "$built" >&2; exit 1; }
binary() { sed -n "s/.*Executable tests\/$1.rs (\(.*\))\$/\1/p" <<<"$built"; }

# A test that hangs under a fault has noticed nothing: only a failure of its own counts.
fails() {
    local status=0
    timeout "$seconds" "$(binary "$1")" >/dev/null 2>&1 || status=$?
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
}

for test in "${tests[@]}" isolation; do
    if ! timeout "$seconds" "$(binary "$test")" >/dev/null 2>&1; then
        echo "$test fails without a planted fault" >&2
        exit 1
    fi
done

# Optimised, so that stacks repeat as they do in programs, and as ci/stack-stress.sh builds it.
target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet --release --package heaplens-stress --features planted-faults --target-dir "$target/planted-faults"
stress() { timeout "$seconds" "$target/planted-faults/release/stacks" 2>/dev/null; }

if ! table=$(stress); then
    printf '%s\nthe stress fails without a planted fault\n' "$table" >&2
    exit 1
fi

# Wrong stacks, if the stress counted them and said so by its exit code: a crash or a hang has noticed nothing.
wrong_stacks() {
    local table status=0
    table=$(HEAPLENS_PLANTED_FAULT=$1 stress) || status=$?
    [ "$status" -eq 1 ] && awk -F'|' '/^total/ && $3 > 0 { print $3 + 0 }' <<<"$table"
}

mapfile -t faults < <(sed -n 's/^ *("\([a-z-]*\)", Fault::.*/\1/p' src/fault.rs)
for fault in "${of_stacks[@]}" "${of_isolation[@]}"; do
    if ! printf '%s\n' "${faults[@]}" | grep -qx -- "$fault"; then
        echo "src/fault.rs has no fault $fault" >&2
        exit 1
    fi
done

missed=0
printf '%-30s| %s\n' 'fault' 'caught by'
for fault in "${faults[@]}"; do
    caught=
    if [[ " ${of_stacks[*]} " == *" $fault "* ]]; then
        wrong=$(wrong_stacks "$fault") || true
        [ -z "$wrong" ] || caught="stress, $wrong wrong stacks"
    else
        noticing=("${tests[@]}")
        [[ " ${of_isolation[*]} " != *" $fault "* ]] || noticing=(isolation)
        for test in "${noticing[@]}"; do
            if HEAPLENS_PLANTED_FAULT=$fault fails "$test"; then
                caught=$test
                break
            fi
        done
    fi
    printf '%-30s| %s\n' "$fault" "${caught:-NONE}"
    [ -n "$caught" ] || missed=$((missed + 1))
done
echo "${#faults[@]} faults, $missed not caught"
[ "$missed" -eq 0 ]
