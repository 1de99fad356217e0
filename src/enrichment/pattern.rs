//! STIX patterns of the simple forms, from STIX 2.1, section 9 (OASIS): comparisons by `=` and `IN` of addresses, names,
//! URLs, mail addresses and hashes, joined by `OR`, in one observation or several joined by `OR`.
//!
//! `AND` is understood only where hashes stand in it: any hash of a file is enough to know it. Otherwise one part alone
//! would say more than the pattern does. All that is not understood has a name, and is counted by it.

use caseloom_engine::entity::EntityKind;

/// Why a pattern is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// It is no pattern.
    Syntax,
    /// Something has to hold together.
    And,
    /// Another comparison than `=` and `IN`.
    Operator,
    /// Observations that follow each other, or within a time.
    Qualifier,
    /// An object or property of which alerts say nothing.
    Object,
}

/// Values of which each alone means that the pattern holds.
pub(super) type Values = Vec<(EntityKind, String)>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Word(String),
    Mark(char),
}

/// What a pattern looks for.
pub(super) fn values(pattern: &str) -> Result<Values, Unclear> {
    let tokens = tokens(pattern)?;
    let mut tokens = tokens.into_iter().peekable();
    let mut all = Values::new();
    loop {
        if tokens.next() != Some(Token::Mark('[')) {
            return Err(Unclear::Syntax);
        }
        let end = |token: &Token| *token == Token::Mark(']');
        let mut inside = Vec::new();
        loop {
            match tokens.next() {
                Some(token) if end(&token) => break,
                Some(token) => inside.push(token),
                None => return Err(Unclear::Syntax),
            }
        }
        all.extend(observation(&inside)?);
        match tokens.next() {
            None => return Ok(all),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("or") => {}
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("and") => {
                return Err(Unclear::And);
            }
            Some(Token::Word(_)) => return Err(Unclear::Qualifier),
            Some(_) => return Err(Unclear::Syntax),
        }
    }
}

/// What stands between brackets.
fn observation(tokens: &[Token]) -> Result<Values, Unclear> {
    let is = |token: &Token, word: &str| matches!(token, Token::Word(is) if is.eq_ignore_ascii_case(word));
    let mut all = Values::new();
    for alternative in tokens.split(|token| is(token, "or")) {
        let parts: Vec<&[Token]> = alternative.split(|token| is(token, "and")).collect();
        if let [one] = parts[..] {
            all.extend(comparison(one)?);
            continue;
        }
        let parts: Vec<Values> = parts
            .into_iter()
            .filter_map(|part| comparison(part).ok())
            .collect();
        let mut hashes: Values = parts
            .into_iter()
            .flatten()
            .filter(|(kind, _)| *kind == EntityKind::Hash)
            .collect();
        if hashes.is_empty() {
            return Err(Unclear::And);
        }
        all.append(&mut hashes);
    }
    Ok(all)
}

/// `path = 'value'`, or `path IN ('value', 'value')`.
fn comparison(tokens: &[Token]) -> Result<Values, Unclear> {
    let [Token::Word(path), operator, rest @ ..] = tokens else {
        return Err(Unclear::Syntax);
    };
    let texts: Vec<&String> = match (operator, rest) {
        (Token::Mark('='), [Token::Text(text)]) => vec![text],
        (Token::Word(word), [Token::Mark('('), set @ .., Token::Mark(')')])
            if word.eq_ignore_ascii_case("in") =>
        {
            let text = |token: &'_ Token| matches!(token, Token::Text(_) | Token::Mark(','));
            if !set.iter().all(text) {
                return Err(Unclear::Syntax);
            }
            set.iter()
                .filter_map(|token| match token {
                    Token::Text(text) => Some(text),
                    _ => None,
                })
                .collect()
        }
        _ => return Err(Unclear::Operator),
    };
    let kind = kind_of(path).ok_or(Unclear::Object)?;
    Ok(texts.into_iter().map(|text| (kind, text.clone())).collect())
}

