//! Suricata EVE: events of `event_type` `alert`; every other event is no alert.
//!
//! Who did it to whom: a rule with the keyword `target` says so (`alert.source`, `alert.target`). Else the side that opened
//! the connection is the source, so that alerts on requests and on their answers agree: `src_ip` and `dest_ip` are
//! the packet's, and are swapped when `direction` is `to_client`. Decoder events have no addresses at all.
//!
//! EVE brings no id: the position is the identity. Fingerprints of TLS clients (JA3, JA4) are no entities, because
//! everybody with the same browser shares them. Fields: see
//! <https://docs.suricata.io/en/latest/output/eve/eve-json-format.html>.

use compact_str::{CompactString, format_compact};

use crate::alert::Severity;
use crate::entity::{Entity, EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::timestamp::Unit;
use super::Room;

pub(super) const ROOM: Room = Room::json(
    "suricata",
    &[
        &[Need::equal("event_type", "alert"), Need::present("alert")],
        &[
            Need::present("event_type"),
            Need::present("timestamp"),
            Need::present("flow_id"),
        ],
        &[Need::equal("event_type", "stats"), Need::present("stats")],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "timestamp",
    rule: "alert.signature_id",
};

/// The client, in [`Entity::thing`].
const CLIENT: u8 = 1;
/// The server: its address, its name in HTTP and TLS, and what was asked of it.
const SERVER: u8 = 2;
/// The account of a session.
const ACCOUNT: u8 = 3;
/// The first transferred file; its hashes name the same thing.
const FIRST_FILE: u8 = 4;

/// The parts of an event that an alert is made of.
#[derive(Default)]
struct Event<'a> {
    event_type: Option<&'a str>,
    timestamp: Option<Value<'a>>,
    src_ip: Option<&'a str>,
    dest_ip: Option<&'a str>,
    is_answer: bool,
    host: Option<&'a str>,
    xff: Option<&'a str>,
    alert: Option<Value<'a>>,
    dns: Option<Value<'a>>,
    tls: Option<Value<'a>>,
    http: Option<Value<'a>>,
    smtp: Option<Value<'a>>,
    email: Option<Value<'a>>,
    smb: Option<Value<'a>>,
    krb5: Option<Value<'a>>,
    quic: Option<Value<'a>>,
    files: Option<Value<'a>>,
}

/// Reads `record`, which is an event of any type.
fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let event = Event::of(record);
    if event
        .event_type
        .is_some_and(|event_type| event_type != "alert")
    {
        return Ok(Reading::NotAnAlert);
    }
    let Some(alert) = event.alert else {
        return Err(Reject::MissingRule {
            path: "alert".into(),
        });
    };
    let mut draft = desk.draft(ROOM.name);
    if let Some(timestamp) = event.timestamp.and_then(Value::scalar) {
        draft.time(timestamp, Unit::Auto, "timestamp")?;
    }
    event.tell(alert, &mut draft)?;
    if let Some(sensor) = event.host {
        draft.entity(EntityKind::Host, Role::Observer, sensor, 0);
    }
    draft.finish(PATHS)
}

/// Says all that an event tells but its time and its sensor, for a product that carries whole events of Suricata's.
pub(super) fn tell(record: Value<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
    let event = Event::of(record);
    match event.alert {
        Some(alert) => event.tell(alert, draft),
        None => Ok(()),
    }
}

/// Attacker and victim, where the rule names them.
#[derive(Default)]
struct Sides<'a> {
    source: Option<&'a str>,
    target: Option<&'a str>,
    xff: Option<&'a str>,
}

/// Reads the `alert` object.
fn read_alert<'a>(alert: Value<'a>, draft: &mut Draft<'_>) -> Result<Sides<'a>, Reject> {
    let mut sides = Sides::default();
    let (mut gid, mut sid) = (None, None);
    let (mut severity, mut metadata) = (None, None);
    for (key, value) in alert.keys_and_values() {
        match key {
            "gid" => gid = value.scalar().and_then(Scalar::text),
            "signature_id" => sid = value.scalar().and_then(Scalar::text),
            "signature" => draft.rule_name(value.scalar_or_null()),
            "severity" => severity = value.scalar(),
            "metadata" => metadata = Some(value),
            "source" => sides.source = value.get("ip").and_then(Value::as_str),
            "target" => sides.target = value.get("ip").and_then(Value::as_str),
            "xff" => sides.xff = value.as_str(),
            _ => {}
        }
    }
    if let Some(sid) = sid {
        draft.rule_id_made(rule_id(gid.as_deref().unwrap_or("1"), &sid), PATHS.rule)?;
    }
    let vendor = metadata.and_then(|metadata| read_metadata(metadata, draft));
    match (vendor, severity) {
        (Some(score), _) => draft.severity_read(Some(Severity::of(score))),
        (None, Some(severity)) => draft.severity_read(priority(severity)),
        (None, None) => {}
    }
    Ok(sides)
}

