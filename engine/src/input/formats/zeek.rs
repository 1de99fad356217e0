//! Zeek: the notice log, in JSON. Every other log is no alert: it tells what happened, and the notice framework says what
//! of it matters. `weird.log` is one of those: what matters of it is raised as a notice too. Corelight's log of Suricata
//! alerts is read here as well, under Suricata's rule ids.
//!
//! A notice has no severity; one that Zeek was told to alarm or to mail about counts as high. Names are flat with dots in
//! them (`id.orig_h`); some shippers nest them. Fields: <https://docs.zeek.org/en/master/logs/notice.html>.

use compact_str::{CompactString, format_compact};

use crate::alert::Severity;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::dotted;
use super::super::draft::{Desk, Draft, Paths, Reading, each_text, thing};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "zeek",
    &[
        &[Need::present("note"), Need::present("ts")],
        &[Need::present("_path"), Need::present("ts")],
        &[
            Need::present("ts"),
            Need::present("uid"),
            Need::Test(has_connection),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "ts",
    rule: "note",
};

fn has_connection(record: Value<'_>) -> bool {
    record
        .get("id.orig_h")
        .or_else(|| record.at("id.orig_h"))
        .is_some()
}

/// The fields that matter, gathered in any order.
#[derive(Default)]
struct Notice<'a> {
    time: Option<Value<'a>>,
    uid: Option<Value<'a>>,
    note: Option<Value<'a>>,
    message: Option<Value<'a>>,
    sub: Option<&'a str>,
    /// `file_desc`.
    file: Option<&'a str>,
    actions: Option<Value<'a>>,
    source: [Option<Value<'a>>; 2],
    target: [Option<Value<'a>>; 2],
    peer: [Option<&'a str>; 2],
    signature: Signature<'a>,
}

/// Of Corelight's log of Suricata alerts.
#[derive(Default)]
struct Signature<'a> {
    id: Option<Value<'a>>,
    gid: Option<Value<'a>>,
    name: Option<Value<'a>>,
    severity: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let mut notice = Notice::default();
    dotted::leaves(record, |path, value| notice.set(path, value));
    if notice.note.is_none() && notice.signature.id.is_none() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft(ROOM.name);
    notice.tell(&mut draft)?;
    draft.finish(PATHS)
}

impl<'a> Notice<'a> {
    fn set(&mut self, path: &str, value: Value<'a>) {
        let slot = match path {
            "ts" => &mut self.time,
            "uid" => &mut self.uid,
            "note" => &mut self.note,
            "msg" => &mut self.message,
            "actions" => &mut self.actions,
            "id.orig_h" => &mut self.source[0],
            "src" => &mut self.source[1],
            "id.resp_h" => &mut self.target[0],
            "dst" => &mut self.target[1],
            "alert.signature_id" => &mut self.signature.id,
            "alert.gid" => &mut self.signature.gid,
            "alert.signature" => &mut self.signature.name,
            "alert.severity" => &mut self.signature.severity,
            "sub" => {
                self.sub = value.as_str();
                return;
            }
            "file_desc" => {
                self.file = value.as_str();
                return;
            }
            "peer_descr" | "peer_name" => {
                self.peer[0] = value.as_str();
                return;
            }
            "_system_name" => {
                self.peer[1] = value.as_str();
                return;
            }
            _ => return,
        };
        *slot = Some(value).filter(|value| !value.is_nothing());
    }

    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        draft.time(scalar(self.time), Unit::Auto, PATHS.time)?;
        self.tell_id(draft)?;
        match self.note {
            Some(note) => {
                draft.rule_id(note.scalar_or_null(), PATHS.rule)?;
                draft.rule_name(note.scalar_or_null());
                draft.title(scalar(self.message));
                self.tell_actions(draft);
            }
            None => self.signature.tell(draft)?,
        }
        for ip in self.source.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
        }
        for ip in self.target.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Target, ip, thing::TARGET);
        }
        let is_certificate = self
            .note
            .and_then(Value::as_str)
            .is_some_and(|note| note.starts_with("SSL::"));
        if let Some(name) = self.sub.filter(|_| is_certificate).and_then(common_name) {
            let entity = Entity::new(EntityKind::Domain, Role::Target, name);
            if entity.is_some() {
                draft.push(entity, thing::TARGET);
            }
        }
        if self.note.and_then(Value::as_str) == Some("Intel::Notice") {
            self.tell_indicator(draft);
        }
        // Where a file came from is a URL in HTTP, and prose elsewhere.
        if let Some(url) = self.file.filter(|url| url.contains("://")) {
            draft.entity(EntityKind::Url, Role::Target, url, 0);
        }
        for peer in self.peer.into_iter().flatten() {
            // What a process of Zeek's own calls itself when nobody named it.
            if !matches!(peer, "" | "bro" | "zeek" | "-") {
                draft.push(Entity::host_or_ip(Role::Observer, peer), thing::OBSERVER);
            }
        }
        Ok(())
    }

    /// What intelligence knew, in `sub`; where it was seen, at the end of the message, says what it is.
    /// <https://docs.zeek.org/en/master/frameworks/intel.html>
    fn tell_indicator(&self, draft: &mut Draft<'_>) {
        let message = self.message.and_then(Value::as_str).unwrap_or_default();
        let (Some(indicator), Some((_, place))) = (self.sub, message.rsplit_once(" at ")) else {
            return;
        };
        let (kind, role, thing) = match place {
            "Conn::IN_ORIG" => (EntityKind::Ip, Role::Source, thing::SOURCE),
            "Conn::IN_RESP" => (EntityKind::Ip, Role::Target, thing::TARGET),
            "DNS::IN_REQUEST" => (EntityKind::Domain, Role::Target, 0),
            "HTTP::IN_HOST_HEADER" | "SSL::IN_SERVER_NAME" => {
                (EntityKind::Domain, Role::Target, thing::TARGET)
            }
            "HTTP::IN_URL" => {
                // Zeek leaves the scheme out.
                let url = format_compact!("http://{indicator}");
                return draft.entity(EntityKind::Url, Role::Target, &url, 0);
            }
            "Files::IN_HASH" => (EntityKind::Hash, Role::Target, thing::FILE),
            "SMTP::IN_MAIL_FROM" | "SMTP::IN_FROM" | "SMTP::IN_REPLY_TO" => {
                (EntityKind::Email, Role::Source, 0)
            }
            "SMTP::IN_RCPT_TO" | "SMTP::IN_TO" | "SMTP::IN_CC" => {
                (EntityKind::Email, Role::Target, 0)
            }
            _ => return,
        };
        draft.entity(kind, role, indicator, thing);
    }

    /// A connection, what was noticed of it and when: a notice has no id of its own.
    fn tell_id(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let text = |value: Option<Value<'a>>| value.and_then(|value| value.scalar()?.text());
        let what = self.note.or(self.signature.id);
        let (Some(uid), Some(what), Some(time)) = (text(self.uid), text(what), text(self.time))
        else {
            return Ok(());
        };
        let mut id = CompactString::new(&*uid);
        for part in [what, time] {
            id.push('/');
            id.push_str(&part);
        }
        draft.id(Scalar::Text(&id), "uid")
    }

    fn tell_actions(&self, draft: &mut Draft<'_>) {
        let Some(actions) = self.actions else { return };
        let mut is_loud = false;
        each_text(actions, |action| {
            is_loud |= ["ALARM", "EMAIL", "PAGE"]
                .into_iter()
                .any(|loud| action.contains(loud));
        });
        if is_loud {
            draft.severity_read(Some(Severity::of(70)));
        }
    }
}

