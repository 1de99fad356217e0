//! Notes: what people write down. Their texts stand in the entries, each edit as one more; here is who wrote them.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::bounds::{Bounds, room, said};
use super::entry::Verb;
use super::folder::{Effect, Folder, Turn};
use super::illegal::Illegal;
use crate::decision::EventType;

/// A note that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteHead {
    /// Its number.
    pub no: u64,
    /// Who wrote it.
    pub author: Actor,
}

impl Folder {
    pub(super) fn write_note(
        &mut self,
        turn: &mut Turn<'_>,
        text: &str,
    ) -> Result<Effect, Illegal> {
        let text = said("note", text, Bounds::NOTE)?;
        room("notes", self.work.notes.len(), Bounds::NOTES)?;
        let no = turn.number();
        self.work.notes.push(NoteHead {
            no,
            author: turn.actor.clone(),
        });
        Ok(effect(Verb::Noted, no, text))
    }

    pub(super) fn edit_note(
        &mut self,
        turn: &Turn<'_>,
        no: u64,
        text: &str,
    ) -> Result<Effect, Illegal> {
        let text = said("note", text, Bounds::NOTE)?;
        let note = self.work.notes.iter().find(|note| note.no == no);
        let note = note.ok_or(Illegal::NoNote)?;
        if note.author != *turn.actor {
            return Err(Illegal::NotTheAuthor);
        }
        Ok(effect(Verb::NoteEdited, no, text))
    }
}

fn effect(verb: Verb, no: u64, text: CompactString) -> Effect {
    Effect {
        text,
        about: Some(no),
        ..Effect::new(verb, (EventType::Note, verb.as_str()))
    }
}
