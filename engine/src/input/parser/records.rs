//! Records: what reads one record, and tells of which format it is.

use super::super::detect::{self, BuiltIn, Detector, Format, Told};
use super::super::draft::{Desk, Reading};
use super::super::facts::Facts;
use super::super::formats::Texts;
use super::super::json::Value;
use super::super::limits::Limits;
use super::super::line::Line;
use super::super::mapping::Mapping;
use super::super::reject::Reject;

/// What reads one record.
pub(super) struct Records {
    pub(super) mappings: Vec<Mapping>,
    pub(super) detector: Detector,
    pub(super) limits: Limits,
}

impl Records {
    pub(super) fn tell<'a>(
        &self,
        format: Format,
        record: Value<'a>,
        facts: Facts<'a>,
    ) -> Result<Told<'a>, Reject> {
        self.detector.tell(format, record, facts)
    }

    pub(super) fn read(
        &self,
        format: Format,
        record: Value<'_>,
        desk: &mut Desk<'_>,
    ) -> Result<Reading, Reject> {
        let unknown = || Err(detect::unknown(record));
        match format {
            Format::BuiltIn(built_in) => match &built_in.room().json {
                Some(json) => (json.read)(record, desk),
                None => unknown(),
            },
            Format::Mapping(at) => match self.mappings.get(usize::from(at)) {
                Some(mapping) => mapping.read(record, desk),
                None => unknown(),
            },
            Format::Auto => unknown(),
        }
    }

    /// The format of a line of text: of the products, or of the general formats.
    pub(super) fn tell_text(
        format: Format,
        line: &Line<'_>,
        is_general: bool,
    ) -> Option<(BuiltIn, Texts)> {
        let room = |built_in: BuiltIn| Some(built_in).zip(built_in.room().text);
        match format {
            Format::BuiltIn(built_in) => room(built_in),
            Format::Auto => BuiltIn::all()
                .filter(|built_in| built_in.room().is_general == is_general)
                .filter_map(room)
                .find(|(_, texts)| (texts.tells)(line)),
            Format::Mapping(_) => None,
        }
    }
}
