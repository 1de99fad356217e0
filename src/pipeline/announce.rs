//! Announcing: what the output records of a batch are, and how they make the chains of its cases longer.

use std::collections::BTreeMap;

use caseloom_engine::decision::CaseEvent;
use caseloom_engine::ids::CaseId;

use crate::events::{Renderer, chain_header};
use crate::ports::OutputRecord;
use crate::store::{BatchStore, ChainLink, StoreError};

/// What a batch announces.
pub(super) struct Announced {
    /// Dead letters and events, in the order in which they are to be sent.
    pub(super) outbox: Vec<OutputRecord>,
    /// The ends of the chains that the events make longer.
    pub(super) chains: Vec<(CaseId, ChainLink)>,
}

/// Renders events, each with its link behind those that the store has.
pub(super) fn announce(
    dead_letters: Vec<OutputRecord>,
    events: &[CaseEvent],
    renderer: &Renderer,
    store: &dyn BatchStore,
) -> Result<Announced, StoreError> {
    let mut outbox = dead_letters;
    let mut chains = BTreeMap::new();
    for event in events {
        let mut records = renderer.render(event).records;
        let case = event.case.group.case;
        let end = match chains.get(&case) {
            Some(end) => *end,
            None => store.chain(case)?,
        };
        let value = records[0].value.as_deref().unwrap_or_default();
        let link: ChainLink = end.then(event.seq, value);
        records[0].headers.push(chain_header(&link));
        chains.insert(case, link);
        outbox.extend(records);
    }
    Ok(Announced {
        outbox,
        chains: chains.into_iter().collect(),
    })
}
