//! How a figure is compared with its limit.

use core::fmt;

/// How a figure is compared with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Exactly,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    /// The sign, as it is written in a condition.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Exactly => "==",
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether a figure is within its limit.
    #[must_use]
    pub const fn holds(self, figure: u64, limit: u64) -> bool {
        match self {
            Self::Exactly => figure == limit,
            Self::AtMost => figure <= limit,
            Self::Below => figure < limit,
            Self::AtLeast => figure >= limit,
            Self::Above => figure > limit,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}
