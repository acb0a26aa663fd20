//! Reads what a report describes of a checklist, and settles by it whether a study is complete: what was seen goes
//! before what the title says.

use super::engine::Reading;
use crate::code::complete::Checked;
use crate::code::study::Study;
use crate::lexicon::model::{Checklist, ChecklistId, FamilyId, Means, Reach, RegionId, Role, SectionKind, Sense, Told};
use crate::read::exam::{Source, acquires};
use crate::read::section::Part;
use crate::read::statement::{Facet, Proof};
use crate::read::text::Kind;
use crate::text::{Span, TokenKind, tokens};

/// A word of the checklist in a sentence.
#[derive(Clone, Copy)]
struct Word {
    span: Span,
    told: Told,
}

impl Word {
    fn element(self) -> Option<u8> {
        match self.told {
            Told::Element(e) | Told::Side(e) => Some(e),
            _ => None,
        }
    }
}

/// What was found of one element.
#[derive(Default, Clone)]
struct Found {
    /// Sides addressed; both bits where the element has none or both were told at once.
    sides: u64,
    spans: Vec<Span>,
}

/// Settles the extent of a study in a report by the checklist of its family. Where a code is billed once a side and the
/// sides differ, the study of the right side is returned, and this one is left with the left.
pub(super) fn settle(r: &Reading<'_>, family: FamilyId, study: &mut Study) -> Option<Study> {
    let lexicon = r.text.lexicon;
    let side = lexicon.known.side;
    let both = both_sides(r);
    let paired = lexicon.family(family).per_side && (study.values.get(side) == 0 || study.values.get(side) == both) && !r.exams.charge_line;
    let (Some(extent), true) = (lexicon.known.extent, paired) else {
        // where a code is of one side, what is told of the other says nothing
        let own = study.values.get(side);
        settle_side(r, family, study, if lexicon.family(family).per_side && own.is_power_of_two() { own } else { 0 });
        return None;
    };
    let [mut left, mut right] = [1, 2].map(|bit| {
        let mut one = study.clone();
        one.values.set(side, bit);
        settle_side(r, family, &mut one, bit);
        one
    });
    if left.values.get(extent) == right.values.get(extent) || [&left, &right].iter().any(|s| s.checked.as_ref().is_none_or(|c| !c.judged)) {
        settle_side(r, family, study, 0);
        return None;
    }
    for one in [&mut left, &mut right] {
        let bits = one.values.get(side);
        one.proofs.retain(|p| p.facet != Facet::Axis(side) || p.concept.is_none_or(|c| lexicon.concept(c).sets.get(side) & bits != 0));
    }
    *study = left;
    Some(right)
}

/// The same for one side, 0 for the whole study.
fn settle_side(r: &Reading<'_>, family: FamilyId, study: &mut Study, side: u64) {
    let lexicon = r.text.lexicon;
    let (Some((id, list)), Some(extent)) = (lexicon.checklist_of(family), lexicon.known.extent) else { return };
    if r.exams.charge_line {
        study.checked = Some(Checked::new(id, list, false, &[]));
        return;
    }
    let mut checked = read(r, id, list, study, side);
    if checked.judged {
        let bit = |name| lexicon.axis(extent).bit(name).unwrap_or(0);
        let told = study.values.get(extent);
        let bits = match checked.missing.len() {
            0 => bit("complete"),
            // a few elements left out are asked for, and change nothing
            n if n <= list.spare as usize && told != 0 => told,
            n if n <= list.spare as usize => bit("complete"),
            _ => bit("limited"),
        };
        if told & !bits != 0 {
            checked.overruled = study.proofs.extract_if(.., |p| p.facet == Facet::Axis(extent)).collect();
        } else if told == bit("complete") && !checked.missing.is_empty() {
            checked.overruled = study.proofs.iter().filter(|p| p.facet == Facet::Axis(extent)).copied().collect();
        }
        if let Some(axis) = list.named_by.filter(|_| !checked.missing.is_empty()) {
            let wanted = lexicon.family(family).when.get(axis);
            let names =
                |p: &&Proof| p.facet == Facet::Axis(axis) && p.concept.is_some_and(|c| lexicon.concept(c).sets.get(axis) & wanted != 0);
            checked.overruled.extend(study.proofs.iter().filter(names));
        }
        study.values.set(extent, bits);
        for span in checked.addressed.iter().flat_map(|(_, spans)| spans) {
            study.proofs.push(Proof { facet: Facet::Axis(extent), span: *span, concept: None });
        }
    }
    study.checked = Some(checked);
}