impl Signature<'_> {
    fn tell(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let text = |value: Option<Value<'_>>| {
            let text = value?.scalar()?.text()?;
            Some(CompactString::new(&*text))
        };
        let mut id = text(self.gid).unwrap_or_else(|| CompactString::const_new("1"));
        id.push(':');
        id.push_str(&text(self.id).unwrap_or_default());
        draft.rule_id_made(id, "alert.signature_id")?;
        draft.rule_name(scalar(self.name));
        let score = match text(self.severity).as_deref() {
            Some("1") => 70,
            Some("2") => 50,
            Some("3") => 30,
            Some(_) => 10,
            None => return Ok(()),
        };
        draft.severity_read(Some(Severity::of(score)));
        Ok(())
    }
}

/// The name in a certificate's subject, `CN=www.example.org,O=..`, in which a backslash keeps a comma from parting.
fn common_name(subject: &str) -> Option<&str> {
    let at = match subject.strip_prefix("CN=") {
        Some(rest) => rest,
        None => subject.split_once(",CN=").map(|(_, rest)| rest)?,
    };
    let name = at.split(',').next()?;
    (!name.contains('\\')).then_some(name)
}

fn scalar(value: Option<Value<'_>>) -> Scalar<'_> {
    value.map_or(Scalar::Null, Value::scalar_or_null)
}
