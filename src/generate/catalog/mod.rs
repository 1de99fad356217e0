//! The detection rules that the pretended products have: what fires, which sensor reports it, how bad it is said to be.
//!
//! Two tables, one rule a line: `noise` fires in every enterprise every day, `attack` tells the steps of the stories and,
//! now and then, a false alarm. Names and numbers are made up in the manner of the products.

pub(super) mod attack;
pub(super) mod noise;

/// The kind of product that reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sensor {
    Ids,
    Edr,
    Siem,
    Idp,
    Mail,
}

impl Sensor {
    /// The `source` of the native format.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Edr => "edr",
            Self::Siem => "siem",
            Self::Idp => "idp",
            Self::Mail => "mail",
        }
    }
}

/// The protocol of the traffic that a network sensor reports; gives the port and the extra part of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum App {
    None,
    Dns,
    Http,
    Tls,
    Smb,
    Rdp,
    Ssh,
    Sql,
}

impl App {
    /// Nothing where any port will do.
    pub(super) fn port(self) -> Option<u16> {
        match self {
            Self::None => None,
            Self::Dns => Some(53),
            Self::Http => Some(80),
            Self::Tls => Some(443),
            Self::Smb => Some(445),
            Self::Rdp => Some(3389),
            Self::Ssh => Some(22),
            Self::Sql => Some(5432),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "failed",
            Self::Dns => "dns",
            Self::Http => "http",
            Self::Tls => "tls",
            Self::Smb => "smb",
            Self::Rdp => "rdp",
            Self::Ssh => "ssh",
            Self::Sql => "pgsql",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub sensor: Sensor,
    pub app: App,
    pub id: &'static str,
    pub name: &'static str,
    /// 0 to 100.
    pub severity: u8,
    /// ATT&CK technique ids.
    pub attack: &'static [&'static str],
}

/// A rule of a sensor that sees no traffic, or whose traffic has no known protocol.
const fn rule(
    sensor: Sensor,
    id: &'static str,
    severity: u8,
    attack: &'static [&'static str],
    name: &'static str,
) -> Rule {
    Rule {
        sensor,
        app: App::None,
        id,
        name,
        severity,
        attack,
    }
}

/// A rule of the network sensor; `id` is the signature's number.
const fn ids(
    app: App,
    id: &'static str,
    severity: u8,
    attack: &'static [&'static str],
    name: &'static str,
) -> Rule {
    Rule {
        sensor: Sensor::Ids,
        app,
        id,
        name,
        severity,
        attack,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all() -> Vec<&'static Rule> {
        let noise = noise::NOISE
            .iter()
            .chain(noise::FLOODS)
            .chain(noise::NOVEL)
            .map(|row| row.rule);
        noise.chain(attack::ALL.iter().copied()).collect()
    }

    #[test]
    fn an_id_means_one_rule_of_one_sensor() {
        let distinct: BTreeSet<_> = all()
            .iter()
            .map(|rule| (rule.sensor, rule.id, rule.name))
            .collect();
        let ids: BTreeSet<_> = all().iter().map(|rule| (rule.sensor, rule.id)).collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn techniques_and_signatures_are_well_formed() {
        for rule in all() {
            assert!(rule.severity <= 100);
            assert!(
                rule.sensor != Sensor::Ids || rule.id.parse::<u32>().is_ok(),
                "{}",
                rule.id
            );
            for technique in rule.attack {
                assert!(
                    technique.starts_with('T') && technique[1..5].parse::<u16>().is_ok(),
                    "{technique}"
                );
            }
        }
    }
}
