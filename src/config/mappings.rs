//! `[mappings]`: the directory of mapping files, read into the engine's [`Mapping`]s.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use caseloom_engine::input::Mapping;

use super::error::{ConfigError, Place, Problem};
use super::read_file;

/// The mappings of `dir` in the order of their files' names, which is the order in which `auto` tries them. Files that
/// don't end in `.toml` are left alone. What is wrong goes to `problems`.
///
/// # Errors
/// The directory can't be read.
pub(super) fn load(dir: &Path, problems: &mut Vec<Problem>) -> std::io::Result<Vec<Mapping>> {
    let mut mappings = Vec::new();
    let mut names = BTreeSet::new();
    for path in list(dir)? {
        match read(&path) {
            Ok(mapping) if names.insert(mapping.name().to_owned()) => mappings.push(mapping),
            Ok(mapping) => {
                let message = format!("the name {:?} is another mapping's already", mapping.name());
                problems.push(Problem::in_file(&path.display().to_string(), message));
            }
            Err(error) => problems.extend(error.problems),
        }
    }
    Ok(mappings)
}

fn list(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The mapping in one file.
///
/// # Errors
/// What is wrong with it, with its line.
pub(crate) fn read(path: &Path) -> Result<Mapping, ConfigError> {
    let name = path.display().to_string();
    let text = read_file(path)?;
    Mapping::from_toml(&text, &name).map_err(|error| ConfigError {
        problems: vec![Problem {
            place: Place::Line(error.file.into(), error.line, 1),
            key: error.key,
            message: error.what.replace('\n', ", "),
        }],
    })
}
