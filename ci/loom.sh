#!/bin/sh
# Runs the loom models (tests/loom.rs), then shows that each of them notices what it is there for: compiled with weaker
# orderings, or with changes that are not one step, it must fail.
#
#   ci/loom.sh            all models, with at most LOOM_MAX_PREEMPTIONS (3) preemptions in each interleaving
set -eu
cd "$(dirname "$0")/.."

export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
# Builds the models with these flags, which nothing else is compiled with.
build() {
    built=$(cargo rustc --no-default-features --package heaplens --test loom --message-format json -- --cfg loom "$@") || exit 1
    models=$(printf '%s\n' "$built" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
}

build
"$models" --quiet || exit 1

# Each model under the weakening that it must notice.
orderings="
two_threads_that_insert_one_child_get_one_node
two_children_that_both_threads_insert_are_two_nodes
a_child_that_is_there_is_found_beside_an_insertion
a_path_has_one_site_whose_entry_is_seen_with_its_number
what_the_last_owner_wrote_is_seen_by_the_next
a_drained_record_is_written_anew_only_after_its_last_reader
exactly_one_of_those_who_let_go_is_the_last
"
steps="
neither_of_two_children_is_lost
two_takers_never_get_the_same_number
a_number_put_beside_a_taker_is_not_lost
a_free_beside_the_close_counts_once
two_frees_are_both_counted
a_late_free_never_debits_the_next_generation
exactly_one_of_the_last_frees_drains_the_scope
what_is_live_survives_the_hand_over_from_one_thread_to_two
an_allocation_beside_the_close_counts_on_one_side
a_hold_is_never_had_on_a_record_that_was_given_up
"

names=$("$models" --list | sed -n 's/: test$//p' | sed 's/.*:://' | sort)
count=$(echo "$names" | wc -l)
listed=$(printf '%s%s' "$orderings" "$steps" | sed '/^$/d' | sort)
if [ "$names" != "$listed" ]; then
    echo "ci/loom.sh: the models and those listed in this script differ" >&2
    exit 1
fi

missed=0
for weakening in orderings steps; do
    build --cfg "loom_weakened=\"$weakening\""
    eval "names=\$$weakening"
    for name in $names; do
        if "$models" "$name" >/dev/null 2>&1; then
            echo "not noticed: $name passes with weaker $weakening" >&2
            missed=$((missed + 1))
        else
            echo "noticed: $name fails with weaker $weakening"
        fi
    done
done
[ "$missed" -eq 0 ] || exit 1
echo "$count models pass at $LOOM_MAX_PREEMPTIONS preemptions, and each fails when weakened"