fn read(r: &Reading<'_>, id: ChecklistId, list: &Checklist, study: &Study, side: u64) -> Checked {
    use SectionKind as K;
    let both = both_sides(r);
    let mut found = vec![Found::default(); list.elements.len()];
    let (mut judged, mut whole, mut part_only) = (false, None, None);
    // the element whose one side the last sentence told, and how many sentences ago
    let mut open: Option<(u8, u32)> = titled(r, id).map(|e| (e, 0));
    for part in &r.parts {
        let all: Vec<Span> = told(r, part).into_iter().filter(|s| is_own(r, study, *s)).collect();
        let mut speaks_of = 0; // the side that the text speaks of, where it names one
        for (i, &sentence) in all.iter().enumerate() {
            let sides = sides(r, sentence);
            let told = sides.iter().fold(0, |bits, (_, b)| bits | b);
            if told != 0 {
                speaks_of = told;
            }
            if side != 0 && speaks_of != 0 && speaks_of & side == 0 {
                continue;
            }
            let words = words(r, id, sentence);
            for w in &words {
                match w.told {
                    Told::Whole => whole = whole.or(Some(w.span)),
                    Told::Part => part_only = part_only.or(Some(w.span)),
                    _ => {}
                }
            }
            let named: Vec<Word> = words.into_iter().filter(|w| w.element().is_some()).collect();
            if named.is_empty() {
                // "Right kidney 10 cm. Left 11 cm."
                open = open.and_then(|(e, n)| {
                    let leads = sides.first().is_some_and(|(at, _)| at.start <= sentence.start + 2);
                    if leads {
                        found[e as usize].sides |= told;
                        found[e as usize].spans.extend(sides.iter().map(|(at, _)| *at));
                    }
                    (n < 2).then_some((e, n + 1))
                });
                continue;
            }
            if !list.scanned && !describes(r, part.kind, sentence) {
                continue;
            }
            judged |= part.kind != K::Impression;
            let next = all.get(i + 1).copied();
            let unseen = unseen(r, sentence, next, &named, id);
            for (w, gone) in named.iter().zip(unseen) {
                let Some(e) = w.element().filter(|_| !gone) else { continue };
                let f = &mut found[e as usize];
                if let Told::Side(_) = w.told {
                    f.sides |= told;
                    open = Some((e, 0));
                    if told != 0 {
                        f.spans.push(w.span);
                    }
                } else {
                    f.sides |= both;
                    f.spans.push(w.span);
                }
            }
        }
    }
    let mut seen: Vec<(u8, Vec<Span>)> = Vec::new();
    for (i, f) in found.iter().enumerate() {
        if f.sides == both {
            seen.push((i as u8, f.spans.iter().take(2).copied().collect()));
        } else if whole.is_some() {
            seen.push((i as u8, whole.into_iter().collect()));
        }
    }
    judged |= whole.is_some();
    let mut checked = Checked::new(id, list, judged, &seen);
    // "targeted": a part of it, unless everything is told all the same
    if let Some(span) = part_only.filter(|_| !checked.missing.is_empty()) {
        checked.judged = true;
        if checked.addressed.is_empty()
            && let Some(&e) = checked.missing.first()
        {
            checked.addressed.push((e, vec![span]));
        }
    }
    checked
}

/// The paired element that a title names: under "RENAL ULTRASOUND" the line "Right 10 cm, left 11 cm" speaks of kidneys.
fn titled(r: &Reading<'_>, id: ChecklistId) -> Option<u8> {
    let titles = r.exams.ours.iter().filter(|e| e.source <= Source::Title && e.source != Source::Performed);
    titles.flat_map(|e| r.text.hits(e.span)).find_map(|hit| {
        r.text.lexicon.terms.senses(hit.pattern).iter().find_map(|(sense, _)| match *sense {
            Sense::Listed(list, Told::Side(e)) if list == id => Some(e),
            _ => None,
        })
    })
}

