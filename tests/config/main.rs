//! The configuration: the shipped files say the defaults, mistakes name themselves, the environment overrides.

#![expect(
    clippy::unwrap_used,
    reason = "a test's panic is its report, also in its helpers"
)]

mod check;
mod defaults;
mod environment;
mod mistakes;
mod references;

use std::path::Path;

use caseloom::config::Config;

const SHIPPED: &str = "config/caseloom.toml";

/// The configuration that `text` says, or all that is wrong with it.
fn parse(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let env = env
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    Config::parse(text, "c.toml", Path::new(""), env).map_err(|error| error.to_string())
}

fn refusal(text: &str, env: &[(&str, &str)]) -> String {
    parse(text, env).expect_err(text)
}
