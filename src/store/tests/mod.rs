//! How the store behaves as a whole, one behaviour a file. All on real directories.

mod crash;
mod feed;
mod formats;
mod lock;
mod outbox;
mod pages;
mod recovery;
mod retention;
mod rot;
mod round_trip;

use crate::store::{BatchStore, Memory};
use std::path::Path;

use caseloom_engine::record::Record;
use caseloom_engine::time::Span;
use tempfile::TempDir;

use super::{CommitBatch, Store, StoreOptions};

fn open(path: &Path) -> Store {
    let mib = 1 << 20;
    let options = StoreOptions {
        write_buffer_bytes: 8 * mib,
        block_cache_bytes: 8 * mib,
    };
    Store::open(path, &options).unwrap()
}

fn new_store() -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path());
    (directory, store)
}

fn commit_records(store: &mut Store, records: &[Record]) {
    store
        .writer
        .commit(&CommitBatch {
            records,
            ..CommitBatch::default()
        })
        .unwrap();
}

/// What the engine's memory is rebuilt from.
fn live_state(store: &Store, ids_kept: Span) -> Vec<Record> {
    let mut records = Vec::new();
    store
        .live_state(ids_kept, &mut |record| records.push(record))
        .unwrap();
    records
}

/// Copies the files of an open store: what a crash at this moment would leave.
fn crash_image(of: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in std::fs::read_dir(of).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "LOCK" {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    copy
}
