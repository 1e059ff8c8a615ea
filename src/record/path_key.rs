//! What stands in the address field of a tree node: a return address, or the key of something that is not code.
//!
//! ```text
//! 0xFFFE | lane 16 … bit 16 | name  0 … bit 0     a scope: its name's number and its lane
//! 0xFFFD | number                                 a recording of the whole process
//! 0xFFFC                                          the missing outer part of a stack that was cut
//! 0xFFFB | node                                   the place (scope, thread or recording) under which a stack is a site
//! 0xFFFA | name                                   a thread: the number of its name
//! module | return address                         code of a module that can be unloaded, by its number
//! ```
//!
//! No return address has any of the top bits: user space ends far below. Numbers of modules end at 4,096.

/// Number of different names that scopes can have before they are reported as "(other scopes)", and threads before they
/// are reported as "(other threads)".
pub(crate) const MAX_NAMES: u32 = 4_096;
/// Stands for every name beyond [`MAX_NAMES`].
pub(crate) const OTHER_NAMES: u32 = 0xFFFF;
/// Number of scopes of one name that can be open at once and share the lowest lanes.
pub(crate) const LANES: u32 = 64;

const KIND_SHIFT: u32 = 48;
const SCOPE: u64 = 0xFFFE;
const RECORDING: u64 = 0xFFFD;
const CUT: u64 = 0xFFFC;
const PLACE: u64 = 0xFFFB;
const THREAD: u64 = 0xFFFA;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PathKey {
    /// A return address.
    Address(usize),
    /// A return address in a module that can be unloaded.
    LateAddress {
        /// The address.
        address: usize,
        /// The module's number, see `sys::modules`.
        module: u16,
    },
    /// An open scope.
    Scope {
        /// Number of its name.
        name: u32,
        /// Its lane under that name.
        lane: u32,
    },
    /// A recording of the whole process.
    Recording(u32),
    /// The outer part of a stack that was cut.
    Cut,
    /// The node of the scope, thread or recording under which the stack that ends here is a site.
    Place(u32),
    /// A thread in a recording by thread, by the number of its name.
    Thread(u32),
}

impl PathKey {
    pub(crate) fn to_bits(self) -> u64 {
        match self {
            Self::Address(address) => address as u64,
            Self::LateAddress { address, module } => u64::from(module) << KIND_SHIFT | address as u64,
            Self::Scope { name, lane } => SCOPE << KIND_SHIFT | u64::from(lane) << 16 | u64::from(name & 0xFFFF),
            Self::Recording(number) => RECORDING << KIND_SHIFT | u64::from(number),
            Self::Cut => CUT << KIND_SHIFT,
            Self::Place(node) => PLACE << KIND_SHIFT | u64::from(node),
            Self::Thread(name) => THREAD << KIND_SHIFT | u64::from(name),
        }
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        match bits >> KIND_SHIFT {
            SCOPE => Self::Scope { name: (bits & 0xFFFF) as u32, lane: (bits >> 16) as u32 },
            RECORDING => Self::Recording(bits as u32),
            CUT => Self::Cut,
            PLACE => Self::Place(bits as u32),
            THREAD => Self::Thread(bits as u32),
            0 => Self::Address(bits as usize),
            module => Self::LateAddress { address: (bits & (u64::MAX >> 16)) as usize, module: module as u16 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_back_as_it_was() {
        for key in [
            PathKey::Address(0x7FFF_FFFF_F000),
            PathKey::Scope { name: OTHER_NAMES, lane: 20_000 },
            PathKey::Scope { name: 0, lane: 0 },
            PathKey::Recording(7),
            PathKey::Cut,
            PathKey::Place(3),
            PathKey::Thread(0),
            PathKey::Thread(OTHER_NAMES),
            PathKey::LateAddress { address: 0x7FFF_FFFF_F000, module: 4_096 },
        ] {
            assert_eq!(PathKey::from_bits(key.to_bits()), key);
        }
    }
}
