#!/bin/sh
# Compares what heaplens counts with what DHAT (https://valgrind.org/docs/manual/dh-manual.html) counts of the same
# processes: two tools that share nothing, one inside of the program, one that watches its `malloc` from outside.
#
# The C library and Rust's start-up code allocate where only one of the two looks. Both tools therefore count two runs
# of one program, with a small and a large amount of work, and what is compared is the difference between the runs: it
# is the work alone, to the block and to the byte. DHAT's bytes hold the eight that heaplens adds to each block.
#
# A `realloc` is one new block and one freed to heaplens; to DHAT it is the old block, resized. So each workload runs
# with an inner allocator that serves `realloc` by an allocation and a free (blocks and bytes must be equal), and once
# more with the system's own (then DHAT must count fewer blocks, by exactly the number of reallocations).
set -eu
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    apt-get update -qq && apt-get install -y -qq valgrind || {
        echo "ci/valgrind.sh: valgrind is needed, and could not be installed" >&2
        exit 1
    }
fi

cargo build --quiet --no-default-features --example counted_workloads
program="${CARGO_TARGET_DIR:-target}/debug/examples/counted_workloads"
small=20
large=60

# "blocks bytes reallocations" as heaplens counts them.
by_heaplens() {
    "$program" "$1" "$2" "$3"
}

# "blocks bytes" as DHAT counts them, from its line "==pid== Total:     1,234 bytes in 56 blocks".
by_dhat() {
    valgrind --tool=dhat --dhat-out-file=/dev/null "$program" "$1" "$2" "$3" 2>&1 >/dev/null |
        sed -n 's/,//g; s/^==[0-9]*== Total: *\([0-9]*\) bytes in \([0-9]*\) blocks.*/\2 \1/p'
}

differing=0
printf '%-8s %-10s %12s %14s %12s %14s %10s\n' work realloc blocks bytes 'DHAT blocks' 'DHAT bytes' verdict
for workload in growing map tree; do
    for realloc in apart forwarded; do
        set -- $(by_heaplens $workload $small $realloc) $(by_heaplens $workload $large $realloc) \
            $(by_dhat $workload $small $realloc) $(by_dhat $workload $large $realloc)
        if [ $# -ne 10 ]; then
            echo "ci/valgrind.sh: $workload $realloc gave no figures" >&2
            exit 1
        fi
        blocks=$(($4 - $1))
        bytes=$(($5 - $2))
        reallocations=$(($6 - $3))
        dhat_blocks=$(($9 - $7))
        dhat_bytes=$((${10} - $8))
        verdict=equal
        if [ $realloc = apart ]; then
            dhat_bytes=$((dhat_bytes - 8 * dhat_blocks))
            [ $blocks -eq $dhat_blocks ] && [ $bytes -eq $dhat_bytes ] || verdict=DIFFERENT
        else
            [ $((blocks - reallocations)) -eq $dhat_blocks ] || verdict=DIFFERENT
            # Resized blocks have no bytes of their own in DHAT's account.
            dhat_bytes=-
            blocks="$blocks-$reallocations"
        fi
        printf '%-8s %-10s %12s %14s %12s %14s %10s\n' \
            $workload $realloc "$blocks" $bytes $dhat_blocks $dhat_bytes $verdict
        [ $verdict = equal ] || differing=$((differing + 1))
    done
done
exit $((differing > 0))
