//! Rows with named columns, from CSV with a header or from JSON lines: users, assets and indicators. Columns are named in
//! any letter case; those that mean nothing here are shown as they are.

use caseloom_engine::entity::EntityKind;
use caseloom_engine::knowledge::{Criticality, FactKind, Mark};
use serde_json::Value;

use super::csv::Rows;
use super::reading::{Fields, Frame, Reading, Validity, guess, moment};

/// One row: its columns' names in lower case, with their values; blank ones are left out.
struct Row(Vec<(String, String)>);

/// Reads CSV whose first row names the columns.
pub(super) fn csv(text: &str, kind: FactKind, frame: Frame, reading: &mut Reading) {
    let mut rows = Rows::new(text);
    let Some((_, Ok(header))) = rows.next() else {
        if !text.trim().is_empty() {
            reading.complain(|| "line 1".into(), "the first row must name the columns");
        }
        return;
    };
    let header: Vec<String> = header.iter().map(|name| column(name)).collect();
    for (line, row) in rows {
        let fields = match row {
            Ok(fields) if fields.len() <= header.len() => fields,
            Ok(fields) => {
                let (has, named) = (fields.len(), header.len());
                let message = format!(
                    "has {has} fields, the header names {named}: quote fields with commas in them"
                );
                reading.complain(|| format!("line {line}"), message);
                continue;
            }
            Err(broken) => {
                reading.complain(|| format!("line {line}"), broken.as_str());
                continue;
            }
        };
        let named = header.iter().cloned().zip(fields);
        let row = Row(named.filter(|(_, value)| !value.is_empty()).collect());
        take(&row, kind, frame, &format!("line {line}"), reading);
    }
}

/// Reads one JSON object a line.
pub(super) fn json_lines(text: &str, kind: FactKind, frame: Frame, reading: &mut Reading) {
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let at = format!("line {line}");
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(object)) => {
                let named = object
                    .into_iter()
                    .filter_map(|(name, value)| Some((column(&name), said(&value)?)));
                take(&Row(named.collect()), kind, frame, &at, reading);
            }
            Ok(_) => reading.complain(|| at, "is no JSON object"),
            Err(error) => reading.complain(|| at, format!("is no JSON: {error}")),
        }
    }
}

/// Reads one value a line.
pub(super) fn plain(text: &str, frame: Frame, reading: &mut Reading) {
    for (line, text) in (1..).zip(text.lines()) {
        // A `#` inside an address is part of it.
        let value = text
            .trim_start_matches('\u{feff}')
            .split(" #")
            .next()
            .unwrap_or("")
            .trim();
        if value.is_empty() || value.starts_with([';', '#']) {
            continue;
        }
        let row = Row(vec![("value".into(), value.into())]);
        take(
            &row,
            FactKind::Intel,
            frame,
            &format!("line {line}"),
            reading,
        );
    }
}

