//! Backup and restore: consistent copies of the store, also of one that is in use, and what going on with one means.
//!
//! A copy is a checkpoint of RocksDB's: hard links where source and target share a file system, so it takes moments and
//! no room until the tables differ. A running daemon is asked by a file in its data directory (`request`), which only
//! its user can write. Not chosen: an HTTP call, which any process on the machine could make.
//!
//! Evidence goes along: its folder is copied behind the checkpoint, and checked file by file when it is put back.

mod outlook;
mod request;

use std::fs;
use std::path::{Path, PathBuf};

pub use outlook::{Outlook, outlook};
pub use request::{answer, ask};

use crate::evidence::EvidenceStore;
use crate::kafka::KafkaError;
use crate::ports::PublishError;
use crate::store::{Store, StoreError, StoreOptions, StoreReader};

/// Why there is no copy, or why it is not in place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store can't be read, or the copy can't be made.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A file can't be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The target holds something.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The daemon did not answer. Remedy: is it running, and of this version?
    #[error("the daemon did not answer within {seconds} s")]
    NoAnswer {
        /// How long was waited.
        seconds: u64,
    },
    /// The daemon could not make the copy.
    #[error("the daemon refused: {0}")]
    Refused(String),
    /// Kafka can't be asked what going on would mean.
    #[error("kafka failed")]
    Kafka(#[from] KafkaError),
    /// The progress topic can't be read.
    #[error("the progress topic can't be read")]
    Progress(#[from] PublishError),
}

/// Copies the store at `path` into the new directory `to`; a running daemon does it itself.
///
/// # Errors
/// [`BackupError`]
pub fn backup(path: &Path, to: &Path) -> Result<(), BackupError> {
    let to = std::path::absolute(to).map_err(|source| file(to, source))?;
    must_be_free(&to)?;
    // The checkpoint makes the last directory itself.
    if to.exists() {
        fs::remove_dir(&to).map_err(|source| file(&to, source))?;
    }
    match Store::open(path, &StoreOptions::default()) {
        Ok(store) => copy(path, &store.reader, &to),
        Err(StoreError::InUse { .. }) => ask(path, &to),
        Err(error) => Err(error.into()),
    }
}

/// Copies an open store and its evidence. In this order: what the copied cases name was there before them.
fn copy(path: &Path, reader: &StoreReader, to: &Path) -> Result<(), BackupError> {
    reader.checkpoint(to)?;
    let linked = EvidenceStore::beside(path).link_into(&EvidenceStore::beside(to));
    linked.map(drop).map_err(|source| file(to, source))
}

/// Copies a backup to where the store belongs, and opens it once. Evidence that is not what its name says is refused.
///
/// # Errors
/// [`BackupError`]; what was copied until then is left.
pub fn restore(from: &Path, path: &Path) -> Result<(), BackupError> {
    must_be_free(path)?;
    fs::create_dir_all(path).map_err(|source| file(path, source))?;
    for entry in fs::read_dir(from).map_err(|source| file(from, source))? {
        let entry = entry.map_err(|source| file(from, source))?;
        if entry.path().is_dir() {
            continue;
        }
        let copy = path.join(entry.file_name());
        fs::copy(entry.path(), &copy).map_err(|source| file(&copy, source))?;
        let synced = fs::File::open(&copy).and_then(|copy| copy.sync_all());
        synced.map_err(|source| file(&copy, source))?;
    }
    let copied = EvidenceStore::beside(from).copy_into(&EvidenceStore::beside(path));
    copied.map_err(|source| file(from, source))?;
    drop(Store::open(path, &StoreOptions::default())?);
    Ok(())
}

/// Refuses a target that holds something.
fn must_be_free(path: &Path) -> Result<(), BackupError> {
    match fs::read_dir(path).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(BackupError::NotEmpty(path.into())),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(file(path, source)),
    }
}

fn file(path: &Path, source: std::io::Error) -> BackupError {
    BackupError::File {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Destination, OutputRecord};
    use crate::store::{BatchStore, CommitBatch};

    fn commit(store: &mut Store) {
        let outbox = [OutputRecord {
            destination: Destination::Events,
            key: b"k".to_vec(),
            headers: Vec::new(),
            value: None,
            timestamp_ms: 0,
        }];
        let batch = CommitBatch {
            outbox: &outbox,
            ..CommitBatch::default()
        };
        store.writer.commit(&batch).unwrap();
    }

    fn open(path: &Path) -> Store {
        Store::open(path, &StoreOptions::default()).unwrap()
    }

    #[test]
    fn a_copy_is_the_store_as_it_was_and_can_be_put_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut store = open(&path("store"));
        commit(&mut store);
        let before = store.recover().unwrap();
        drop(store);
        backup(&path("store"), &path("copy")).unwrap();
        commit(&mut open(&path("store")));
        assert!(matches!(
            backup(&path("store"), &path("copy")),
            Err(BackupError::NotEmpty(_))
        ));
        assert!(matches!(
            restore(&path("copy"), &path("store")),
            Err(BackupError::NotEmpty(_))
        ));
        restore(&path("copy"), &path("restored")).unwrap();
        assert_eq!(open(&path("restored")).recover().unwrap(), before);
    }

    #[test]
    fn evidence_goes_along_and_is_checked_on_its_way_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        commit(&mut open(&path("store")));
        let name = EvidenceStore::beside(&path("store")).put(b"proof").unwrap();
        backup(&path("store"), &path("copy")).unwrap();
        restore(&path("copy"), &path("restored")).unwrap();
        let restored = EvidenceStore::beside(&path("restored"));
        assert_eq!(restored.get(&name).unwrap(), b"proof");

        let copy = path("copy").join("evidence").join(&name[..2]).join(&name);
        fs::remove_file(&copy).unwrap();
        fs::write(&copy, "forged").unwrap();
        let refused = restore(&path("copy"), &path("again")).unwrap_err();
        let BackupError::File { source, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(source.kind(), std::io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_store_in_use_is_copied_by_who_uses_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut store = open(&path("store"));
        commit(&mut store);
        let (at, reader) = (path("store"), store.reader.clone());
        let (asked, target) = (path("store"), path("copy"));
        let asking = std::thread::spawn(move || backup(&asked, &target));
        while !asking.is_finished() {
            answer(&at, &reader).unwrap();
            std::thread::yield_now();
        }
        asking.join().unwrap().unwrap();
        assert_eq!(open(&path("copy")).recover().unwrap().batch_no, 1);
    }
}