/// The region of the complete study of a modality that the report describes from end to end, if there is one, and the
/// words that tell it: of several studies the one with more elements.
pub(super) fn region(r: &Reading<'_>, modality: u64) -> Option<(RegionId, Vec<Proof>)> {
    let lexicon = r.text.lexicon;
    let study = Study::found(Source::Findings);
    let whole = lexicon.checklists.iter().enumerate().filter_map(|(i, list)| {
        let checked = read(r, ChecklistId(i as u8), list, &study, 0);
        let fits = list
            .of
            .iter()
            .map(|f| lexicon.family(*f))
            .find(|f| f.when.get(lexicon.known.modality) & modality != 0 && f.when.get(lexicon.known.method) == 0)?;
        let spans = checked.addressed.iter().flat_map(|(_, spans)| spans);
        let proofs: Vec<Proof> = spans.map(|span| Proof { facet: Facet::Region, span: *span, concept: None }).collect();
        // one element alone tells no study from another
        (checked.judged && checked.missing.is_empty() && checked.addressed.len() > 1).then_some((
            checked.addressed.len(),
            fits.any.iter().next()?,
            proofs,
        ))
    });
    whole.max_by_key(|(n, ..)| *n).map(|(_, region, proofs)| (region, proofs))
}

/// The sentences of a part that may describe what was seen. A section that tells something else ends where a line of its
/// own begins, or, in a text without lines, at the first sentence that reads like findings: "COMPARISON: None. The
/// kidneys are normal."
fn told(r: &Reading<'_>, part: &Part) -> Vec<Span> {
    use SectionKind as K;
    let mut all: Vec<Span> = r.text.sentences(part.body).collect();
    match part.kind {
        K::Body | K::Findings | K::Impression | K::Addendum | K::Other | K::Technique => all,
        K::Title | K::Order | K::History | K::Comparison | K::Admin => {
            let begins = |s: &Span| r.text.starts_line(s.start) || reads(r, *s);
            let from = all.iter().skip(1).position(begins).map_or(all.len(), |n| n + 1);
            all.split_off(from)
        }
        _ => Vec::new(),
    }
}

/// Whether a sentence holds a measure or a word of findings.
fn reads(r: &Reading<'_>, sentence: Span) -> bool {
    let hint = |s| match s {
        Sense::Concept(c) if r.text.lexicon.concept(c).role == Role::Hint => Some(r.text.lexicon.concept(c).sets.is_empty()),
        _ => None,
    };
    r.text.senses(sentence, hint).any(|(_, plain)| plain)
}

/// Both sides of the body.
fn both_sides(r: &Reading<'_>) -> u64 {
    let axis = r.text.lexicon.axis(r.text.lexicon.known.side);
    (1 << axis.values.len()) - 1
}

/// Whether a sentence speaks of this study: it is no title, and stands under its heading where it has one.
fn is_own(r: &Reading<'_>, study: &Study, sentence: Span) -> bool {
    const MARK: u32 = 2; // bytes of a colon or dash behind a heading
    // "Transvaginal: endometrium 6 mm" is more than its heading
    let title = |e: &crate::read::exam::Statement| match e.source {
        Source::Title | Source::Order => e.span.overlaps(sentence),
        Source::Heading => e.span.overlaps(sentence) && sentence.end <= e.span.end + MARK,
        _ => false,
    };
    !r.exams.ours.iter().any(title) && (study.scopes.is_empty() || study.scopes.iter().any(|s| s.contains(sentence)))
}