fn column(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// A JSON value as a cell: lists with `;` between.
fn said(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Array(items) => items.iter().filter_map(said).collect::<Vec<_>>().join(";"),
        Value::Null | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn take(row: &Row, kind: FactKind, frame: Frame, at: &str, reading: &mut Reading) {
    match kind {
        FactKind::User => user(row, frame, at, reading),
        FactKind::Asset => asset(row, frame, at, reading),
        FactKind::Intel => indicator(row, frame, at, reading),
    }
}

impl Row {
    /// The first of these columns that says something.
    fn get(&self, names: &[&str]) -> Option<&str> {
        let of = |name: &&str| self.0.iter().find(|(known, _)| known == name);
        names.iter().find_map(of).map(|(_, value)| &**value)
    }

    /// The values of all these columns, each of which may hold several with `;` between.
    fn all(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        let mine = self
            .0
            .iter()
            .filter(move |(name, _)| names.contains(&&**name));
        mine.flat_map(|(_, value)| value.split(';'))
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// What stands in the other columns.
    fn fields(&self, without: &[&[&str]]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in &self.0 {
            if !without.iter().any(|names| names.contains(&&**name)) {
                fields.push(name, value);
            }
        }
        fields
    }
}

const ACCOUNTS: &[&str] = &[
    "user",
    "account",
    "username",
    "user_name",
    "samaccountname",
    "sam_account_name",
    "aliases",
];
const MAILS: &[&str] = &["email", "mail", "userprincipalname", "upn"];
const VIP: &[&str] = &["vip"];

/// A person by account names and mail addresses.
fn user(row: &Row, frame: Frame, at: &str, reading: &mut Reading) {
    let mark = match row.get(VIP).map(is_yes) {
        Some(Some(true)) => Mark::Vip,
        Some(None) => {
            reading.complain(|| at.into(), "vip must be yes or no");
            Mark::Plain
        }
        _ => Mark::Plain,
    };
    let fields = row.fields(&[ACCOUNTS, MAILS, VIP]);
    let accounts = row.all(ACCOUNTS).map(|name| (EntityKind::User, name));
    // An address is an account's name too, where people log in with it.
    let mails = row
        .all(MAILS)
        .flat_map(|mail| [(EntityKind::Email, mail), (EntityKind::User, mail)]);
    let named = accounts.chain(mails);
    add_all(
        named,
        (mark, frame, at),
        &fields,
        ("user or email", reading),
    );
}

const HOSTS: &[&str] = &["host", "hostname", "host_name", "asset", "fqdn", "aliases"];
const ADDRESSES: &[&str] = &["ip", "ip_address", "address", "addresses"];
const RESOURCES: &[&str] = &["resource", "resource_id", "arn"];
const CRITICALITY: &[&str] = &["criticality"];

/// A machine or resource by names and addresses.
fn asset(row: &Row, frame: Frame, at: &str, reading: &mut Reading) {
    let mark = match row.get(CRITICALITY).map(Criticality::from_word) {
        Some(Some(criticality)) => Mark::Criticality(criticality),
        Some(None) => {
            reading.complain(
                || at.into(),
                "criticality must be low, medium, high or critical",
            );
            Mark::Plain
        }
        None => Mark::Plain,
    };
    let fields = row.fields(&[HOSTS, ADDRESSES, RESOURCES, CRITICALITY]);
    let hosts = row.all(HOSTS).map(|name| (EntityKind::Host, name));
    let addresses = row.all(ADDRESSES).map(|address| (EntityKind::Ip, address));
    let resources = row
        .all(RESOURCES)
        .map(|resource| (EntityKind::CloudResource, resource));
    let named = hosts.chain(addresses).chain(resources);
    add_all(
        named,
        (mark, frame, at),
        &fields,
        ("host, ip or resource", reading),
    );
}

/// Adds the values that mean something; a row without any is wrong.
fn add_all<'r>(
    named: impl Iterator<Item = (EntityKind, &'r str)>,
    (mark, frame, at): (Mark, Frame, &str),
    fields: &Fields,
    (columns, reading): (&str, &mut Reading),
) {
    let mut is_any = false;
    for entity in named {
        is_any |= reading.add(frame, entity, (mark, None), fields);
    }
    if !is_any {
        let message =
            format!("names nothing: the columns {columns} are empty, or hold no such value");
        reading.complain(|| at.into(), message);
    }
}

const VALUES: &[&str] = &["value", "indicator", "ioc", "ioc_value", "observable"];
const TYPES: &[&str] = &["type", "kind", "ioc_type", "indicator_type"];
const CONFIDENCE: &[&str] = &["confidence", "confidence_level"];
const SEEN: &[&str] = &[
    "last_seen",
    "last_seen_utc",
    "modified",
    "first_seen",
    "first_seen_utc",
    "created",
];
const FROM: &[&str] = &["valid_from"];
const UNTIL: &[&str] = &["valid_until", "expiration", "expires"];

/// Something known to be bad.
fn indicator(row: &Row, frame: Frame, at: &str, reading: &mut Reading) {
    let Some(value) = row.get(VALUES) else {
        return reading.complain(
            || at.into(),
            "has no value: name a column value, indicator or ioc",
        );
    };
    let word = row.get(TYPES);
    let Some((kind, value)) = of_type(word, value) else {
        let message = match word {
            Some(word) => {
                format!("the type {word:?} is not known here: ip, domain, url, hash or email")
            }
            None => "it can't be told what the value is: add a column type".to_owned(),
        };
        return reading.complain(|| at.into(), message);
    };
    let confidence = match row
        .get(CONFIDENCE)
        .map(|text| text.trim_end_matches('%').parse::<f64>())
    {
        Some(Ok(percent)) if (0.0..=100.0).contains(&percent) => percent as u8,
        Some(_) => {
            reading.complain(|| at.into(), "confidence must be from 0 to 100");
            frame.confidence
        }
        None => frame.confidence,
    };
    let time = |names: &[&str]| row.get(names).and_then(moment);
    let validity = Validity {
        from: time(FROM),
        until: time(UNTIL),
    };
    if !reading.holds(validity, frame.now) {
        return;
    }
    let fields = row.fields(&[VALUES, TYPES, CONFIDENCE]);
    let mark = (Mark::Confidence(confidence), time(SEEN));
    if !reading.add(frame, (kind, value), mark, &fields) {
        let message = format!("the value means nothing as {}", kind.as_str());
        reading.complain(|| at.into(), message);
    }
}

/// What a value is by the words that lists use, and the part of it that counts.
fn of_type<'v>(word: Option<&str>, value: &'v str) -> Option<(EntityKind, &'v str)> {
    let Some(word) = word else {
        return guess(value).map(|kind| (kind, value));
    };
    let word = word.trim().to_lowercase();
    let kind = match word.replace(['-', '_', ' '], "").as_str() {
        "ip" | "ipv4" | "ipv6" | "ipv4addr" | "ipv6addr" | "ipsrc" | "ipdst" | "address" => {
            EntityKind::Ip
        }
        "ip:port" | "ipport" => {
            let address = value.rsplit_once(':').map_or(value, |(address, _)| address);
            return Some((EntityKind::Ip, address.trim_matches(['[', ']'])));
        }
        "domain" | "domainname" | "hostname" | "fqdn" => EntityKind::Domain,
        "url" | "uri" => EntityKind::Url,
        "hash" | "md5" | "sha1" | "sha256" | "sha512" | "md5hash" | "sha1hash" | "sha256hash"
        | "filehash" => EntityKind::Hash,
        "email" | "emailaddr" | "mail" => EntityKind::Email,
        _ => return None,
    };
    Some((kind, value))
}

/// Yes or no as lists write it.
fn is_yes(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "x" | "vip" => Some(true),
        "no" | "n" | "false" | "0" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caseloom_engine::time::Timestamp;

    fn read(of: impl FnOnce(Frame, &mut Reading)) -> Reading {
        let mut reading = Reading::default();
        let now = Timestamp(1_767_571_200_000);
        of(
            Frame {
                source: 0,
                confidence: 50,
                now,
            },
            &mut reading,
        );
        reading
    }

    fn said(reading: &Reading) -> Vec<String> {
        let of = |entry: &caseloom_engine::knowledge::Entry| {
            let fields: Vec<String> = entry
                .fields
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!(
                "{} {} {:?} {}",
                entry.kind.as_str(),
                entry.value,
                entry.mark,
                fields.join(",")
            )
        };
        reading.entries.iter().map(of).collect()
    }

    #[test]
    fn users_stand_under_each_of_their_names() {
        let text = "User,Email,Name,Department,VIP\n\
            CORP\\JDoe,jdoe@corp.example,\"Doe, Jane\",Finance,yes\n\
            ,,nobody,,\n\
            bob,,Bob,,perhaps\n\
            a,b,c,d,e,f\n";
        let reading = read(|frame, reading| csv(text, FactKind::User, frame, reading));
        assert_eq!(
            said(&reading),
            [
                "user corp\\jdoe Vip name=Doe, Jane,department=Finance",
                "email jdoe@corp.example Vip name=Doe, Jane,department=Finance",
                "user jdoe@corp.example Vip name=Doe, Jane,department=Finance",
                "user bob Plain name=Bob",
            ]
        );
        let lines: Vec<&str> = reading
            .complaints
            .iter()
            .map(|complaint| &*complaint.at)
            .collect();
        assert_eq!(
            (reading.bad, lines),
            (3, vec!["line 3", "line 4", "line 5"])
        );
    }

    #[test]
    fn assets_are_read_from_json_lines_too() {
        let text = r#"{"host": "DB01.corp.example", "ip": ["192.0.2.10", "192.0.2.11"], "criticality": "critical", "tags": ["pci", "db"]}
[1]
{"owner": "nobody"}
{"host": "web01", "criticality": 5, "owner": null}
not json"#;
        let reading = read(|frame, reading| json_lines(text, FactKind::Asset, frame, reading));
        assert_eq!(
            said(&reading),
            [
                "host db01.corp.example Criticality(Critical) tags=pci;db",
                "ip 192.0.2.10 Criticality(Critical) tags=pci;db",
                "ip 192.0.2.11 Criticality(Critical) tags=pci;db",
                "host web01 Plain ",
            ]
        );
        assert_eq!(reading.bad, 4);
    }

    #[test]
    fn indicators_are_told_by_type_or_looks() {
        let text = "ioc_value,ioc_type,confidence_level,malware,valid_until,last_seen\n\
            203.0.113.9:4444,ip:port,75,Test.RAT,,2026-01-01 10:00:00\n\
            Evil.Example.,domain,,,2026-01-01,\n\
            Evil2.Example.,domain,,,2027-01-01,\n\
            203.0.113.0/24,,,,,\n\
            thing,mutex,,,,\n\
            127.0.0.1,ip,,,,\n\
            198.51.100.1,ip,150,,,\n";
        let reading = read(|frame, reading| csv(text, FactKind::Intel, frame, reading));
        assert_eq!(
            said(&reading),
            [
                "ip 203.0.113.9 Confidence(75) malware=Test.RAT,last_seen=2026-01-01 10:00:00",
                "domain evil2.example Confidence(50) valid_until=2027-01-01",
                "ip 198.51.100.1 Confidence(50) ",
            ]
        );
        assert_eq!(reading.entries[0].as_of, moment("2026-01-01T10:00:00Z"));
        assert_eq!(reading.skipped, [("expired", 1)].into());
        assert_eq!(reading.bad, 4);
    }

    #[test]
    fn plain_lists_have_one_value_a_line() {
        let text = "# bad addresses\n203.0.113.9 # seen\n\n;x\nnonsense\nhttps://a.example/#top\n";
        let reading = read(|frame, reading| plain(text, frame, reading));
        assert_eq!(said(&reading)[1], "url https://a.example Confidence(50) ");
        assert_eq!((reading.entries.len(), reading.bad), (2, 1));
    }
}
