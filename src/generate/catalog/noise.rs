//! What fires in every enterprise every day, most frequent first: the order is the rank from which `noise` makes its rates.
//!
//! Each row says which assets it falls on, in what shape, how many alerts come in one run, and whether people or machines
//! cause it.

use super::App::{Dns, Http, None as NoApp, Rdp, Smb, Sql, Ssh, Tls};
use super::Sensor::{Edr, Idp, Mail as Gateway, Siem};
use super::attack;
use super::{Rule, ids, rule};
use crate::generate::world::Class::{
    self, Db, Dc, Dns as DnsServer, File, Mail, Server, Terminal, Web, Workstation,
};

/// Which things an alert names, and in which roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Shape {
    /// The host alone, as the system sees itself.
    HostLog,
    /// A user and a program on a host.
    HostUser,
    /// A user comes from a workstation to the host.
    Login,
    /// A file with a widespread hash.
    Av,
    /// The internet knocks at the host.
    Inbound,
    /// The host, or the NAT address in its place, visits what everybody visits.
    Outbound,
    /// Some client asks the name server.
    DnsQuery,
    /// Some workstation speaks with the host.
    Lan,
    /// The vulnerability scanner probes the host.
    Scan,
    /// A user at the identity provider, from the NAT address.
    Cloud,
    /// A mail from outside to a user.
    Letter,
}

/// What drives a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Rhythm {
    /// At any hour.
    Machine,
    /// In office hours.
    Office,
    /// By the clock, with little jitter: updates, telemetry, benign beacons.
    Timer,
    /// Once a night over all assets of the class: the vulnerability scanner.
    Sweep,
}

#[derive(Debug)]
pub(in super::super) struct Row {
    pub rule: &'static Rule,
    pub shape: Shape,
    pub class: Class,
    /// On how many assets it fires, at most.
    pub assets: u16,
    /// Alerts in one run, on average.
    pub run: u16,
    pub rhythm: Rhythm,
    /// A second sensor that reports each of the same events.
    pub twin: Option<&'static Rule>,
}

macro_rules! rows {
    ($($rule:expr, $shape:ident $class:ident $assets:literal x $run:literal $rhythm:ident $(seen by $twin:expr)?;)*) => {
        &[$(Row {
            rule: { static RULE: Rule = $rule; &RULE },
            shape: Shape::$shape,
            class: $class,
            assets: $assets,
            run: $run,
            rhythm: Rhythm::$rhythm,
            twin: rows!(@twin $($twin)?),
        }),*]
    };
    (@twin $twin:expr) => { Some({ static TWIN: Rule = $twin; &TWIN }) };
    (@twin) => { None };
}

