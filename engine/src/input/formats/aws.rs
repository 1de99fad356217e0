//! What the feeds of AWS share: GuardDuty's own findings, the same in Security Hub's ASFF, and what of them others carry.
//!
//! **Identity.** A finding of GuardDuty is one alert, whichever way it comes: source [`GUARDDUTY`], and its id is what its
//! ARN ends with.
//!
//! Who is who follows GuardDuty's `resourceRole`: where the resource is the target, the remote side is the source; where
//! it is the actor, it did it to the remote side. A connection's own direction goes before that.

pub(super) mod action;

use compact_str::{CompactString, format_compact};

use crate::entity::{EntityKind, Role};

use super::super::draft::Draft;
use super::super::json::{Scalar, Value};
use super::super::names::{self, KEY, Names, Things, lowered};

/// The source of GuardDuty's findings.
pub(super) const GUARDDUTY: &str = "guardduty";

/// The finding's id, where `id` is the ARN of a finding of GuardDuty.
pub(super) fn guardduty_id(id: &str) -> Option<&str> {
    let rest = id.strip_prefix("arn:aws")?;
    let (_, rest) = rest.split_once(":guardduty:")?;
    let (_, id) = rest.split_once("/finding/")?;
    Some(id).filter(|id| !id.is_empty())
}

/// `Recon:EC2/PortProbe` of `TTPs/Discovery/Recon:EC2-PortProbe`: Security Hub needs the slash for itself.
pub(super) fn guardduty_type(word: &str) -> Option<CompactString> {
    let told = word.rsplit('/').next()?;
    let (purpose, rest) = told.split_once(':')?;
    Some(names::joined(purpose, ":", &rest.replacen('-', "/", 1)))
}

/// Tells the tactic of a type of ASFF, `TTPs/Defense Evasion/...`.
pub(super) fn tell_tactic(word: &str, draft: &mut Draft<'_>) {
    if let Some(rest) = word.strip_prefix("TTPs/") {
        draft.attack_if_known(rest.split('/').next().unwrap_or_default());
    }
}

/// Which part the resource of a finding had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Target,
    Actor,
}

impl Part {
    pub(super) fn of(word: Option<&str>) -> Self {
        match word {
            Some(word) if word.eq_ignore_ascii_case("ACTOR") => Self::Actor,
            _ => Self::Target,
        }
    }

    /// The role of the resource.
    pub(super) fn resource(self) -> Role {
        match self {
            Self::Target => Role::Affected,
            Self::Actor => Role::Actor,
        }
    }

    /// The role of the other side, by the direction of the connection where it has one.
    pub(super) fn remote(self, direction: Option<&str>) -> Role {
        match (direction, self) {
            (Some("INBOUND" | "IN"), _) => Role::Source,
            (Some("OUTBOUND" | "OUT"), _) | (_, Self::Actor) => Role::Target,
            _ => Role::Source,
        }
    }
}

/// Adds a resource by its ARN or its type and id (`AWS::IAM::AccessKey:AKIA..`), and by the id that stands in it where
/// others write that alone; an account is an account.
pub(super) fn add_resource(names: &mut Names, role: Role, id: &str) {
    if let Some(account) = id.strip_prefix("AWS::::Account:") {
        names.add(EntityKind::Account, role, Some(account));
        return;
    }
    names.add(EntityKind::CloudResource, role, Some(id));
    if let Some(key) = id.strip_prefix("AWS::IAM::AccessKey:") {
        names.add(EntityKind::CloudResource, role, Some(key));
    } else if let Some((_, instance)) = id.split_once(":instance/")
        && instance.starts_with("i-")
    {
        names.add(EntityKind::CloudResource, role, Some(instance));
    }
}

/// Whether a text is an ARN.
pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:aws") && text.len() > 12
}

