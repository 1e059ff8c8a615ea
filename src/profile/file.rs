//! Saving a profile to a file and loading it.
//!
//! The name decides how a file is written (compressed if it ends in `.gz`), the first bytes decide how it is read. A
//! compressed file is foreign input that can claim to be endless, so what comes out of it is limited.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::profile::{Access, Profile, ProfileError, replace_file};
use crate::record::own_work::OwnWork;

/// The largest profile that is read, in bytes of JSON.
const MAX_BYTES: u64 = 2 << 30;
/// A compressed file may always grow to this size.
const SMALL_BYTES: u64 = 16 << 20;
/// How far a larger compressed file may grow: ten times what profiles reach, a quarter of what the format allows.
const MAX_RATIO: u64 = 256;
/// The first bytes of every gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Profile {
    /// Saves the profile as JSON, compressed with gzip if the name ends in `.gz`.
    ///
    /// The file is complete or not written at all: a file of that name keeps its contents if saving fails. On Unix only
    /// the owner can read it, since a profile holds the command line and the paths of the program.
    ///
    /// ```
    /// let path = std::env::temp_dir().join(format!("heaplens-doc-{}.json.gz", std::process::id()));
    /// let profile = heaplens::Profile::default();
    /// profile.save(&path)?;
    /// assert_eq!(heaplens::Profile::load(&path)?, profile);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProfileError::Io`] with the path and what the operating system said.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ProfileError> {
        let _own = OwnWork::begin();
        let path = path.as_ref();
        let compressed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        replace_file(path, Access::OwnerOnly, |writer| {
            if !compressed {
                return self.write_json(writer);
            }
            let mut encoder = GzEncoder::new(writer, Compression::default());
            self.write_json(&mut encoder)?;
            encoder.finish().map(drop)
        })
    }

    /// Loads a profile that [`save`](Profile::save) wrote, compressed or not.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] says why the file cannot be read, or is no sound profile.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ProfileError> {
        let _own = OwnWork::begin();
        let path = path.as_ref();
        let refused = |source| ProfileError::Io { path: Some(path.to_owned()), source };
        let file = fs::File::open(path).map_err(refused)?;
        let bytes = read_at_most(file, MAX_BYTES).map_err(refused)?.ok_or_else(too_large)?;
        if bytes.starts_with(&GZIP_MAGIC) { Self::from_json(&decompressed(&bytes)?) } else { Self::from_json(&bytes) }
    }
}

fn decompressed(bytes: &[u8]) -> Result<Vec<u8>, ProfileError> {
    let limit = (bytes.len() as u64).saturating_mul(MAX_RATIO).clamp(SMALL_BYTES, MAX_BYTES);
    match read_at_most(GzDecoder::new(bytes), limit) {
        Ok(text) => text.ok_or_else(too_large),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ProfileError::Truncated),
        Err(error) => Err(ProfileError::damaged(error.to_string())),
    }
}

/// All bytes of a reader, or `None` if there are more than the limit.
fn read_at_most(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn too_large() -> ProfileError {
    ProfileError::damaged("it is larger than any profile")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_decompression_bomb_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let spaces = vec![b' '; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&spaces).expect("memory");
        }
        let bomb = encoder.finish().expect("memory");
        assert!(bomb.len() < 100_000);
        assert!(matches!(decompressed(&bomb), Err(ProfileError::Damaged { .. })));
    }

    #[test]
    fn a_limit_is_the_last_size_that_is_read() {
        assert_eq!(read_at_most(&b"abc"[..], 3).expect("memory"), Some(b"abc".to_vec()));
        assert_eq!(read_at_most(&b"abcd"[..], 3).expect("memory"), None);
    }
}
