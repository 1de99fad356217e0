//! The stories themselves. Each step shares with an earlier one something that is no hub: a machine, a user, a hash, an
//! address or a domain of the attacker.
//!
//! Gaps are in seconds at full pace. Most are under four hours; the slow ones carry a user with a machine, or a hash.

use super::template::Machine::{
    Db, Dc, Dns, Files, Other, Second, Server, Terminal, Third, Victim, Web,
};
use super::template::Outside::{Attacker, C2, Drop};
use super::template::Person::{self, Admin};
use super::template::Who::*;
use super::template::{Step, Template, step};
use crate::generate::catalog::attack::*;

const MINUTE: u32 = 60;
const HOUR: u32 = 3600;

/// In this order, again and again.
pub(super) static ALL: &[&Template] = &[
    &Template {
        name: "phishing",
        steps: PHISHING,
    },
    &Template {
        name: "ransomware",
        steps: RANSOMWARE,
    },
    &Template {
        name: "spray",
        steps: SPRAYING,
    },
    &Template {
        name: "webshell",
        steps: WEBSHELL,
    },
    &Template {
        name: "insider",
        steps: INSIDER,
    },
    &Template {
        name: "beacon",
        steps: BEACON,
    },
    &Template {
        name: "miner",
        steps: MINING,
    },
    &Template {
        name: "worm",
        steps: WORM,
    },
];

/// A mail, a click, a foothold, control, credentials, a server, the data.
#[rustfmt::skip]
static PHISHING: &[Step] = &[
    step(&PHISH_MAIL, (0, 0), &[Sender, MailTo(Person::Victim), Of(Person::Victim), Lure, LureDomain]),
    step(&LURE_VISITED, (MINUTE, 40 * MINUTE), &[On(Victim), By(Person::Victim), Lure, LureDomain]).times(1, 3),
    step(&OFFICE_CHILD, (10, 5 * MINUTE), &[On(Victim), By(Person::Victim), Process(2), Dropped, Malware, CommonProgram]),
    step(&C2_TLS, (5, 3 * MINUTE), &[From(Victim), ToOutside(C2), ToDomain(C2), By(Person::Victim), Malware]).beacon(300, 10, 60).at_border().seen_by(&C2_EDR),
    step(&DISCOVERY, (5 * MINUTE, HOUR), &[On(Victim), By(Person::Victim), Process(1)]).times(2, 6),
    step(&LSASS, (2 * MINUTE, HOUR), &[On(Victim), By(Person::Victim), System, Tool]),
    step(&ADMIN_LOGIN, (5 * MINUTE, 2 * HOUR), &[From(Victim), To(Server), By(Admin)]).times(1, 2),
    step(&REMOTE_EXEC, (10, 10 * MINUTE), &[On(Server), By(Admin), System, Malware]).seen_by(&SERVICE_INSTALL),
    step(&MASS_READ, (10 * MINUTE, 2 * HOUR), &[From(Server), To(Files), By(Admin)]).heavy(5),
    step(&EXFIL_TLS, (5 * MINUTE, HOUR), &[From(Server), ToOutside(Drop), ToDomain(Drop), By(Admin)]).times(2, 12).at_border().seen_by(&EXFIL_EDR),
];

