#!/usr/bin/env bash
# Ten million random calls in lock-step with the model of tests/lockstep.rs, in a release build.
#
# Usage: ci/lockstep.sh [operations]
set -euo pipefail
cd "$(dirname "$0")/.."

export HEAPLENS_LOCKSTEP_OPERATIONS=${1:-10000000}
cargo test --release --test lockstep
