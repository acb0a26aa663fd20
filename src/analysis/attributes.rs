//! What sentences of the body say of the studies besides contrast and views: stress, 3D, a purpose, an age in weeks. Which
//! sections may set which axis stands in `axes.toml`.

use super::engine::Reading;
use crate::code::study::Study;
use crate::lexicon::model::{AxisId, AxisKind, Concept, ConceptId, Means, Role, Values};
use crate::read::context::{Reason, Verdict, judge};
use crate::read::count::{self, Count};
use crate::read::exam::Source;
use crate::read::statement::{Facet, Proof};
use crate::read::text::Mention;
use crate::text::{Span, sentences};

/// Adds to each study what the body says of it; what a statement of the exam has set stands.
pub(super) fn read(r: &Reading<'_>, studies: &mut [Study]) {
    let lexicon = r.text.lexicon;
    let procedure = lexicon.axis_named("procedure");
    let stated: Vec<Values> = studies.iter().map(|s| s.values).collect();
    if !r.exams.charge_line && !studies.is_empty() {
        let (mut mentions, mut cues) = (Vec::new(), Vec::new());
        let titles: Vec<Span> = r.exams.ours.iter().filter(|e| matches!(e.source, Source::Title | Source::Order)).map(|e| e.span).collect();
        let in_title = |sentence: Span| titles.iter().any(|t| t.overlaps(sentence));
        let (mut affirmed, mut refused) = (Values::default(), Values::default());
        let mut told: Vec<(AxisId, usize)> = Vec::new(); // how trusted the words were beside which a number stood
        // a number that counts beside certain words only is never told by a word alone: "first-trimester scan elsewhere"
        let weighed = |a: AxisId| lexicon.concepts.iter().any(|c| c.counts == Some(a) && !c.beside.is_empty());
        for part in &r.parts {
            let readable: Vec<AxisId> =
                (0..lexicon.axes.len() as u8).map(AxisId).filter(|a| lexicon.axis(*a).read_in.contains(&part.kind)).collect();
            if readable.is_empty() {
                continue;
            }
            // under a heading that names the one exam or a part of it, the heading is a part of its first sentence
            let headed = studies.len() == 1 && part.entry.is_none() && !part.head.is_empty();
            for sentence in sentences(r.text.text(), if headed { part.head.join(part.body) } else { part.body }) {
                r.text.mentions(sentence, false, &mut mentions);
                if mentions.is_empty() {
                    continue;
                }
                r.text.cues(sentence, &mut cues);
                let denied = |at: Span| {
                    cues.iter().any(|(cue, id)| match lexicon.cue(*id).means {
                        Means::Negated => cue.end <= at.start && at.start - cue.end < 20,
                        Means::NotPerformed | Means::Recommendation | Means::Planned | Means::Conditional => true,
                        _ => false,
                    })
                };
                let others = r.exams.others.iter().any(|o| o.reason != Reason::NotPerformed && sentence.contains(o.span));
                let says = |m: &&Mention| {
                    let c = lexicon.concept(m.concept);
                    // the name of an exam in a sentence on another exam is that one's
                    let elsewhere = others && (c.implies.get(lexicon.known.modality) | c.sets.get(lexicon.known.modality)) != 0;
                    !elsewhere && matches!(c.role, Role::Plain | Role::Hint) && c.regions.is_empty() && !denied(m.span)
                };
                // the name of an exam tells of others that it is done to a patient, and nothing else
                let speaks = |m: &Mention, axis: AxisId| {
                    let c = lexicon.concept(m.concept);
                    c.role == Role::Hint || c.sets.get(lexicon.known.modality) == 0 || Some(axis) == procedure
                };
                for m in mentions.iter().filter(says) {
                    let c = lexicon.concept(m.concept);
                    let here = c.read_in.contains(&part.kind);
                    let told = |a: AxisId| (readable.contains(&a) && !weighed(a)) || (here && a != lexicon.known.modality);
                    for (axis, bits) in c.sets.iter().filter(|(a, _)| told(*a) && speaks(m, *a)) {
                        if !in_title(sentence) {
                            affirmed.add(axis, bits);
                        }
                        set(r, studies, &stated, axis, bits, m.span, Some(m.concept));
                    }
                }
                for m in mentions.iter().filter(|m| matches!(judge(&r.text, m.span, &cues), Verdict::Not(Reason::NotPerformed, _))) {
                    let flags = |axis: AxisId| lexicon.axis(axis).kind == AxisKind::Flags && readable.contains(&axis);
                    for (axis, bits) in lexicon.concept(m.concept).sets.iter().filter(|(axis, _)| flags(*axis)) {
                        refused.add(axis, bits);
                    }
                }
                if count::tells_age(r.text.slice(sentence)) || mentions.iter().any(|m| lexicon.concept(m.concept).role == Role::Unit) {
                    for c in count::of(&r.text, sentence).iter().filter(|c| !denied(c.span)) {
                        let Some(unit) = c.unit.map(|u| lexicon.concept(u)) else { continue };
                        let Some(axis) = unit.counts.filter(|a| readable.contains(a)) else { continue };
                        if unit.beside.is_empty() {
                            set(r, studies, &stated, axis, c.counts.0, c.span, c.unit);
                        } else if let Some(rank) = trust(r, unit, c, &mentions)
                            && told.iter().all(|(a, best)| *a != axis || rank < *best)
                        {
                            // more trusted than what was read before, and than a title
                            told.push((axis, rank));
                            studies.iter_mut().for_each(|s| s.values.set(axis, 0));
                            set(r, studies, &stated, axis, c.counts.0, c.span, c.unit);
                        }
                    }
                }
            }
        }
        for (axis, bits) in refused.iter() {
            withdraw(r, studies, axis, bits & !affirmed.get(axis));
        }
    }
    if let Some(axis) = lexicon.axis_named("register") {
        let value = if r.exams.charge_line { "charge_line" } else { "report" };
        for s in studies.iter_mut() {
            s.values.set(axis, lexicon.axis(axis).bit(value).unwrap_or(0));
        }
    }
}