/// Rank 1 first.
pub(in super::super) static NOISE: &[Row] = rows! {
    rule(Siem, "DOV-9701", 10, &[], "Mail server login succeeded"), Login Mail 3 x 12 Office;
    ids(Tls, "9200010", 30, &[], "STREAM TLS invalid record"), Outbound Server 12 x 10 Machine seen by rule(Siem, "IDS-86601", 20, &[], "Event of the intrusion detection");
    ids(Dns, "9200020", 20, &[], "INFO Query to a rarely used top level domain"), DnsQuery DnsServer 2 x 8 Office;
    ids(NoApp, "9200030", 30, &[], "SCAN Service probe by a vulnerability scanner"), Scan Server 500 x 8 Sweep;
    rule(Siem, "WIN-4776", 20, &[], "Failed login at a domain controller"), Login Dc 2 x 10 Office;
    ids(Http, "9200040", 30, &["T1595"], "SCAN Web scanner user agent"), Inbound Web 8 x 14 Machine;
    rule(Siem, "CLA-5200", 5, &[], "Virus signatures updated"), HostLog Server 40 x 2 Timer;
    rule(Edr, "EDR-2001", 20, &[], "Script interpreter started by management agent"), HostUser Workstation 24 x 8 Office;
    ids(Ssh, "9200050", 40, &["T1110"], "SCAN SSH brute force from the internet"), Inbound Web 3 x 20 Machine;
    rule(Siem, "WIN-7045", 20, &[], "Service state changed"), HostLog Server 20 x 6 Machine;
    ids(Tls, "9200060", 20, &[], "POLICY Remote support tool contacts its vendor"), Outbound Workstation 6 x 1 Timer;
    rule(Edr, "EDR-2002", 30, &[], "Administrative tool on a shared machine"), HostUser Terminal 10 x 6 Office seen by rule(Siem, "WIN-4688", 30, &[], "Administrative tool started");
    rule(Siem, "FIL-2010", 15, &[], "File access denied"), Login File 6 x 7 Office;
    ids(Smb, "9200070", 30, &[], "POLICY Old version of file sharing protocol"), Lan File 6 x 8 Machine;
    rule(Idp, "IDP-101", 20, &[], "Login with an expired session"), Cloud Workstation 12 x 4 Office;
    ids(Http, "9200080", 10, &[], "INFO Package manager user agent"), Outbound Server 10 x 5 Timer;
    rule(Siem, "LNX-2501", 25, &[], "Authentication failure in a cron job"), HostLog Server 8 x 5 Timer;
    rule(Edr, "EDR-2003", 25, &[], "Unwanted program found"), Av Workstation 8 x 4 Office;
    ids(Sql, "9200090", 30, &[], "POLICY Database reached from a workstation"), Lan Db 4 x 6 Office;
    rule(Gateway, "MAIL-101", 15, &[], "Bulk mail quarantined"), Letter Workstation 10 x 3 Office;
    ids(Rdp, "9200100", 30, &[], "INFO Remote desktop session"), Lan Terminal 4 x 4 Office;
    rule(Siem, "WIN-1102", 30, &[], "Audit policy differs from the baseline"), HostLog Dc 2 x 4 Timer;
    ids(Tls, "9200110", 20, &[], "INFO Session with a content network certificate mismatch"), Outbound Workstation 6 x 4 Office;
    rule(Edr, "EDR-2004", 20, &[], "Program without a signature updated itself"), HostUser Workstation 6 x 3 Machine;
    rule(Idp, "IDP-102", 25, &[], "Login from a new device"), Cloud Workstation 5 x 3 Office;
    ids(Http, "9200120", 30, &["T1190"], "WEB Old injection pattern in a request"), Inbound Web 4 x 6 Machine;
    rule(Siem, "FWL-4001", 15, &[], "Connection denied at the border"), Outbound Server 4 x 6 Machine;
    rule(Edr, "EDR-2005", 15, &[], "Driver with an old certificate loaded"), HostLog Workstation 4 x 3 Machine;
    ids(Dns, "9200130", 20, &[], "INFO Query for a dynamic name service"), DnsQuery DnsServer 2 x 3 Machine;
    rule(Siem, "LNX-5502", 10, &[], "Session of a service account closed"), HostLog Db 3 x 4 Timer;
    rule(Gateway, "MAIL-102", 20, &[], "Attachment type blocked"), Letter Workstation 4 x 2 Office;
    ids(Tls, "9200140", 20, &[], "INFO Self signed certificate inside"), Lan Server 4 x 4 Machine;
    rule(Edr, "EDR-2006", 30, &[], "Browser extension from outside the store"), HostUser Workstation 3 x 2 Office;
    rule(Siem, "WIN-4720", 30, &[], "Account changed in the directory"), HostUser Dc 2 x 3 Office;
    ids(Smb, "9200150", 30, &[], "POLICY Guest access to a share"), Lan File 2 x 3 Machine;
    rule(Siem, "BKP-1001", 20, &[], "Backup finished with warnings"), HostLog Server 3 x 2 Timer;
    rule(Idp, "IDP-103", 20, &[], "Second factor timed out"), Cloud Workstation 3 x 2 Office;
    ids(Http, "9200160", 20, &[], "POLICY Clear text password in a form"), Lan Web 2 x 3 Office;
    rule(Edr, "EDR-2007", 25, &[], "Macro blocked by policy"), HostUser Workstation 3 x 2 Office;
    ids(NoApp, "9200170", 15, &[], "STREAM Packet out of window"), Lan Server 3 x 4 Machine;
    rule(Siem, "WIN-5152", 10, &[], "Packet dropped by the host firewall"), HostLog Workstation 2 x 4 Machine;
    ids(Tls, "9200180", 25, &[], "POLICY Anonymiser bridge certificate"), Outbound Workstation 1 x 2 Timer;
    rule(Siem, "PRN-6001", 5, &[], "Print server queue failed"), HostLog Server 2 x 3 Office;
    rule(Edr, "EDR-2008", 35, &[], "Remote shell opened by the help desk"), HostUser Workstation 2 x 2 Office;
    ids(Ssh, "9200190", 20, &[], "INFO Old SSH client version"), Lan Server 2 x 2 Timer;
    rule(Siem, "LNX-1002", 20, &[], "Unknown problem somewhere in the system"), HostLog Web 2 x 3 Machine;
    rule(Gateway, "MAIL-103", 25, &[], "Sender policy check failed"), Letter Workstation 2 x 2 Office;
    rule(Idp, "IDP-104", 30, &[], "Password reset by self service"), Cloud Workstation 2 x 1 Office;
    ids(Http, "9200200", 25, &[], "INFO Scripted user agent towards outside"), Outbound Server 2 x 2 Timer;
    rule(Siem, "VPN-3001", 20, &[], "Tunnel renegotiated too often"), HostLog Server 2 x 3 Machine;
    rule(Edr, "EDR-2009", 40, &["T1059.001"], "Script block with an encoded part by software distribution"), HostUser Server 2 x 2 Timer;
    ids(Dns, "9200210", 15, &[], "INFO Long text record"), DnsQuery DnsServer 1 x 2 Timer;
    rule(Siem, "DBA-2001", 20, &[], "Slow query log truncated"), HostLog Db 2 x 2 Machine;
    rule(Siem, "HYP-1001", 15, &[], "Snapshot older than a week"), HostLog Server 2 x 1 Timer;
    ids(NoApp, "9200220", 20, &[], "POLICY Peer to peer handshake"), Outbound Workstation 1 x 2 Office;
    rule(Edr, "EDR-2010", 20, &[], "Clock of the host jumped"), HostLog Workstation 1 x 1 Machine;
    rule(Siem, "WAF-7001", 35, &["T1190"], "Request blocked by the web application firewall"), Inbound Web 2 x 3 Machine;
    rule(Siem, "WIN-4740", 30, &[], "Account locked out"), HostUser Dc 1 x 2 Office;
    rule(Idp, "IDP-105", 15, &[], "Consent given to a known application"), Cloud Workstation 1 x 1 Office;
    ids(Tls, "9200230", 20, &[], "INFO Certificate expires soon"), Lan Web 1 x 1 Timer;
};

