//! The output contract: one JSON object a report. Fields are added, never renamed.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::claim_json::{ClaimJson, RationaleJson, Source, of_sources, rationales};
use super::{Analysis, AxisValue, Evidence, StudyView};
use crate::lexicon::Lexicon;
use crate::text::Positions;

/// What goes into the JSON of an answer.
#[derive(Clone, Copy, Debug)]
pub struct JsonOptions {
    /// Whether spans carry their words.
    pub text: bool,
}

/// An answer ready to be serialised; borrows report, lexicon and analysis.
#[derive(Serialize, Debug)]
pub struct Answer<'a> {
    schema: u32,
    id: &'a str,
    confidence: f64,
    code_set: String,
    lexicon: LexiconJson<'a>,
    document: DocumentJson<'a>,
    suggestions: Vec<SuggestionJson<'a>>,
    rejected: Vec<RejectedJson<'a>>,
    supplies: Vec<SupplyJson<'a>>,
    queries: Vec<QueryJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encounter: Option<&'a str>,
    claim: Option<ClaimJson<'a>>,
}

impl<'a> Answer<'a> {
    /// As the answer for one of the reports of an encounter: the last of them carries the claim of all.
    #[must_use]
    pub fn of_encounter(mut self, encounter: &'a str, claim: Option<ClaimJson<'a>>) -> Self {
        self.encounter = Some(encounter);
        self.claim = claim;
        self
    }
}

#[derive(Serialize, Debug)]
struct LexiconJson<'a> {
    edition: &'a str,
    sha256: &'a str,
}

#[derive(Serialize, Debug)]
struct DocumentJson<'a> {
    kind: &'a str,
    admitted: bool,
    reason: Option<&'a str>,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize, Debug)]
struct SuggestionJson<'a> {
    code: &'a str,
    system: &'a str,
    modifiers: &'a [String],
    units: u32,
    confidence: f64,
    unsure: bool,
    label: &'a str,
    rule: &'a str,
    study: StudyJson<'a>,
    evidence: Vec<EvidenceJson<'a>>,
    defaults: Vec<DefaultJson<'a>>,
    alternatives: Vec<AlternativeJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checklist: Option<ChecklistJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    reasons: Vec<RationaleJson<'a>>,
}

#[derive(Serialize, Debug)]
struct DefaultJson<'a> {
    axis: &'a str,
    value: &'a str,
}

#[derive(Serialize, Debug)]
struct AlternativeJson<'a> {
    code: &'a str,
    needs: &'a str,
}

#[derive(Serialize, Debug)]
struct ChecklistJson<'a> {
    id: &'a str,
    judged: bool,
    described: &'a [String],
    missing: &'a [String],
}

#[derive(Serialize, Debug)]
struct RejectedJson<'a> {
    code: Option<&'a str>,
    label: &'a str,
    study: StudyJson<'a>,
    reason: &'static str,
    message: &'a str,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize, Debug)]
struct SupplyJson<'a> {
    supply: &'a str,
    label: &'a str,
    codes: &'a [String],
    units: Option<u32>,
    wasted: Option<u32>,
    no_waste: bool,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize, Debug)]
struct QueryJson<'a> {
    kind: &'a str,
    message: &'a str,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize, Debug)]
pub(super) struct EvidenceJson<'a> {
    role: &'a str,
    start: u32,
    end: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    section: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    concept: Option<&'a str>,
    line: u32,
    column: u32,
}

#[derive(Debug)]
struct StudyJson<'a>(&'a StudyView);

impl Serialize for StudyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (axis, value) in self.0 {
            match value {
                AxisValue::One(v) => map.serialize_entry(axis, v)?,
                AxisValue::Many(v) => map.serialize_entry(axis, v)?,
            }
        }
        map.end()
    }
}

/// The contract's object for one report. `text` is the report that was analysed.
#[must_use]
pub fn answer<'a>(id: &'a str, text: &'a str, lexicon: &'a Lexicon, analysis: &'a Analysis, options: JsonOptions) -> Answer<'a> {
    let positions = &Positions::new(text);
    let sources = [Source { id, positions }];
    let list = |evidence: &'a [Evidence]| evidence.iter().map(|e| evidence_json(e, positions, options)).collect();
    Answer {
        schema: 1,
        id,
        confidence: round(analysis.confidence),
        code_set: analysis.code_set.to_string(),
        lexicon: LexiconJson { edition: lexicon.edition(), sha256: lexicon.sha256() },
        document: DocumentJson {
            kind: &analysis.document.kind,
            admitted: analysis.document.admitted,
            reason: analysis.document.reason.as_deref(),
            evidence: list(&analysis.document.evidence),
        },
        suggestions: analysis
            .suggestions
            .iter()
            .map(|s| SuggestionJson {
                code: &s.code,
                system: &s.system,
                modifiers: &s.modifiers,
                units: s.units,
                confidence: round(s.confidence),
                unsure: s.unsure,
                label: &s.label,
                rule: &s.rule,
                study: StudyJson(&s.study),
                evidence: list(&s.evidence),
                defaults: s.defaults.iter().map(|(axis, value)| DefaultJson { axis, value }).collect(),
                alternatives: s.alternatives.iter().map(|a| AlternativeJson { code: &a.code, needs: &a.needs }).collect(),
                checklist: s.checklist.as_ref().map(|c| ChecklistJson {
                    id: &c.id,
                    judged: c.judged,
                    described: &c.described,
                    missing: &c.missing,
                }),
                note: s.note.as_deref(),
                reasons: rationales(&s.reasons, &sources, options),
            })
            .collect(),
        rejected: analysis
            .rejected
            .iter()
            .map(|x| RejectedJson {
                code: x.code.as_deref(),
                label: &x.label,
                study: StudyJson(&x.study),
                reason: x.reason.name(),
                message: &x.message,
                evidence: list(&x.evidence),
            })
            .collect(),
        supplies: analysis
            .supplies
            .iter()
            .map(|s| SupplyJson {
                supply: &s.supply,
                label: &s.label,
                codes: &s.codes,
                units: s.units,
                wasted: s.wasted,
                no_waste: s.no_waste,
                evidence: list(&s.evidence),
            })
            .collect(),
        queries: analysis.queries.iter().map(|q| QueryJson { kind: &q.kind, message: &q.message, evidence: list(&q.evidence) }).collect(),
        encounter: None,
        claim: Some(of_sources(&analysis.claim, &sources, options)),
    }
}

pub(super) fn evidence_json<'a>(e: &'a Evidence, positions: &Positions<'a>, options: JsonOptions) -> EvidenceJson<'a> {
    let at = positions.of(e.span.start);
    EvidenceJson {
        role: &e.role,
        start: e.span.start,
        end: e.span.end,
        text: options.text.then(|| &positions.text[e.span.range()]),
        section: &e.section,
        concept: e.concept.as_deref(),
        line: at.line,
        column: at.column,
    }
}

/// Four decimals: what a reader can use, and the same on every machine.
fn round(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}
