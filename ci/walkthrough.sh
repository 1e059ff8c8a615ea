#!/usr/bin/env bash
# Runs docs/guide/walkthrough.md from start to end on a copy of its project: the threshold, the baseline, the profile, the
# improvement, the regression, and the steps of its workflow file. Fails where a step does not end as the page says.
#
# Usage: ci/walkthrough.sh
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
build=${CARGO_TARGET_DIR:-$PWD/target}
export RUST_BACKTRACE=0

cargo build --quiet --package cargo-heaplens
PATH="$build/debug:$PATH"
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
cp -r docs/guide/walkthrough/. "$project"
mkdir "$project/.cargo"
printf '[patch.crates-io]\nheaplens = { path = "%s" }\n' "$repository" >"$project/.cargo/config.toml"
export CARGO_TARGET_DIR=$build/walkthrough
cd "$project"

step() { printf '\n== %s\n' "$*"; }
# Runs a command that has to end with this code, and to print this.
expect() {
    local code=$1 text=$2 output ended=0
    shift 2
    output=$("$@" 2>&1) || ended=$?
    if [ "$ended" -ne "$code" ] || ! grep -qF -- "$text" <<<"$output"; then
        printf '%s\n"%s" ended with %d instead of %d, or did not say: %s\n' "$output" "$*" "$ended" "$code" "$text"
        exit 1
    fi
}
# Runs the steps of the workflow that are of heaplens, two of them, which have to end with this code, and to print this; the
# installed command is the one that was built here.
workflow() {
    local command steps=0
    while read -r command; do
        expect "$1" "$2" $command </dev/null
        steps=$((steps + 1))
    done < <(sed -n 's/^ *- run: \(cargo heaplens .*\)$/\1/p' memory.yml)
    if [ "$steps" -ne 2 ]; then
        echo "the workflow has $steps steps of heaplens in place of 2"
        exit 1
    fi
}

step "a threshold"
expect 0 "similarity_stays_below_eight_megabytes ... ok" cargo test --test memory similarity_stays
step "a baseline"
expect 101 "has no entry" cargo test --test memory
expect 0 "blessed" cargo heaplens test --bless
expect 0 "same" cargo heaplens test
step "where it goes"
expect 0 "profile written" env HEAPLENS=stacks HEAPLENS_OUT=profiles cargo test --test memory similarity_stays
expect 0 "shingles" cargo heaplens report profiles/memory-*.json.gz --scope similarity_calc
step "a change"
sed -i 's/let mut letters = Vec::new();/let mut letters = Vec::with_capacity(text.len());/
    s/let mut shingles = Vec::new();/let mut shingles = Vec::with_capacity(letters.len().saturating_sub(2));/' src/lib.rs
expect 0 "total_blocks: 6, was 58" cargo heaplens test
expect 1 "1 better" cargo heaplens check --strict
expect 0 "blessed" cargo heaplens test --bless
step "the workflow passes"
workflow 0 ""
step "a regression"
sed -i 's/shingles.push(\[window\[0\], window\[1\], window\[2\]\]);/let shingle: String = window.iter().collect();\
        let mut letters = shingle.chars();\
        shingles.push(std::array::from_fn(|_| letters.next().unwrap_or_default()));/' src/lib.rs
expect 1 "src/lib.rs:10" cargo heaplens test
step "the workflow fails"
workflow 1 "similarity_needs_what_it_needed"
step "all as the page says"
