//! Entities' fields: machines, people, addresses, files and the like, each with the role that the words give.

use crate::entity::{EntityKind, Role};

use super::{Holds, has};

/// The role that the words give, if they do. The sensor's words go first: `sensor_host` saw it.
fn role(words: &[&str]) -> Option<Role> {
    const OBSERVERS: &[&str] = &[
        "sensor",
        "observer",
        "collector",
        "probe",
        "dvc",
        "dev",
        "reporter",
        "reporting",
        "manager",
        "forwarder",
        "agent",
        "shipper",
        "firewall",
        "appliance",
        "relay",
        "logger",
        "logsource",
    ];
    const TARGETS: &[&str] = &[
        "dst",
        "dest",
        "destination",
        "target",
        "tgt",
        "server",
        "victim",
        "to",
        "recipient",
        "recipients",
        "rcpt",
        "resp",
        "responder",
        "targeted",
    ];
    const SOURCES: &[&str] = &[
        "src",
        "source",
        "client",
        "attacker",
        "origin",
        "orig",
        "originator",
        "remote",
        "from",
        "sender",
        "external",
        "peer",
        "scanner",
        "intruder",
    ];
    const ACTORS: &[&str] = &[
        "actor",
        "principal",
        "initiator",
        "initiating",
        "caller",
        "subject",
    ];
    const AFFECTED: &[&str] = &["affected", "impacted", "infected", "compromised", "local"];
    /// Beside these, `external` says which of a machine's own addresses it is, and not whose.
    const MACHINES: &[&str] = &["computer", "device", "endpoint", "machine", "host", "asset"];
    if has(words, &["external"]) && has(words, MACHINES) {
        return Some(Role::Affected);
    }
    // Where a program connected to.
    if has(words, &["netconn"]) && has(words, &["remote"]) {
        return Some(Role::Target);
    }
    let roles = [
        (OBSERVERS, Role::Observer),
        (TARGETS, Role::Target),
        (SOURCES, Role::Source),
        (ACTORS, Role::Actor),
        (AFFECTED, Role::Affected),
    ];
    roles
        .into_iter()
        .find(|(known, _)| has(words, known))
        .map(|(_, role)| role)
}

/// Words beside which nothing is an entity: counts, ports, labels, settings, and what is about the alert itself.
const NOTHING: &[&str] = &[
    "count",
    "port",
    "ports",
    "type",
    "types",
    "version",
    "size",
    "bytes",
    "length",
    "status",
    "state",
    "category",
    "country",
    "city",
    "geo",
    "latitude",
    "longitude",
    "location",
    "asn",
    "org",
    "organization",
    "zone",
    "interface",
    "vlan",
    "mask",
    "subnet",
    "cidr",
    "reputation",
    "score",
    "risk",
    "tags",
    "labels",
    "label",
    "os",
    "platform",
    "description",
    "enabled",
    "is",
    "has",
    "mac",
    "family",
    "protocol",
    "proto",
    "time",
    "timestamp",
    "date",
    "created",
    "updated",
    "policy",
    "action",
    "result",
    "reason",
    "whitelist",
    "allowlist",
    "blocklist",
    "nat",
    "translated",
    "isp",
    "agentid",
    "guid",
    "title",
    "total",
    "num",
    "number",
];

pub(super) fn entity(words: &[&str]) -> Option<(Holds, Role)> {
    if has(words, NOTHING) && words != ["interface", "ip"] {
        return None;
    }
    // What is only repeated from other fields, in the words of the common schema of Elastic's products.
    if words.first() == Some(&"related") && words.len() == 2 {
        return None;
    }
    let (last, before) = words.split_last()?;
    let previous = before.last().copied().unwrap_or_default();
    // What is asked of a web server, by whomever.
    if has(words, &["request"]) && matches!(*last, "host" | "hostname") {
        return Some((Holds::Kind(EntityKind::Domain), Role::Target));
    }
    let said = role(words);
    let kind = |kind, otherwise| Some((Holds::Kind(kind), said.unwrap_or(otherwise)));
    match (previous, *last) {
        ("ip", "address" | "addr" | "addresses" | "v4" | "v6")
        | (_, "ip" | "ips" | "ipv4" | "ipv6") => kind(EntityKind::Ip, Role::Affected),
        ("mail" | "email", "address" | "addresses") | (_, "email" | "emails" | "mail") => {
            email(words, said)
        }
        ("mail" | "smtp" | "envelope", "from") | ("sender", "address") | (_, "sender") => {
            Some((Holds::PerhapsEmail, Role::Source))
        }
        ("mail" | "smtp" | "envelope" | "rcpt", "to")
        | ("recipient", "address")
        | (_, "recipient" | "recipients") => Some((Holds::PerhapsEmail, Role::Target)),
        (_, "address" | "addr")
            if said.is_some() && !has(words, &["street", "web", "hardware", "url"]) =>
        {
            Some((Holds::PerhapsIp, said?))
        }
        (_, "src" | "dst" | "dest") if before.is_empty() => Some((Holds::HostOrIp, said?)),
        (
            _,
            "source" | "destination" | "client" | "attacker" | "victim" | "peer" | "target"
            | "server",
        ) if before.is_empty() => Some((Holds::PerhapsIp, said?)),
        _ => name(words, said).or_else(|| content(words, said)),
    }
}

