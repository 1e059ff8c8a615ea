//! What the figures of a scope mean: random scopes against a naive model, and each rule by itself.

#[path = "support/held.rs"]
mod held;
#[path = "scopes/oracle.rs"]
mod oracle;
#[path = "support/other_thread.rs"]
mod other_thread;
#[path = "scopes/ownership.rs"]
mod ownership;
#[path = "scopes/peaks.rs"]
mod peaks;
#[path = "support/random.rs"]
mod random;
#[path = "scopes/random_nesting.rs"]
mod random_nesting;
#[path = "support/resized.rs"]
mod resized;
#[path = "support/tally.rs"]
mod tally;
#[path = "scopes/unwinding.rs"]
mod unwinding;

heaplens::install!();
