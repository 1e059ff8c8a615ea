//! The colours of a flame graph: whose code a frame is.
//!
//! A person looks for the own code first. The hue is that of the origin; the shade differs from name to name, so that
//! frames side by side can be told apart, and is always the same for a name.

use inferno::flamegraph::color::{Color, PaletteMap};

use crate::symbolize::Origin;
use std::collections::BTreeSet;

/// How many shades a hue has.
const SHADES: u8 = 8;

/// The colours of what is no frame of a profile: the box around all others, and a stack without frames.
pub(super) fn palette() -> PaletteMap {
    let mut palette = PaletteMap::default();
    for name in ["", "(no stack)"] {
        palette.insert(name, color(Origin::Marker, name));
    }
    palette
}

/// What the colours of an image with frames of these origins mean, in a few words with `; ` behind them.
pub(super) fn legend(origins: &BTreeSet<Origin>) -> String {
    let meanings: Vec<&str> = origins.iter().map(|origin| meaning(*origin)).collect();
    if meanings.is_empty() { String::new() } else { meanings.join(", ") + "; " }
}

fn meaning(origin: Origin) -> &'static str {
    match origin {
        Origin::User => "orange: own code",
        Origin::Dependency => "green: dependencies",
        Origin::Runtime => "blue: std",
        Origin::Scope => "purple: scopes",
        Origin::Thread => "pink: threads",
        Origin::Marker => "grey: remarks",
    }
}

/// The colour of a frame with that name in the image.
pub(super) fn color(origin: Origin, name: &str) -> Color {
    let shade = shade(name);
    match origin {
        Origin::User => Color { r: 250, g: 150 + shade * 5, b: 60 + shade * 8 },
        Origin::Dependency => Color { r: 120 + shade * 8, g: 195 + shade * 4, b: 130 + shade * 8 },
        Origin::Runtime => Color { r: 150 + shade * 6, g: 185 + shade * 5, b: 225 },
        Origin::Scope => Color { r: 195 + shade * 4, g: 165 + shade * 5, b: 225 },
        Origin::Thread => Color { r: 245, g: 155 + shade * 5, b: 180 + shade * 5 },
        Origin::Marker => Color { r: 200 + shade * 4, g: 200 + shade * 4, b: 200 + shade * 4 },
    }
}

/// A number below [`SHADES`] that depends on the name alone: the FNV-1a hash of Fowler, Noll and Vo, folded.
fn shade(name: &str) -> u8 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash ^ (hash >> 16)) % u32::from(SHADES)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shade_of_an_origin_is_one_of_another() {
        let origins =
            [Origin::User, Origin::Dependency, Origin::Runtime, Origin::Scope, Origin::Thread, Origin::Marker];
        let names: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
        let of = |origin| -> Vec<Color> { names.iter().map(|name| color(origin, name)).collect() };
        for (position, origin) in origins.iter().enumerate() {
            let mut shades = of(*origin);
            assert!(origins[..position].iter().all(|other| !of(*other).iter().any(|color| shades.contains(color))));
            shades.sort_unstable();
            shades.dedup();
            assert_eq!(shades.len(), usize::from(SHADES));
        }
    }
}
