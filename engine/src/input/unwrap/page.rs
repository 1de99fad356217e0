//! Page: objects that only hold a list of records, or one record under a key of its own.

use super::super::json::Value;
use super::envelope::Inside;

/// The keys under which pages keep their alerts.
const LISTS: [&str; 18] = [
    "value",
    "alerts",
    "findings",
    "Findings",
    "detections",
    "Records",
    "events",
    "data",
    "resources",
    "items",
    "results",
    "result",
    "incidents",
    "offenses",
    "threats",
    "notables",
    "documents",
    "rows",
];

/// What may stand beside a page's list: how many there are and where the next ones are.
const PAGE_WORDS: [&str; 26] = [
    "count",
    "total",
    "totalcount",
    "totalitems",
    "size",
    "limit",
    "offset",
    "next",
    "nexttoken",
    "nextpagetoken",
    "nextlink",
    "cursor",
    "page",
    "pagination",
    "meta",
    "metadata",
    "status",
    "success",
    "errors",
    "error",
    "took",
    "hasmore",
    "moredataavailable",
    "version",
    "resultcount",
    "self",
];

/// The list of objects in a page; all else in it is about the page.
pub(super) fn pages(page: Value<'_>) -> Option<Inside<'_>> {
    const KEYS_MAX: usize = 8;
    if page.len() > KEYS_MAX {
        return None;
    }
    let mut list = None;
    for (key, value) in page.keys_and_values() {
        if list.is_none() && LISTS.contains(&key) && first_is_object(value) {
            list = Some(value);
        } else if !is_page_word(key) {
            return None;
        }
    }
    list.map(Inside::Each)
}

fn is_page_word(key: &str) -> bool {
    if key.starts_with('@') {
        return true;
    }
    let bare: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(32)
        .collect();
    PAGE_WORDS.contains(&bare.as_str())
}

fn first_is_object(value: Value<'_>) -> bool {
    value
        .elements()
        .and_then(|mut elements| elements.next())
        .is_some_and(|first| first.fields().is_some())
}

/// The only object in it, when all else is scalars and few.
pub(super) fn wrapped(wrapper: Value<'_>) -> Option<(&str, Value<'_>)> {
    const KEYS_MAX: usize = 4;
    if wrapper.len() > KEYS_MAX {
        return None;
    }
    let mut complex = wrapper
        .keys_and_values()
        .filter(|(_, value)| value.scalar().is_none());
    let (key, only) = complex.next()?;
    (complex.next().is_none() && only.len() > 0 && only.fields().is_some()).then_some((key, only))
}
