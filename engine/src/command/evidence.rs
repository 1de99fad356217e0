//! Evidence: files and texts that prove something. The bytes lie with the shell, under their SHA-256; here is what
//! they are, and who had them in hand.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::bounds::{Bounds, room, said, within};
use super::entry::{Changed, Verb};
use super::folder::{Effect, Folder, Turn};
use super::illegal::Illegal;
use crate::decision::EventType;
use crate::time::Timestamp;

/// Evidence to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvidence {
    /// Name of the file as it was given; never a path.
    pub name: CompactString,
    /// What it is, in a sentence; may be empty.
    pub text: CompactString,
    /// Its media type as it was given.
    pub media_type: CompactString,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, as 64 hex digits.
    pub sha256: CompactString,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its number in the scope.
    pub no: u64,
    /// What it is.
    pub what: NewEvidence,
    /// Wall time when it was added.
    pub added: Timestamp,
    /// Who added it.
    pub by: Actor,
}

impl Folder {
    pub(super) fn add_evidence(
        &mut self,
        turn: &mut Turn<'_>,
        new: &NewEvidence,
    ) -> Result<Effect, Illegal> {
        room(
            "pieces of evidence",
            self.work.evidence.len(),
            Bounds::EVIDENCE,
        )?;
        let what = NewEvidence {
            name: said("name", &new.name, Bounds::LINE)?,
            text: within("text", &new.text, Bounds::PARAGRAPH)?,
            media_type: within("media type", &new.media_type, Bounds::NAME)?,
            sha256: said("sha256", &new.sha256, Bounds::NAME)?,
            bytes: new.bytes,
        };
        let no = turn.number();
        let changes = vec![
            Changed::new("name", "", &what.name),
            Changed::new("sha256", "", &what.sha256),
        ];
        self.work.evidence.push(Evidence {
            no,
            what,
            added: turn.now,
            by: turn.actor.clone(),
        });
        Ok(effect(Verb::EvidenceAdded, no, changes))
    }

    pub(super) fn take_evidence(&self, no: u64) -> Result<Effect, Illegal> {
        let found = self.work.evidence.iter().find(|piece| piece.no == no);
        let what = &found.ok_or(Illegal::NoEvidence)?.what;
        let changes = vec![Changed::new("sha256", &what.sha256, &what.sha256)];
        Ok(effect(Verb::EvidenceTaken, no, changes))
    }
}

fn effect(verb: Verb, no: u64, changes: Vec<Changed>) -> Effect {
    Effect {
        about: Some(no),
        changes,
        ..Effect::new(verb, (EventType::Evidence, verb.as_str()))
    }
}
