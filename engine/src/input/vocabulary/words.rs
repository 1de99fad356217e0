//! Words: a field's path cut into lower-case words, in memory of its own.

use smallvec::SmallVec;

/// The words of one field's path.
#[derive(Clone, Default)]
pub(crate) struct Words {
    text: SmallVec<[u8; 64]>,
    /// Where each word ends.
    ends: SmallVec<[u8; 8]>,
}

/// A path of more bytes or words than this is nobody's simple name.
const BYTES_MAX: usize = 96;
const WORDS_MAX: usize = 10;

impl Words {
    /// The words behind these that `key` adds; `None` when they are too many.
    pub(crate) fn with(&self, key: &str) -> Option<Self> {
        let mut words = self.clone();
        let key = key.as_bytes();
        if words.text.len() + key.len() > BYTES_MAX {
            return None;
        }
        let mut start = 0;
        for at in 0..key.len() {
            if !key[at].is_ascii_alphanumeric() {
                words.push(&key[start..at])?;
                start = at + 1;
            } else if at > start && begins_word(key, at) {
                words.push(&key[start..at])?;
                start = at;
            }
        }
        words.push(&key[start..])?;
        Some(words)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).map(|(start, end)| {
            let word = &self.text[usize::from(start)..usize::from(end)];
            std::str::from_utf8(word).unwrap_or_default()
        })
    }

    /// Adds a word, or the words that are written as one.
    fn push(&mut self, word: &[u8]) -> Option<()> {
        let mut lower: SmallVec<[u8; 64]> = SmallVec::from_slice(word);
        lower.make_ascii_lowercase();
        let mut rest = &lower[..];
        while let Some(length) = glued(rest) {
            self.push_one(&rest[..length])?;
            rest = &rest[length..];
        }
        self.push_one(rest)
    }

    fn push_one(&mut self, word: &[u8]) -> Option<()> {
        if word.is_empty() {
            return Some(());
        }
        if self.ends.len() >= WORDS_MAX {
            return None;
        }
        self.text.extend_from_slice(word);
        self.ends.push(u8::try_from(self.text.len()).ok()?);
        Some(())
    }
}

/// Whether a word begins at `at`, behind a letter: `srcIp`, `IPAddress`.
fn begins_word(key: &[u8], at: usize) -> bool {
    if !key[at].is_ascii_uppercase() {
        return false;
    }
    let follows_lower = !key[at - 1].is_ascii_uppercase();
    let behind = &key[at + 1..];
    let ends_capitals = behind.first().is_some_and(u8::is_ascii_lowercase);
    // `IPv4`, `IPs`: small letters that belong to the capitals.
    let is_tail = behind.starts_with(b"v4") || behind.starts_with(b"v6") || behind == b"s";
    follows_lower || (ends_capitals && !is_tail)
}

/// How long the first word is, when others are written behind it without anything between: `srcip`, `hostname`.
fn glued(word: &[u8]) -> Option<usize> {
    const FIRSTS: [&[u8]; 27] = [
        b"src",
        b"source",
        b"dst",
        b"dest",
        b"destination",
        b"client",
        b"server",
        b"remote",
        b"local",
        b"target",
        b"attacker",
        b"victim",
        b"user",
        b"file",
        b"process",
        b"computer",
        b"device",
        b"machine",
        b"account",
        b"domain",
        b"rule",
        b"email",
        b"dev",
        b"ip",
        b"agent",
        b"attack",
        b"signature",
    ];
    const SECONDS: [&[u8]; 17] = [
        b"ip",
        b"ips",
        b"ipaddr",
        b"ipaddress",
        b"addr",
        b"address",
        b"host",
        b"hostname",
        b"name",
        b"user",
        b"username",
        b"port",
        b"mac",
        b"path",
        b"hash",
        b"id",
        b"domain",
    ];
    FIRSTS
        .into_iter()
        .filter(|first| word.starts_with(first) && SECONDS.contains(&&word[first.len()..]))
        .map(<[u8]>::len)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str) -> String {
        let words = Words::default().with(path).unwrap();
        words.iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_of_all_spellings_have_the_same_words() {
        for path in [
            "src_ip", "srcIp", "SrcIP", "src.ip", "srcip", "src-ip", "SRC_IP",
        ] {
            assert_eq!(words(path), "src ip", "{path}");
        }
        for (path, wanted) in [
            ("sourceIPAddress", "source ip address"),
            ("srcipaddr", "src ip addr"),
            ("hostname", "hostname"),
            ("srchostname", "src hostname"),
            ("username", "user name"),
            ("file.sha256", "file sha256"),
            ("@timestamp", "timestamp"),
            ("_time", "time"),
            ("eventtime", "eventtime"),
            ("IPv4", "ipv4"),
        ] {
            assert_eq!(words(path), wanted, "{path}");
        }
        let nested = Words::default()
            .with("source")
            .unwrap()
            .with("userName")
            .unwrap();
        assert_eq!(
            nested.iter().collect::<Vec<_>>(),
            ["source", "user", "name"]
        );
        assert!(Words::default().with(&"a".repeat(97)).is_none());
        assert!(Words::default().with("a.b.c.d.e.f.g.h.i.j.k").is_none());
    }
}
