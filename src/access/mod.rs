//! Who may do what: tokens, roles, scopes. Deny by default.
//!
//! A token is 256 random bits, shown once. The file holds its BLAKE3 hash: what has so much chance in it needs no slow
//! hash. A role counts in the token's scopes alone.

use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// What begins every token, so that scanners for leaked secrets can know it.
const PREFIX: &str = "clt_";

/// Longest token file; a thousand tokens fit.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a token may do, each including the ones before.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read.
    Viewer,
    /// Work cases.
    Analyst,
    /// Read the audit as a whole.
    Admin,
}

/// A token as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is; the actor of what they do.
    pub name: String,
    /// BLAKE3 of the token, 64 hex digits.
    pub hash: String,
    /// What it may do.
    pub role: Role,
    /// Where; `*` is everywhere.
    pub scopes: Vec<String>,
}

/// All tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// One table each.
    #[serde(default, rename = "token")]
    pub all: Vec<Token>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where; `None`: everywhere.
    pub scopes: Option<Vec<String>>,
    /// They showed a token.
    pub is_proven: bool,
}

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file can't be read or written.
    #[error("cannot use the token file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file says something else.
    #[error("{path} is no token file: {message}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// No chance to be had.
    #[error("the system gives no random bytes")]
    Random,
}

impl Tokens {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it can't be read, or is no token file.
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        let file = |source| TokenError::File {
            path: path.display().to_string(),
            source,
        };
        let content = |message: String| TokenError::Content {
            path: path.display().to_string(),
            message,
        };
        let length = std::fs::metadata(path).map_err(file)?.len();
        if length > FILE_BYTES_MAX {
            return Err(content("it is longer than 1 MiB".into()));
        }
        let text = std::fs::read_to_string(path).map_err(file)?;
        let tokens: Self = toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        for (place, token) in tokens.all.iter().enumerate() {
            if blake3::Hash::from_hex(&token.hash).is_err() {
                return Err(content(format!(
                    "the hash of {:?} is not 64 hex digits",
                    token.name
                )));
            }
            if token.name.is_empty() || token.name.len() > 128 {
                return Err(content("a name has 1 to 128 bytes".into()));
            }
            if tokens.all[..place]
                .iter()
                .any(|other| other.name == token.name)
            {
                return Err(content(format!(
                    "there are two tokens called {:?}",
                    token.name
                )));
            }
        }
        Ok(tokens)
    }

    /// Adds a token to the file at `path`, which is made if it is not there (mode 0600), and returns the secret: it stands
    /// nowhere else.
    ///
    /// # Errors
    /// When the file can't be read or written, or has a token of this name.
    pub fn add(
        path: &Path,
        name: &str,
        role: Role,
        scopes: &[String],
    ) -> Result<String, TokenError> {
        let mut tokens = match path.exists() {
            true => Self::load(path)?,
            false => Self::default(),
        };
        if tokens.all.iter().any(|token| token.name == name) {
            return Err(TokenError::Content {
                path: path.display().to_string(),
                message: format!("there is a token called {name:?} already"),
            });
        }
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|_| TokenError::Random)?;
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        tokens.all.push(Token {
            name: name.to_owned(),
            hash: hash(&secret).to_hex().to_string(),
            role,
            scopes: scopes.to_vec(),
        });
        tokens.write(path).map_err(|source| TokenError::File {
            path: path.display().to_string(),
            source,
        })?;
        Ok(secret)
    }

    /// Replaces the file whole or not at all.
    fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whose secret this is. Takes as long for a wrong one as for any other.
    #[must_use]
    pub fn find(&self, secret: &str) -> Option<Principal> {
        let shown = hash(secret);
        let mut found = None;
        for token in &self.all {
            // Equality of hashes takes the same time wherever they differ.
            if blake3::Hash::from_hex(&token.hash).is_ok_and(|known| known == shown) {
                found = Some(token);
            }
        }
        found.map(|token| Principal {
            name: token.name.clone(),
            role: token.role,
            scopes: (!token.scopes.iter().any(|scope| scope == "*")).then(|| token.scopes.clone()),
            is_proven: true,
        })
    }
}

impl Principal {
    /// Somebody on this machine who showed nothing.
    #[must_use]
    pub fn anonymous(role: Role) -> Self {
        Self {
            name: "anonymous".to_owned(),
            role,
            scopes: None,
            is_proven: false,
        }
    }

    /// Whether anything of a scope may be seen.
    #[must_use]
    pub fn may_see(&self, scope: &str) -> bool {
        self.scopes
            .as_ref()
            .is_none_or(|scopes| scopes.iter().any(|own| own == scope))
    }
}

fn hash(secret: &str) -> blake3::Hash {
    blake3::hash(secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_scopes_and_only_its_hash_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        let secret = Tokens::add(&path, "ana", Role::Analyst, &["acme".to_owned()]).unwrap();
        let other = Tokens::add(&path, "root", Role::Admin, &["*".to_owned()]).unwrap();
        assert_ne!(secret, other);
        assert!(Tokens::add(&path, "ana", Role::Viewer, &[]).is_err());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&secret[4..]));
        let tokens = Tokens::load(&path).unwrap();
        let ana = tokens.find(&secret).unwrap();
        assert_eq!(
            (ana.name.as_str(), ana.role, ana.is_proven),
            ("ana", Role::Analyst, true)
        );
        assert!(ana.may_see("acme") && !ana.may_see("other"));
        assert!(tokens.find(&other).unwrap().may_see("other"));
        assert_eq!(tokens.find("clt_"), None);
    }
}