/// Guessed remote desktop password on a shared machine; the same administrator and tool on every server; encryption.
#[rustfmt::skip]
static RANSOMWARE: &[Step] = &[
    step(&BRUTE_FORCE, (0, 0), &[FromOutside(Attacker), To(Terminal), EachUser]).heavy(8),
    step(&LOGIN_AFTER, (1, 5 * MINUTE), &[FromOutside(Attacker), To(Terminal), By(Person::Victim)]),
    step(&AV_DISABLED, (2 * MINUTE, 30 * MINUTE), &[On(Terminal), By(Person::Victim), System]),
    step(&LSASS, (MINUTE, 20 * MINUTE), &[On(Terminal), By(Person::Victim), System, Tool]),
    step(&ADMIN_SHARE, (5 * MINUTE, HOUR), &[From(Terminal), To(Server)]).times(1, 3),
    step(&REMOTE_EXEC, (5, 5 * MINUTE), &[On(Server), By(Admin), System, Malware]).seen_by(&SERVICE_INSTALL),
    step(&REMOTE_EXEC, (MINUTE, 20 * MINUTE), &[On(Other), By(Admin), System, Malware]).seen_by(&SERVICE_INSTALL),
    step(&SHADOW_DELETED, (10 * MINUTE, 2 * HOUR), &[On(Server), By(Admin), Malware, Process(1)]),
    step(&SHADOW_DELETED, (5, 5 * MINUTE), &[On(Other), By(Admin), Malware, Process(1)]),
    step(&ENCRYPTION, (5, 2 * MINUTE), &[On(Files), By(Admin), Malware, EachFile]).heavy(20),
];

/// One address tries everybody; one password fits.
#[rustfmt::skip]
static SPRAYING: &[Step] = &[
    step(&SPRAY, (0, 0), &[FromOutside(Attacker), EachUser]).heavy(25),
    step(&SPRAY_SUCCESS, (1, 20 * MINUTE), &[FromOutside(Attacker), By(Person::Victim), AccountOf(Person::Victim)]),
    step(&MFA_FATIGUE, (5, 10 * MINUTE), &[FromOutside(Attacker), By(Person::Victim), AccountOf(Person::Victim)]).times(3, 15),
    step(&MAILBOX_RULE, (2 * MINUTE, HOUR), &[FromOutside(Attacker), By(Person::Victim), AccountOf(Person::Victim)]).times(1, 2),
    step(&CLOUD_DOWNLOAD, (10 * MINUTE, 3 * HOUR), &[FromOutside(Attacker), By(Person::Victim), Bucket]).times(2, 20),
    step(&INTERNAL_PHISH, (10 * MINUTE, 3 * HOUR), &[MailBy(Person::Victim), By(Person::Victim), EachUser, Lure]).times(5, 25),
];

/// From the public web server to the database, out through the name server.
#[rustfmt::skip]
static WEBSHELL: &[Step] = &[
    step(&WEB_ENUM, (0, 0), &[FromOutside(Attacker), To(Web)]).heavy(40),
    step(&WEB_EXPLOIT, (MINUTE, 30 * MINUTE), &[FromOutside(Attacker), To(Web)]).times(1, 8),
    step(&WEB_SHELL, (2, 2 * MINUTE), &[On(Web), Process(10), Malware]),
    step(&WEB_COMMAND, (30, 20 * MINUTE), &[On(Web), Process(9), CommonProgram]).times(2, 9),
    step(&SUDO_ROOT, (2 * MINUTE, HOUR), &[On(Web), Root]).times(1, 3),
    step(&PORT_SCAN, (MINUTE, 30 * MINUTE), &[From(Web), EachMachine]).heavy(10),
    step(&SSH_INTERNAL, (MINUTE, 30 * MINUTE), &[From(Web), To(Db)]).times(1, 2),
    step(&DB_DUMP, (MINUTE, HOUR), &[From(Web), To(Db)]).times(1, 5),
    step(&DNS_TUNNEL, (2 * MINUTE, HOUR), &[From(Web), To(Dns), ToDomain(Drop)]).heavy(8),
];

/// No malware and no outside address: one user, his machine, and other people's files.
#[rustfmt::skip]
static INSIDER: &[Step] = &[
    step(&ODD_HOURS, (0, 0), &[By(Person::Victim), AccountOf(Person::Victim), From(Victim)]).times(1, 2),
    step(&MASS_READ, (5 * MINUTE, 2 * HOUR), &[From(Victim), To(Files), By(Person::Victim)]).heavy(10),
    step(&ARCHIVE, (10 * MINUTE, 2 * HOUR), &[On(Victim), By(Person::Victim), Dropped]).times(1, 4),
    step(&USB_COPY, (2 * MINUTE, HOUR), &[On(Victim), By(Person::Victim), Dropped]).times(1, 3),
    step(&EXFIL_CLOUD, (10 * MINUTE, 3 * HOUR), &[On(Victim), By(Person::Victim), ToDomain(Drop)]).times(1, 6),
    step(&LOG_CLEARED, (10 * MINUTE, 2 * HOUR), &[On(Victim), By(Person::Victim), CommonProgram]),
];

