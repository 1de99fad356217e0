//! Where the bytes of evidence lie: one file each, named after its SHA-256, beside the database. A file is whole or not
//! there; the same bytes are kept once.
//!
//! Not in RocksDB, because a memory dump in its log would be rewritten by each compaction. `caseloom backup` copies the
//! database alone: copy the folder `evidence` too.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Longest piece: it is held in memory while it is taken and given.
pub const EVIDENCE_BYTES_MAX: usize = 32 << 20;

/// The folder. Clones share it.
#[derive(Clone, Debug)]
pub struct EvidenceStore {
    folder: PathBuf,
}

impl EvidenceStore {
    /// The folder beside a store; it is made with the first piece.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        Self {
            folder: store.join("evidence"),
        }
    }

    /// Puts bytes away, durably, and returns their SHA-256 as hex.
    ///
    /// # Errors
    /// What the system says.
    pub fn put(&self, bytes: &[u8]) -> io::Result<String> {
        let name = sha256(bytes);
        let folder = self.folder.join(&name[..2]);
        let path = folder.join(&name);
        if path.exists() {
            return Ok(name);
        }
        make(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        for made in [folder.as_path(), &self.folder] {
            File::open(made)?.sync_all()?;
        }
        Ok(name)
    }

    /// The bytes with this SHA-256.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when they are not the ones that were put away; else what the system says.
    pub fn get(&self, name: &str) -> io::Result<Vec<u8>> {
        if name.len() != 64 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let bytes = fs::read(self.folder.join(&name[..2]).join(name))?;
        match sha256(&bytes) == name {
            true => Ok(bytes),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the evidence was changed on the disk: it has another SHA-256",
            )),
        }
    }
}

/// For its owner alone.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to memory can't fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_and_a_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        let store = EvidenceStore::beside(folder.path());
        let name = store.put(b"abc").unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(name, known);
        assert_eq!(store.put(b"abc").unwrap(), name);
        assert_eq!(store.get(&name).unwrap(), b"abc");
        let path = folder.path().join("evidence").join("ba").join(&name);
        fs::write(path, b"abd").unwrap();
        let kind = store.get(&name).map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::InvalidData));
        assert!(store.get("../../etc/passwd").is_err());
    }
}
