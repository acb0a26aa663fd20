//! What to ask: where the record is silent or contradicts itself.

use super::dates::{self, Doubt};
use super::engine::{Reading, elements, evidence, needs_coder, views_differ};
use super::{Evidence, Options, Query, ReportStatus, SupplyLine};
use crate::code::family::is_in;
use crate::code::rules::Coded;
use crate::code::study::Study;
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisId, ConceptId, QueryText, Role, SectionKind, Sense};
use crate::read::contrast::Strength;
use crate::read::exam::Source;
use crate::read::section::Part;
use crate::read::statement::{Facet, Proof};
use crate::read::text::{Kind, Mention};
use crate::text::{Span, Stretches};

/// The question on texts whose imaging has to be judged with a procedure.
pub(super) const INTERVENTIONAL: &str = "interventional";

/// All queries of one report, each kind once a study at most.
pub(super) fn raise(r: &Reading<'_>, studies: &[Study], coded: &[Coded], omitted: &[Study], beyond: bool) -> Vec<Query> {
    let lexicon = r.text.lexicon;
    let known = &lexicon.known;
    let mut out: Vec<Query> = Vec::new();
    let mut missing = String::new();
    // what the text would support, where the question is what of it is billed
    let mut named: Vec<&str> = coded.iter().filter(|c| c.taken.is_none()).map(|c| &*c.code).collect();
    named.sort_unstable();
    named.dedup();
    let mut ask = |kind: &str, evidence: Vec<Evidence>| {
        if let Some(q) = lexicon.queries.iter().find(|q| &*q.kind == kind)
            && !out.iter().any(|o| o.kind == kind)
        {
            let named = if named.is_empty() { "no imaging code".to_owned() } else { named.join(", ") };
            out.push(Query { kind: kind.to_owned(), message: q.message.replace("{codes}", &named), evidence });
        }
    };
    if beyond {
        ask("date-assumed", Vec::new());
    }
    let kind = r.admission.kind.map(|k| &lexicon.documents[k.0 as usize]);
    if let Some(asks) = kind.filter(|_| !r.admission.admitted).and_then(|k| k.asks.as_deref()) {
        let proofs: Vec<Proof> = r.admission.signs.iter().map(|span| Proof { facet: Facet::Exam, span: *span, concept: None }).collect();
        ask(asks, evidence(r, &proofs));
    }
    if !r.exams.charge_line
        && let Some(c) = coded.iter().find(|c| needs_coder(lexicon, c))
    {
        ask(INTERVENTIONAL, evidence(r, &c.study.proofs));
    }
    // a procedure that holds its guidance, or whose guidance is billed beside it
    let guidance = |s: &&Study| lexicon.has(&s.values, "method", "guidance");
    if !r.exams.charge_line
        && r.admission.admitted
        && let Some(s) = studies.iter().find(guidance)
    {
        ask(INTERVENTIONAL, evidence(r, &s.proofs));
    }
    if r.admission.admitted {
        for s in studies {
            if s.conflict {
                let proofs: Vec<Proof> = s.proofs.iter().filter(|p| p.facet == Facet::Axis(known.contrast)).copied().collect();
                ask("contrast-conflict", evidence(r, &proofs));
            }
            let mut sides = s.sides.clone();
            sides.extend(sides_told(r, s));
            let sides: Vec<_> = sides.iter().filter(|(_, src, _)| *src != Source::Findings).collect();
            // views of the left and of the right are no contradiction in a study of both
            let one = s.values.get(known.side).is_power_of_two();
            if one && sides.iter().map(|(b, ..)| *b).fold(u64::MAX, |a, b| a & b) == 0 && sides.len() > 1 {
                let proofs: Vec<Proof> =
                    sides.iter().map(|(_, _, span)| Proof { facet: Facet::Axis(known.side), span: *span, concept: None }).collect();
                ask("side-conflict", evidence(r, &proofs));
            }
            let angiogram = lexicon.has(&s.values, "method", "angiography") && lexicon.has(&s.values, "modality", "ct");
            if angiogram
                && !r.exams.charge_line
                && !lexicon.has(&s.values, "features", "three_d")
                && !lexicon.has(&s.values, "features", "planar_only")
            {
                let proofs: Vec<Proof> = s.proofs.iter().filter(|p| p.facet == Facet::Axis(known.method)).copied().collect();
                ask("angiography-3d", evidence(r, &proofs));
            }
        }
        for c in coded.iter().filter(|c| c.taken.is_none()) {
            let Some(views) = known.views else { break };
            let of_views = |p: &&Proof| p.facet == Facet::Axis(views) || known.projections.is_some_and(|a| p.facet == Facet::Axis(a));
            if views_differ(lexicon, lexicon.family(c.family), &c.study, &c.code) {
                let proofs: Vec<Proof> = c.study.proofs.iter().filter(of_views).copied().collect();
                ask("views-conflict", evidence(r, &proofs));
            }
        }
        for c in coded.iter().filter(|c| c.taken.is_none()) {
            for q in lexicon.queries.iter().filter(|q| q.default_of.is_some_and(|axis| c.defaults.contains(&axis))) {
                let proofs: Vec<Proof> = c.study.proofs.iter().filter(|p| p.facet == Facet::Region).copied().collect();
                ask(&q.kind, evidence(r, &proofs));
            }
        }
        for q in lexicon.queries.iter().filter(|q| !r.exams.charge_line && !q.families.is_empty()) {
            let untold = |c: &&Coded| {
                let asked = q.families.contains(&c.family) && c.taken.is_none();
                let lacks = |(axis, bits): (AxisId, u64)| c.study.values.get(axis) & bits != bits;
                asked && (q.lacking.is_empty() || q.lacking.iter().any(lacks))
            };
            if let Some(c) = coded.iter().find(untold) {
                let telling = |p: &&Proof| {
                    p.facet == Facet::Region
                        || p.facet == Facet::Axis(known.method)
                        || q.lacking.iter().any(|(a, _)| p.facet == Facet::Axis(a))
                };
                let proofs: Vec<Proof> = c.study.proofs.iter().filter(telling).copied().collect();
                ask(&q.kind, evidence(r, &proofs));
            }
        }
        let lacks = |c: &&Coded| c.study.checked.as_ref().is_some_and(|k| !k.overruled.is_empty() && !k.missing.is_empty());
        if let Some(k) = coded.iter().filter(|c| c.taken.is_none()).find(lacks).and_then(|c| c.study.checked.as_ref()) {
            ask("complete-elements", evidence(r, &k.overruled));
            missing = elements(lexicon, k, &k.missing);
        }
        if let Some(s) = omitted.first() {
            ask("exam-conflict", evidence(r, &s.proofs));
        }
        if let Some(proofs) = both_sexes(r) {
            ask("sex-conflict", evidence(r, &proofs));
        }
        for q in lexicon.queries.iter().filter(|q| !q.raised_by.is_empty() && !q.banner) {
            // also where a longer or weightier term holds the words
            let raised = |s| matches!(s, Sense::Concept(c) if q.raised_by.contains(&c)).then_some(s);
            if let Some((span, _)) = described(r).find_map(|p| r.text.of_kind(Kind::Raising, p.body, raised).next()) {
                ask(&q.kind, evidence(r, &[Proof { facet: Facet::Axis(known.contrast), span, concept: None }]));
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
    for q in &mut out {
        q.message = q.message.replace("{missing}", &missing);
    }
    out
}

/// What is asked of the record as such, not of its exam: its date, its status. Says nothing of how sure the codes are.
/// Answers with the status, as the message states it, else the text.
pub(super) fn of_record(r: &Reading<'_>, options: &Options, out: &mut Vec<Query>) -> Option<ReportStatus> {
    let lexicon = r.text.lexicon;
    let exam = |span: Span| evidence(r, &[Proof { facet: Facet::Exam, span, concept: None }]);
    let mut ask = |q: &QueryText, message: &str, evidence: Vec<Evidence>| {
        if !out.iter().any(|o| *o.kind == *q.kind) {
            out.push(Query { kind: q.kind.to_string(), message: message.to_owned(), evidence });
        }
    };
    if let Some((doubt, span)) = dates::doubt(r, options.date_of_service) {
        let kind = if doubt == Doubt::Conflict { "date-conflict" } else { "date-not-given" };
        if let Some(q) = lexicon.queries.iter().find(|q| &*q.kind == kind) {
            ask(q, &q.message, exam(span));
        }
    }
    let mut status = options.status;
    for q in lexicon.queries.iter().filter(|q| q.banner) {
        let banner = |wanted: &[ConceptId]| {
            let raised = |s| matches!(s, Sense::Concept(c) if wanted.contains(&c)).then_some(());
            r.text.of_kind(Kind::Raising, r.text.whole(), raised).map(|(span, ())| span).find(|span| is_banner(r, *span))
        };
        // a message knows better than words of an earlier version whether a report is final
        let told =
            !r.exams.charge_line && (q.status != Some(ReportStatus::Preliminary) || options.status.is_none_or(|s| Some(s) == q.status));
        let span = banner(&q.raised_by).filter(|_| told && banner(&q.unless).is_none());
        if let Some(span) = span {
            ask(q, &q.message, exam(span));
            status = status.max(q.status);
        } else if q.status.is_some() && q.status == options.status {
            ask(q, &q.stated, Vec::new());
        }
    }
    status
}

/// Agents whose code or units are left open.
pub(super) fn of_supplies(lexicon: &Lexicon, supplies: &[SupplyLine], out: &mut Vec<Query>) {
    let named = |s: &SupplyLine| s.evidence.iter().find(|e| e.role == "supply").cloned();
    let open = [
        ("agent-concentration", supplies.iter().filter(|s| s.codes.len() > 1).filter_map(named).collect::<Vec<_>>()),
        ("agent-dose", supplies.iter().filter(|s| s.units.is_none()).filter_map(named).collect()),
    ];
    for (kind, evidence) in open {
        if let Some(q) = lexicon.queries.iter().find(|q| &*q.kind == kind).filter(|_| !evidence.is_empty()) {
            out.push(Query { kind: kind.to_owned(), message: q.message.to_string(), evidence });
        }
    }
}

/// Whether words stand as a heading, or in a short line of their own.
fn is_banner(r: &Reading<'_>, span: Span) -> bool {
    const WORDS: usize = 7;
    const LONG: usize = 512; // bytes on one side of the words; no line of so few words is longer
    let source = r.text.to_source(span);
    let text = r.text.source;
    if r.part_of(span).is_some_and(|p| p.head.contains(span)) {
        return true;
    }
    let bytes = text.as_bytes();
    let (near, far) = ((source.start as usize).saturating_sub(LONG), text.len().min(source.end as usize + LONG));
    let from = bytes[near..source.start as usize].iter().rposition(|b| *b == b'\n').map(|n| near + n + 1).or((near == 0).then_some(0));
    let to = bytes[source.end as usize..far].iter().position(|b| *b == b'\n').map(|n| source.end as usize + n);
    let to = to.or((far == text.len()).then_some(far));
    from.zip(to).is_some_and(|(from, to)| text[from..to].split_whitespace().count() <= WORDS)
}

/// Whether any route into the body stands in the report.
fn routes(r: &Reading<'_>) -> bool {
    let mut mentions = Vec::new();
    r.text.mentions(r.text.whole(), false, &mut mentions);
    mentions.iter().any(|m| r.text.lexicon.concept(m.concept).role == Role::Route)
}

/// The sections that describe this exam.
fn described<'a>(r: &'a Reading<'_>) -> impl Iterator<Item = &'a Part> {
    use SectionKind as K;
    r.parts.iter().filter(|p| matches!(p.kind, K::Technique | K::Contrast | K::Body | K::Findings | K::Impression))
}

/// Concepts read in the sections that describe this exam.
fn told(r: &Reading<'_>) -> Vec<Mention> {
    let (mut out, mut mentions) = (Vec::new(), Vec::new());
    let titles = r.exams.ours.iter().filter(|e| matches!(e.source, Source::Title | Source::Order)).map(|e| e.span);
    let titles = Stretches::new(titles.collect());
    for p in described(r) {
        r.text.mentions(p.body, false, &mut mentions);
        out.extend(mentions.iter().filter(|m| !titles.hold(m.span)));
    }
    out
}

/// Sides that stand right before the study's region in findings and impression, where the other side never does.
fn sides_told(r: &Reading<'_>, s: &Study) -> Vec<(u64, Source, Span)> {
    let lexicon = r.text.lexicon;
    let side = lexicon.known.side;
    let (Some(region), own) = (s.region, s.values.get(side)) else { return Vec::new() };
    if own.count_ones() != 1 {
        return Vec::new();
    }
    let mentions = told(r);
    let mut found: Vec<(u64, Source, Span)> = Vec::new();
    for pair in mentions.windows(2) {
        let (a, b) = (lexicon.concept(pair[0].concept), lexicon.concept(pair[1].concept));
        let near = pair[1].span.start.saturating_sub(pair[0].span.end) <= 2;
        let quoted = || r.exams.others.iter().any(|o| o.span.overlaps(pair[1].span));
        if near
            && a.sets.get(side).is_power_of_two()
            && (b.regions.contains(region) || b.region.is_some_and(|x| is_in(lexicon, x, region)))
            && !quoted()
        {
            found.push((a.sets.get(side), Source::Performed, pair[0].span.join(pair[1].span)));
        }
    }
    if found.iter().any(|(bits, ..)| bits & own != 0) { Vec::new() } else { found }
}

/// Organs of both sexes described in one report.
fn both_sexes(r: &Reading<'_>) -> Option<Vec<Proof>> {
    let lexicon = r.text.lexicon;
    let axis = lexicon.axis_named("sex")?;
    let mut seen: Vec<(u64, Mention)> = Vec::new();
    let mut history = Vec::new();
    for p in r.parts.iter().filter(|p| matches!(p.kind, SectionKind::History | SectionKind::Body)) {
        let mut mentions = Vec::new();
        r.text.mentions(p.body, false, &mut mentions);
        history.extend(mentions.into_iter().filter(|m| lexicon.concept(m.concept).role == Role::Hint));
    }
    for m in told(r).into_iter().chain(history) {
        let c = lexicon.concept(m.concept);
        let bits = c.implies.get(axis) | c.sets.get(axis);
        let other = || r.exams.others.iter().any(|o| o.span.overlaps(m.span));
        if bits != 0 && !other() && !seen.iter().any(|(b, _)| *b == bits) {
            seen.push((bits, m));
        }
    }
    (seen.len() > 1).then(|| seen.iter().map(|(_, m)| Proof { facet: Facet::Region, span: m.span, concept: Some(m.concept) }).collect())
}
