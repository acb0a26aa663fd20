//! What kind of document a text is, and whether an exam is documented in it as done and read.

use super::exam::{Exams, Source};
use super::section::Part;
use super::statement::Atom;
use super::text::{Kind, Text};
use crate::lexicon::model::{Allows, DocumentId, Means, Role, SectionKind, Sense, SignWeight};
use crate::text::{Span, Stretches};

/// The gate's verdict on a text.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    /// The kind; `None`: a charge line, or a text that no kind claims.
    pub(crate) kind: Option<DocumentId>,
    pub(crate) admitted: bool,
    /// Signs found for the kind, folded.
    pub(crate) signs: Vec<Span>,
    /// How far the winner leads, in signs.
    pub(crate) margin: i32,
}

struct Tally {
    score: i32,
    /// Whether the first line calls the text so.
    named: bool,
    signs: Vec<(u32, Span)>,
}

/// Weighs the signs of every kind of document.
pub(crate) fn admit(text: &Text<'_>, parts: &[Part], exams: &Exams) -> Admission {
    if exams.charge_line {
        return Admission { kind: None, admitted: true, signs: Vec::new(), margin: 9 };
    }
    let kinds = &text.lexicon.documents;
    let first_line = text.text().find(['\n', '.', ':']).unwrap_or(usize::MAX).min(80) as u32;
    let mut tallies: Vec<Tally> = kinds.iter().map(|_| Tally { score: 0, named: false, signs: Vec::new() }).collect();
    let heads = Stretches::new(parts.iter().map(|p| p.head).collect());
    let title = parts.iter().find(|p| p.kind == SectionKind::Title).map(|p| p.body);
    for hit in text.all_of(Kind::Sign) {
        for &(sense, _) in text.lexicon.terms.senses(hit.pattern) {
            let Sense::Sign(id, weight) = sense else { continue };
            let t = &mut tallies[id.0 as usize];
            let named = weight == SignWeight::Name && is_name(title, hit.span, first_line);
            if !named && weight != SignWeight::Sign && !is_heading(text, &heads, hit.span) {
                continue;
            }
            if t.signs.iter().any(|(p, _)| *p == hit.pattern) {
                continue;
            }
            t.signs.push((hit.pattern, hit.span));
            // what the text is called stands in its first line
            if weight == SignWeight::Name {
                if named && !t.named {
                    t.named = true;
                    t.score += if kinds[id.0 as usize].allows == Allows::All { 0 } else { i32::from(kinds[id.0 as usize].needs) };
                }
                continue;
            }
            let named = if hit.span.end <= first_line { 2 } else { 1 };
            t.score += if weight == SignWeight::Against { -1 } else { named };
        }
    }
    let all = |k: usize| kinds[k].allows == Allows::All;
    let best_other = (0..kinds.len())
        .filter(|k| !all(*k) && tallies[*k].score >= i32::from(kinds[*k].needs))
        .max_by_key(|k| (tallies[*k].score - i32::from(kinds[*k].needs), std::cmp::Reverse(*k)));
    let report = (0..kinds.len()).find(|k| all(*k));
    let report_score = report_score(text, parts, exams) + report.map_or(0, |k| tallies[k].score.clamp(0, 2));
    let other_score = best_other.map_or(0, |k| tallies[k].score * 2 - i32::from(kinds[k].needs) + 1);
    let told =
        parts.iter().any(|p| p.body.len() > 3 && (p.names_exam || matches!(p.kind, SectionKind::Impression | SectionKind::Findings)));
    let unread = best_other.is_none() && !told && !is_read(text, exams) && report.is_none_or(|k| tallies[k].score < 1);
    let named = report.is_some_and(|k| tallies[k].named);
    let admitted = (best_other.is_none() || report_score > other_score || named) && !unread;
    let kind = match (admitted, unread) {
        (true, _) => report,
        (false, true) => kinds.iter().position(|k| &*k.id == UNREAD),
        (false, false) => best_other,
    };
    let signs = kind.map(|k| tallies[k].signs.iter().map(|(_, s)| *s).take(4).collect()).unwrap_or_default();
    Admission { kind: kind.map(|k| DocumentId(k as u8)), admitted, signs, margin: (report_score - other_score).abs() }
}

/// The kind of a text that no sign tells and that describes nothing.
const UNREAD: &str = "no_findings";

/// Whether anything was read: a structure described, a word of technique or of findings, outside sentences on other exams.
fn is_read(text: &Text<'_>, exams: &Exams) -> bool {
    let mut cues = Vec::new();
    let own = |s: &Span| {
        text.cues(*s, &mut cues);
        let past = cues.iter().any(|(_, c)| matches!(text.lexicon.cue(*c).means, Means::History | Means::Planned | Means::Recommendation));
        !past && !exams.others.iter().any(|o| s.contains(o.span))
    };
    text.sentences(text.whole()).filter(own).flat_map(|s| text.hits(s)).any(|h| {
        text.lexicon.terms.senses(h.pattern).iter().any(|(s, _)| match s {
            Sense::Organ(_) => true,
            Sense::Concept(c) => matches!(text.lexicon.concept(*c).role, Role::Acquisition | Role::Hint | Role::Enhancement),
            _ => false,
        })
    })
}

/// Whether words stand where a text says what it is: in the first line, or at the beginning of its title.
fn is_name(title: Option<Span>, span: Span, first_line: u32) -> bool {
    const FAR: u32 = 60; // bytes into the title
    span.end <= first_line || title.is_some_and(|title| title.contains(span) && span.start < title.start + FAR)
}

/// Whether the words stand as a heading: a part's heading, or behind a border and before a colon.
fn is_heading(text: &Text<'_>, heads: &Stretches, span: Span) -> bool {
    if heads.touch(span) {
        return true;
    }
    let all = text.text().as_bytes();
    let after = all[span.end as usize..].iter().find(|b| !matches!(b, b' ' | b'*'));
    let line =
        text.starts_line(span.start) || text.starts_line(span.start.saturating_sub(2)) || text.starts_line(span.start.saturating_sub(3));
    let before = all[..span.start as usize].iter().rev().find(|b| !matches!(b, b' ' | b'*' | b'#'));
    let border = matches!(before, None | Some(b'.' | b',' | b';' | b'\n' | b':'));
    matches!(after, Some(b':')) && (border || line) || (line && matches!(after, None | Some(b'\n')))
}

/// What speaks for a radiology report: its own sections, an exam stated as done, and findings of its own.
fn report_score(text: &Text<'_>, parts: &[Part], exams: &Exams) -> i32 {
    let has = |kind: SectionKind| parts.iter().any(|p| p.kind == kind && p.body.len() > 3);
    let named = |a: &Atom| a.region.is_some() || text.lexicon.names_exam(&a.values);
    let built = |s: Source| exams.ours.iter().any(|e| e.source == s && e.atoms.iter().any(named));
    let mut score = 0;
    if built(Source::Title) {
        score += 3;
    }
    if built(Source::Performed) {
        score += 2;
    }
    if has(SectionKind::Technique) {
        score += 2;
    }
    if has(SectionKind::Findings) {
        score += 1;
    }
    if has(SectionKind::Comparison) {
        score += 1;
    }
    if has(SectionKind::Impression) {
        score += 1;
    }
    if parts.iter().any(|p| p.kind == SectionKind::Title) && built(Source::Title) {
        score += 1;
    }
    score
}
