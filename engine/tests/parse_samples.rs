//! Samples: what the parser makes of real messages in the folder that `CASELOOM_EVAL_DATA` names, printed for people.
//! Nothing there is expected to be one way or another: no value of theirs is ours.
//! `CASELOOM_EVAL_DATA=/data cargo test -p caseloom-engine --test parse_samples -- --include-ignored --nocapture`

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "reads samples and writes to the terminal"
)]

mod parsing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parsing::{message, parser, story};

#[test]
#[ignore = "needs CASELOOM_EVAL_DATA, the messages of real products: make test SUITES=samples runs it there"]
fn samples_are_read() {
    let folder = std::env::var("CASELOOM_EVAL_DATA")
        .expect("CASELOOM_EVAL_DATA names a folder that holds data/");
    // The file whose alerts are told in full, if any.
    let told = std::env::var("CASELOOM_EVAL_STORY").ok();
    let files = samples(&Path::new(&folder).join("data/formats"));
    assert!(!files.is_empty(), "no *.jsonl in {folder}/data/formats");
    let mut messages = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a sample is text");
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        messages += text.lines().count();
        tell(&name, &text);
        if told.as_deref() == Some(&*name) {
            text.lines().for_each(|line| println!("{}\n", story(line)));
        }
    }
    assert!(messages > 0);
}

fn samples(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files
        .map(|entry| entry.expect("a sample can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    files
}

/// One line for a file: messages, alerts, formats, envelopes, rejects.
fn tell(name: &str, text: &str) {
    let mut parser = parser();
    let mut alerts = Vec::new();
    let mut words: BTreeMap<String, u32> = BTreeMap::new();
    let mut messages = 0;
    for line in text.lines() {
        messages += 1;
        let mut count = |word: String| *words.entry(word).or_default() += 1;
        match parser.parse(&message(line.as_bytes()), &mut alerts) {
            Ok(parsed) => {
                if let Some(format) = parsed.format {
                    count(parser.format_name(format).to_owned());
                }
                parsed
                    .envelopes
                    .iter()
                    .for_each(|envelope| count(format!("[{envelope}]")));
                (0..parsed.not_alerts).for_each(|_| count("no-alert".to_owned()));
                parsed
                    .rejects
                    .iter()
                    .for_each(|(_, reject)| count(format!("!{}", reject.reason())));
            }
            Err(reject) => count(format!("!{}", reject.reason())),
        }
    }
    let words: Vec<String> = words
        .into_iter()
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    println!(
        "{name:28} {messages:4} messages {:4} alerts  {}",
        alerts.len(),
        words.join(", ")
    );
}
