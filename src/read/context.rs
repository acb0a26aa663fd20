//! Judges an exam phrase: is it this exam, or an earlier one, a wish, a plan, somebody else's?

use super::text::Text;
use crate::lexicon::model::{CueId, Means, Reach, SectionKind};
use crate::text::{Span, TokenKind, tokens};

/// Why an exam that a text names is not coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An earlier exam that this one is compared with.
    Comparison,
    /// Part of the patient's past.
    History,
    /// Advice for later.
    Recommendation,
    /// Scheduled or to be done.
    Planned,
    /// Cancelled, declined, aborted, not done.
    NotPerformed,
    /// Made or read elsewhere, or quoted.
    Outside,
    /// Reported in a text of its own.
    Separate,
    /// Made from the data of another exam of this report.
    Derived,
    /// The kind of document supports no code.
    Document,
    /// Inside another code.
    Bundled,
    /// Ordered, while another exam is documented.
    Ordered,
    /// A modality whose codes this edition does not have.
    NotBuilt,
    /// No code in the code set of the day.
    NoCode,
}

impl Reason {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comparison => "comparison",
            Self::History => "history",
            Self::Recommendation => "recommendation",
            Self::Planned => "planned",
            Self::NotPerformed => "not-performed",
            Self::Outside => "outside",
            Self::Separate => "separate",
            Self::Derived => "derived",
            Self::Document => "document",
            Self::Bundled => "bundled",
            Self::Ordered => "ordered",
            Self::NotBuilt => "not-built",
            Self::NoCode => "no-code",
        }
    }

    /// What a reader is told.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Comparison => "an earlier exam, named for comparison",
            Self::History => "named in the history or the reason for the exam",
            Self::Recommendation => "recommended, not done",
            Self::Planned => "planned, not done",
            Self::NotPerformed => "not performed",
            Self::Outside => "done or read elsewhere",
            Self::Separate => "reported separately",
            Self::Derived => "made from the images of another exam of this report",
            Self::Document => "the text is no report of this exam",
            Self::Bundled => "inside another code",
            Self::Ordered => "ordered; another exam is documented",
            Self::NotBuilt => "this edition has no codes of this modality yet",
            Self::NoCode => "no code stands for it on this date",
        }
    }
}

/// What the words around a phrase say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Said to be done in this session.
    Performed(Span),
    /// Asked for, no word on whether it was done.
    Ordered,
    /// Nothing said.
    Silent,
    /// Not this exam.
    Not(Reason, Span),
}

/// Furthest that a cue reaches, in words.
const WINDOW: usize = 12;

/// The verdict of a sentence's cues on a phrase in it. All spans folded.
pub(crate) fn judge(text: &Text<'_>, phrase: Span, cues: &[(Span, CueId)]) -> Verdict {
    let mut performed = None;
    let mut ordered = false;
    let mut not: Option<(usize, Reason, Span)> = None;
    for &(span, id) in cues {
        let cue = text.lexicon.cue(id);
        if !faces(text, phrase, (span, id)) {
            continue;
        }
        let reason = match cue.means {
            Means::Performed => {
                performed = Some(span);
                continue;
            }
            Means::Ordered => {
                ordered = true;
                continue;
            }
            // "showed" tells findings of this exam and of others; "no" denies findings
            Means::Quoted
            | Means::Negated
            | Means::Pseudo
            | Means::Undone
            | Means::Withheld
            | Means::Turn
            | Means::Unseen
            | Means::Excused => continue,
            Means::Conditional | Means::Recommendation => Reason::Recommendation,
            Means::Comparison => Reason::Comparison,
            Means::History => Reason::History,
            Means::Planned => Reason::Planned,
            Means::NotPerformed => Reason::NotPerformed,
            Means::Outside => Reason::Outside,
            Means::Separate => Reason::Separate,
            Means::Derived => Reason::Derived,
        };
        let Some(distance) = distance(text, phrase, span, cues) else { continue };
        if not.is_none_or(|(d, ..)| distance < d) {
            not = Some((distance, reason, span));
        }
    }
    match (not, performed) {
        (Some((_, reason, span)), _) => Verdict::Not(reason, span),
        (None, Some(span)) => Verdict::Performed(span),
        (None, None) if ordered => Verdict::Ordered,
        (None, None) => Verdict::Silent,
    }
}

/// Whether a cue stands on the side of a phrase that it speaks to.
pub(crate) fn faces(text: &Text<'_>, phrase: Span, (span, id): (Span, CueId)) -> bool {
    match text.lexicon.cue(id).reach {
        Reach::After => span.end <= phrase.start || phrase.contains(span),
        Reach::Before => span.start >= phrase.start,
        Reach::Both => true,
    }
}

/// Words between a phrase and a cue; `None` where the cue does not reach it: too far, or across a turn of the sentence.
pub(crate) fn distance(text: &Text<'_>, phrase: Span, cue: Span, cues: &[(Span, CueId)]) -> Option<usize> {
    let between = if cue.end <= phrase.start { Span::new(cue.end, phrase.start) } else { Span::new(phrase.end.min(cue.start), cue.start) };
    // "(given last week), planar images and SPECT": what brackets tell stays in them
    let closed = cue.end <= phrase.start
        && text.slice(between).find(')').is_some_and(|at| at + 2 < between.len() as usize && !text.slice(between)[..at].contains('('));
    let words = tokens(text.text(), between).filter(|t| t.kind == TokenKind::Word).take(WINDOW + 1).count();
    if words > WINDOW || closed {
        return None;
    }
    let turns = cues.iter().any(|(s, c)| between.contains(*s) && text.lexicon.cue(*c).means == Means::Turn);
    (!turns && !text.slice(between).contains([';', '\n'])).then_some(words)
}

/// Whether a word of denial stands right before others: "no flow images".
pub(crate) fn denies(text: &Text<'_>, cue: Span, at: Span) -> bool {
    const NEAR: u32 = 20; // bytes
    cue.end <= at.start && at.start - cue.end < NEAR && !text.slice(Span::new(cue.end, at.start)).contains([';', ',', '.'])
}

/// Why nothing in a section is this exam, for sections that never speak of it.
pub(crate) fn section_reason(kind: SectionKind) -> Option<Reason> {
    match kind {
        SectionKind::Comparison => Some(Reason::Comparison),
        SectionKind::Recommendation => Some(Reason::Recommendation),
        SectionKind::History
        | SectionKind::Note
        | SectionKind::Admin
        | SectionKind::ExamDate
        | SectionKind::Signature
        | SectionKind::Dose => Some(Reason::History),
        _ => None,
    }
}
