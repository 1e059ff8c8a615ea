//! Scopes on four threads that take turns: random trees of scopes, handles that are entered anywhere, futures that are
//! polled now here and now there, blocks that are freed by whoever. Every figure of every open scope equals the model's
//! after every event.

#[path = "migrations/actor.rs"]
mod actor;
#[path = "support/held.rs"]
mod held;
#[path = "migrations/model.rs"]
mod model;
#[path = "support/random.rs"]
mod random;
#[path = "support/resized.rs"]
mod resized;
#[path = "migrations/stage.rs"]
mod stage;
#[path = "support/tally.rs"]
mod tally;

use random::Random;
use stage::Stage;

heaplens::install!();

const EVENTS: usize = 12_000;

fn run(seed: u64) {
    let mut random = Random::of_seed(seed);
    let mut stage = Stage::open();
    for _ in 0..EVENTS {
        stage.step(&mut random);
    }
    let compared = stage.close();
    println!("seed {seed:#x}: {compared} sets of figures compared");
    assert!(compared > EVENTS as u64, "the run has to be about something");
}

#[test]
fn four_threads_in_turn_equal_the_model_one() {
    run(0x51);
}

#[test]
fn four_threads_in_turn_equal_the_model_two() {
    run(0x52);
}

#[test]
fn four_threads_in_turn_equal_the_model_three() {
    run(0x53);
}
