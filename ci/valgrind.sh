#!/bin/sh
# Compares what heaplens counts with what DHAT (https://valgrind.org/docs/manual/dh-manual.html) counts of the same
# processes: two tools that share nothing, one inside of the program, one that watches its `malloc` from outside.
#
# The C library and Rust's start-up code allocate where only one of the two looks. Both tools therefore count two runs
# of one program, with a small and a large amount of work, and what is compared is the difference between the runs: it
# is the work alone, to the block and to the byte. DHAT's bytes hold the eight that heaplens adds to each block.
#
# A `realloc` is one freed block and one new one of the new size, to heaplens by definition and to DHAT by what it does
# (valgrind 3.19): no mapping is needed.
set -eu
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    apt-get update -qq && apt-get install -y -qq valgrind || {
        echo "ci/valgrind.sh: valgrind is needed, and could not be installed" >&2
        exit 1
    }
fi

cargo build --quiet --example counted_workloads
program="${CARGO_TARGET_DIR:-target}/debug/examples/counted_workloads"
small=50
large=200

# "blocks bytes reallocations" as heaplens counts them.
by_heaplens() {
    "$program" "$1" "$2"
}

# "blocks bytes" as DHAT counts them, from its line "==pid== Total:     1,234 bytes in 56 blocks".
by_dhat() {
    valgrind --tool=dhat --dhat-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/,//g; s/^==[0-9]*== Total: *\([0-9]*\) bytes in \([0-9]*\) blocks.*/\2 \1/p'
}

differing=0
row='%-8s %14s %10s %12s %12s %12s %10s\n'
printf "$row" work reallocations blocks bytes 'DHAT blocks' 'DHAT bytes' verdict
for workload in growing map tree; do
    set -- $(by_heaplens $workload $small) $(by_heaplens $workload $large) \
        $(by_dhat $workload $small) $(by_dhat $workload $large)
    if [ $# -ne 10 ]; then
        echo "ci/valgrind.sh: $workload gave no figures" >&2
        exit 1
    fi
    blocks=$(($4 - $1))
    bytes=$(($5 - $2))
    reallocations=$(($6 - $3))
    dhat_blocks=$(($9 - $7))
    dhat_bytes=$((${10} - $8 - 8 * dhat_blocks))
    verdict=equal
    if [ $blocks -ne $dhat_blocks ] || [ $bytes -ne $dhat_bytes ]; then
        verdict=DIFFERENT
        differing=$((differing + 1))
    fi
    printf "$row" $workload $reallocations $blocks $bytes $dhat_blocks $dhat_bytes $verdict
done
exit $((differing > 0))
