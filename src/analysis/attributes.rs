//! What sentences of the body say of the studies besides contrast and views: stress, 3D, a purpose, an age in weeks. Which
//! sections may set which axis stands in `axes.toml`.

use super::engine::Reading;
use crate::code::study::Study;
use crate::lexicon::model::{AxisId, AxisKind, ConceptId, Means, Role, SectionKind, Values};
use crate::read::count;
use crate::read::statement::{Facet, Proof};
use crate::read::text::Mention;
use crate::text::{Span, sentences};

/// Adds to each study what the body says of it; what a statement of the exam has set stands.
pub(super) fn read(r: &Reading<'_>, studies: &mut [Study]) {
    let lexicon = r.text.lexicon;
    let procedure = lexicon.axis_named("procedure");
    let stated: Vec<Values> = studies.iter().map(|s| s.values).collect();
    let mut undone = Values::default();
    if !r.exams.charge_line && !studies.is_empty() {
        let (mut mentions, mut cues) = (Vec::new(), Vec::new());
        for part in &r.parts {
            let readable: Vec<AxisId> =
                (0..lexicon.axes.len() as u8).map(AxisId).filter(|a| lexicon.axis(*a).read_in.contains(&part.kind)).collect();
            if readable.is_empty() {
                continue;
            }
            // a heading of its own tells too: "COLOR FLOW:"
            let head = Some(part.head).filter(|h| !h.is_empty() && part.entry.is_none());
            for sentence in head.into_iter().chain(sentences(r.text.text(), part.body)) {
                r.text.mentions(sentence, false, &mut mentions);
                if mentions.is_empty() {
                    continue;
                }
                r.text.cues(sentence, &mut cues);
                let denied = |at: Span| {
                    cues.iter().any(|(cue, id)| match lexicon.cue(*id).means {
                        Means::Negated => cue.end <= at.start && at.start - cue.end < 20,
                        Means::NotPerformed | Means::Recommendation | Means::Planned | Means::Conditional | Means::Separate => true,
                        _ => false,
                    })
                };
                let told = |m: &&Mention| {
                    let c = lexicon.concept(m.concept);
                    // what a history names is no finding of this exam
                    let finds = c.role == Role::Hint && part.kind != SectionKind::History;
                    (c.role == Role::Plain || finds) && c.regions.is_empty() && !denied(m.span)
                };
                // the name of an exam tells of others that it is done to a patient, and nothing else
                let speaks = |m: &Mention, axis: AxisId| {
                    let c = lexicon.concept(m.concept);
                    c.role == Role::Hint || c.sets.get(lexicon.known.modality) == 0 || Some(axis) == procedure
                };
                // "Treadmill: not performed" takes back what the title promised
                if cues.iter().any(|(_, id)| lexicon.cue(*id).means == Means::NotPerformed) {
                    for m in &mentions {
                        for (axis, bits) in lexicon.concept(m.concept).sets.iter().filter(|(axis, _)| readable.contains(axis)) {
                            undone.add(axis, bits);
                        }
                    }
                }
                for m in mentions.iter().filter(told) {
                    for (axis, bits) in
                        lexicon.concept(m.concept).sets.iter().filter(|(axis, _)| readable.contains(axis) && speaks(m, *axis))
                    {
                        set(r, studies, &stated, axis, bits, m.span, Some(m.concept));
                    }
                }
                if mentions.iter().any(|m| lexicon.concept(m.concept).counts.is_some_and(|a| readable.contains(&a))) {
                    for c in count::of(&r.text, sentence).iter().filter(|c| !denied(c.span)) {
                        let axis = c.unit.and_then(|u| lexicon.concept(u).counts).filter(|a| readable.contains(a));
                        if let Some(axis) = axis {
                            set(r, studies, &stated, axis, c.counts.0, c.span, c.unit);
                        }
                    }
                }
            }
        }
    }
    for (axis, bits) in undone.iter().filter(|(axis, _)| lexicon.axis(*axis).kind == AxisKind::Flags) {
        for (s, stated) in studies.iter_mut().zip(&stated).filter(|(s, stated)| s.values.get(axis) == stated.get(axis)) {
            s.values.set(axis, stated.get(axis) & !bits);
        }
    }
    if let Some(axis) = lexicon.axis_named("register") {
        let value = if r.exams.charge_line { "charge_line" } else { "report" };
        for s in studies.iter_mut() {
            s.values.set(axis, lexicon.axis(axis).bit(value).unwrap_or(0));
        }
    }
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
