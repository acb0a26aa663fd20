//! What sentences of the body say of the studies besides contrast and views: stress, 3D, a purpose, an age in weeks. Which
//! sections may set which axis stands in `axes.toml`.

use super::engine::Reading;
use crate::code::study::Study;
use crate::lexicon::model::{AxisId, AxisKind, Concept, ConceptId, Counts, CueId, Means, RegionId, Role, SectionKind, Values};
use crate::read::context::{self, Reason};
use crate::read::count::{self, Count};
use crate::read::exam::acquires;
use crate::read::statement::{Facet, Proof};
use crate::read::text::Mention;
use crate::text::Span;

/// Adds to each study what the body says of it, and takes away what the body says was not done or not given; what a
/// statement of the exam has set stands otherwise. Returns what titles told and was taken away.
pub(super) fn read(r: &Reading<'_>, studies: &mut [Study]) -> Vec<Study> {
    let lexicon = r.text.lexicon;
    let procedure = lexicon.known.procedure;
    let mut omitted: Vec<Study> = Vec::new();
    let stated: Vec<Values> = studies.iter().map(|s| s.values).collect();
    if !r.exams.charge_line && !studies.is_empty() {
        let mut undone: Vec<(AxisId, u64, Mention)> = Vec::new();
        let (mut mentions, mut cues) = (Vec::new(), Vec::new());
        let mut told: Vec<(AxisId, usize)> = Vec::new(); // how trusted the words were beside which a number stood
        // a number that counts beside certain words only is never told by a word alone: "first-trimester scan elsewhere"
        let weighed = |a: AxisId| lexicon.weighed.contains(&a);
        for part in &r.parts {
            let readable: Vec<AxisId> =
                (0..lexicon.axes.len() as u8).map(AxisId).filter(|a| lexicon.axis(*a).read_in.contains(&part.kind)).collect();
            if readable.is_empty() {
                continue;
            }
            // under a heading that names the one exam or a part of it, the heading is a part of its first sentence
            let headed = studies.len() == 1 && part.entry.is_none() && !part.head.is_empty();
            for sentence in r.text.sentences(if headed { part.head.join(part.body) } else { part.body }) {
                r.text.mentions(sentence, false, &mut mentions);
                if mentions.is_empty() {
                    continue;
                }
                r.text.cues(sentence, &mut cues);
                let tells = |m: &Mention| lexicon.concept(m.concept).sets.iter().any(|(axis, _)| readable.contains(&axis));
                let refused: Vec<Span> = cues.iter().filter_map(|cue| refused(r, cue, &mentions, &cues, tells)).collect();
                let denied = |at: Span| {
                    refused.contains(&at)
                        || cues.iter().any(|(cue, id)| match lexicon.cue(*id).means {
                            Means::Negated => context::denies(&r.text, *cue, at),
                            Means::Recommendation | Means::Planned | Means::Conditional | Means::Separate => true,
                            _ => false,
                        })
                };
                let others = r.exams.others.iter().any(|o| o.reason != Reason::NotPerformed && sentence.contains(o.span));
                let says = |m: &&Mention| {
                    let c = lexicon.concept(m.concept);
                    // the name of an exam in a sentence on another exam is that one's
                    let elsewhere = others && (c.implies.get(lexicon.known.modality) | c.sets.get(lexicon.known.modality)) != 0;
                    // what a history names is no finding of this exam
                    let finds = c.role == Role::Hint && part.kind != SectionKind::History;
                    !elsewhere && (c.role == Role::Plain || finds) && c.regions.is_empty() && !denied(m.span)
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
                        set(r, studies, &stated, axis, bits, m.span, Some(m.concept));
                    }
                }
                for m in mentions.iter().filter(|m| refused.contains(&m.span)) {
                    let sets = lexicon.concept(m.concept).sets;
                    undone.extend(sets.iter().filter(|(axis, _)| readable.contains(axis)).map(|(axis, bits)| (axis, bits, *m)));
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
                            for s in studies.iter_mut().filter(|s| s.is_told_at(c.span)) {
                                s.values.set(axis, 0);
                            }
                            set(r, studies, &stated, axis, c.counts.0, c.span, c.unit);
                        }
                    }
                }
            }
        }
        imaged_areas(r, studies);
        for (axis, bits, m) in undone {
            for (s, stated) in studies.iter_mut().zip(&stated).filter(|(s, _)| s.is_told_at(m.span)) {
                if take_away(r, s, axis, bits) && stated.get(axis) & bits != 0 {
                    let mut told = Study::found(s.source);
                    told.values.set(lexicon.known.modality, s.values.get(lexicon.known.modality) | s.implied.get(lexicon.known.modality));
                    told.values.set(axis, bits);
                    told.proofs.push(Proof { facet: Facet::Axis(axis), span: m.span, concept: Some(m.concept) });
                    omitted.push(told);
                }
            }
        }
    }
    if let Some(register) = lexicon.known.register {
        for s in studies.iter_mut() {
            s.values.set(register.axis, if r.exams.charge_line { register.charge_line } else { register.report });
        }
    }
    omitted
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
    let lexicon = r.text.lexicon;
    let a = lexicon.axis(axis);
    let facet = Facet::Axis(axis);
    let modality = |s: &Study| s.values.get(lexicon.known.modality) | s.implied.get(lexicon.known.modality);
    for (study, stated) in studies.iter_mut().zip(stated).filter(|(s, _)| lexicon.tells(axis, modality(s)) && s.is_told_at(span)) {
        let have = study.values.get(axis);
        if a.kind != AxisKind::Flags && have != 0 {
            if stated.get(axis) != 0 || a.prefers != bits || have == bits {
                continue;
            }
            study.values.set(axis, 0);
            study.proofs.retain(|p| p.facet != facet);
        }
        study.values.add(axis, bits);
        study.prove(Proof { facet, span, concept });
    }
}

