#!/usr/bin/env bash
# Shows that the tests notice mistakes: each fault of src/fault.rs is planted in turn, and some test has to fail.
#
# The tests are built once, with the private feature `planted-faults`; the environment variable HEAPLENS_PLANTED_FAULT
# says which fault is on. Exits 1 if the tests fail without a fault, or if a fault is caught by none of them.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first that notices a fault is named, so that the quick ones come first.
tests=(peaks temporary_blocks scopes own_work damaged_tags lockstep scope_records)
# A part of the usual number: every fault shows within the first thousand calls.
export HEAPLENS_LOCKSTEP_OPERATIONS=100000
seconds=300

selected=()
for test in "${tests[@]}"; do selected+=(--test "$test"); done
built=$(cargo test --features planted-faults "${selected[@]}" --no-run 2>&1) || { echo "$built" >&2; exit 1; }
binary() { sed -n "s/.*Executable tests\/$1.rs (\(.*\))\$/\1/p" <<<"$built"; }

# A test that hangs under a fault has noticed nothing: only a failure of its own counts.
fails() {
    local status=0
    timeout "$seconds" "$(binary "$1")" >/dev/null 2>&1 || status=$?
    [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
}

for test in "${tests[@]}"; do
    if ! timeout "$seconds" "$(binary "$test")" >/dev/null 2>&1; then
        echo "$test fails without a planted fault" >&2
        exit 1
    fi
done

mapfile -t faults < <(sed -n 's/^ *("\([a-z-]*\)", Fault::.*/\1/p' src/fault.rs)
missed=0
printf '%-26s| %s\n' 'fault' 'caught by'
for fault in "${faults[@]}"; do
    caught=
    for test in "${tests[@]}"; do
        if HEAPLENS_PLANTED_FAULT=$fault fails "$test"; then
            caught=$test
            break
        fi
    done
    printf '%-26s| %s\n' "$fault" "${caught:-NONE}"
    [ -n "$caught" ] || missed=$((missed + 1))
done
echo "${#faults[@]} faults, $missed not caught"
[ "$missed" -eq 0 ]
