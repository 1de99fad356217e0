//! Where the bytes of evidence lie: one file each, named after its SHA-256, beside the database. A file is whole or not
//! there; the same bytes are kept once.
//!
//! Not in RocksDB, because a memory dump in its log would be rewritten by each compaction. `caseloom backup` copies the
//! folder behind the database: a file is there before the command that names it, and nothing is ever taken away, so the
//! copy holds all that the copied cases name.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
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
        let bytes = fs::read(self.path(name)?)?;
        match sha256(&bytes) == name {
            true => Ok(bytes),
            false => Err(changed()),
        }
    }
}

impl EvidenceStore {
    /// Reads a file through and returns its length.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn check(&self, name: &str) -> io::Result<u64> {
        digest(&self.path(name)?, name)
    }

    /// The names of all files, in order; what is only half put away is left out.
    ///
    /// # Errors
    /// What the system says.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for folder in entries(&self.folder)? {
            for file in entries(&folder)? {
                let name = file.file_name().and_then(|name| name.to_str());
                names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Puts all files into another store: by a second name for the same bytes where both are on one file system, which
    /// is safe because nobody writes to a file that is there. Returns how many.
    ///
    /// # Errors
    /// What the system says; what was put there until then is left.
    pub fn link_into(&self, other: &Self) -> io::Result<u64> {
        self.each_into(other, |from, to, _| {
            if fs::hard_link(from, to).is_err() {
                copy(from, to)?;
            }
            Ok(())
        })
    }

    /// The same with bytes of its own, each file checked after it was copied.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when a file is not what its name says; else what the system says.
    pub fn copy_into(&self, other: &Self) -> io::Result<u64> {
        self.each_into(other, |from, to, name| {
            copy(from, to)?;
            digest(to, name).map(drop)
        })
    }

    fn each_into(
        &self,
        other: &Self,
        each: impl Fn(&Path, &Path, &str) -> io::Result<()>,
    ) -> io::Result<u64> {
        let names = self.names()?;
        for name in &names {
            let to = other.path(name)?;
            if !to.exists() {
                make(to.parent().unwrap_or(&other.folder))?;
                each(&self.path(name)?, &to, name)?;
            }
        }
        for folder in entries(&other.folder)? {
            File::open(&folder)?.sync_all()?;
        }
        Ok(names.len() as u64)
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        match is_name(name) {
            true => Ok(self.folder.join(&name[..2]).join(name)),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a folder holds; nothing where it is not there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// The length of a file, if its bytes have the SHA-256 `name`.
fn digest(path: &Path, name: &str) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        length += read as u64;
    }
    match hex(&hasher.finalize()) == name {
        true => Ok(length),
        false => Err(changed()),
    }
}

fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the evidence was changed on the disk: it has another SHA-256",
    )
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
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to memory can't fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_go_into_another_store_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = EvidenceStore::beside(&path("a"));
        assert_eq!(store.names().unwrap(), Vec::<String>::new());
        let mut names = [store.put(b"one").unwrap(), store.put(b"two").unwrap()];
        names.sort_unstable();
        // Half put away, as a crash leaves it.
        fs::write(path("a/evidence").join(&names[0][..2]).join(".tmpAbc"), "t").unwrap();
        for (name, into) in [
            ("linked", EvidenceStore::link_into as fn(&_, &_) -> _),
            ("copied", EvidenceStore::copy_into),
        ] {
            let other = EvidenceStore::beside(&path(name));
            assert_eq!(into(&store, &other).unwrap(), 2_u64);
            assert_eq!(into(&store, &other).unwrap(), 2_u64);
            assert_eq!(other.names().unwrap(), names);
            assert_eq!(other.check(&names[1]).unwrap(), 3);
        }
        let damaged = path("a/evidence").join(&names[0][..2]).join(&names[0]);
        fs::remove_file(&damaged).unwrap();
        fs::write(&damaged, "uno").unwrap();
        let copied = store.copy_into(&EvidenceStore::beside(&path("again")));
        assert_eq!(copied.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

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
        let kind = store.check(&name).map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::InvalidData));
        assert!(store.get("../../etc/passwd").is_err());
    }
}
