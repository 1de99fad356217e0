use proptest::prelude::*;

use super::{bytes_max, canonical};
use crate::entity::{Entity, EntityKind, Role};

fn check(kind: EntityKind, table: &[(&str, Option<&str>)]) {
    for (raw, wanted) in table {
        assert_eq!(canonical(kind, raw).as_deref(), *wanted, "{kind:?} {raw:?}");
    }
}

#[test]
fn hosts() {
    check(
        EntityKind::Host,
        &[
            ("WS-01", Some("ws-01")),
            ("ws-01.Corp.Example.", Some("ws-01.corp.example")),
            (r"\\FILESRV", Some("filesrv")),
            (r"CORP\WS01$", Some("ws01")),
            ("web01:443", Some("web01")),
            ("John's MacBook Pro", Some("john's macbook pro")),
            (" cloud_share\0", Some("cloud_share")),
            ("10.0.0.1", None),
            ("010.0.0.1", None),
            ("::1", None),
            ("[fe80::1]:22", None),
            ("localhost", None),
            ("LOCALHOST.localdomain", None),
            ("-", None),
            ("N/A", None),
            ("\\\\", None),
            ("a/b", None),
            ("a\u{1b}[31m", None),
        ],
    );
}

#[test]
fn addresses() {
    check(
        EntityKind::Ip,
        &[
            ("10.0.0.1", Some("10.0.0.1")),
            (" 10.0.0.1 ", Some("10.0.0.1")),
            ("10.0.0.1:443", Some("10.0.0.1")),
            ("10.0.0.1/32", Some("10.0.0.1")),
            ("10.0.0.0/24", None),
            ("10[.]0[.]0[.]1", Some("10.0.0.1")),
            ("::ffff:192.168.1.218", Some("192.168.1.218")),
            ("[::ffff:c0a8:1da]:22", Some("192.168.1.218")),
            ("FE80:0:0:0:0:0:0:1%eth0", Some("fe80::1")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("2001:db8::1/128", Some("2001:db8::1")),
            ("10.0.0.01", None),
            ("10.0.0.256", None),
            ("0.0.0.0", None),
            ("127.3.2.1", None),
            ("::", None),
            ("::1", None),
            ("::ffff:127.0.0.1", None),
            ("169.254.169.254", None),
            ("255.255.255.255", None),
            ("224.0.0.251", None),
            ("ff02::fb", None),
            ("8.8.8.8", None),
            ("2606:4700:4700::1111", None),
            ("8.8.8.9", Some("8.8.8.9")),
            ("ws01", None),
        ],
    );
}

#[test]
fn users() {
    check(
        EntityKind::User,
        &[
            ("Alice", Some("alice")),
            (r"CORP\Alice", Some(r"corp\alice")),
            ("Alice@Corp.Example", Some("alice@corp.example")),
            (r".\alice", Some("alice")),
            ("s-1-5-21-1-2-3-1104", Some("S-1-5-21-1-2-3-1104")),
            ("S-1-12-1-5-6-7-8", Some("S-1-12-1-5-6-7-8")),
            ("krbtgt", Some("krbtgt")),
            ("MÜLLER", Some("müller")),
            ("S-1-5-18", None),
            ("S-1-5-32-544", None),
            ("SYSTEM", None),
            (r"NT AUTHORITY\SYSTEM", None),
            (r"NT AUTHORITY\IUSR", None),
            (r"WORKGROUP\SYSTEM", None),
            (r"Window Manager\DWM-1", None),
            ("root", None),
            ("LOCAL SERVICE", None),
            ("ANONYMOUS LOGON", None),
            ("WS01$", None),
            (r"CORP\WS01$", None),
            (r"CORP\-", None),
            ("-", None),
            ("<NA>", None),
        ],
    );
}

#[test]
fn hashes() {
    let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    check(
        EntityKind::Hash,
        &[
            (sha256, Some(sha256)),
            (&sha256.to_uppercase(), Some(sha256)),
            (&format!("SHA256={sha256}"), Some(sha256)),
            (&format!("sha256:{sha256}"), Some(sha256)),
            (
                "098F6BCD4621D373CADE4E832627B4F6",
                Some("098f6bcd4621d373cade4e832627b4f6"),
            ),
            ("d41d8cd98f00b204e9800998ecf8427e", None),
            ("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", None),
            (
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                None,
            ),
            ("00000000000000000000000000000000", None),
            ("098f6bcd4621d373cade4e832627b4f", None),
            ("098f6bcd4621d373cade4e832627b4fg", None),
        ],
    );
}

#[test]
fn domains() {
    check(
        EntityKind::Domain,
        &[
            ("Evil.Example.", Some("evil.example")),
            ("evil[.]example", Some("evil.example")),
            ("evil(dot)example", Some("evil.example")),
            ("*.evil.example", Some("evil.example")),
            ("evil.example:8443", Some("evil.example")),
            ("_ldap._tcp.corp.example", Some("_ldap._tcp.corp.example")),
            ("BÜCHER.example", Some("bücher.example")),
            ("wpad", None),
            ("10.0.0.1", None),
            ("1.0.0.10.in-addr.arpa", None),
            ("evil..example", None),
            ("evil .example", None),
            ("localhost.localdomain", None),
        ],
    );
}

#[test]
fn urls() {
    check(
        EntityKind::Url,
        &[
            (
                "HTTP://Evil.Example/A?b=C#frag",
                Some("http://evil.example/A?b=C"),
            ),
            ("hxxps://evil[.]example/x", Some("https://evil.example/x")),
            ("http://evil.example:80/", Some("http://evil.example")),
            (
                "https://evil.example:8443/",
                Some("https://evil.example:8443"),
            ),
            (
                "http://User@Evil.Example/",
                Some("http://User@evil.example"),
            ),
            ("ftp://[2001:DB8::1]/x", Some("ftp://[2001:db8::1]/x")),
            ("/just/a/path", None),
            ("http://", None),
            ("://x", None),
        ],
    );
}

#[test]
fn mail_addresses() {
    check(
        EntityKind::Email,
        &[
            ("Alice@Corp.Example", Some("alice@corp.example")),
            ("<alice@corp.example>", Some("alice@corp.example")),
            ("Alice A. <Alice@corp.example>", Some("alice@corp.example")),
            ("mailto:alice@corp.example", Some("alice@corp.example")),
            ("alice[@]corp[.]example", Some("alice@corp.example")),
            ("<>", None),
            ("alice", None),
            ("@corp.example", None),
            ("alice@", None),
            ("a b@corp.example", None),
        ],
    );
}

#[test]
fn paths_and_cloud() {
    check(
        EntityKind::Process,
        &[
            (
                r"C:\Windows\System32\CMD.EXE",
                Some(r"\windows\system32\cmd.exe"),
            ),
            (
                r"\Device\HarddiskVolume3\Windows\System32\cmd.exe",
                Some(r"\windows\system32\cmd.exe"),
            ),
            (r#""C:\Program Files\a.exe""#, Some(r"\program files\a.exe")),
            ("PowerShell.exe", Some("powershell.exe")),
            ("/usr/bin/Xorg", Some("/usr/bin/Xorg")),
            ("-", None),
        ],
    );
    check(
        EntityKind::CloudResource,
        &[
            (
                "/Subscriptions/AB/resourceGroups/X/",
                Some("/subscriptions/ab/resourcegroups/x"),
            ),
            ("arn:aws:s3:::Bucket", Some("arn:aws:s3:::Bucket")),
        ],
    );
    check(
        EntityKind::Account,
        &[
            ("123456789012", Some("123456789012")),
            ("Tenant-A", Some("tenant-a")),
        ],
    );
}

#[test]
fn a_field_with_a_host_or_an_address() {
    let kind = |raw| Entity::host_or_ip(Role::Affected, raw).map(|entity| entity.kind);
    assert_eq!(kind("10.0.0.1"), Some(EntityKind::Ip));
    assert_eq!(kind("ws01"), Some(EntityKind::Host));
    assert_eq!(kind("127.0.0.1"), None);
    assert_eq!(
        Entity::user_or_host(Role::Actor, r"CORP\WS01$").map(|entity| entity.kind),
        Some(EntityKind::Host)
    );
}

#[test]
fn too_long_is_refused() {
    assert!(canonical(EntityKind::Host, &"a".repeat(255)).is_some());
    assert!(canonical(EntityKind::Host, &"a".repeat(256)).is_none());
    // Lower case of U+0130 is longer than itself.
    assert!(canonical(EntityKind::User, &"İ".repeat(128)).is_none());
}

#[test]
fn prefixes_under_prefixes_are_taken_off_at_once() {
    check(EntityKind::Process, &[("\\??\\\"\\a", Some("\\a"))]);
    check(
        EntityKind::User,
        &[
            ("s-1-5-21-1.", Some("S-1-5-21-1")),
            (r".\.\alice", Some("alice")),
        ],
    );
    check(
        EntityKind::Url,
        &[("http:// [.]", None), ("http://a:80.:80", Some("http://a"))],
    );
    check(
        EntityKind::File,
        &[
            (r"C:\\Users\\a.txt", Some(r"\users\a.txt")),
            (r"\\\\srv\\share\\a.txt", Some(r"\\srv\share\a.txt")),
            (r"\\srv\share\a.txt", Some(r"\\srv\share\a.txt")),
            (r"\\Device\\HarddiskVolume3\\a.txt", Some(r"\a.txt")),
        ],
    );
    check(EntityKind::User, &[(r"CORP\\Alice", Some(r"corp\alice"))]);
    check(EntityKind::Domain, &[("a[[.].]b", None)]);
    check(EntityKind::Host, &[("a\u{2000}.", Some("a"))]);
}

/// Text made of what the rules look at, so that random cases reach them.
fn nasty() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\\"),
        Just("."),
        Just("$"),
        Just(":80"),
        Just("@"),
        Just("://"),
        Just("["),
        Just("]"),
        Just("[.]"),
        Just("(dot)"),
        Just("%"),
        Just("<"),
        Just(">"),
        Just("C:\\"),
        Just("\\??\\"),
        Just("\\Device\\HarddiskVolume1"),
        Just("S-1-5-21-1"),
        Just("SHA256="),
        Just("NT AUTHORITY"),
        Just("system"),
        Just("10.0.0.1"),
        Just("::ffff:"),
        Just("hxxp"),
        Just("#"),
        Just("/"),
        Just(" "),
        Just("\0"),
        Just("\u{0}"),
        Just("İ"),
        Just("ẞ"),
        Just("Σ"),
        Just("*."),
        Just("\""),
        Just("mailto:"),
        Just("a"),
        Just("-"),
        Just("n/a"),
        Just("exe"),
        Just("d41d8cd98f00b204e9800998ecf8427e"),
        Just("localhost"),
        Just("/32"),
        Just("http"),
        Just("?"),
    ];
    prop_oneof![
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat()),
        any::<String>(),
        "[a-zA-Z0-9.\\\\@:/$_-]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn canonical_is_idempotent_and_bounded(kind in proptest::sample::select(&EntityKind::ALL[..]), raw in nasty()) {
        if let Some(once) = canonical(kind, &raw) {
            prop_assert!(!once.is_empty() && once.len() <= bytes_max(kind));
            prop_assert!(!once.chars().any(char::is_control));
            let twice = canonical(kind, &once);
            prop_assert_eq!(twice.as_deref(), Some(once.as_str()), "from {:?}", raw);
        }
    }
}
