#!/usr/bin/env bash
# Runs the fifty parallel tests of tests/parallel.rs again and again: exact every time, or it is a failure.
#
# Usage: ci/parallel-tests.sh [runs, 200 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-200}
binary=$(cargo test --test parallel --no-run 2>&1 | sed -n 's/.*Executable tests\/parallel.rs (\(.*\))$/\1/p')
failures=0
for run in $(seq "$runs"); do
    if ! output=$("$binary" --test-threads 50 2>&1); then
        failures=$((failures + 1))
        printf 'run %d failed:\n%s\n' "$run" "$output"
    fi
done
echo "$runs runs of 50 parallel tests, $failures failures"
[ "$failures" -eq 0 ]
