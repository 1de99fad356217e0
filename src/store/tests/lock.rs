//! A store that is open is not opened again.

use std::path::Path;
use std::process::Command;

use super::super::{Store, StoreError, StoreOptions};
use super::{new_store, open};

fn refusal(path: &Path) -> String {
    let error = Store::open(path, &StoreOptions::default()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_second_opening_is_refused_until_every_part_is_gone() {
    let (directory, store) = new_store();
    let message = format!(
        "the store at {} is in use by another process",
        directory.path().display()
    );
    assert_eq!(refusal(directory.path()), message);
    let reader = store.reader.clone();
    drop(store);
    assert_eq!(refusal(directory.path()), message);
    drop(reader);
    drop(open(directory.path()));
}

#[test]
#[ignore = "run by another_process_is_refused in a process of its own"]
fn open_elsewhere() {
    let path = std::env::var_os("CASELOOM_TEST_STORE").unwrap();
    println!("{}", refusal(Path::new(&path)));
}

#[test]
fn another_process_is_refused() {
    let (directory, _store) = new_store();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::tests::lock::open_elsewhere",
            "--ignored",
            "--nocapture",
        ])
        .env("CASELOOM_TEST_STORE", directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("is in use by another process"), "{text}");
}
