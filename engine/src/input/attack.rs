//! ATT&CK ids: techniques `T1059`, sub-techniques `T1059.001`, tactics `TA0002`, out of the many ways in which
//! products write them. Retired techniques become those that took their place.
//!
//! The tables are of ATT&CK Enterprise 19 for tactics (<https://attack.mitre.org/tactics/enterprise/>), where
//! Defense Evasion became Stealth (`TA0005`) and Defense Impairment (`TA0112`); the old name stays `TA0005`.

mod retired;
mod techniques;

use compact_str::CompactString;

use retired::RETIRED;
use techniques::TECHNIQUES;

/// Shows what each part of `raw` between commas, semicolons and bars names: the ids in it (`attack.t1059.001`,
/// `Rundll32 (T1218.011)`, `T1095 - Name`, `TA0043-T1595`), or else a tactic. Returns how many parts named neither.
pub(crate) fn each(raw: &str, mut show: impl FnMut(CompactString)) -> u32 {
    // Most fields hold one id as it is.
    if let Some(id) = plain_id(raw) {
        show(id);
        return 0;
    }
    let parts = raw.split([',', ';', '|', '¦', '\n']).map(str::trim);
    let mut unknown = 0;
    for part in parts.filter(|part| !part.is_empty()) {
        if each_id(part, &mut show) {
            continue;
        }
        match tactic(part) {
            Some(id) => show(CompactString::const_new(id)),
            None => unknown += 1,
        }
    }
    unknown
}

/// Shows each id in `text`, in order; whether there is one.
fn each_id(text: &str, show: &mut impl FnMut(CompactString)) -> bool {
    let mut found = false;
    let mut rest = text.as_bytes();
    let mut before = b' ';
    while let Some((first, tail)) = rest.split_first() {
        let may_begin = matches!(first, b'T' | b't') && !is_word(&before);
        match may_begin.then(|| leading_id(rest)).flatten() {
            Some((id, after)) => {
                found = true;
                show(id);
                (rest, before) = (after, b'0');
            }
            None => (rest, before) = (tail, *first),
        }
    }
    found
}

/// The id that `text` is, in the canonical writing: `TA0011`, `T1071`, `T1059.001`.
fn plain_id(text: &str) -> Option<CompactString> {
    let is_number = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    match text.as_bytes() {
        [b'T', b'A', number @ ..] if number.len() == 4 && is_number(number) => {
            Some(CompactString::new(text))
        }
        [b'T', number @ ..] if number.len() == 4 && is_number(number) => {
            Some(present(CompactString::new(text)))
        }
        [b'T', a, b, c, d, b'.', sub @ ..]
            if sub.len() == 3 && is_number(&[*a, *b, *c, *d]) && is_number(sub) =>
        {
            Some(CompactString::new(text))
        }
        _ => None,
    }
}

