//! What rooms say of a record's values in one breath: lists as well as scalars, accounts with all their names, and
//! entities that count only when nothing else named them.

use compact_str::CompactString;

use crate::entity::{Entity, EntityKind, Role};

use super::super::json::{Scalar, Value};
use super::super::reject::Reject;
use super::super::severity;
use super::{Desk, Draft, Reading};

/// The numbers that rooms give to the things of an alert, so that what two rooms say of one thing meets. A room may
/// use others from [`thing::OWN`] on.
pub(crate) mod thing {
    /// The affected machine.
    pub(crate) const HOST: u8 = 1;
    /// Who did it.
    pub(crate) const USER: u8 = 2;
    /// To whom it was done.
    pub(crate) const TARGET_USER: u8 = 3;
    /// Where it came from.
    pub(crate) const SOURCE: u8 = 4;
    /// Where it went.
    pub(crate) const TARGET: u8 = 5;
    /// The program that did it.
    pub(crate) const PROCESS: u8 = 6;
    /// What started that program.
    pub(crate) const PARENT: u8 = 7;
    /// The file it was done to.
    pub(crate) const FILE: u8 = 8;
    /// The reporting sensor.
    pub(crate) const OBSERVER: u8 = 9;
    /// The program that was acted on.
    pub(crate) const TARGET_PROCESS: u8 = 10;
    /// The container or pod.
    pub(crate) const CONTAINER: u8 = 11;
    /// Numbers from here on are free for a room's own things.
    pub(crate) const OWN: u8 = 32;
}

/// All the names that a record has for one account.
#[derive(Clone, Copy, Default)]
pub(crate) struct Account<'a> {
    /// `name`, `domain\name` or `name@domain`; a machine's ends in `$`.
    pub(crate) name: Option<Value<'a>>,
    /// What stands before the backslash.
    pub(crate) domain: Option<Value<'a>>,
    /// `S-1-5-21-..`, or an id of a directory.
    pub(crate) id: Option<Value<'a>>,
    /// `name@domain`, as the directory calls it.
    pub(crate) upn: Option<Value<'a>>,
    pub(crate) email: Option<Value<'a>>,
}

impl Desk<'_> {
    /// Reads each element of `list` as an alert of its own. A bad one is rejected alone; where all of them are bad, the
    /// record is, for the first one's reason.
    ///
    /// # Errors
    /// The first reject, when there was nothing else.
    pub(crate) fn parts(
        &mut self,
        list: Value<'_>,
        mut read: impl FnMut(Value<'_>, &mut Self) -> Result<Reading, Reject>,
    ) -> Result<Reading, Reject> {
        let start = self.next;
        let (alerts, rejects) = (self.alerts.len(), self.rejects.len());
        let mut understood = 0;
        list.each(|element| understood += u32::from(self.part(|desk| read(element, desk))));
        if self.alerts.len() > alerts {
            return Ok(Reading::Alert);
        }
        let first = self.rejects.get(rejects).map(|(_, reject)| reject.clone());
        match first {
            Some(reject) if understood == 0 => {
                self.rejects.truncate(rejects);
                self.next = start;
                Err(reject)
            }
            _ => Ok(Reading::NotAnAlert),
        }
    }
}

