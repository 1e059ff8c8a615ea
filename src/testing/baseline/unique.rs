//! Maps of a JSON file in which every key may stand once: of two, one would be lost in silence.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Reads a map.
///
/// # Errors
///
/// If a key stands there twice.
pub(super) fn map<'de, D: Deserializer<'de>, V: Deserialize<'de>>(source: D) -> Result<BTreeMap<String, V>, D::Error> {
    source.deserialize_map(UniqueKeys(PhantomData))
}

struct UniqueKeys<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for UniqueKeys<V> {
    type Value = BTreeMap<String, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = source.next_entry::<String, V>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("`{}` stands here twice", key.escape_debug())));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}
