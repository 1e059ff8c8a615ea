#!/usr/bin/env bash
# Runs the two hundred tests of tests/isolation.rs again and again: every figure of every test is its own every time, or it
# is a failure. Most runs are as `cargo test` starts them; one of five has fifty tests at once, and one of twenty-five a
# process for each test, by `cargo nextest` where that is installed.
#
# Usage: ci/isolation.sh [runs, 1000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-1000}
seconds=300
# A test that fails here says what it saw; its stack tells nothing more and takes seconds to name.
export RUST_BACKTRACE=0

built=$(cargo test --package heaplens --test isolation --no-run 2>&1) || { echo "$built" >&2; exit 1; }
binary=$(sed -n 's/.*Executable tests\/isolation.rs (\(.*\))$/\1/p' <<<"$built")
nextest=
if cargo nextest --version >/dev/null 2>&1; then
    nextest=yes
fi

declare -A done=([default]=0 [fifty]=0 [nextest]=0)
failures=0
for run in $(seq "$runs"); do
    how=default
    command=("$binary")
    if [ -n "$nextest" ] && [ $((run % 25)) -eq 0 ]; then
        how=nextest
        command=(cargo nextest run --package heaplens --test isolation --no-fail-fast --status-level fail)
    elif [ $((run % 5)) -eq 0 ]; then
        how=fifty
        command=("$binary" --test-threads 50)
    fi
    done[$how]=$((done[$how] + 1))
    if ! output=$(timeout "$seconds" "${command[@]}" 2>&1); then
        failures=$((failures + 1))
        printf 'run %d (%s) failed:\n%s\n' "$run" "${command[*]}" "$output"
    fi
done
echo "$runs runs of 200 parallel tests (${done[default]} by default, ${done[fifty]} with fifty at once," \
    "${done[nextest]} with a process for each test), $failures failures"
[ "$failures" -eq 0 ]
