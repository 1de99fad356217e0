//! Dotted: shows the leaves of an object by their dotted paths, so that `{"host": {"name": ..}}`, `{"host.name": ..}` and
//! mixtures of both are read alike. Elastic's products write all of them, even side by side in one document.
//!
//! Arrays are leaves. The path is put together in a buffer on the stack; nothing is allocated. A path that does not
//! fit is none that a room knows and is passed over.

use super::json::Value;

/// The longest path shown, in bytes; the longest that a room asks for has some 60.
const PATH_BYTES_MAX: usize = 160;

/// Deeper objects are passed over; the deepest known path has 7 parts.
const DEPTH_MAX: usize = 16;

/// Shows each leaf under `object` to `show`, in document order.
pub(crate) fn leaves<'a>(object: Value<'a>, mut show: impl FnMut(&str, Value<'a>)) {
    walk(object, &mut Path::default(), 0, &|_| true, &mut show);
}

/// As [`leaves`], without what lies under objects whose path `is_wanted` refuses.
pub(crate) fn leaves_of<'a>(
    object: Value<'a>,
    is_wanted: &dyn Fn(&str) -> bool,
    mut show: impl FnMut(&str, Value<'a>),
) {
    walk(object, &mut Path::default(), 0, is_wanted, &mut show);
}

/// Room for a squeezed key; longer ones are none that a room knows.
pub(crate) type KeyBuffer = [u8; 40];

/// `key` in lower case and without blanks, dashes and underscores, so that `TargetUserName`, `targetUserName`,
/// `target_user_name` and `Target User Name` are one; `None` when it is too long.
pub(crate) fn squeezed<'b>(key: &str, buffer: &'b mut KeyBuffer) -> Option<&'b [u8]> {
    let mut len = 0;
    for byte in key.bytes() {
        if !matches!(byte, b' ' | b'_' | b'-') {
            *buffer.get_mut(len)? = byte.to_ascii_lowercase();
            len += 1;
        }
    }
    Some(&buffer[..len])
}

struct Path {
    bytes: [u8; PATH_BYTES_MAX],
    len: usize,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            bytes: [0; PATH_BYTES_MAX],
            len: 0,
        }
    }
}

impl Path {
    /// Appends `key`, after a dot if it is not the first. `None` when it does not fit.
    fn push(&mut self, key: &str) -> Option<&str> {
        let dot = usize::from(self.len > 0);
        let end = self.len + dot + key.len();
        let room = self.bytes.get_mut(self.len..end)?;
        if dot == 1 {
            room[0] = b'.';
        }
        room[dot..].copy_from_slice(key.as_bytes());
        self.len = end;
        self.text()
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes[..self.len]).ok()
    }
}

fn walk<'a>(
    object: Value<'a>,
    path: &mut Path,
    depth: usize,
    is_wanted: &dyn Fn(&str) -> bool,
    show: &mut dyn FnMut(&str, Value<'a>),
) {
    let start = path.len;
    for (key, value) in object.keys_and_values() {
        let is_leaf = value.fields().is_none();
        if start == 0 && is_leaf {
            show(key, value);
            continue;
        }
        if let Some(text) = path.push(key) {
            if is_leaf {
                show(text, value);
            } else if depth < DEPTH_MAX && is_wanted(text) {
                walk(value, path, depth + 1, is_wanted, show);
            }
        }
        path.len = start;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::super::json::Reader;
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let mut shown = Vec::new();
        Reader::new(&Limits::default())
            .read(text.as_bytes(), |root| {
                leaves_of(root, &|path| path != "skip", |path, _| {
                    shown.push(path.to_owned());
                });
                Ok(())
            })
            .unwrap();
        shown
    }

    #[test]
    fn nested_and_flat_keys_are_shown_alike() {
        assert_eq!(
            shown(r#"{"a":{"b":1,"c.d":[{}]},"a.b":2,"skip":{"x":1},"e":null,"f":{}}"#),
            ["a.b", "a.c.d", "a.b", "e"]
        );
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_passed_over() {
        let long = "k".repeat(PATH_BYTES_MAX);
        assert_eq!(shown(&format!(r#"{{"a":{{"{long}":1,"b":2}}}}"#)), ["a.b"]);
        let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        assert!(shown(&deep).is_empty());
    }
}