/// The nearest words that a cue of something left out or withheld speaks of: "SPECT was not acquired", "furosemide was
/// not given".
fn refused(
    r: &Reading<'_>,
    cue: &(Span, CueId),
    mentions: &[Mention],
    cues: &[(Span, CueId)],
    tells: impl Fn(&Mention) -> bool,
) -> Option<Span> {
    if !matches!(r.text.lexicon.cue(cue.1).means, Means::NotPerformed | Means::Withheld) {
        return None;
    }
    mentions
        .iter()
        .filter(|m| tells(m) && !m.span.overlaps(cue.0) && context::faces(&r.text, m.span, *cue))
        .filter_map(|m| context::distance(&r.text, m.span, cue.0, cues).map(|d| (d, m.span)))
        .min_by_key(|(d, _)| *d)
        .map(|(_, span)| span)
}

/// Takes values from a study that were not done, and the words that spoke for them; says whether there were any.
fn take_away(r: &Reading<'_>, s: &mut Study, axis: AxisId, bits: u64) -> bool {
    let lexicon = r.text.lexicon;
    let have = s.values.get(axis);
    let left = match lexicon.axis(axis).kind {
        AxisKind::Set | AxisKind::Flags => have & !bits,
        AxisKind::Enum | AxisKind::Count => {
            if have == bits {
                0
            } else {
                have
            }
        }
    };
    if left != have {
        s.values.set(axis, left);
        let spoke = |c: ConceptId| lexicon.concept(c).sets.get(axis) & left == 0;
        s.proofs.retain(|p| p.facet != Facet::Axis(axis) || p.concept.is_some_and(|c| !spoke(c)));
    }
    left != have
}

/// How many areas of the body were imaged, as the sentences tell that say how: parts of one limb are one, unless they are
/// more than two.
fn imaged_areas(r: &Reading<'_>, studies: &mut [Study]) {
    use SectionKind as K;
    const SEVERAL: usize = 3; // parts, however near
    let lexicon = r.text.lexicon;
    let Some(axis) = lexicon.axis_named("areas") else { return };
    let mut mentions = Vec::new();
    let (mut parts, mut roots, mut spans): (Vec<RegionId>, Vec<RegionId>, Vec<Span>) = (Vec::new(), Vec::new(), Vec::new());
    for part in r.parts.iter().filter(|p| matches!(p.kind, K::Technique | K::Body)) {
        for sentence in r.text.sentences(part.body).filter(|s| acquires(&r.text, *s)) {
            r.text.mentions(sentence, false, &mut mentions);
            for m in &mentions {
                let Some(region) = lexicon.concept(m.concept).region else { continue };
                let root = std::iter::successors(Some(region), |x| lexicon.region(*x).parent).last().unwrap_or(region);
                if !parts.contains(&region) {
                    parts.push(region);
                    spans.push(m.span);
                }
                if !roots.contains(&root) {
                    roots.push(root);
                }
            }
        }
    }
    let n = if parts.len() >= SEVERAL { roots.len().max(2) } else { roots.len() };
    if n > 1 {
        let modality = |s: &Study| s.values.get(lexicon.known.modality) | s.implied.get(lexicon.known.modality);
        for study in studies.iter_mut().filter(|s| s.values.get(axis) == 0 && lexicon.tells(axis, modality(s))) {
            study.values.set(axis, Counts::new(Some(n as u32), n as u32).0);
            study.proofs.extend(spans.iter().map(|span| Proof { facet: Facet::Axis(axis), span: *span, concept: None }));
        }
    }
}
