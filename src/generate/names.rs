//! Things as text: the n-th host, user, address, domain or hash always has the same name.
//!
//! All names are reserved ones, so that no generated alert accuses anybody: domains under `.example`, outside addresses from
//! the benchmarking and documentation ranges (RFC 2544, 5737, 3849). The text is written as the inside of a JSON string,
//! with escapes where it needs them.

use super::alert::Thing;
use super::catalog::Sensor;
use super::civil::push_padded;
use super::rng::Mix;
use super::shape::NOISE_BASE;
use super::world::{Class, World};

#[rustfmt::skip]
const FIRST: [&str; 40] = [
    "anna", "ben", "carla", "david", "elif", "felix", "grace", "hugo", "ines", "jonas", "kemal", "lena", "marco", "nadia",
    "oscar", "petra", "quentin", "rosa", "stefan", "tara", "umar", "vera", "walid", "xenia", "yusuf", "zoe", "aiko", "bruno",
    "chloe", "dmitri", "emma", "farid", "gita", "henrik", "irene", "jamal", "kira", "luca", "mira", "noel",
];
#[rustfmt::skip]
const LAST: [&str; 50] = [
    "adler", "bauer", "cohen", "dubois", "evans", "fischer", "garcia", "haas", "ivanov", "jansen", "keller", "lopez", "meyer",
    "novak", "okafor", "patel", "quinn", "rossi", "schmidt", "tanaka", "ueda", "vogel", "weber", "xu", "yilmaz", "ziegler",
    "almeida", "brandt", "costa", "diaz", "eriksen", "ferrari", "gruber", "hansen", "ito", "jovanovic", "kowalski", "lang",
    "moreau", "nielsen", "olsen", "peters", "ramos", "silva", "torres", "ulrich", "vargas", "wagner", "young", "zhang",
];
#[rustfmt::skip]
const WORDS: [&str; 16] = [
    "metrics", "cdn", "update", "portal", "secure", "static", "cloud", "sync", "login", "docs", "files", "mail", "track",
    "media", "edge", "api",
];
#[rustfmt::skip]
const PROCESSES: [&str; 12] = [
    "powershell.exe", "cmd.exe", "winword.exe", "outlook.exe", "rundll32.exe", "wscript.exe", "svchost.exe", "certutil.exe",
    "psexesvc.exe", "bash", "php-fpm", "python3",
];
const FILES: [&str; 8] = [
    "invoice", "report", "offer", "update", "setup", "scan", "minutes", "budget",
];

impl World {
    /// Appends the value of `thing`.
    pub(super) fn write(&self, thing: Thing, out: &mut String) {
        match thing {
            Thing::Host(host) => self.write_host(host, out),
            Thing::HostIp(host) => self.write_address(host, out),
            Thing::User(user) => write_login(user, out),
            Thing::Admin(user) => {
                out.push_str("adm-");
                write_login(user, out);
            }
            Thing::Mailbox(user) | Thing::Account(user) => {
                write_login(user, out);
                out.push('@');
                self.write_domain(out);
            }
            Thing::Observer(sensor) => self.write_observer(sensor, out),
            Thing::Bucket(n) => numbered("arn:aws:s3:::corp-share-", n, out),
            other => write_outside(other, out),
        }
    }

    pub(super) fn write_domain(&self, out: &mut String) {
        out.push_str(if self.scope == "default" {
            "corp"
        } else {
            self.scope
        });
        out.push_str(".example");
    }

    fn write_host(&self, host: u32, out: &mut String) {
        let (class, n) = self.place(host);
        out.push_str(class.prefix());
        out.push('-');
        let width = if class == Class::Workstation { 5 } else { 2 };
        push_padded(out, u64::from(n) + 1, width);
    }

    /// Machines of the data centre in 10.1.0.0 to 10.15.255.255, workstations above.
    fn write_address(&self, host: u32, out: &mut String) {
        let (second, n) = match self.place(host) {
            (Class::Workstation, n) => (16 + n / 62_500, n % 62_500),
            _ => (1, host),
        };
        let octets = [10, second % 256, n / 250, n % 250 + 1];
        write_octets(octets, out);
    }

    fn write_observer(&self, sensor: Sensor, out: &mut String) {
        out.push_str(sensor.source());
        out.push_str("-sensor-01");
    }
}

/// Things that are the same in all scopes.
fn write_outside(thing: Thing, out: &mut String) {
    match thing {
        Thing::System => out.push_str("NT AUTHORITY\\\\SYSTEM"),
        Thing::Root => out.push_str("root"),
        Thing::Nat => out.push_str("192.0.2.10"),
        Thing::External(n) => write_external(n, out),
        Thing::Popular(n) => write_octets([203, 0, 113, n % 24 + 1], out),
        Thing::PopularDomain(n) => {
            out.push_str(WORDS[n as usize % 16]);
            numbered(".big-platform-", n / 16 % 3, out);
            out.push_str(".example");
        }
        Thing::Domain(n) => write_rare_domain(n, out),
        Thing::Url(n) => {
            out.push_str("http://");
            write_rare_domain(n, out);
            numbered("/view/", Mix(u64::from(n)).below(90_000), out);
        }
        Thing::Sender(n) => {
            write_login(Mix(u64::from(n)).below(2_000), out);
            out.push('@');
            write_rare_domain(n, out);
        }
        Thing::Hash(n) => write_hash(u64::from(n) | 1 << 40, out),
        Thing::CommonHash(n) => write_hash(u64::from(n % 6) | 1 << 41, out),
        Thing::File(n) => write_file(n, out),
        Thing::Process(n) => out.push_str(PROCESSES[n as usize % PROCESSES.len()]),
        _ => {}
    }
}

