//! Reports without any exam statement: modality and region are told from what the findings describe.

use rustc_hash::FxHashSet;

use super::engine::Reading;
use crate::code::study::Study;
use crate::lexicon::model::{MAX_REGIONS, RegionId, Role, SectionKind, Sense, Values};
use crate::read::exam::{Source, acquires};
use crate::read::statement::{Facet, Proof};
use crate::read::text::Mention;
use crate::text::Span;

/// Fills in region or modality of the one study of a report that does not name them, or makes that study.
pub(super) fn complete(r: &Reading<'_>, studies: &mut Vec<Study>) {
    let lexicon = r.text.lexicon;
    let known = &lexicon.known;
    let modality = modality(r);
    // what is described from end to end goes before what is described most
    let whole = modality.as_ref().and_then(|(bits, _)| super::complete::region(r, *bits));
    let region = whole.or_else(|| region(r));
    if studies.is_empty() {
        // only a text that has something of a report in it: a section, or two words that tell how the images were made
        let sections = r.parts.iter().any(|p| matches!(p.kind, SectionKind::Findings | SectionKind::Impression | SectionKind::Technique));
        let made = modality.as_ref().is_some_and(|(_, proofs)| proofs.len() > 1);
        let told = told(r).any(|s| acquires(&r.text, s) && region.as_ref().is_some_and(|(_, p)| p.iter().any(|p| s.contains(p.span))));
        let (Some(_), Some(_), true) = (&region, &modality, sections || made || told) else { return };
        studies.push(Study::found(Source::Findings));
    }
    for s in studies.iter_mut() {
        // a word of the findings that only suggests a modality yields to all that they describe
        if s.values.get(known.modality) == 0
            && (s.implied.get(known.modality) == 0 || s.source == Source::Findings)
            && let Some((bits, proofs)) = &modality
        {
            s.values.set(known.modality, *bits);
            s.proofs.extend(proofs);
        }
        if s.region.is_none()
            && let Some((id, proofs)) = &region
        {
            s.region = Some(*id);
            s.proofs.extend(proofs);
            let own = lexicon.concepts.iter().find(|c| c.region == Some(*id)).map_or_else(Values::default, |c| c.sets);
            for (axis, bits) in own.iter() {
                if s.values.get(axis) == 0 {
                    s.values.set(axis, bits);
                }
            }
        }
    }
}

/// The modality that the hints speak for, where they clearly do.
fn modality(r: &Reading<'_>) -> Option<(u64, Vec<Proof>)> {
    let lexicon = r.text.lexicon;
    let axis = lexicon.known.modality;
    let mut votes: Vec<(u64, i32, Vec<Proof>)> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for p in told(r) {
        // hints count inside longer words of acquisition too ("reformatted sagittal images")
        let hints = r.text.senses(p, |s| match s {
            Sense::Concept(c) if lexicon.concept(c).role == Role::Hint => Some(c),
            _ => None,
        });
        for (span, concept) in hints {
            let m = Mention { span, concept };
            let bits = lexicon.concept(concept).sets.get(axis);
            if bits == 0 || !seen.insert(r.text.slice(m.span)) {
                continue;
            }
            let proof = Proof { facet: Facet::Axis(axis), span: m.span, concept: Some(m.concept) };
            match votes.iter_mut().find(|v| v.0 == bits) {
                Some(v) => {
                    v.1 += 1;
                    if v.2.len() < 2 {
                        v.2.push(proof);
                    }
                }
                None => votes.push((bits, 1, vec![proof])),
            }
        }
    }
    votes.sort_by_key(|v| std::cmp::Reverse(v.1));
    let second = votes.get(1).map_or(0, |v| v.1);
    let (bits, n, proofs) = votes.into_iter().next()?;
    (n > second && bits & lexicon.edition.built != 0).then_some((bits, proofs))
}

/// The region whose structures the findings describe.
fn region(r: &Reading<'_>) -> Option<(RegionId, Vec<Proof>)> {
    let lexicon = r.text.lexicon;
    let mut votes = [0i32; MAX_REGIONS];
    let mut proofs: Vec<(RegionId, Span)> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for p in told(r) {
        // the region of a sentence of acquisition is the exam's
        let acquired = if acquires(&r.text, p) { 4 } else { 1 };
        for (span, id) in r.text.senses(p, move |s| match s {
            Sense::Organ(id) => Some((id, 2)),
            Sense::Concept(c) => lexicon.concept(c).region.map(|id| (id, 3 * acquired)),
            _ => None,
        }) {
            let words = &r.text.text()[span.range()];
            let (id, weight) = id;
            if !seen.insert(words) {
                votes[id.0 as usize] += 1;
                continue;
            }
            votes[id.0 as usize] += weight;
            proofs.push((id, span));
        }
    }
    // a frame gains nothing by itself: its members' votes stay with the members
    let best = (0..lexicon.regions.len()).max_by_key(|i| (votes[*i], std::cmp::Reverse(*i)))?;
    let total: i32 = votes.iter().sum();
    if votes[best] < 3 || votes[best] * 5 < total {
        return None;
    }
    let id = RegionId(best as u8);
    let proofs =
        proofs.into_iter().filter(|(p, _)| *p == id).take(3).map(|(_, span)| Proof { facet: Facet::Region, span, concept: None }).collect();
    Some((id, proofs))
}

/// The sentences of a report that describe this exam and no other.
fn told<'a>(r: &'a Reading<'_>) -> impl Iterator<Item = Span> + 'a {
    use SectionKind as K;
    r.parts
        .iter()
        .filter(|p| matches!(p.kind, K::Body | K::Findings | K::Technique | K::Impression | K::Other))
        .flat_map(|p| r.text.sentences(p.body))
        .filter(|s| !r.exams.others.iter().any(|o| s.contains(o.span)))
}