/// Takes flags away that the title has and the text says were not done ("the patient declined the endovaginal part").
fn withdraw(r: &Reading<'_>, studies: &mut [Study], axis: AxisId, bits: u64) {
    for study in studies.iter_mut().filter(|s| s.values.get(axis) & bits != 0) {
        study.values.set(axis, study.values.get(axis) & !bits);
        let gone = |p: &Proof| p.concept.is_some_and(|c| r.text.lexicon.concept(c).sets.get(axis) & !bits == 0);
        study.proofs.retain(|p| p.facet != Facet::Axis(axis) || !gone(p));
    }
}

/// How far a number of the body is to be trusted, 0 most: by the words that stand near it, by its own form, by "at" before it.
fn trust(r: &Reading<'_>, unit: &Concept, c: &Count, mentions: &[Mention]) -> Option<usize> {
    const NEAR: u32 = 40; // bytes between a number and the words that it belongs to
    let near = |m: &Mention| m.span.start < c.span.end + NEAR && c.span.start < m.span.end + NEAR;
    let by_words = unit.beside.iter().position(|b| mentions.iter().any(|m| m.concept == *b && near(m)));
    let by_form = c.age.then_some(unit.beside.len().min(1));
    let at = r.text.text()[..c.span.start as usize].ends_with("at ").then_some(unit.beside.len());
    [by_words, by_form, at].into_iter().flatten().min()
}

/// Flags add up; of anything else the first that is told holds, or the value that the axis prefers.
fn set(r: &Reading<'_>, studies: &mut [Study], stated: &[Values], axis: AxisId, bits: u64, span: Span, concept: Option<ConceptId>) {
    let a = r.text.lexicon.axis(axis);
    let facet = Facet::Axis(axis);
    for (study, stated) in studies.iter_mut().zip(stated) {
        let have = study.values.get(axis);
        if a.kind != AxisKind::Flags && have != 0 {
            if stated.get(axis) != 0 || a.prefers != bits || have == bits {
                continue;
            }
            study.values.set(axis, 0);
            study.proofs.retain(|p| p.facet != facet);
        }
        study.values.add(axis, bits);
        study.proofs.push(Proof { facet, span, concept });
    }
}
