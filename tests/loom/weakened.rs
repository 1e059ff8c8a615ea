//! Atomics with something taken away, to show that the models notice: their orderings, or that a change is one step.

use loom::sync::atomic::Ordering as Order;
use loom::sync::atomic::{AtomicU32 as Strong32, AtomicU64 as Strong64};

/// Every ordering under its own name; relaxed, where orderings are what is taken away.
#[allow(non_snake_case, non_upper_case_globals, reason = "stands in the place of the enum of this name")]
pub(crate) mod Ordering {
    use super::Order;

    const fn weakened(order: Order) -> Order {
        if cfg!(loom_weakened = "orderings") { Order::Relaxed } else { order }
    }

    pub(crate) const Relaxed: Order = Order::Relaxed;
    pub(crate) const Acquire: Order = weakened(Order::Acquire);
    pub(crate) const Release: Order = weakened(Order::Release);
    pub(crate) const AcqRel: Order = weakened(Order::AcqRel);
}

/// The load and the store of a change in two steps, with the ordering of each.
fn halves(order: Order) -> (Order, Order) {
    match order {
        Order::Acquire => (Order::Acquire, Order::Relaxed),
        Order::Release => (Order::Relaxed, Order::Release),
        Order::Relaxed => (Order::Relaxed, Order::Relaxed),
        _ => (Order::Acquire, Order::Release),
    }
}

macro_rules! weakened {
    ($name:ident, $strong:ident, $number:ident) => {
        pub(crate) struct $name($strong);

        impl $name {
            pub(crate) fn new(value: $number) -> Self {
                Self($strong::new(value))
            }

            pub(crate) fn load(&self, order: Order) -> $number {
                self.0.load(order)
            }

            pub(crate) fn store(&self, value: $number, order: Order) {
                self.0.store(value, order);
            }

            pub(crate) fn fetch_and(&self, value: $number, order: Order) -> $number {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.fetch_and(value, order);
                }
                self.in_two_steps(order, |before| before & value)
            }

            pub(crate) fn fetch_or(&self, value: $number, order: Order) -> $number {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.fetch_or(value, order);
                }
                self.in_two_steps(order, |before| before | value)
            }

            pub(crate) fn fetch_add(&self, value: $number, order: Order) -> $number {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.fetch_add(value, order);
                }
                self.in_two_steps(order, |before| before.wrapping_add(value))
            }

            pub(crate) fn fetch_sub(&self, value: $number, order: Order) -> $number {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.fetch_sub(value, order);
                }
                self.in_two_steps(order, |before| before.wrapping_sub(value))
            }

            pub(crate) fn swap(&self, value: $number, order: Order) -> $number {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.swap(value, order);
                }
                self.in_two_steps(order, |_| value)
            }

            pub(crate) fn compare_exchange(
                &self,
                expected: $number,
                value: $number,
                order: Order,
                failure: Order,
            ) -> Result<$number, $number> {
                if cfg!(loom_weakened = "orderings") {
                    return self.0.compare_exchange(expected, value, order, failure);
                }
                let before = self.in_two_steps(order, |before| if before == expected { value } else { before });
                if before == expected { Ok(before) } else { Err(before) }
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                expected: $number,
                value: $number,
                order: Order,
                failure: Order,
            ) -> Result<$number, $number> {
                self.compare_exchange(expected, value, order, failure)
            }

            fn in_two_steps(&self, order: Order, change: impl FnOnce($number) -> $number) -> $number {
                let (load, store) = halves(order);
                let before = self.0.load(load);
                let after = change(before);
                if after != before {
                    self.0.store(after, store);
                }
                before
            }
        }
    };
}

weakened!(AtomicU32, Strong32, u32);
weakened!(AtomicU64, Strong64, u64);