/// The id that `text` begins with, and what follows it.
fn leading_id(text: &[u8]) -> Option<(CompactString, &[u8])> {
    let is_tactic = matches!(text.get(1), Some(b'A' | b'a'));
    let prefix = if is_tactic { 2 } else { 1 };
    let (number, rest) = text.get(prefix..)?.split_at_checked(4)?;
    if !number.iter().all(u8::is_ascii_digit) || rest.first().is_some_and(is_word) {
        return None;
    }
    let mut id = CompactString::const_new(if is_tactic { "TA" } else { "T" });
    id.push_str(std::str::from_utf8(number).ok()?);
    if is_tactic {
        return Some((id, rest));
    }
    // A link has a slash where others have a dot.
    if let [b'.' | b'/', sub @ ..] = rest
        && sub.first().is_some_and(u8::is_ascii_digit)
    {
        let (sub, after) = sub.split_at_checked(3)?;
        if !sub.iter().all(u8::is_ascii_digit) || after.first().is_some_and(is_word) {
            return None;
        }
        id.push('.');
        id.push_str(std::str::from_utf8(sub).ok()?);
        return Some((id, after));
    }
    Some((present(id), rest))
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// The technique that took the place of `id`, if it was retired.
fn present(id: CompactString) -> CompactString {
    match RETIRED.binary_search_by(|(old, _)| (*old).cmp(&id)) {
        Ok(at) => CompactString::const_new(RETIRED[at].1),
        Err(_) => id,
    }
}

/// The tactic that `name` names in any case and spacing, and with `attack.`, `mitre_` or `TACTIC_` before it.
pub(crate) fn tactic(name: &str) -> Option<&'static str> {
    let mut buffer = [0; NAME_BYTES_MAX];
    let mut name = letters(name, &mut buffer)?;
    for prefix in [&b"mitre"[..], b"attack", b"tactic"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    Some(match name {
        b"reconnaissance" | b"recon" => "TA0043",
        b"resourcedevelopment" | b"resdev" => "TA0042",
        b"initialaccess" | b"initaccess" => "TA0001",
        b"execution" | b"exec" => "TA0002",
        b"persistence" | b"persis" | b"persist" => "TA0003",
        b"privilegeescalation" | b"privesc" => "TA0004",
        b"stealth" | b"defenseevasion" | b"defenceevasion" | b"defevasion" | b"evasion"
        | b"evas" => "TA0005",
        b"defenseimpairment" | b"defenceimpairment" | b"defimpair" => "TA0112",
        b"credentialaccess" | b"credaccess" => "TA0006",
        b"discovery" | b"disc" => "TA0007",
        b"lateralmovement" | b"latmov" => "TA0008",
        b"collection" | b"collect" => "TA0009",
        b"exfiltration" | b"exfil" => "TA0010",
        b"commandandcontrol" | b"commandcontrol" | b"c2" | b"c2c" => "TA0011",
        b"impact" => "TA0040",
        _ => return None,
    })
}

/// The tactic behind the threat purpose of a GuardDuty finding, the part of its type before the colon. Those that
/// say no tactic, such as `UnauthorizedAccess` and `Trojan`, have none.
/// See <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-format.html>.
pub(crate) fn threat_purpose(purpose: &str) -> Option<&'static str> {
    match purpose {
        // The resource contacts the server that commands it.
        "Backdoor" => Some("TA0011"),
        "CryptoCurrency" | "Cryptocurrency" => Some("TA0040"),
        purpose => tactic(purpose),
    }
}

/// The technique that `name` names, for products that write no id.
pub(crate) fn technique(name: &str) -> Option<&'static str> {
    let mut buffer = [0; NAME_BYTES_MAX];
    let name = letters(name, &mut buffer)?;
    let at = TECHNIQUES
        .binary_search_by(|(known, _)| known.as_bytes().cmp(name))
        .ok()?;
    Some(TECHNIQUES[at].1)
}

/// The longest name in the tables has 47 letters.
const NAME_BYTES_MAX: usize = 56;

