//! Observables: what an event repeats of itself in a list, each with a type. What stands elsewhere in it is not told again.

use crate::entity::{Entity, EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::Value;

/// Tells the observables that name something new.
pub(super) fn tell(observables: Value<'_>, draft: &mut Draft<'_>) {
    observables.each(|observable| {
        let kind = observable
            .get("type_id")
            .and_then(Value::as_u8)
            .and_then(kind_of);
        let value = observable.get("value").and_then(Value::as_str);
        let name = observable.get("name").and_then(Value::as_str);
        let (Some(kind), Some(value)) = (kind, value.filter(|value| !value.is_empty())) else {
            return;
        };
        let name = name.unwrap_or_default();
        // Whoever works on the finding has no part in it.
        if name.starts_with("assign") {
            return;
        }
        let Some(entity) = Entity::new(kind, role_of(name), value) else {
            draft.push(None, 0);
            return;
        };
        let told = &draft.alert().entities;
        let is_told = told
            .iter()
            .any(|other| other.kind == entity.kind && other.value == entity.value);
        if !is_told {
            draft.push(Some(entity), 0);
        }
    });
}

/// <https://schema.ocsf.io/1.8.0/objects/observable>
fn kind_of(type_id: u8) -> Option<EntityKind> {
    Some(match type_id {
        1 => EntityKind::Host,
        2 => EntityKind::Ip,
        4 | 21 | 31 => EntityKind::User,
        5 => EntityKind::Email,
        6 | 23 => EntityKind::Url,
        7 | 45 => EntityKind::File,
        8 | 30 => EntityKind::Hash,
        9 => EntityKind::Process,
        10 => EntityKind::CloudResource,
        35 => EntityKind::Account,
        47 => EntityKind::Host,
        _ => return None,
    })
}

/// By the name, which is the attribute's path or the product's own word.
fn role_of(name: &str) -> Role {
    let has = |word: &str| name.contains(word);
    if has("dst") || has("dest") {
        Role::Target
    } else if has("src") || has("source") {
        Role::Source
    } else if has("actor") {
        Role::Actor
    } else {
        Role::Affected
    }
}
