//! Circumstances that a claim has to know and a text may tell: film or computed radiography, a study broken off, a
//! separate session. What they are stands in `claim/circumstances.toml`.

use super::Evidence;
use super::claim::Told;
use super::engine::{Reading, section};
use crate::lexicon::model::{Means, RegionId, SectionKind, Sense};
use crate::read::text::Kind;

/// Everything of the kind that the text tells of its own exams, each once a sentence.
pub(super) fn read(r: &Reading<'_>) -> Vec<Told> {
    use SectionKind as K;
    let lexicon = r.text.lexicon;
    let (mut out, mut cues, mut mentions): (Vec<Told>, _, _) = (Vec::new(), Vec::new(), Vec::new());
    if r.text.all_of(Kind::Circumstance).is_empty() {
        return out;
    }
    let elsewhere = |k: K| matches!(k, K::Comparison | K::History | K::Recommendation | K::Signature | K::Admin | K::Order | K::Note);
    for part in &r.parts {
        let whole = part.head.join(part.body);
        for sentence in r.text.sentences(if part.kind == K::Title || part.entry.is_none() { whole } else { part.body }) {
            let told: Vec<_> =
                r.text.of_kind(Kind::Circumstance, sentence, |s| if let Sense::Circumstance(id) = s { Some(id) } else { None }).collect();
            if told.is_empty() {
                continue;
            }
            r.text.cues(sentence, &mut cues);
            r.text.mentions(sentence, false, &mut mentions);
            let regions: Vec<RegionId> =
                mentions.iter().flat_map(|m| lexicon.concept(m.concept).regions.iter().collect::<Vec<_>>()).collect();
            for (span, id) in told {
                let away = elsewhere(part.kind);
                if away && !lexicon.billing.circumstances[id.0 as usize].read_in.contains(&part.kind) {
                    continue;
                }
                let denied = cues.iter().any(|(at, cue)| match lexicon.cue(*cue).means {
                    Means::Negated => at.end <= span.start && span.start - at.end < 20,
                    // words of an earlier exam belong to it where they may stand beside the report of this one
                    _ if away || !lexicon.billing.circumstances[id.0 as usize].read_in.is_empty() => false,
                    Means::Comparison | Means::History | Means::Recommendation | Means::Planned | Means::Conditional | Means::Outside => {
                        !at.overlaps(span)
                    }
                    _ => false,
                });
                let other = !away && r.exams.others.iter().any(|o| o.span.overlaps(span));
                if !denied && !other && !r.text.is_quoted(span.start) {
                    let evidence = Evidence {
                        role: lexicon.billing.circumstances[id.0 as usize].id.to_string(),
                        span: r.text.to_source(span),
                        section: section(r, span),
                        concept: None,
                    };
                    out.push(Told { id, regions: regions.clone(), evidence });
                }
            }
        }
    }
    out
}