/// Words of the checklist in a sentence, those inside a longer one left out, and those of other exams.
fn words(r: &Reading<'_>, id: ChecklistId, sentence: Span) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    for hit in r.text.hits_of(Kind::Listed, sentence) {
        let span = hit.span;
        let inside = out.last().is_some_and(|w| w.span.contains(span) && w.span != span);
        if inside || r.exams.others.iter().any(|o| o.span.overlaps(span)) {
            continue;
        }
        // one word may speak for several elements: "hysterectomy"
        for (sense, _) in r.text.lexicon.terms.senses(hit.pattern) {
            match *sense {
                Sense::Listed(list, told) if list == id => out.push(Word { span, told }),
                _ => {}
            }
        }
    }
    out.retain(|w| w.told != Told::Unlike);
    out
}

/// Sides named in a sentence.
fn sides(r: &Reading<'_>, sentence: Span) -> Vec<(Span, u64)> {
    let lexicon = r.text.lexicon;
    let mut mentions = Vec::new();
    let mut out: Vec<(Span, u64)> = Vec::new();
    for title in [false, true] {
        r.text.mentions(sentence, title, &mut mentions); // short words of titles too: "Rt kidney 10 cm"
        let sides = mentions.iter().map(|m| (m.span, lexicon.concept(m.concept).sets.get(lexicon.known.side))).filter(|(_, b)| *b != 0);
        out.extend(sides);
    }
    out.sort_by_key(|(at, _)| at.start);
    out.dedup();
    out
}

/// Whether a sentence tells what was seen, not how images were made ("Images of liver and spleen were obtained").
fn describes(r: &Reading<'_>, kind: SectionKind, sentence: Span) -> bool {
    match kind {
        SectionKind::Technique => !acquires(&r.text, sentence) && reads(r, sentence),
        SectionKind::Findings | SectionKind::Impression => true,
        _ => !acquires(&r.text, sentence) || reads(r, sentence),
    }
}

/// Which of the words stand for something that was not seen, with no reason given.
fn unseen(r: &Reading<'_>, sentence: Span, next: Option<Span>, named: &[Word], id: ChecklistId) -> Vec<bool> {
    const NEAR: usize = 2; // words between a structure and "not seen"
    const AHEAD: usize = 3; // words between "nonvisualization of" and the structure
    let lexicon = r.text.lexicon;
    let mut out = vec![false; named.len()];
    let mut cues = Vec::new();
    r.text.cues(sentence, &mut cues);
    let excused = |cues: &[(Span, crate::lexicon::model::CueId)]| cues.iter().any(|(_, c)| lexicon.cue(*c).means == Means::Excused);
    if excused(&cues) {
        return out;
    }
    let gap = |a: Span, b: Span| Span::new(a.end.min(b.start), b.start);
    let apart = |a: Span, b: Span| tokens(r.text.text(), gap(a, b)).filter(|t| t.kind == TokenKind::Word).count();
    // "pancreas and aorta": members of one list
    let listed = |a: Span, b: Span| {
        let between = r.text.slice(gap(a, b));
        apart(a, b) <= NEAR && !between.split(' ').any(|w| matches!(w, "is" | "are" | "was" | "were" | "measures" | "appears"))
    };
    for (at, cue) in &cues {
        let cue = lexicon.cue(*cue);
        if !matches!(cue.means, Means::Unseen | Means::NotPerformed) {
            continue;
        }
        let before = named.iter().rposition(|w| w.span.end <= at.start && apart(w.span, *at) <= NEAR).filter(|_| cue.reach != Reach::After);
        let ahead = named.iter().position(|w| w.span.start >= at.end && apart(*at, w.span) <= AHEAD).filter(|_| cue.reach != Reach::Before);
        if let Some(mut i) = before {
            out[i] = true;
            while i > 0 && listed(named[i - 1].span, named[i].span) {
                i -= 1;
                out[i] = true;
            }
        } else if let Some(mut i) = ahead {
            out[i] = true;
            while i + 1 < named.len() && listed(named[i].span, named[i + 1].span) {
                i += 1;
                out[i] = true;
            }
        }
    }
    // "Pancreas not seen. Overlying bowel gas."
    if let Some(next) = next.filter(|n| out.contains(&true) && words(r, id, *n).is_empty()) {
        r.text.cues(next, &mut cues);
        if excused(&cues) {
            out.fill(false);
        }
    }
    out
}
