//! How far a figure may be from its baseline.

use crate::testing::unit::{GIB, KIB, MIB};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// How far a figure may be from its baseline and still count as the same: `5 %`, `64 KiB`, `2`.
///
/// ```
/// use heaplens::testing::Slack;
///
/// let slack: Slack = "5 %".parse().expect("a share");
/// assert_eq!(slack.of(1_000), 50);
/// assert_eq!("64 KiB".parse::<Slack>().expect("an amount").of(1_000), 65_536);
/// assert!("5 apples".parse::<Slack>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Slack {
    /// A number of bytes, or of blocks.
    Amount(u64),
    /// Hundredths of a percent of the baseline.
    Share(u32),
}

/// What a unit of bytes is worth.
const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("KiB", KIB),
    ("MiB", MIB),
    ("GiB", GIB),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl Slack {
    /// Nothing: the figure is to be the same.
    pub const NONE: Self = Self::Amount(0);

    /// The slack of a figure with this baseline, rounded down.
    #[must_use]
    pub fn of(self, baseline: u64) -> u64 {
        match self {
            Self::Amount(amount) => amount,
            Self::Share(hundredths) => {
                u64::try_from(u128::from(baseline) * u128::from(hundredths) / 10_000).unwrap_or(u64::MAX)
            }
        }
    }
}

impl FromStr for Slack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is no slack: write a share such as \"5 %\", or an amount such as \"64 KiB\" or \"2\"",
                text.escape_debug()
            )
        };
        let text_of_number =
            text.trim_end_matches(|letter: char| letter.is_alphabetic() || letter == '%' || letter == ' ');
        let unit = text[text_of_number.len()..].trim();
        if unit == "%" {
            let percent: f64 = text_of_number.trim().parse().map_err(|_| wrong())?;
            let hundredths = (percent * 100.0).round();
            return if (0.0..=100_000_000.0).contains(&hundredths) {
                Ok(Self::Share(hundredths as u32))
            } else {
                Err(wrong())
            };
        }
        let (_, worth) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: u64 = text_of_number.trim().parse().map_err(|_| wrong())?;
        number.checked_mul(*worth).map(Self::Amount).ok_or_else(wrong)
    }
}

impl fmt::Display for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Share(hundredths) => write!(f, "{} %", f64::from(hundredths) / 100.0),
            Self::Amount(amount) => {
                let binary = UNITS[1..4].iter().rev().find(|(_, worth)| amount > 0 && amount.is_multiple_of(*worth));
                match binary {
                    Some((name, worth)) => write!(f, "{} {name}", amount / worth),
                    None => write!(f, "{amount}"),
                }
            }
        }
    }
}

impl TryFrom<String> for Slack {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Slack> for String {
    fn from(slack: Slack) -> Self {
        slack.to_string()
    }
}

impl From<u64> for Slack {
    fn from(amount: u64) -> Self {
        Self::Amount(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for text in ["5 %", "0.25 %", "2", "64 KiB", "3 MiB", "1000"] {
            assert_eq!(text.parse::<Slack>().expect("a slack").to_string(), text);
        }
        assert_eq!("1 kB".parse(), Ok(Slack::Amount(1_000)));
        assert_eq!("5%".parse(), Ok(Slack::Share(500)));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in ["", "%", "five", "-1", "1 K", "1 kib", "NaN %", "1e99 %", "99999999999 GiB", "ä"] {
            let error = text.parse::<Slack>().expect_err(text);
            assert!(error.contains("\"5 %\""), "{error}");
        }
    }
}