/// Tells who used an access key: its user, principal and key, and the role behind a session.
pub(super) fn tell_access_key(
    key: Value<'_>,
    role: Role,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let mut user = Names::default();
    let mut issuer = None;
    let mut buffer = KEY;
    for (name, value) in key.keys_and_values() {
        let text = value.as_str();
        match lowered(name, &mut buffer) {
            b"username" | b"principalname" => user.add(EntityKind::User, role, text),
            b"principalid" => add_principal(&mut user, role, text.unwrap_or_default()),
            b"accesskeyid" => user.add(EntityKind::CloudResource, role, text),
            b"sessioncontext" => issuer = value.get("SessionIssuer"),
            _ => {}
        }
    }
    user.tell(things, draft);
    let Some(issuer) = issuer else { return };
    let mut names = Names::default();
    let text = |key| issuer.get(key).and_then(Value::as_str);
    names.add(EntityKind::CloudResource, role, text("Arn"));
    names.add(EntityKind::User, role, text("UserName"));
    names.tell(things, draft);
}

/// Adds a principal: an id or, for the session of a role, the role's id and the session's name.
fn add_principal(names: &mut Names, role: Role, id: &str) {
    names.add(EntityKind::User, role, Some(id));
    match id.split_once(':') {
        Some((_, session)) if session.starts_with("i-") => {
            names.add(EntityKind::CloudResource, role, Some(session));
        }
        Some((_, session)) => names.add(EntityKind::User, role, Some(session)),
        None => {}
    }
}

/// Tells the actors, resources and endpoints of an attack sequence.
pub(super) fn tell_sequence(
    sequence: Value<'_>,
    part: Part,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let mut buffer = KEY;
    for (key, value) in sequence.keys_and_values() {
        match lowered(key, &mut buffer) {
            b"actors" => value.each(|actor| {
                let Some(user) = get_either(actor, "user", "User") else {
                    return;
                };
                let mut names = Names::default();
                let text = |lower, upper| get_either(user, lower, upper).and_then(Value::as_str);
                names.add(EntityKind::User, Role::Actor, text("name", "Name"));
                names.add(EntityKind::User, Role::Actor, text("uid", "Uid"));
                let key = text("credentialUid", "CredentialUid");
                names.add(EntityKind::CloudResource, Role::Actor, key);
                names.tell(things, draft);
            }),
            b"resources" => value.each(|resource| {
                let mut names = Names::default();
                let id = get_either(resource, "uid", "Uid").and_then(Value::as_str);
                if let Some(id) = id {
                    add_resource(&mut names, part.resource(), id);
                }
                names.tell(things, draft);
            }),
            b"endpoints" => value.each(|endpoint| {
                let mut names = Names::default();
                let role = part.remote(None);
                let text =
                    |lower, upper| get_either(endpoint, lower, upper).and_then(Value::as_str);
                names.add(EntityKind::Ip, role, text("ip", "Ip"));
                names.add(EntityKind::Domain, role, text("domain", "Domain"));
                names.tell(things, draft);
            }),
            b"sequenceindicators" => value.each(|indicator| {
                if let Some(values) = get_either(indicator, "values", "Values") {
                    values.each(|id| draft.attack_if_known(id.as_str().unwrap_or_default()));
                }
            }),
            _ => {}
        }
    }
}

/// The value at a key in lower or upper camel case.
pub(super) fn get_either<'v>(object: Value<'v>, lower: &str, upper: &str) -> Option<Value<'v>> {
    object.get(lower).or_else(|| object.get(upper))
}

/// Tells an account; what was made a number on the way has its zeros back.
pub(super) fn tell_account(account: Option<Value<'_>>, role: Role, draft: &mut Draft<'_>) {
    match account.map_or(Scalar::Null, Value::scalar_or_null) {
        Scalar::Integer(number) => {
            let account = format_compact!("{number:012}");
            names::one(draft, EntityKind::Account, role, Some(&account));
        }
        Scalar::Text(account) => names::one(draft, EntityKind::Account, role, Some(account)),
        _ => {}
    }
}