impl Draft<'_> {
    /// Entities of one kind and role: each text or number of a list, or the only one.
    pub(crate) fn entities(&mut self, kind: EntityKind, role: Role, value: Value<'_>, thing: u8) {
        let thing = one_thing(role, value, thing);
        each_text(value, |text| self.entity(kind, role, text, thing));
    }

    /// As [`Self::entities`], of a field that holds names or addresses of machines.
    pub(crate) fn hosts_or_ips(&mut self, role: Role, value: Value<'_>, thing: u8) {
        let thing = one_thing(role, value, thing);
        each_text(value, |text| {
            self.push(Entity::host_or_ip(role, text), thing);
        });
    }

    /// As [`Self::entities`], of a field that holds DNS names, or addresses where there is no name.
    pub(crate) fn domains_or_ips(&mut self, role: Role, value: Value<'_>, thing: u8) {
        let thing = one_thing(role, value, thing);
        each_text(value, |text| {
            let entity = Entity::new(EntityKind::Domain, role, text)
                .or_else(|| Entity::new(EntityKind::Ip, role, text));
            self.push(entity, thing);
        });
    }

    /// The hashes of one file, each written alone or as `MD5=..,SHA256=..`. Import hashes are left out: many
    /// different programs share one.
    pub(crate) fn hashes(&mut self, role: Role, value: Value<'_>, thing: u8) {
        each_text(value, |text| {
            for hash in text.split([',', ';']).map(str::trim_ascii) {
                let is_other = hash
                    .get(..7)
                    .is_some_and(|start| start.eq_ignore_ascii_case("imphash"));
                if !is_other && !hash.is_empty() {
                    self.entity(EntityKind::Hash, role, hash, thing);
                }
            }
        });
    }

    /// An account under each of its names. Names in a list are several accounts of one domain.
    pub(crate) fn account(&mut self, account: Account<'_>, role: Role, thing: u8) {
        let domain = account
            .domain
            .and_then(first_text)
            .filter(|domain| !matches!(*domain, "" | "-" | "." | "N/A" | "n/a" | "null" | "LOCAL"));
        if let Some(names) = account.name {
            let thing = if names.len() > 1 { 0 } else { thing };
            each_text(names, |name| self.user(domain, name, role, thing));
        }
        if let Some(upn) = account.upn {
            each_text(upn, |upn| {
                if upn.contains('@') {
                    self.entity(EntityKind::User, role, upn, thing);
                }
            });
        }
        if let Some(id) = account.id {
            each_text(id, |id| {
                // A number means something on one machine only.
                if !id.bytes().all(|byte| byte.is_ascii_digit()) {
                    self.entity(EntityKind::User, role, id, thing);
                }
            });
        }
        if let Some(email) = account.email {
            self.entities(EntityKind::Email, role, email, thing);
        }
    }

    /// An account by its name, and the domain that stands beside it.
    pub(crate) fn user(&mut self, domain: Option<&str>, name: &str, role: Role, thing: u8) {
        // PAM writes `root(uid=0)`.
        let name = name.split("(uid=").next().unwrap_or(name).trim_ascii();
        let is_whole = name.contains(['\\', '@']) || name.starts_with("S-1-");
        match domain {
            Some(domain) if !is_whole && !name.is_empty() && !name.ends_with('$') => {
                let mut joined = CompactString::with_capacity(domain.len() + name.len() + 1);
                joined.push_str(domain.trim_ascii());
                joined.push('\\');
                joined.push_str(name);
                self.entity(EntityKind::User, role, &joined, thing);
            }
            _ if self.is_machine_told(name) => {}
            _ => self.push(Entity::user_or_host(role, name), thing),
        }
    }

    /// Whether `name` is the account of a machine (`WS1$`) that the alert has already.
    fn is_machine_told(&self, name: &str) -> bool {
        let machine = name
            .rsplit('\\')
            .next()
            .and_then(|name| name.strip_suffix('$'));
        machine.is_some_and(|machine| self.is_named(machine))
    }

    /// An entity, unless the alert has one of its kind and value in any role.
    pub(crate) fn fresh(&mut self, kind: EntityKind, role: Role, raw: &str, thing: u8) {
        match Entity::new(kind, role, raw) {
            Some(entity) if self.has(kind, &entity.value) => {}
            entity => self.push(entity, thing),
        }
    }

    /// How many entities were said so far, for [`Self::drop_known`].
    pub(crate) fn told(&self) -> usize {
        self.alert.entities.len()
    }

    /// Takes back what was said after the first `told` entities and only repeats them in another role: what two
    /// schemas say of one event.
    pub(crate) fn drop_known(&mut self, told: usize) {
        let mut at = told;
        while let Some(entity) = self.alert.entities.get(at) {
            let (kind, value) = (entity.kind, entity.value.clone());
            let is_known = match kind {
                EntityKind::Host => is_named(&self.alert.entities[..told], &value),
                _ => self.alert.entities[..told]
                    .iter()
                    .any(|known| known.kind == kind && known.value == value),
            };
            if is_known {
                self.alert.entities.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Lets what was said after the first `told` entities stand for itself.
    pub(crate) fn without_things(&mut self, told: usize) {
        for entity in self.alert.entities.iter_mut().skip(told) {
            entity.thing = 0;
        }
    }

    /// Whether the alert has an entity of this kind and canonical value.
    pub(crate) fn has(&self, kind: EntityKind, value: &str) -> bool {
        let entities = &self.alert.entities;
        entities
            .iter()
            .any(|entity| entity.kind == kind && entity.value == value)
    }

    /// Whether some entity of the alert has this name, with whatever domain before or after it.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        is_named(&self.alert.entities, name)
    }

    /// A severity by the product's own word; its number tells where in the word's band. Without a word, the number.
    pub(crate) fn severity_in_band(&mut self, word: Scalar<'_>, number: Scalar<'_>) {
        let score = severity::read(number);
        match word.text().and_then(|word| severity::word(&word)) {
            Some(word) => {
                let exact = score.filter(|score| score.ocsf_id() == word.ocsf_id());
                self.severity_read(Some(exact.unwrap_or(word)));
            }
            None if number.is_nothing() => self.severity(word),
            None => self.severity_read(score),
        }
    }

    /// ATT&CK tactics and techniques: each text of a list, or the only one.
    pub(crate) fn attacks(&mut self, value: Value<'_>) {
        each_text(value, |text| self.attack(text));
    }
}

/// The thing that a field's values name: several values at either end are several things, where those of what is
/// affected or observes are one machine's names and addresses.
fn one_thing(role: Role, value: Value<'_>, thing: u8) -> u8 {
    let is_machine = matches!(role, Role::Affected | Role::Observer);
    if is_machine || value.len() < 2 {
        thing
    } else {
        0
    }
}

fn is_named(entities: &[Entity], name: &str) -> bool {
    entities.iter().any(|entity| {
        let value = entity.value.as_str();
        let short = match entity.kind {
            EntityKind::Host => value.split('.').next().unwrap_or(value),
            EntityKind::User => match value.rsplit_once('\\') {
                Some((_, name)) => name,
                None => value.split('@').next().unwrap_or(value),
            },
            _ => value,
        };
        value.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name)
    })
}

