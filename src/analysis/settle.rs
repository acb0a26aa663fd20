//! What the claim of a single report means for its suggestions: they are the set to bill, so they take over the claim's
//! codes and modifiers, and what the claim leaves out is shown as not coded.

use super::claim::{Billed, Claim, LineSource};
use super::{Analysis, Evidence, Query, Reason, Rejected};
use crate::lexicon::Lexicon;

/// Hands the claim over to the suggestions of its one report.
pub(super) fn settle(lexicon: &Lexicon, a: &mut Analysis, mut claim: Claim, billed: Vec<(LineSource, Billed)>) {
    for (source, billed) in billed {
        a.suggestions[source.suggestion].billed = billed;
    }
    for (at, s) in a.suggestions.iter_mut().enumerate() {
        for line in claim.lines.iter().filter(|l| l.sources.iter().any(|x| x.suggestion == at)) {
            if s.code != line.code {
                if let Some(code) = lexicon.code(&line.code) {
                    s.system = code.system.to_string();
                }
                s.code.clone_from(&line.code);
            }
            let sides: &[&str] = if line.modifiers.iter().any(|m| m == "50") { &["LT", "RT"] } else { &[] };
            let modifiers = line.modifiers.iter().map(String::as_str).filter(|m| *m != "50").chain(sides.iter().copied());
            for m in modifiers {
                if !s.modifiers.iter().any(|x| x == m) {
                    s.modifiers.push(m.to_owned());
                }
            }
            for reason in &line.reasons {
                if !s.reasons.contains(reason) {
                    s.reasons.push(reason.clone());
                }
            }
        }
    }
    // what is left out keeps its exam and its words
    let mut gone: Vec<usize> = Vec::new();
    for r in &claim.removed {
        let s = &a.suggestions[r.source.suggestion];
        let message = match &r.inside {
            Some(code) => format!("inside {code}: {} ({})", r.reason.message, r.reason.source),
            None => format!("{} ({})", r.reason.message, r.reason.source),
        };
        a.rejected.push(Rejected {
            code: Some(s.code.clone()),
            label: s.label.clone(),
            study: s.study.clone(),
            reason: Reason::Bundled,
            message,
            evidence: s.evidence.clone(),
        });
        gone.push(r.source.suggestion);
    }
    gone.sort_unstable();
    for at in gone.iter().rev() {
        a.suggestions.remove(*at);
    }
    let kept = |at: usize| at - gone.iter().filter(|g| **g < at).count();
    for source in claim.lines.iter_mut().flat_map(|l| &mut l.sources) {
        source.suggestion = kept(source.suggestion);
    }
    for q in &claim.queries {
        if !a.queries.iter().any(|x| x.kind == q.kind) {
            let evidence: Vec<Evidence> = q.evidence.iter().map(|c| c.evidence.clone()).collect();
            a.queries.push(Query { kind: q.kind.clone(), message: q.message.clone(), evidence });
        }
    }
    a.claim = claim;
}