/// The letters and digits of `text` in lower case.
fn letters<'b>(text: &str, buffer: &'b mut [u8; NAME_BYTES_MAX]) -> Option<&'b [u8]> {
    let mut length = 0;
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    buffer.get(..length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(raw: &str) -> Vec<String> {
        let mut ids = Vec::new();
        each(raw, |id| ids.push(id.to_string()));
        ids
    }

    #[test]
    fn an_id_alone_is_the_same_as_among_others() {
        for raw in [
            "T1071",
            "TA0011",
            "T1059.001",
            "T1002",
            "T10711",
            "TA00111",
            "T1059.0011",
            "T1059.01",
            "t1071",
            "ta0011",
            "T107",
            "TA001",
            "T1071.",
            "TX0011",
        ] {
            let among: Vec<String> = ids(&format!("{raw},T1003"));
            let (last, before) = among.split_last().unwrap();
            assert_eq!((ids(raw).as_slice(), &**last), (before, "T1003"), "{raw}");
        }
    }

    #[test]
    fn ids_are_found_in_what_products_write() {
        for (raw, wanted) in [
            ("T1059", &["T1059"][..]),
            ("t1059.001", &["T1059.001"]),
            (" ta0002 ", &["TA0002"]),
            ("attack.t1003.001", &["T1003.001"]),
            ("Attack.TA0006", &["TA0006"]),
            ("Rundll32 (T1218.011)", &["T1218.011"]),
            ("T1095 - Non-Application Layer Protocol", &["T1095"]),
            ("TA0043-T1595", &["TA0043", "T1595"]),
            ("T1047;T1082;T1497.001", &["T1047", "T1082", "T1497.001"]),
            (
                "attack.t1558, attack.credential-access",
                &["T1558", "TA0006"],
            ),
            (
                "https://attack.mitre.org/techniques/T1059/001/",
                &["T1059.001"],
            ),
            ("T1086", &["T1059.001"]),
            (
                "DefenseEvasion, Discovery, Execution",
                &["TA0005", "TA0007", "TA0002"],
            ),
        ] {
            assert_eq!(ids(raw), wanted, "{raw}");
        }
        for raw in [
            "",
            "T",
            "T105",
            "T10590",
            "T1059.01",
            "T1059.0001",
            "TA002",
            "TAA002",
            "XT1059",
            "attack.",
            "attack.s0002",
            "car.2013-05-002",
            "ТА0002",
        ] {
            assert_eq!(ids(raw), [""; 0], "{raw}");
        }
        assert_eq!(each("Malware, PUP,", |_| ()), 2);
    }

    #[test]
    fn tactics_are_known_by_all_their_names() {
        for (name, wanted) in [
            ("Defense Evasion", "TA0005"),
            ("DefenseEvasion", "TA0005"),
            ("defense_evasion", "TA0005"),
            ("mitre_defense_evasion", "TA0005"),
            ("attack.stealth", "TA0005"),
            ("DefEvasion", "TA0005"),
            ("attack.defense-impairment", "TA0112"),
            ("INITIAL_ACCESS", "TA0001"),
            ("C2", "TA0011"),
            ("COMMAND_AND_CONTROL", "TA0011"),
            ("LatMov", "TA0008"),
            ("PrivEsc", "TA0004"),
        ] {
            assert_eq!(tactic(name), Some(wanted), "{name}");
        }
        for name in [
            "",
            "attack.",
            "Malware",
            "TACTIC_UNSPECIFIED",
            "attackattack",
        ] {
            assert_eq!(tactic(name), None, "{name}");
        }
        assert_eq!(threat_purpose("Recon"), Some("TA0043"));
        assert_eq!(threat_purpose("Backdoor"), Some("TA0011"));
        assert_eq!(threat_purpose("UnauthorizedAccess"), None);
    }

    #[test]
    fn techniques_are_known_by_name() {
        assert_eq!(technique("PowerShell"), Some("T1059.001"));
        assert_eq!(technique("OS Credential Dumping"), Some("T1003"));
        assert_eq!(technique("ACTIVE_SCANNING"), Some("T1595"));
        assert_eq!(technique("Sensor-based ML"), None);
    }

    #[test]
    fn tables_are_sorted_and_end_at_what_is_present() {
        assert!(TECHNIQUES.is_sorted_by(|one, next| one.0 < next.0));
        assert!(RETIRED.is_sorted_by(|one, next| one.0 < next.0));
        for (_, id) in TECHNIQUES.iter().chain(RETIRED) {
            assert_eq!(ids(id), [*id]);
        }
        assert!(
            TECHNIQUES
                .iter()
                .all(|(name, _)| name.len() < NAME_BYTES_MAX)
        );
    }

    proptest! {
        #[test]
        fn what_is_found_is_an_id(raw in "[tTaA0-9./ ,-]{0,24}|\\PC{0,24}") {
            for id in ids(&raw) {
                prop_assert_eq!(ids(&id), [id.clone()]);
            }
        }
    }
}