/// Shows each text that is not empty, of a list or alone; numbers as texts.
pub(crate) fn each_text(value: Value<'_>, mut show: impl FnMut(&str)) {
    value.each(|element| {
        if let Some(text) = element.scalar().and_then(|scalar| scalar.text()) {
            show(&text);
        }
    });
}

/// The text, or the first text of a list.
pub(crate) fn first_text(value: Value<'_>) -> Option<&str> {
    match value.elements() {
        Some(mut elements) => elements.find_map(Value::as_str),
        None => value.as_str(),
    }
}

/// The value, or the first of a list.
pub(crate) fn first(value: Value<'_>) -> Value<'_> {
    value
        .elements()
        .and_then(|mut elements| elements.next())
        .unwrap_or(value)
}

impl Draft<'_> {
    /// A count that a room has counted itself.
    pub(crate) fn count_of(&mut self, count: usize) {
        self.alert.count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    }

    /// The broker's time, where neither the record nor its envelopes told one: for formats that may leave it out.
    pub(crate) fn time_of_broker(&mut self) {
        if self.time.is_none() && self.facts.time.is_none() {
            self.time = self.message.broker_time;
        }
    }

    /// A count that leaves out the first `more` occurrences.
    pub(crate) fn count_more(&mut self, value: Scalar<'_>, more: u32) {
        self.count(value);
        if !value.is_nothing() {
            self.alert.count = self.alert.count.saturating_add(more);
        }
    }
}
