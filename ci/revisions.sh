#!/usr/bin/env bash
# Compares git revisions of a small project with `cargo heaplens compare`: each is built anew, which takes minutes.
#
# Usage: ci/revisions.sh
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --package cargo-heaplens --test compared_revisions -- --include-ignored