fn numbered(text: &str, n: u32, out: &mut String) {
    out.push_str(text);
    push_padded(out, u64::from(n), 1);
}

/// 2,000 names, then the same with a number.
fn write_login(user: u32, out: &mut String) {
    out.push_str(FIRST[user as usize % 40]);
    out.push('.');
    out.push_str(LAST[user as usize / 40 % 50]);
    if user >= 2_000 {
        push_padded(out, u64::from(user / 2_000), 1);
    }
}

/// One in sixteen is IPv6. The others are 65,536 addresses for stories and as many for noise, then the first ones again.
fn write_external(n: u32, out: &mut String) {
    if n % 16 == 15 {
        out.push_str("2001:db8:");
        write_hex(u64::from(n >> 16), 4, out);
        out.push(':');
        write_hex(u64::from(n & 0xffff), 4, out);
        out.push_str("::1");
        return;
    }
    let of_noise = u32::from(n >= NOISE_BASE) << 16;
    let scattered = scatter(of_noise | n & 0xffff);
    write_octets(
        [
            198,
            18 + (scattered >> 16),
            scattered >> 8 & 255,
            scattered & 255,
        ],
        out,
    );
}

/// Permutes the numbers of 17 bits, so that an address does not tell whether it is noise: each step can be undone.
fn scatter(n: u32) -> u32 {
    let n = (n ^ n >> 9).wrapping_mul(0x9e35) & 0x1_ffff;
    let n = (n ^ n >> 8).wrapping_mul(0xa3b1) & 0x1_ffff;
    n ^ n >> 9
}

fn write_octets(octets: [u32; 4], out: &mut String) {
    for (i, octet) in octets.into_iter().enumerate() {
        if i > 0 {
            out.push('.');
        }
        push_padded(out, u64::from(octet), 1);
    }
}

fn write_rare_domain(n: u32, out: &mut String) {
    let mut mix = Mix(u64::from(n));
    out.push_str(WORDS[mix.below(16) as usize]);
    out.push('-');
    out.push_str(WORDS[mix.below(16) as usize]);
    out.push('-');
    write_hex(u64::from(n), 4, out);
    out.push_str(".example");
}

/// A SHA-256's 64 digits.
fn write_hash(n: u64, out: &mut String) {
    let mut mix = Mix(n);
    for _ in 0..4 {
        write_hex(mix.next(), 16, out);
    }
}

fn write_file(n: u32, out: &mut String) {
    out.push_str("C:\\\\Users\\\\Public\\\\");
    out.push_str(FILES[n as usize % 8]);
    numbered("-", n / 8, out);
    out.push_str(if n.is_multiple_of(3) { ".docm" } else { ".exe" });
}

/// Lower-case, at least `width` digits.
pub(super) fn write_hex(value: u64, width: usize, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let needed = (64 - value.leading_zeros() as usize).div_ceil(4);
    for i in (0..width.max(needed)).rev() {
        out.push(char::from(DIGITS[(value >> (4 * i) & 15) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn text(thing: Thing) -> String {
        let mut out = String::new();
        World::new("default", 2_000).write(thing, &mut out);
        serde_json::from_str::<String>(&format!("\"{out}\"")).unwrap()
    }

    #[test]
    fn names_read_like_the_real_ones() {
        assert_eq!(text(Thing::Host(0)), "dns-01");
        assert_eq!(text(Thing::Mailbox(41)), "ben.bauer@corp.example");
        assert_eq!(text(Thing::Admin(2_041)), "adm-ben.bauer1");
        assert_eq!(text(Thing::System), "NT AUTHORITY\\SYSTEM");
        assert_eq!(text(Thing::HostIp(251)), "10.16.0.104");
        assert_eq!(text(Thing::Hash(1)).len(), 64);
        assert_eq!(text(Thing::File(9)), "C:\\Users\\Public\\report-1.docm");
    }

    #[test]
    fn different_numbers_have_different_names() {
        let kinds: [fn(u32) -> Thing; 8] = [
            Thing::Host,
            Thing::HostIp,
            Thing::User,
            Thing::Domain,
            Thing::Hash,
            Thing::External,
            Thing::Sender,
            Thing::File,
        ];
        for kind in kinds {
            let names: BTreeSet<String> = (0..2_000).map(|n| text(kind(n))).collect();
            assert_eq!(names.len(), 2_000, "{:?}", kind(0));
        }
    }

    #[test]
    fn addresses_are_addresses() {
        for n in (0..300_000).step_by(997) {
            text(Thing::External(n))
                .parse::<std::net::IpAddr>()
                .unwrap();
        }
    }
}
