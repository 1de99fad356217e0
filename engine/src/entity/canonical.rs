use compact_str::CompactString; use super::EntityKind; pub(super) fn canonical(_k: EntityKind, raw: &str) -> Option<CompactString> { (!raw.is_empty()).then(|| CompactString::new(raw)) }