/// What a property of an object is.
fn kind_of(path: &str) -> Option<EntityKind> {
    let (object, property) = path.split_once(':')?;
    let property = property.to_ascii_lowercase();
    match (object, &*property) {
        ("ipv4-addr" | "ipv6-addr", "value") => Some(EntityKind::Ip),
        ("domain-name", "value") => Some(EntityKind::Domain),
        ("url", "value") => Some(EntityKind::Url),
        ("email-addr", "value") | ("email-message", "from_ref.value" | "sender_ref.value") => {
            Some(EntityKind::Email)
        }
        ("file" | "artifact", property) => {
            let hash = property
                .strip_prefix("hashes.")?
                .replace(['-', '\'', '"'], "");
            ["md5", "sha1", "sha256", "sha512"]
                .contains(&&*hash)
                .then_some(EntityKind::Hash)
        }
        _ => None,
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, Unclear> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(&next) = chars.peek() {
        match next {
            _ if next.is_whitespace() => drop(chars.next()),
            '\'' => {
                chars.next();
                tokens.push(Token::Text(quoted(&mut chars)?));
            }
            '[' | ']' | '(' | ')' | ',' | '=' | '!' | '<' | '>' => {
                chars.next();
                tokens.push(Token::Mark(next));
            }
            _ => tokens.push(Token::Word(word(&mut chars)?)),
        }
    }
    Ok(tokens)
}

/// The text up to the closing quote; a backslash takes the next character as it is.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Unclear> {
    let mut text = String::new();
    loop {
        match chars.next().ok_or(Unclear::Syntax)? {
            '\'' => return Ok(text),
            '\\' => text.push(chars.next().ok_or(Unclear::Syntax)?),
            other => text.push(other),
        }
    }
}

/// A word or a path; in a path a part may be quoted, `hashes.'SHA-256'`.
fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Unclear> {
    let mut word = String::new();
    while let Some(&next) = chars.peek() {
        if next == '\'' && word.ends_with('.') {
            chars.next();
            word.push_str(&quoted(chars)?);
            continue;
        }
        if next.is_whitespace() || "[](),=!<>'".contains(next) {
            break;
        }
        word.push(next);
        chars.next();
    }
    Ok(word)
}

impl Unclear {
    /// The word by which it is counted.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "pattern_syntax",
            Self::And => "pattern_and",
            Self::Operator => "pattern_operator",
            Self::Qualifier => "pattern_qualifier",
            Self::Object => "pattern_object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str) -> Result<Vec<String>, Unclear> {
        let values = values(pattern)?;
        Ok(values
            .into_iter()
            .map(|(kind, value)| format!("{} {value}", kind.as_str()))
            .collect())
    }

    #[test]
    fn simple_patterns_are_understood() {
        let said = |pattern: &str| read(pattern).unwrap().join(", ");
        assert_eq!(said("[ipv4-addr:value = '203.0.113.9']"), "ip 203.0.113.9");
        assert_eq!(
            said("[ipv6-addr:value='2001:db8::1'] OR [domain-name:value = 'a.example']"),
            "ip 2001:db8::1, domain a.example"
        );
        assert_eq!(
            said(r"[url:value = 'http://a.example/it\'s' OR url:value='http://b.example/\\x']"),
            r"url http://a.example/it's, url http://b.example/\x"
        );
        assert_eq!(
            said("[file:hashes.'SHA-256' = 'ab'] or [file:hashes.MD5 = 'cd']"),
            "hash ab, hash cd"
        );
        assert_eq!(
            said("[ipv4-addr:value IN ('203.0.113.9','203.0.113.10')]"),
            "ip 203.0.113.9, ip 203.0.113.10"
        );
        assert_eq!(
            said("[file:name = 'x.exe' AND file:hashes.'SHA-1' = 'ab' AND file:size > 3]"),
            "hash ab"
        );
        assert_eq!(
            said("[email-addr:value = 'a@b.example']"),
            "email a@b.example"
        );
    }

    #[test]
    fn what_is_not_understood_has_a_name() {
        for (pattern, why) in [
            ("", Unclear::Syntax),
            ("[", Unclear::Syntax),
            ("[]", Unclear::Syntax),
            ("[ipv4-addr:value = 'open]", Unclear::Syntax),
            ("ipv4-addr:value = 'x'", Unclear::Syntax),
            ("[ipv4-addr:value = 'x'] ]", Unclear::Syntax),
            (
                "[ipv4-addr:value = 'x' AND domain-name:value = 'y']",
                Unclear::And,
            ),
            (
                "[ipv4-addr:value = 'x'] AND [domain-name:value = 'y']",
                Unclear::And,
            ),
            (
                "[ipv4-addr:value = 'x'] FOLLOWEDBY [ipv4-addr:value = 'y']",
                Unclear::Qualifier,
            ),
            (
                "[ipv4-addr:value = 'x'] WITHIN 5 SECONDS",
                Unclear::Qualifier,
            ),
            (
                "[ipv4-addr:value ISSUBSET '203.0.113.0/24']",
                Unclear::Operator,
            ),
            ("[ipv4-addr:value != 'x']", Unclear::Operator),
            ("[domain-name:value MATCHES '^a']", Unclear::Operator),
            ("[mutex:name = 'x']", Unclear::Object),
            ("[file:name = 'x']", Unclear::Object),
        ] {
            assert_eq!(read(pattern), Err(why), "{pattern}");
        }
    }
}