/// Machines and people: what has a name.
fn name(words: &[&str], said: Option<Role>) -> Option<(Holds, Role)> {
    let (last, before) = words.split_last()?;
    let thing = match (*last, before.last().copied()) {
        ("name" | "names" | "fqdn" | "hostname", Some(thing)) => thing,
        ("hostname" | "fqdn", None) => "host",
        ("id" | "uid", Some("account")) => return account_id(words),
        ("id" | "uid", Some("user" | "login")) => {
            return Some((Holds::UserId, said.unwrap_or(Role::Actor)));
        }
        (thing, _) => thing,
    };
    let is_hostname = *last == "hostname" || *last == "fqdn";
    match thing {
        "host" | "hosts" | "hostname" | "computer" | "machine" | "workstation" | "endpoint"
        | "asset" | "device" | "dvc" | "node" | "dev" | "sensor" | "observer" | "server"
        | "agent" | "collector"
            if is_machine(words, thing) || is_hostname =>
        {
            let otherwise = if thing == "server" {
                Role::Affected
            } else {
                said.unwrap_or(Role::Affected)
            };
            let role = match role(before) {
                // `server_name` alone is a machine of ours; `server.ip` is the other side.
                Some(Role::Target) if thing == "server" && before.len() == 1 => otherwise,
                Some(role) => role,
                None => otherwise,
            };
            Some((Holds::HostOrIp, role))
        }
        _ if is_hostname => Some((Holds::HostOrIp, said.unwrap_or(Role::Affected))),
        "user" | "users" | "username" | "account" | "login" | "logon" | "upn" | "principal"
        | "actor" | "usr"
            if is_person(words) && is_persons_account(words) =>
        {
            let role = match said {
                Some(Role::Target) => Role::Target,
                _ => Role::Actor,
            };
            let holds = match words == ["account", "name"] {
                true => Holds::AccountName,
                false => Holds::Kind(EntityKind::User),
            };
            Some((holds, role))
        }
        _ => None,
    }
}

/// Whether a field named after a machine holds its name: `host`, `host_name`, `src_host`; a bare `device`, `agent` or
/// `server` may hold anything.
fn is_machine(words: &[&str], thing: &str) -> bool {
    let is_named = words
        .last()
        .is_some_and(|last| matches!(*last, "name" | "names" | "hostname" | "fqdn"));
    match thing {
        "host" | "hosts" | "hostname" | "computer" | "machine" | "workstation" => true,
        "endpoint" | "asset" => words.len() == 1 || is_named,
        _ => is_named,
    }
}

/// Whether a field named after a person holds the account's name.
fn is_person(words: &[&str]) -> bool {
    let is_other = [
        "agent",
        "groups",
        "group",
        "domain",
        "role",
        "roles",
        "session",
        "display",
        "full",
        "first",
        "last",
        "cloud",
        "aws",
        "tenant",
        "subscription",
        "service",
        "department",
        "mail",
        "certificate",
        "alert",
        "email",
        "cause",
        "id",
        "owner",
        "repository",
    ];
    !has(words, &is_other) || words == ["service", "account"]
}

/// Whether `account` is a person's; behind a product's name it is a customer's.
fn is_persons_account(words: &[&str]) -> bool {
    const WHOSE: &[&str] = &[
        "user",
        "login",
        "logon",
        "source",
        "src",
        "target",
        "dst",
        "dest",
        "destination",
        "service",
        "subject",
        "caller",
        "actor",
        "principal",
        "initiating",
        "affected",
        "impacted",
        "compromised",
        "victim",
        "attacker",
        "new",
        "old",
        "client",
        "process",
        "sam",
        "domain",
    ];
    match words {
        [.., whose, "account"] | [.., whose, "account", "name"] => WHOSE.contains(whose),
        _ => true,
    }
}

