//! The claim in the output contract. Spans are those of the report that an entry names.

use std::collections::BTreeMap;

use serde::Serialize;

use super::claim::{Claim, LineSource};
use super::json::{EvidenceJson, JsonOptions, ReportText, evidence_json};
use super::{Cited, Rationale};
use crate::lexicon::{EditEdition, EditKind};
use crate::text::Positions;

/// A claim ready to be serialised; borrows reports and claim.
#[derive(Serialize, Debug)]
pub struct ClaimJson<'a> {
    date: String,
    policy: BTreeMap<&'a str, &'a str>,
    edits: Option<EditionJson<'a>>,
    unit_limits: Option<EditionJson<'a>>,
    lines: Vec<LineJson<'a>>,
    removed: Vec<RemovedJson<'a>>,
    queries: Vec<ClaimQueryJson<'a>>,
}

#[derive(Serialize, Debug)]
struct EditionJson<'a> {
    edition: &'a str,
    first: String,
    last: String,
    of_the_day: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    of_the_setting: bool,
}

#[derive(Serialize, Debug)]
struct LineJson<'a> {
    line: usize,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead_of: Option<&'a str>,
    modifiers: &'a [String],
    units: u32,
    label: &'a str,
    from: Vec<SourceJson<'a>>,
    reasons: Vec<RationaleJson<'a>>,
}

#[derive(Serialize, Debug)]
struct SourceJson<'a> {
    report: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supply: Option<usize>,
}

#[derive(Serialize, Debug)]
struct RemovedJson<'a> {
    code: &'a str,
    report: &'a str,
    inside: Option<&'a str>,
    reason: RationaleJson<'a>,
}

#[derive(Serialize, Debug)]
struct ClaimQueryJson<'a> {
    kind: &'a str,
    message: &'a str,
    codes: &'a [String],
    evidence: Vec<CitedJson<'a>>,
}

#[derive(Serialize, Debug)]
pub(super) struct RationaleJson<'a> {
    rule: &'a str,
    message: &'a str,
    source: &'a str,
    evidence: Vec<CitedJson<'a>>,
}

#[derive(Serialize, Debug)]
struct CitedJson<'a> {
    report: &'a str,
    #[serde(flatten)]
    evidence: EvidenceJson<'a>,
}

/// A report of a claim, and the places of its text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a, 'p> {
    pub(super) report: ReportText<'a>,
    pub(super) positions: &'p Positions<'a>,
}

/// The contract's object for a claim. `reports` are those that were claimed, in their order.
#[must_use]
pub fn claim_json<'a>(claim: &'a Claim, reports: &[ReportText<'a>], options: JsonOptions) -> ClaimJson<'a> {
    let positions: Vec<Positions<'a>> = reports.iter().map(|r| Positions::new(r.text)).collect();
    let sources: Vec<Source<'a, '_>> =
        reports.iter().zip(&positions).map(|(report, positions)| Source { report: *report, positions }).collect();
    of_sources(claim, &sources, options)
}

pub(super) fn of_sources<'a>(claim: &'a Claim, reports: &[Source<'a, '_>], options: JsonOptions) -> ClaimJson<'a> {
    let id = |report: usize| reports.get(report).map_or("", |r| r.report.id);
    let source = |s: &LineSource| SourceJson { report: id(s.report), suggestion: Some(s.suggestion), supply: None };
    let agent = |(report, at): &(usize, usize)| SourceJson { report: id(*report), suggestion: None, supply: Some(*at) };
    let edition = |e: &'a EditEdition| edition_json(e, claim);
    // options that are not at their defaults, and the three that every claim has
    let told = |(o, _, default): &&(String, String, bool)| !default || matches!(o.as_str(), "payer" | "setting" | "component");
    ClaimJson {
        date: claim.day.to_string(),
        policy: claim.policy.iter().filter(told).map(|(o, c, _)| (o.as_str(), c.as_str())).collect(),
        edits: claim.pairs_edition.as_ref().map(edition),
        unit_limits: claim.limits_edition.as_ref().map(edition),
        lines: claim
            .lines
            .iter()
            .enumerate()
            .map(|(i, l)| LineJson {
                line: i + 1,
                code: &l.code,
                instead_of: l.instead_of.as_deref(),
                modifiers: &l.modifiers,
                units: l.units,
                label: &l.label,
                from: l.sources.iter().map(source).chain(l.supplies.iter().map(agent)).collect(),
                reasons: rationales(&l.reasons, reports, options),
            })
            .collect(),
        removed: claim
            .removed
            .iter()
            .map(|r| RemovedJson {
                code: &r.code,
                report: id(r.source.report),
                inside: r.inside.as_deref(),
                reason: rationale_json(&r.reason, reports, options),
            })
            .collect(),
        queries: claim
            .queries
            .iter()
            .map(|q| ClaimQueryJson { kind: &q.kind, message: &q.message, codes: &q.codes, evidence: cited(&q.evidence, reports, options) })
            .collect(),
    }
}

fn edition_json<'a>(e: &'a EditEdition, claim: &Claim) -> EditionJson<'a> {
    EditionJson {
        edition: &e.name,
        first: e.first.to_string(),
        last: e.last.to_string(),
        of_the_day: e.holds(claim.day),
        kind: e.kind.map(EditKind::name),
        of_the_setting: e.fits(claim.kind),
    }
}

pub(super) fn rationales<'a>(list: &'a [Rationale], reports: &[Source<'a, '_>], options: JsonOptions) -> Vec<RationaleJson<'a>> {
    list.iter().map(|r| rationale_json(r, reports, options)).collect()
}

fn rationale_json<'a>(r: &'a Rationale, reports: &[Source<'a, '_>], options: JsonOptions) -> RationaleJson<'a> {
    RationaleJson { rule: &r.rule, message: &r.message, source: &r.source, evidence: cited(&r.evidence, reports, options) }
}

fn cited<'a>(list: &'a [Cited], reports: &[Source<'a, '_>], options: JsonOptions) -> Vec<CitedJson<'a>> {
    let one = |c: &'a Cited| {
        let source = *reports.get(c.report)?;
        Some(CitedJson { report: source.report.id, evidence: evidence_json(&c.evidence, source, options) })
    };
    list.iter().filter_map(one).collect()
}
