//! The date of service against the day that a text tells for its exam. Codes go by the input's date, never by the text's.

use jiff::civil::Date;

use super::engine::Reading;
use crate::lexicon::model::SectionKind;
use crate::read::date::{self, Told};
use crate::text::Span;

/// What there is to ask about the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The text tells another day than the input.
    Conflict,
    /// The input gives no day, and the text tells one of another year than the codes that were used.
    NotGiven,
}

/// The doubt about the date of service, and the words that raise it. `day`: of the input.
pub(super) fn doubt(r: &Reading<'_>, day: Option<Date>) -> Option<(Doubt, Span)> {
    let told: Vec<Told> = r.parts.iter().filter(|p| p.kind == SectionKind::ExamDate).filter_map(|p| date::first(&r.text, p.body)).collect();
    let first = told.first()?;
    let used = r.text.lexicon.edition.default_date;
    match day {
        Some(day) => (!told.iter().any(|t| t.may_be(day))).then_some((Doubt::Conflict, first.span)),
        None => (first.year() != used.year()).then_some((Doubt::NotGiven, first.span)),
    }
}