/// Low and slow: days of one session an hour, then a short visit to the directory.
#[rustfmt::skip]
static BEACON: &[Step] = &[
    step(&PHISH_ATTACH, (0, 0), &[Sender, MailTo(Person::Victim), Of(Person::Victim), Dropped, Malware]),
    step(&UNKNOWN_BINARY, (5 * MINUTE, 3 * HOUR), &[On(Victim), By(Person::Victim), Malware, Dropped]),
    step(&RUN_KEY, (5, 10 * MINUTE), &[On(Victim), By(Person::Victim), Malware]),
    step(&C2_HTTP, (10 * MINUTE, HOUR), &[From(Victim), ToOutside(C2), ToDomain(C2), By(Person::Victim), Malware]).beacon(HOUR, 24, 90).at_border().seen_by(&C2_EDR),
    step(&C2_DNS, (10 * MINUTE, 2 * HOUR), &[From(Victim), To(Dns), ToDomain(C2)]).beacon(2 * HOUR, 10, 40),
    step(&DISCOVERY, (14 * HOUR, 20 * HOUR), &[On(Victim), By(Person::Victim), Malware, Process(1)]).times(1, 4),
    step(&KERBEROAST, (HOUR, 3 * HOUR), &[From(Victim), To(Dc), By(Person::Victim)]).times(2, 10),
    step(&DCSYNC, (2 * HOUR, 4 * HOUR), &[From(Victim), To(Dc), By(Admin)]),
];

/// One hash and one pool on several servers.
#[rustfmt::skip]
static MINING: &[Step] = &[
    step(&SCHEDULED_TASK, (0, 0), &[On(Server), By(Admin), Malware, Lure]),
    step(&MINER, (5, 5 * MINUTE), &[On(Server), System, Malware]).times(1, 4),
    step(&MINING_POOL, (5, 3 * MINUTE), &[From(Server), ToOutside(C2), ToDomain(C2)]).beacon(600, 12, 100).at_border(),
    step(&ADMIN_LOGIN, (10 * MINUTE, 2 * HOUR), &[From(Server), To(Other), By(Admin)]).times(1, 2),
    step(&MINER, (MINUTE, 20 * MINUTE), &[On(Other), System, Malware]).times(1, 4),
    step(&MINING_POOL, (5, 3 * MINUTE), &[From(Other), ToOutside(C2), ToDomain(C2)]).beacon(600, 12, 100).at_border(),
];

/// A removable drive goes from desk to desk: only the hash says that it is one story.
#[rustfmt::skip]
static WORM: &[Step] = &[
    step(&REMOVABLE_EXEC, (0, 0), &[On(Victim), By(Person::Victim), Malware]).times(1, 3),
    step(&RUN_KEY, (2, 2 * MINUTE), &[On(Victim), By(Person::Victim), Malware]),
    step(&REMOVABLE_EXEC, (30 * MINUTE, 3 * HOUR), &[On(Second), By(Person::Second), Malware]).times(1, 3),
    step(&REMOVABLE_EXEC, (30 * MINUTE, 3 * HOUR), &[On(Third), By(Person::Third), Malware]).times(1, 3),
    step(&RDP_UNUSUAL, (10 * MINUTE, HOUR), &[From(Third), To(Terminal)]).times(1, 2),
    step(&ENCODED_PS, (MINUTE, 20 * MINUTE), &[On(Terminal), By(Person::Third), Malware, CommonProgram]).times(1, 3),
];
