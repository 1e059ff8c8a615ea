#!/usr/bin/env bash
# P8: between its two marks the program steady_allocations makes a million allocations with stacks on, and no system call.
#
# Usage: ci/system-calls.sh [allocations, 1000000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

allocations=${1:-1000000}
if ! command -v strace >/dev/null; then
    apt-get update -qq && apt-get install -y -qq strace || {
        echo "ci/system-calls.sh: strace is needed, and could not be installed" >&2
        exit 1
    }
fi

cargo build --quiet --release --example steady_allocations
program="${CARGO_TARGET_DIR:-target}/release/examples/steady_allocations"
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
counted=$(strace -f -o "$trace" "$program" "$allocations")

marks=$(grep -c 'getppid()' "$trace" || true)
if [ "$marks" -ne 2 ]; then
    echo "ci/system-calls.sh: $marks marks in the trace instead of 2" >&2
    exit 1
fi
between=$(sed -n '/getppid()/,/getppid()/p' "$trace" | sed '1d;$d')
calls=$(printf '%s' "$between" | grep -c . || true)
echo "$counted allocations with stacks on, $calls system calls"
if [ "$calls" -ne 0 ]; then
    head -n 20 <<<"$between" >&2
    exit 1
fi
