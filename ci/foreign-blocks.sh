#!/bin/sh
# Programs in which blocks of another allocator reach heaplens: a standard library that is a shared object (hazard C7),
# and a plugin with a copy of heaplens of its own (hazard X1). They need builds of their own, with other flags.
set -eu
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-target}"
said=$(mktemp)
trap 'rm -f "$said"' EXIT

fail() {
    echo "ci/foreign-blocks.sh: $1" >&2
    exit 1
}

# C7: exit code 0, one message, nothing measured.
printed=$(RUSTFLAGS="-C prefer-dynamic" cargo run --quiet --no-default-features --example shared_std \
    --target-dir "$target/prefer-dynamic" 2>"$said") || fail "the program with a shared standard library failed"
[ "$(grep -c 'heaplens: the standard library does not allocate' "$said")" -eq 1 ] || fail "not one message: $(cat "$said")"
[ "$printed" = "installed: false, measuring refused: true" ] || fail "it printed: $printed"
echo "shared standard library: one message, exit code 0, nothing recorded"

# X1: the host checks its figures itself.
cargo build --quiet --example plugin --example plugin_host
case "$(uname)" in
    Darwin) plugin=libplugin.dylib ;;
    *) plugin=libplugin.so ;;
esac
"$target/debug/examples/plugin_host" "$target/debug/examples/$plugin" || fail "the host of a plugin failed"
