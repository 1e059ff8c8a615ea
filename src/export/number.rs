//! Numbers for people, in the texts of images and reports: one family of units, three digits, and never cut short.
//!
//! Bytes are decimal (1 MB = 10^6 bytes) as everywhere in heaplens. Below a thousand they are exact, above they have
//! three significant digits, so that a column of them lines up and no digit pretends to a precision nobody reads.

#[cfg(feature = "stacks")]
use core::time::Duration;

const BYTE_UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// Bytes as `512 B`, `4.10 kB`, `12.3 MB` or `812 GB`, rounded to the nearest.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (digits, unit) = three_digits(u128::from(bytes));
    format!("{digits} {}", BYTE_UNITS[unit])
}

/// A count with separators, `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count and its noun, `1 block` or `1,234 blocks`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A share from 0 to 1 as `12.3%`. What is there but rounds to nothing is `<0.1%`.
#[cfg(feature = "stacks")]
pub(crate) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 { "<0.1%".to_owned() } else { format!("{:.1}%", share * 100.0) }
}

/// A duration as `870 ns`, `12.3 ms`, `4.10 s` or `12 min 3 s`.
#[cfg(feature = "stacks")]
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        return format!("{} min {} s", count(seconds / 60), seconds % 60);
    }
    let nanoseconds = duration.as_nanos();
    if nanoseconds < 1000 {
        return format!("{nanoseconds} ns");
    }
    match three_digits(nanoseconds) {
        (digits, 1) => format!("{digits} us"),
        (digits, 2) => format!("{digits} ms"),
        (digits, _) => format!("{digits} s"),
    }
}

/// A number of at least 1000 as three significant digits, and how many thousands it was divided by.
fn three_digits(number: u128) -> (String, usize) {
    let (mut unit, mut divisor) = (0, 1_u128);
    while number / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    // How many decimals leave three digits; rounding up may need a digit more, or the next unit.
    for decimals in (0..=2).rev() {
        let scale = 10_u128.pow(decimals);
        let rounded = (number * scale * 2 + divisor) / (divisor * 2);
        if rounded < 1000 {
            let whole = rounded / scale;
            let digits = match decimals {
                0 => whole.to_string(),
                _ => format!("{whole}.{:0width$}", rounded % scale, width = decimals as usize),
            };
            return (digits, unit);
        }
    }
    ("1.00".to_owned(), unit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_exact_below_a_thousand_and_have_three_digits_above() {
        let shown = [0, 1, 999, 1000, 1004, 1005, 9994, 9995, 12_345, 99_949, 99_950, 999_499, 999_500].map(bytes);
        let expected = [
            "0 B", "1 B", "999 B", "1.00 kB", "1.00 kB", "1.01 kB", "9.99 kB", "10.0 kB", "12.3 kB", "99.9 kB",
            "100 kB", "999 kB", "1.00 MB",
        ];
        assert_eq!(shown, expected);
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn counts_are_exact_and_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!([0, 1, 2].map(|number| counted(number, "block")), ["0 blocks", "1 block", "2 blocks"]);
    }

    #[test]
    fn a_small_share_is_not_shown_as_nothing() {
        assert_eq!([0.0, 0.0001, 0.123, 1.0].map(percent), ["0.0%", "<0.1%", "12.3%", "100.0%"]);
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        let shown = [870, 12_300_000, 4_100_000_000, 59_999_000_000, 723_000_000_000].map(Duration::from_nanos);
        assert_eq!(shown.map(duration), ["870 ns", "12.3 ms", "4.10 s", "60.0 s", "12 min 3 s"]);
        assert_eq!(duration(Duration::from_micros(999_999)), "1.00 s");
    }
}
