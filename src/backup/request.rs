//! How a running daemon is asked for a copy: by two files in its data directory.
//!
//! `backup.request` holds the target; it appears whole, by a rename, and the daemon takes it away when it begins.
//! `backup.answer` then holds `ok`, or the reason why not; who asked takes it away.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{BackupError, file};
use crate::store::StoreReader;

const REQUEST: &str = "backup.request";
const ANSWER: &str = "backup.answer";
/// How long a daemon may take. A checkpoint on the same file system takes well under a second.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Asks the daemon that works on the store at `path` for a copy in `to`, and waits for it.
///
/// # Errors
/// [`BackupError::NoAnswer`], [`BackupError::Refused`], or that the files can't be written.
pub fn ask(path: &Path, to: &Path) -> Result<(), BackupError> {
    let answer = path.join(ANSWER);
    drop(fs::remove_file(&answer));
    put(&path.join(REQUEST), to.to_string_lossy().as_bytes())?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(said) = fs::read_to_string(&answer) {
            drop(fs::remove_file(&answer));
            return match said.as_str() {
                "ok" => Ok(()),
                reason => Err(BackupError::Refused(reason.into())),
            };
        }
        std::thread::park_timeout(LOOK);
    }
    drop(fs::remove_file(path.join(REQUEST)));
    Err(BackupError::NoAnswer {
        seconds: PATIENCE.as_secs(),
    })
}

/// Makes the copy that was asked for, if one was. For the daemon.
///
/// # Errors
/// When the answer can't be written.
pub fn answer(path: &Path, reader: &StoreReader) -> Result<(), BackupError> {
    let request = path.join(REQUEST);
    let Ok(to) = fs::read_to_string(&request) else {
        return Ok(());
    };
    fs::remove_file(&request).map_err(|source| file(&request, source))?;
    let to = PathBuf::from(to);
    let begun = Instant::now();
    let said = match super::copy(path, reader, &to) {
        Ok(()) => {
            let ms = begun.elapsed().as_millis();
            tracing::info!(to = %to.display(), ms, "backup made");
            "ok".to_owned()
        }
        Err(error) => {
            tracing::warn!(%error, to = %to.display(), "no backup");
            format!("{:#}", anyhow::Error::from(error))
        }
    };
    put(&path.join(ANSWER), said.as_bytes())
}

/// A file that is there whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let draft = path.with_extension("draft");
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    written.map_err(|source| file(path, source))
}
