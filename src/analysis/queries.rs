//! What to ask: where the record is silent or contradicts itself.

use super::engine::{evidence, Reading};
use super::{Evidence, Query};
use crate::code::rules::Coded;
use crate::code::study::Study;
use crate::read::contrast::Strength;
use crate::read::exam::Source;
use crate::read::statement::{Facet, Proof};

/// All queries of one report, each kind once a study at most.
pub(super) fn raise(r: &Reading<'_>, studies: &[Study], coded: &[Coded], applied: &[usize], beyond: bool) -> Vec<Query> {
    let lexicon = r.text.lexicon;
    let known = &lexicon.known;
    let mut out: Vec<Query> = Vec::new();
    let mut ask = |kind: &str, evidence: Vec<Evidence>| {
        if let Some(q) = lexicon.queries.iter().find(|q| &*q.kind == kind)
            && !out.iter().any(|o| o.kind == kind)
        {
            out.push(Query { kind: kind.to_owned(), message: q.message.to_string(), evidence });
        }
    };
    if beyond {
        ask("date-assumed", Vec::new());
    }
    if r.admission.admitted {
        for s in studies {
            if s.conflict {
                let proofs: Vec<Proof> = s.proofs.iter().filter(|p| p.facet == Facet::Axis(known.contrast)).copied().collect();
                ask("contrast-conflict", evidence(r, &proofs));
            }
            let sides: Vec<_> = s.sides.iter().filter(|(_, src, _)| *src != Source::Findings).collect();
            if sides.iter().map(|(b, ..)| *b).fold(u64::MAX, |a, b| a & b) == 0 && sides.len() > 1 {
                let proofs: Vec<Proof> = sides.iter().map(|(_, _, span)| Proof { facet: Facet::Axis(known.side), span: *span, concept: None }).collect();
                ask("side-conflict", evidence(r, &proofs));
            }
            let angiogram = lexicon.has(&s.values, "method", "angiography") && lexicon.has(&s.values, "modality", "ct");
            if angiogram && !r.exams.charge_line && !lexicon.has(&s.values, "features", "three_d") && !lexicon.has(&s.values, "features", "planar_only") {
                let proofs: Vec<Proof> = s.proofs.iter().filter(|p| p.facet == Facet::Axis(known.method)).copied().collect();
                ask("angiography-3d", evidence(r, &proofs));
            }
        }
        let agent: Vec<_> = r.notes.iter().filter(|n| n.strength == Strength::Agent).collect();
        let route_told = agent.iter().any(|n| n.route != 0) || routes(r);
        if let Some(n) = agent.first()
            && !route_told
            && !coded.is_empty()
        {
            ask("contrast-route", evidence(r, &[Proof { facet: Facet::Axis(known.contrast), span: n.span, concept: Some(n.concept) }]));
        }
        for c in coded.iter().filter_map(|c| c.changed.or(c.taken.as_ref().map(|t| t.0))) {
            if let Some(kind) = &lexicon.rules[c].query {
                ask(kind, Vec::new());
            }
        }
    } else if !coded.is_empty() {
        ask("quoted-report", evidence(r, &coded[0].study.proofs));
    }
    let _ = applied;
    out
}

/// Whether any route into the body stands in the report.
fn routes(r: &Reading<'_>) -> bool {
    let mut mentions = Vec::new();
    r.text.mentions(r.text.whole(), false, &mut mentions);
    mentions.iter().any(|m| r.text.lexicon.concept(m.concept).role == crate::lexicon::model::Role::Route)
}