/// What floods: one of these at a time, on one asset, for minutes.
pub(in super::super) static FLOODS: &[Row] = rows! {
    rule(Siem, "FWL-4002", 15, &[], "Connection denied inside, device misconfigured"), HostLog Server 1 x 1 Machine;
    rule(Siem, "WIN-4771", 30, &[], "Login with an old password repeated by a service"), Login Dc 1 x 1 Machine;
    ids(NoApp, "9200300", 20, &[], "STREAM Retransmission with different data"), Lan File 1 x 1 Machine;
    ids(Http, "9200301", 30, &["T1595.002"], "SCAN Crawler ignores the limits"), Inbound Web 1 x 1 Machine;
};

/// False alarms: rules of attacks, on some host, without an attack.
pub(in super::super) static NOVEL: &[Row] = &[
    novel(&attack::ENCODED_PS, Shape::HostUser, Workstation),
    novel(&attack::UNKNOWN_BINARY, Shape::Av, Workstation),
    novel(&attack::DISCOVERY, Shape::HostUser, Server),
    novel(&attack::RUN_KEY, Shape::HostUser, Workstation),
    novel(&attack::SCHEDULED_TASK, Shape::HostUser, Server),
    novel(&attack::LURE_VISITED, Shape::Outbound, Workstation),
    novel(&attack::PHISH_MAIL, Shape::Letter, Workstation),
    novel(&attack::ODD_HOURS, Shape::Cloud, Workstation),
    novel(&attack::MASS_READ, Shape::Login, File),
    novel(&attack::ADMIN_LOGIN, Shape::Login, Server),
    novel(&attack::RDP_UNUSUAL, Shape::Lan, Terminal),
    novel(&attack::ARCHIVE, Shape::HostUser, Workstation),
    novel(&attack::USB_COPY, Shape::HostUser, Workstation),
    novel(&attack::WEB_EXPLOIT, Shape::Inbound, Web),
    novel(&attack::EXFIL_TLS, Shape::Outbound, Workstation),
    novel(&attack::SSH_INTERNAL, Shape::Lan, Server),
];

const fn novel(rule: &'static Rule, shape: Shape, class: Class) -> Row {
    Row {
        rule,
        shape,
        class,
        assets: 1,
        run: 2,
        rhythm: Rhythm::Machine,
        twin: None,
    }
}
