//! What fires during attacks. The stories name these rules; see `story::templates`.

use super::App::{Dns, Http, Rdp, Smb, Sql, Ssh, Tls};
use super::Sensor::{Edr, Idp, Mail, Siem};
use super::{App, Rule, ids, rule};

macro_rules! rules {
    ($($name:ident = $rule:expr;)*) => {
        $(pub(in super::super) static $name: Rule = $rule;)*
        /// Every rule of this table, for the checks.
        #[cfg(test)]
        pub(in super::super) static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    // Mail and web, where many attacks begin.
    PHISH_MAIL      = rule(Mail, "MAIL-210", 50, &["T1566.002"], "Mail with a credential lure delivered");
    PHISH_ATTACH    = rule(Mail, "MAIL-214", 55, &["T1566.001"], "Mail with a macro document delivered");
    LURE_VISITED    = rule(Siem, "PRX-3107", 45, &["T1204.001"], "Newly registered domain visited through the proxy");
    INTERNAL_PHISH  = rule(Mail, "MAIL-230", 60, &["T1534"], "Bulk mail from an internal mailbox");

    // Execution and persistence on an endpoint.
    OFFICE_CHILD    = rule(Edr, "EDR-1059", 70, &["T1204.002", "T1059.001"], "Office program started a script interpreter");
    ENCODED_PS      = rule(Edr, "EDR-1060", 60, &["T1059.001", "T1027"], "Encoded PowerShell command line");
    UNKNOWN_BINARY  = rule(Edr, "EDR-1204", 55, &["T1204.002"], "Unsigned program started from a download folder");
    REMOVABLE_EXEC  = rule(Edr, "EDR-1091", 60, &["T1091"], "Program started from a removable drive");
    SCHEDULED_TASK  = rule(Edr, "EDR-1053", 55, &["T1053.005"], "Scheduled task created by a script");
    RUN_KEY         = rule(Edr, "EDR-1547", 50, &["T1547.001"], "Autostart entry points into a user folder");
    SERVICE_INSTALL = rule(Edr, "EDR-1543", 65, &["T1569.002", "T1543.003"], "Service installed from an administrative share");
    AV_DISABLED     = rule(Edr, "EDR-1562", 75, &["T1562.001"], "Endpoint protection was switched off");
    MINER           = rule(Edr, "EDR-1496", 60, &["T1496"], "Coin miner started");
    LOG_CLEARED     = rule(Edr, "EDR-1070", 65, &["T1070.001"], "Security event log cleared");

    // Discovery and credentials.
    DISCOVERY       = rule(Edr, "EDR-1087", 40, &["T1087.002", "T1018"], "Series of discovery commands");
    LSASS           = rule(Edr, "EDR-1003", 85, &["T1003.001"], "Memory of the authority process was read");
    KERBEROAST      = rule(Siem, "WIN-4769", 65, &["T1558.003"], "Many service tickets with weak encryption asked for");
    DCSYNC          = rule(Siem, "WIN-4662", 90, &["T1003.006"], "Directory replication asked for by an ordinary host");
    BRUTE_FORCE     = rule(Siem, "WIN-4625", 50, &["T1110.001"], "Many failed logins from one address");
    LOGIN_AFTER     = rule(Siem, "WIN-4624", 70, &["T1078", "T1110.001"], "Login succeeded after many failures");
    PORT_SCAN       = ids(App::None, "9100011", 45, &["T1046"], "SCAN Internal host probes many services");

    // Command and control.
    C2_TLS          = ids(Tls, "9100101", 75, &["T1071.001"], "MALWARE Periodic TLS session with a rare certificate");
    C2_HTTP         = ids(Http, "9100102", 75, &["T1071.001"], "MALWARE Beacon in an HTTP request");
    C2_DNS          = ids(Dns, "9100103", 60, &["T1071.004"], "MALWARE Query for a known control domain");
    C2_EDR          = rule(Edr, "EDR-1071", 70, &["T1071.001"], "Unsigned program talks to a rare address");
    MINING_POOL     = ids(Tls, "9100121", 60, &["T1496"], "POLICY Session with a mining pool");

    // Lateral movement.
    ADMIN_SHARE     = ids(Smb, "9100201", 60, &["T1021.002"], "LATERAL Program copied to an administrative share");
    ADMIN_LOGIN     = rule(Siem, "WIN-4648", 55, &["T1021", "T1078.002"], "Administrator logged in from an unusual host");
    RDP_UNUSUAL     = ids(Rdp, "9100202", 50, &["T1021.001"], "LATERAL Remote desktop between hosts that never spoke");
    REMOTE_EXEC     = rule(Edr, "EDR-1021", 75, &["T1021.002", "T1569.002"], "Remote execution by an administrator");
    SSH_INTERNAL    = ids(Ssh, "9100203", 40, &["T1021.004"], "LATERAL First SSH session between two servers");

    // Collection, exfiltration, impact.
    MASS_READ       = rule(Siem, "FIL-5145", 50, &["T1039"], "Unusually many files read from a share");
    ARCHIVE         = rule(Edr, "EDR-1560", 50, &["T1560.001"], "Archive with a password created");
    USB_COPY        = rule(Edr, "EDR-1052", 55, &["T1052.001"], "Many files copied to a removable drive");
    EXFIL_TLS       = ids(Tls, "9100301", 70, &["T1041"], "EXFIL Large upload to a rare address");
    EXFIL_EDR       = rule(Edr, "EDR-1041", 70, &["T1041"], "Program uploads far more than it downloads");
    EXFIL_CLOUD     = rule(Siem, "PRX-3567", 60, &["T1567.002"], "Large upload to a private cloud storage");
    DNS_TUNNEL      = ids(Dns, "9100302", 65, &["T1048.003"], "EXFIL Long encoded labels in DNS queries");
    SHADOW_DELETED  = rule(Edr, "EDR-1490", 95, &["T1490"], "Volume shadow copies deleted");
    ENCRYPTION      = rule(Edr, "EDR-1486", 95, &["T1486"], "Files are being encrypted");

    // Web servers.
    WEB_ENUM        = ids(Http, "9100401", 35, &["T1595.003"], "WEB Directory enumeration");
    WEB_EXPLOIT     = ids(Http, "9100402", 65, &["T1190"], "WEB Code injection attempt in a request");
    WEB_SHELL       = rule(Edr, "EDR-1505", 85, &["T1505.003"], "Script written to a web root by the web server");
    WEB_COMMAND     = rule(Edr, "EDR-1506", 75, &["T1059.004"], "Web server started a shell");
    SUDO_ROOT       = rule(Siem, "LNX-5402", 60, &["T1548.003"], "Service account became root");
    DB_DUMP         = ids(Sql, "9100403", 55, &["T1213"], "WEB Whole table read by a web server");

    // Identity and cloud.
    SPRAY           = rule(Idp, "IDP-301", 45, &["T1110.003"], "Failed login, one address tries many users");
    SPRAY_SUCCESS   = rule(Idp, "IDP-302", 70, &["T1078.004"], "Login from an address that failed for many users");
    MFA_FATIGUE     = rule(Idp, "IDP-310", 65, &["T1621"], "Repeated second factor prompts");
    MAILBOX_RULE    = rule(Idp, "IDP-340", 70, &["T1564.008", "T1114.003"], "Mailbox rule hides or forwards mail");
    CLOUD_DOWNLOAD  = rule(Idp, "IDP-350", 60, &["T1530"], "Mass download from cloud storage");
    ODD_HOURS       = rule(Idp, "IDP-305", 35, &["T1078"], "Login at an unusual hour");
}
