//! Blocks as a page of its own, to be printed and kept: its style is in it, and it may load nothing, also from a disk.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::block::Block;
use crate::events::one_line;
use crate::http::page::Text;

const STYLE: &str = include_str!("../../../web/report.css");

/// Longest title of a window.
const TITLE_BYTES_MAX: usize = 120;

/// Its own style by its hash, and nothing else.
pub(super) fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

pub(super) fn set(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|block| match block {
        Block::Title(title) => Some(one_line(title, TITLE_BYTES_MAX)),
        _ => None,
    });
    // What a header alone may say, browsers pass over in a page.
    let policy = policy().replace("; frame-ancestors 'none'", "");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title.unwrap_or_default()) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { @for block in blocks { (one(block)) } } }
        }
    };
    page.into_string()
}

fn one(block: &Block) -> Markup {
    match block {
        Block::Title(title) => html! { h1 { (Text(title)) } },
        Block::Heading(title) => html! { h2 { (title) } },
        Block::Said(said) => html! { p { (Text(said)) } },
        Block::Quote(quote) => html! {
            blockquote { @for line in quote.lines() { (Text(line)) br; } }
        },
        Block::Facts(facts) => html! {
            dl { @for (name, value) in facts { dt { (name) } dd { (Text(value)) } } }
        },
        Block::Table(head, rows) => html! {
            table {
                thead { tr { @for name in head { th { (name) } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (Text(cell)) } } } } }
            }
        },
    }
}
