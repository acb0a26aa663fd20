//! Whether a study is complete, by the checklist of its family and by what a report addresses.

use crate::lexicon::model::{Checklist, ChecklistId};
use crate::read::statement::Proof;
use crate::text::Span;

/// A checklist held against a report.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) list: ChecklistId,
    /// Whether enough is described to judge by; else the title's extent stands.
    pub(crate) judged: bool,
    /// Elements of the nearest way that are addressed, each with its words, folded.
    pub(crate) addressed: Vec<(u8, Vec<Span>)>,
    /// Elements of the nearest way that are not.
    pub(crate) missing: Vec<u8>,
    /// Words of the title for a complete study, where the body does not bear them out.
    pub(crate) overruled: Vec<Proof>,
}

impl Checked {
    /// Holds the way to completeness that lacks least against what was found. `found`: element and words; an element
    /// without words is addressed by words for all.
    pub(crate) fn new(list: ChecklistId, checklist: &Checklist, judged: bool, found: &[(u8, Vec<Span>)]) -> Self {
        let there = |e: &u8| found.iter().any(|(f, _)| f == e);
        let lacks = |way: &Vec<u8>| way.iter().filter(|e| !there(e)).count();
        // of ways that lack as much the shorter one
        let way = checklist.ways.iter().min_by_key(|w| (lacks(w), w.len())).map_or(&[][..], Vec::as_slice);
        let addressed = way.iter().filter_map(|e| found.iter().find(|(f, _)| f == e).cloned()).collect();
        let missing = way.iter().copied().filter(|e| !there(e)).collect();
        Self { list, judged, addressed, missing, overruled: Vec::new() }
    }
}
