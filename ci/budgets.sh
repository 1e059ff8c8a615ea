#!/usr/bin/env bash
# Runs the budgets of tests/steady_budgets.rs again and again while every processor is busy with something else: every limit is
# exact, so that a figure which differs in one run is a failure. Most runs are as `cargo test` starts them; one of five has one
# test at a time, one of five thirty at once, and one of twenty-five a process for each test, by `cargo nextest` where that is
# installed.
#
# Usage: ci/budgets.sh [runs, 1000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-1000}
seconds=300
export RUST_BACKTRACE=0

built=$(cargo test --package heaplens --features macros --test steady_budgets --no-run 2>&1) || { echo "$built" >&2; exit 1; }
binary=$(sed -n 's/.*Executable tests\/steady_budgets.rs (\(.*\))$/\1/p' <<<"$built")
nextest=
if cargo nextest --version >/dev/null 2>&1; then
    nextest=yes
fi

load=()
stop_load() { kill "${load[@]}" 2>/dev/null || true; }
trap stop_load EXIT
for _ in $(seq "$(nproc)"); do
    # Allocates and computes; ends with this script.
    (while kill -0 $$ 2>/dev/null; do seq 20000 | sort -R >/dev/null; done) &
    load+=($!)
done

tests=$("$binary" --list 2>/dev/null | grep -c ': test$')

declare -A done=([parallel]=0 [serial]=0 [thirty]=0 [nextest]=0)
failures=0
for run in $(seq "$runs"); do
    how=parallel
    command=("$binary")
    if [ -n "$nextest" ] && [ $((run % 25)) -eq 0 ]; then
        how=nextest
        command=(cargo nextest run --package heaplens --features macros --test steady_budgets --no-fail-fast --status-level fail)
    elif [ $((run % 5)) -eq 1 ]; then
        how=serial
        command=("$binary" --test-threads 1)
    elif [ $((run % 5)) -eq 2 ]; then
        how=thirty
        command=("$binary" --test-threads 30)
    fi
    done[$how]=$((done[$how] + 1))
    if ! output=$(timeout "$seconds" "${command[@]}" 2>&1); then
        failures=$((failures + 1))
        printf 'run %d (%s) failed:\n%s\n' "$run" "${command[*]}" "$output"
    fi
    if [ $((run % 100)) -eq 0 ]; then
        echo "$run of $runs runs, $failures failures" >&2
    fi
done
echo "$runs runs of $tests tests under load (${done[parallel]} parallel, ${done[serial]} serial, ${done[thirty]} with thirty at" \
    "once, ${done[nextest]} with a process for each test), $failures failures"
[ "$failures" -eq 0 ]
