//! Bit rot: a file that says something else than was written. Who reads it gets an error or the truth, never another
//! truth; and whoever writes behind it can't make it worse unseen.

use std::fs;
use std::path::{Path, PathBuf};

use caseloom_engine::record::Stage;

use super::super::schema::Family;
use super::super::{BatchStore, CommitBatch, Store, StoreError, StoreOptions};
use super::{crash_image, new_store};
use crate::store::samples;

/// Places of a file that are damaged, one at a time.
const PLACES: usize = 24;

/// All keys and values.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn everything(store: &Store) -> Result<Entries, StoreError> {
    let mut all = Vec::new();
    for family in Family::ALL {
        store.db.scan(family, Vec::new()..vec![1], |key, value| {
            all.push((key.to_vec(), value.to_vec()));
            Ok(())
        })?;
    }
    Ok(all)
}

fn look(path: &Path) -> Result<Entries, StoreError> {
    let store = Store::open(path, &StoreOptions::default())?;
    store.recover()?;
    everything(&store)
}

fn files(path: &Path, is_it: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let files = fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|file| is_it(file.file_name().unwrap().to_str().unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_file_that_rots_is_an_error_and_never_another_truth() {
    let (directory, mut store) = new_store();
    for number in 1..=40 {
        let batch = CommitBatch {
            records: &samples::group_records(number, Stage::Open),
            alerts: &[samples::row(number * 10, number as i64)],
            raw: &[samples::raw(number * 10, number as i64)],
            outbox: &[samples::output(number as i64)],
            ..CommitBatch::default()
        };
        store.writer.commit(&batch).unwrap();
    }
    for family in Family::ALL {
        store.db.flush(family).unwrap();
    }
    let truth = everything(&store).unwrap();
    drop(store);
    let is_kept =
        |name: &str| name.ends_with(".sst") || name.starts_with("MANIFEST") || name == "CURRENT";
    let (mut errors, mut unharmed) = (0, 0);
    for file in files(directory.path(), is_kept) {
        let bytes = fs::read(&file).unwrap();
        for place in (0..bytes.len()).step_by(bytes.len().div_ceil(PLACES)) {
            let image = crash_image(directory.path());
            let mut rotten = bytes.clone();
            rotten[place] ^= 0x40;
            fs::write(image.path().join(file.file_name().unwrap()), rotten).unwrap();
            match look(image.path()) {
                Ok(seen) => {
                    assert_eq!(seen.len(), truth.len(), "{file:?} at {place}");
                    assert!(seen == truth, "{file:?} at {place} tells something else");
                    unharmed += 1;
                }
                Err(_) => errors += 1,
            }
        }
    }
    // Statistics and filters may rot without harm.
    assert!(
        errors > unharmed,
        "{errors} errors, {unharmed} without harm"
    );
}
