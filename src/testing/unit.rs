//! Units of bytes.

/// Bytes in a kibibyte (2^10).
pub const KIB: u64 = 1 << 10;
/// Bytes in a mebibyte (2^20).
pub const MIB: u64 = 1 << 20;
/// Bytes in a gibibyte (2^30).
pub const GIB: u64 = 1 << 30;