fn rule_id(gid: &str, sid: &str) -> CompactString {
    let mut id = CompactString::new(gid);
    id.push(':');
    id.push_str(sid);
    id
}

/// Suricata's priority: 1 is the worst. Who carries its events may write it as text.
fn priority(value: Scalar<'_>) -> Option<Severity> {
    let priority = match value {
        Scalar::Integer(priority) => priority,
        Scalar::Text(text) => text.parse().ok()?,
        _ => return None,
    };
    let score = match priority {
        1 => 70,
        2 => 50,
        3 => 30,
        4..=255 => 10,
        _ => return None,
    };
    Some(Severity::of(score))
}

/// Reads the rule's metadata, each key of which has a list of texts. Returns the score of the rule writer's own severity,
/// which is finer than the priority.
fn read_metadata(metadata: Value<'_>, draft: &mut Draft<'_>) -> Option<u32> {
    let mut score = None;
    for (key, value) in metadata.keys_and_values() {
        match key {
            "signature_severity" => value.each(|word| {
                let known = word.as_str().and_then(signature_severity);
                score = score.max(known);
            }),
            // A name is of the tactic whose id stands beside it, or alone.
            "mitre_tactic_name" => {
                value.each(|name| draft.attack_if_known(name.as_str().unwrap_or_default()));
            }
            "mitre_technique_id" | "mitre_tactic_id" => {
                value.each(|id| draft.attack(id.as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }
    score
}

fn signature_severity(word: &str) -> Option<u32> {
    Some(match word {
        "Critical" => 90,
        "Major" => 70,
        "Minor" => 30,
        "Informational" => 10,
        _ => return None,
    })
}

impl<'a> Event<'a> {
    fn of(record: Value<'a>) -> Self {
        let mut event = Self::default();
        for (key, value) in record.keys_and_values() {
            match key {
                "event_type" => event.event_type = value.as_str(),
                "timestamp" => event.timestamp = Some(value),
                "src_ip" => event.src_ip = value.as_str(),
                "dest_ip" => event.dest_ip = value.as_str(),
                "direction" => event.is_answer = value.as_str() == Some("to_client"),
                "host" => event.host = value.as_str(),
                "xff" => event.xff = value.as_str(),
                "alert" => event.alert = Some(value),
                "dns" => event.dns = Some(value),
                "tls" => event.tls = Some(value),
                "http" => event.http = Some(value),
                "smtp" => event.smtp = Some(value),
                "email" => event.email = Some(value),
                "smb" => event.smb = Some(value),
                "krb5" => event.krb5 = Some(value),
                "quic" => event.quic = Some(value),
                "files" | "fileinfo" => event.files = Some(value),
                _ => {}
            }
        }
        event
    }

    fn tell(&self, alert: Value<'_>, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let sides = read_alert(alert, draft)?;
        self.read_sides(sides, draft);
        self.read_names(draft);
        self.read_session(draft);
        self.read_mail(draft);
        self.read_files(draft);
        Ok(())
    }

    /// The two sides of the connection, and the client behind a proxy.
    fn read_sides(&self, sides: Sides<'_>, draft: &mut Draft<'_>) {
        let (client, server) = if self.is_answer {
            (self.dest_ip, self.src_ip)
        } else {
            (self.src_ip, self.dest_ip)
        };
        // A rule may name the server as the attacker; things stay with the address.
        let thing = |ip: &str| if Some(ip) == server { SERVER } else { CLIENT };
        if let Some(ip) = sides.source.or(client) {
            draft.entity(EntityKind::Ip, Role::Source, ip, thing(ip));
        }
        if let Some(ip) = sides.target.or(server) {
            draft.entity(EntityKind::Ip, Role::Target, ip, thing(ip));
        }
        let forwarded = sides
            .xff
            .or(self.xff)
            .or_else(|| self.http?.get("xff")?.as_str());
        if let Some(first) = forwarded.and_then(|list| list.split(',').next()) {
            draft.entity(EntityKind::Ip, Role::Source, first, 0);
        }
    }

    /// What the server was called and asked for.
    fn read_names(&self, draft: &mut Draft<'_>) {
        if let Some(dns) = self.dns {
            for (key, value) in dns.keys_and_values() {
                match key {
                    // A list of questions since version 2, called `queries` since version 3.
                    "query" | "queries" => value.each(|question| {
                        if let Some(name) = question.get("rrname").and_then(Value::as_str) {
                            draft.entity(EntityKind::Domain, Role::Target, name, 0);
                        }
                    }),
                    "rrname" => {
                        draft.entity(
                            EntityKind::Domain,
                            Role::Target,
                            value.as_str().unwrap_or_default(),
                            0,
                        );
                    }
                    _ => {}
                }
            }
        }
        for session in [self.tls, self.quic].into_iter().flatten() {
            if let Some(name) = session.get("sni").and_then(Value::as_str) {
                draft.push(server_name(name), SERVER);
            }
        }
        if let Some(http) = self.http {
            read_http(http, draft);
        }
    }

    /// Who logged on, and from which machine, in protocols of Windows.
    fn read_session(&self, draft: &mut Draft<'_>) {
        if let Some(logon) = self.smb.and_then(|smb| smb.get("ntlmssp")) {
            let text = |key| logon.get(key).and_then(Value::as_str).unwrap_or_default();
            if !text("user").is_empty() {
                let domain = Some(text("domain")).filter(|domain| !domain.is_empty());
                draft.user(domain, text("user"), Role::Actor, ACCOUNT);
            }
            if !text("host").is_empty() {
                draft.push(Entity::host_or_ip(Role::Source, text("host")), CLIENT);
            }
        }
        let client = self.krb5.and_then(|krb5| krb5.get("cname")?.as_str());
        if let Some(client) = client.filter(|client| !client.is_empty() && *client != "<empty>") {
            draft.user(None, client, Role::Actor, ACCOUNT);
        }
    }

    fn read_mail(&self, draft: &mut Draft<'_>) {
        for mail in [self.smtp, self.email].into_iter().flatten() {
            read_addresses(mail, draft);
        }
    }

    fn read_files(&self, draft: &mut Draft<'_>) {
        let Some(files) = self.files else { return };
        let mut thing = FIRST_FILE;
        files.each(|file| {
            for (key, value) in file.keys_and_values() {
                let text = value.as_str().unwrap_or_default();
                match key {
                    "sha256" | "sha1" | "md5" => {
                        draft.entity(EntityKind::Hash, Role::Target, text, thing);
                    }
                    // In HTTP it is the path of the URL.
                    "filename" if !text.is_empty() && !text.starts_with('/') => {
                        draft.entity(EntityKind::File, Role::Target, text, thing);
                    }
                    _ => {}
                }
            }
            // Beyond 251 files each hash stands for itself.
            thing = if thing == 0 { 0 } else { thing.wrapping_add(1) };
        });
    }
}

/// Who sent a mail and who gets it, of the envelope or of the mail's own header.
fn read_addresses(mail: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in mail.keys_and_values() {
        let role = match key {
            "mail_from" | "from" => Role::Source,
            "rcpt_to" | "to" | "cc" => Role::Target,
            "url" => {
                value.each(|url| read_mailed_url(url.as_str().unwrap_or_default(), draft));
                continue;
            }
            _ => continue,
        };
        value.each(|address| {
            if let Some(address) = address.as_str().filter(|address| !address.is_empty()) {
                draft.entity(EntityKind::Email, role, address, 0);
            }
        });
    }
}

/// Suricata leaves the scheme out, unless `log-url-scheme` is set.
fn read_mailed_url(url: &str, draft: &mut Draft<'_>) {
    if url.is_empty() {
        return;
    }
    let scheme = if url.contains("://") { "" } else { "http://" };
    let url = format_compact!("{scheme}{url}");
    draft.entity(EntityKind::Url, Role::Target, &url, 0);
}

/// A server's name in HTTP or TLS, which may be its bare address.
fn server_name(name: &str) -> Option<Entity> {
    Entity::new(EntityKind::Domain, Role::Target, name)
        .or_else(|| Entity::new(EntityKind::Ip, Role::Target, name))
}

fn read_http(http: Value<'_>, draft: &mut Draft<'_>) {
    let (mut host, mut url, mut port) = (None, None, None);
    for (key, value) in http.keys_and_values() {
        match key {
            "hostname" => host = value.as_str(),
            "url" => url = value.as_str(),
            "http_port" => port = value.scalar().and_then(Scalar::text),
            _ => {}
        }
    }
    let Some(host) = host else { return };
    draft.push(server_name(host), SERVER);
    let Some(url) = url else { return };
    if url.contains("://") {
        draft.entity(EntityKind::Url, Role::Target, url, SERVER);
    } else if url.starts_with('/') && url.len() > 1 {
        let mut absolute = CompactString::with_capacity(host.len() + url.len() + 16);
        absolute.push_str("http://");
        absolute.push_str(host);
        if let Some(port) = port.filter(|_| !host.contains(':')) {
            absolute.push(':');
            absolute.push_str(&port);
        }
        absolute.push_str(url);
        draft.entity(EntityKind::Url, Role::Target, &absolute, SERVER);
    }
}
