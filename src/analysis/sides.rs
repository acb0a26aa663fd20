//! Which sides a study is of, as its findings tell where the code depends on it: "RIGHT: ... LEFT: ..." under a title
//! without a side, "left leg not examined" under a title of both.

use jiff::civil::Date;

use super::engine::Reading;
use crate::code::family::best_single;
use crate::code::study::Study;
use crate::lexicon::model::{Means, SectionKind};
use crate::read::exam::Source;
use crate::read::statement::{Atom, Facet, Proof};
use crate::read::text::Mention;
use crate::read::title::candidate;
use crate::text::Span;

/// What a sentence tells of a side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Seen,
    Only,
    NotSeen,
}

struct Told {
    bits: u64,
    says: Says,
    mention: Mention,
    /// Whether it stands before a colon with a side, or a limb of it, and nothing else.
    heads: bool,
    /// Whether it is the side of a whole limb ("right leg"), not of one vessel ("left common femoral vein").
    limb: bool,
}

/// Sets the sides of studies whose codes tell one side from both.
pub(super) fn read(r: &Reading<'_>, studies: &mut [Study], day: Date) {
    let lexicon = r.text.lexicon;
    let side = lexicon.known.side;
    // the sides that its family takes silence for, where the family's rows tell sides apart
    let silence = |s: &Study| {
        let atom = Atom { region: s.region, values: s.values, implied: s.implied, ..Atom::default() };
        let family = lexicon.family(best_single(lexicon, &candidate(lexicon, &atom), day)?);
        family.rows.iter().any(|row| row.values.get(side).count_ones() > 1).then(|| family.assume.get(side))
    };
    if r.exams.charge_line || studies.iter().all(|s| silence(s).is_none()) {
        return;
    }
    let told = told(r);
    for s in studies.iter_mut() {
        let Some(silence) = silence(s) else { continue };
        let told: Vec<&Told> = told.iter().filter(|t| s.is_told_at(t.mention.span)).collect();
        let all = |says: Says| told.iter().filter(|t| t.says == says).fold(0, |bits, t| bits | t.bits);
        let (only, unseen) = (all(Says::Only), all(Says::NotSeen));
        // the sides of whole limbs, where they are told, else those of any vessel
        let limbs = told.iter().filter(|t| t.says == Says::Seen && (t.limb || t.heads)).fold(0, |bits, t| bits | t.bits);
        let seen = [only, limbs, all(Says::Seen)].into_iter().find(|bits| *bits != 0).unwrap_or(0);
        let own = s.values.get(side);
        let settled = match own.count_ones() {
            // where silence means both, a finding on one side alone does not deny the other
            0 if silence & !seen != 0 && only | unseen == 0 => continue,
            0 => seen & !(unseen & !all(Says::Seen)),
            // "RIGHT LEG:" in the title's line and "LEFT LEG:" over findings of its own
            1 => own | told.iter().filter(|t| t.heads && t.says == Says::Seen).fold(0, |bits, t| bits | t.bits),
            2 if only.is_power_of_two() => only,
            2 if unseen.is_power_of_two() && seen & unseen == 0 => own & !unseen,
            _ => continue,
        };
        if settled == 0 || settled == own {
            continue;
        }
        s.values.set(side, settled);
        for t in told.iter().filter(|t| t.says != Says::NotSeen && t.bits & settled != 0) {
            s.proofs.push(Proof { facet: Facet::Axis(side), span: t.mention.span, concept: Some(t.mention.concept) });
        }
        if own.count_ones() == 2 {
            // the title says both: for whoever wrote it to settle
            let span = told.iter().find(|t| t.says != Says::Seen).map_or(Span::default(), |t| t.mention.span);
            s.sides.push((own & !settled, Source::Title, span));
            s.sides.push((settled, Source::Performed, span));
        }
    }
}

/// What the sentences on this exam say of sides.
fn told(r: &Reading<'_>) -> Vec<Told> {
    use SectionKind as K;
    let lexicon = r.text.lexicon;
    let mut out = Vec::new();
    for part in r.parts.iter().filter(|p| matches!(p.kind, K::Title | K::Body | K::Findings | K::Technique | K::Impression | K::Other)) {
        let head = Some(part.head).filter(|h| !h.is_empty());
        for (i, sentence) in r.text.sentences(part.body).enumerate() {
            // a heading belongs to the first sentence under it
            let span = head.filter(|_| i == 0).map_or(sentence, |h| h.join(sentence));
            // its words up to a colon
            let label =
                r.text.slice(span).find(':').map_or(Span::new(span.start, span.start), |at| Span::new(span.start, span.start + at as u32));
            let read: usize = r.text.read(label, false).iter().map(|m| words(r, m.span)).sum();
            let plain = !label.is_empty() && read == words(r, label);
            let stated = r.exams.ours.iter().any(|e| e.source <= Source::Order && e.span.overlaps(span) && e.source != Source::Heading);
            let cues = r.text.judgements(span);
            let says = |means: Means| cues.iter().any(|(_, c)| lexicon.cue(*c).means == means);
            let unseen = says(Means::NotPerformed);
            let elsewhere = [Means::Comparison, Means::History, Means::Recommendation, Means::Planned, Means::Outside, Means::Conditional];
            if elsewhere.into_iter().any(says) {
                continue;
            }
            let mentions = r.text.read(span, false);
            for (k, m) in mentions.iter().enumerate() {
                let bits = lexicon.concept(m.concept).sets.get(lexicon.known.side);
                if bits == 0 {
                    continue;
                }
                let behind: Vec<&str> = r.text.slice(Span::new(m.span.end, span.end)).split_whitespace().take(2).collect();
                let only = behind.iter().any(|w| w.trim_end_matches(|c: char| !c.is_alphanumeric()) == "only");
                let heads = plain && label.contains(m.span);
                let says = match () {
                    () if unseen => Says::NotSeen,
                    () if only && bits.is_power_of_two() => Says::Only,
                    // the statement of the exam has set its side itself
                    () if stated && !heads => continue,
                    () => Says::Seen,
                };
                let limb = !lexicon.concept(m.concept).regions.is_empty()
                    || mentions.get(k + 1).is_some_and(|n| {
                        n.span.start <= m.span.end + 2 && lexicon.concept(n.concept).region.is_some_and(|x| lexicon.region(x).paired)
                    })
                    || bits.count_ones() > 1;
                out.push(Told { bits, says, mention: *m, heads, limb });
            }
        }
    }
    out
}

fn words(r: &Reading<'_>, span: Span) -> usize {
    r.text.slice(span).split_whitespace().count()
}
