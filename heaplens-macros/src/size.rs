//! Sizes in words, such as `8 MiB`: read when the test is compiled, exactly.
//!
//! A unit that people read in two ways is an error that names both.

/// The units, with their bytes.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// The number of bytes that a text says.
///
/// # Errors
///
/// If it says none, or could mean two, with what to write.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '_')).unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let Some((digits, decimals)) = parts(number) else {
        return Err(format!("`{text}` is no size: write a number and a unit, such as \"8 MiB\" or \"1.5 kB\""));
    };
    let factor = factor(number, unit)?;
    let scale = 10_u128.checked_pow(decimals);
    let (whole, rest) = match (digits.checked_mul(u128::from(factor)), scale) {
        (Some(scaled), Some(scale)) => (scaled / scale, scaled % scale),
        _ => return Err(format!("`{text}` has more digits than a size can have")),
    };
    if rest != 0 {
        return Err(format!("`{text}` is not a whole number of bytes"));
    }
    u64::try_from(whole).map_err(|_| format!("`{text}` is more than 2^64 bytes"))
}

/// The digits of a decimal number as one whole number, and how many of them are behind the point.
fn parts(number: &str) -> Option<(u128, u32)> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let begins_well = whole.starts_with(|letter: char| letter.is_ascii_digit());
    let ends_well = number.ends_with(|letter: char| letter.is_ascii_digit());
    let digits: String = [whole, decimals].concat().chars().filter(|letter| *letter != '_').collect();
    let behind = decimals.chars().filter(char::is_ascii_digit).count();
    (begins_well && ends_well).then_some((digits.parse().ok()?, u32::try_from(behind).ok()?))
}

fn factor(number: &str, unit: &str) -> Result<u64, String> {
    if let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*bytes);
    }
    if unit.is_empty() {
        return Err(format!("`{number}` needs a unit: write \"{number} B\", or the number without quotes"));
    }
    // `mb`, `MIB` and `M` are all read as either.
    let written = unit.to_ascii_lowercase();
    let is_near = |binary: &str, decimal: &str| {
        binary.eq_ignore_ascii_case(unit) || decimal.to_ascii_lowercase().starts_with(&written)
    };
    let meant = [("KiB", "kB"), ("MiB", "MB"), ("GiB", "GB"), ("TiB", "TB")];
    match meant.into_iter().find(|(binary, decimal)| is_near(binary, decimal)) {
        Some((binary, decimal)) => {
            let (of_two, of_ten) = (power(binary, 2), power(decimal, 10));
            Err(format!("`{unit}` is not clear: write `{binary}` (2^{of_two}) or `{decimal}` (10^{of_ten})"))
        }
        None => Err(format!("`{unit}` is no unit of bytes: there are {}", UNITS.map(|(name, _)| name).join(", "))),
    }
}

/// The unit as a power.
fn power(unit: &str, base: u64) -> u32 {
    UNITS.iter().find(|(name, _)| *name == unit).map_or(0, |(_, bytes)| bytes.ilog(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact() {
        let sizes = [
            ("8 MiB", 8 << 20),
            ("8MiB", 8 << 20),
            ("1.5 kB", 1_500),
            ("0.5 KiB", 512),
            ("1_000 B", 1_000),
            ("0 B", 0),
            (" 2 GB ", 2_000_000_000),
            ("1.000001 MB", 1_000_001),
            ("16777215 TiB", 16_777_215 << 40),
        ];
        for (text, expected) in sizes {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_sizes_names_both() {
        for text in ["8 M", "8 m", "8 mb", "8 mib", "8 MIB", "8 Mb"] {
            let error = bytes(text).expect_err(text);
            assert!(error.contains("write `MiB` (2^20) or `MB` (10^6)"), "{text}: {error}");
        }
        for text in ["8 K", "8 k", "8 KB"] {
            let error = bytes(text).expect_err(text);
            assert!(error.contains("write `KiB` (2^10) or `kB` (10^3)"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for (text, reason) in [
            ("", "is no size"),
            ("MiB", "is no size"),
            ("1. MiB", "is no size"),
            (".5 MiB", "is no size"),
            ("1.2.3 MiB", "is no size"),
            ("-1 MiB", "is no size"),
            ("800", "needs a unit: write \"800 B\""),
            ("8 bits", "there are B, kB"),
            ("8 b", "there are B, kB"),
            ("1.5 B", "not a whole number"),
            ("0.1 KiB", "not a whole number"),
            ("16777216 TiB", "more than 2^64"),
            ("9999999999999999999999999999999 GiB", "more digits"),
            ("99999999999999999999999999999999999999999 B", "is no size"),
        ] {
            let error = bytes(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
