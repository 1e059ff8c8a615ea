#!/usr/bin/env bash
# The hazard tests that `cargo test` runs with small numbers, with large ones and in a release build. The storms have
# scripts of their own: single-step.sh, loader-storm.sh, fork-storm.sh, system-calls.sh.
#
# Usage: ci/hazards.sh [divisor of the numbers, 1 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

divisor=${1:-1}
export HEAPLENS_FOREIGN_CAPTURES=$((10000000 / divisor)) # S1, S8: foreign code
export HEAPLENS_UNIQUE_STACKS=$((5000000 / divisor))     # S6: more stacks than fit
export HEAPLENS_PANICS=$((1000000 / divisor))            # R8: caught panics
export HEAPLENS_CANCELLATIONS=$((10000 / divisor))       # R11: cancelled threads
export HEAPLENS_MOVES=$((5000000 / divisor))             # L7: moved blocks
tests=(foreign_code many_stacks panics cancellation moving_blocks deep_stacks signal_state stack_use plugins)

selected=()
for test in "${tests[@]}"; do selected+=(--test "$test"); done
cargo test --release --no-fail-fast "${selected[@]}"