fn email(words: &[&str], said: Option<Role>) -> Option<(Holds, Role)> {
    let otherwise = if has(words, &["user", "actor", "account", "principal"]) {
        Role::Actor
    } else {
        Role::Affected
    };
    Some((Holds::PerhapsEmail, said.unwrap_or(otherwise)))
}

/// `aws_account_id`, `cloud.account.id`, `subscription_id`.
fn account_id(words: &[&str]) -> Option<(Holds, Role)> {
    let is_cloud =
        has(words, &["aws", "cloud", "gcp", "azure", "subscription"]) || words == ["account", "id"];
    is_cloud.then_some((Holds::Kind(EntityKind::Account), Role::Affected))
}

/// What was done, with what, and to what.
fn content(words: &[&str], said: Option<Role>) -> Option<(Holds, Role)> {
    /// Fingerprints that many different things share.
    const SHARED: &[&str] = &[
        "ja3",
        "ja3s",
        "ja4",
        "hassh",
        "imphash",
        "ssdeep",
        "tlsh",
        "cert",
        "certificate",
        "password",
        "config",
        "alert",
        "event",
        "rule",
        "signature",
        "incident",
        "community",
        "icon",
        "favicon",
        "commit",
    ];
    /// Addresses of pages about the alert.
    const ABOUT: &[&str] = &[
        "alert",
        "event",
        "incident",
        "case",
        "console",
        "ui",
        "reference",
        "references",
        "ref",
        "help",
        "docs",
        "documentation",
        "rule",
        "report",
        "results",
        "callback",
        "webhook",
        "link",
        "links",
        "api",
        "portal",
        "self",
        "generator",
        "dashboard",
        "ticket",
        "evidence",
        "vendor",
        "info",
        "more",
        "image",
        "icon",
        "logo",
        "runbook",
        "external",
    ];
    /// Domains of accounts.
    const LOGON: &[&str] = &[
        "user",
        "account",
        "logon",
        "login",
        "nt",
        "ad",
        "windows",
        "subject",
        "computer",
        "machine",
        "kerberos",
        "security",
        "actor",
        "principal",
        "security",
        "tenant",
        "netbios",
        "workgroup",
    ];
    let (last, before) = words.split_last()?;
    let previous = before.last().copied().unwrap_or_default();
    let with = |kind, otherwise| Some((Holds::Kind(kind), said.unwrap_or(otherwise)));
    let is_parent = has(words, &["parent", "grandparent"]);
    match (previous, *last) {
        (
            _,
            "sha256" | "sha1" | "md5" | "sha512" | "hash" | "hashes" | "checksum" | "cksum"
            | "sha256hex" | "sha1hex" | "analyticscksum",
        )
        | ("sha", "256" | "1" | "512") => (!has(words, SHARED)).then_some((
            if is_parent {
                Holds::ParentHashes
            } else {
                Holds::Hashes
            },
            if is_parent { Role::Actor } else { Role::Target },
        )),
        ("file", "name" | "path") if is_parent => {
            Some((Holds::Kind(EntityKind::Process), Role::Actor))
        }
        ("url", "full" | "original") | (_, "url" | "urls" | "uri") if !has(words, ABOUT) => {
            Some((Holds::Kind(EntityKind::Url), Role::Target))
        }
        ("query" | "domain" | "question", "name")
        | (_, "domain" | "domains" | "qname" | "rrname" | "sni")
            if !has(words, LOGON) =>
        {
            with(EntityKind::Domain, Role::Target)
        }
        ("dns", "query") => with(EntityKind::Domain, Role::Target),
        ("process" | "proc" | "image", "name" | "path" | "image" | "executable" | "exe")
        | (_, "process" | "processname" | "executable" | "exe") => {
            let role = if said == Some(Role::Target) {
                Role::Target
            } else {
                Role::Actor
            };
            Some((Holds::Kind(EntityKind::Process), role))
        }
        ("file", "name" | "path" | "names") | (_, "file" | "files")
            if !has(words, &["log", "pcap", "rule", "config", "sigma"]) =>
        {
            Some((Holds::Kind(EntityKind::File), Role::Target))
        }
        ("subscription", "id") => Some((Holds::Kind(EntityKind::Account), Role::Affected)),
        (_, "arn") | ("resource", "id" | "name" | "uid") => {
            let is_actor = has(words, &["user", "principal", "actor", "caller", "role"]);
            let role = if is_actor {
                Role::Actor
            } else {
                said.unwrap_or(Role::Affected)
            };
            Some((Holds::PerhapsResource, role))
        }
        _ => None,
    }
}
