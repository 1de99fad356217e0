//! JSON piece by piece, at the end of a line under way.

use crate::generate::alert::Thing;
use crate::generate::civil::push_padded;
use crate::generate::world::World;

/// Appends `"key":"`, the value of `thing`, and `"`.
pub(super) fn push_thing(line: &mut String, key: &str, thing: Thing, world: &World) {
    push_key(line, key);
    line.push('"');
    world.write(thing, line);
    line.push('"');
}

pub(super) fn push_text(line: &mut String, key: &str, text: &str) {
    push_key(line, key);
    line.push('"');
    line.push_str(text);
    line.push('"');
}

pub(super) fn push_number(line: &mut String, key: &str, value: u64) {
    push_key(line, key);
    push_padded(line, value, 1);
}

/// A comma, unless the object has just been opened, and the key.
pub(super) fn push_key(line: &mut String, key: &str) {
    if !line.ends_with('{') {
        line.push(',');
    }
    line.push('"');
    line.push_str(key);
    line.push_str("\":");
}

pub(super) fn push_list(line: &mut String, key: &str, items: &[&str]) {
    push_key(line, key);
    line.push('[');
    for (i, item) in items.iter().enumerate() {
        line.push_str(if i == 0 { "\"" } else { ",\"" });
        line.push_str(item);
        line.push('"');
    }
    line.push(']');
}
