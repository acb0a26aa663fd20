//! The output contract: one JSON object a report. Fields are added, never renamed.

use jiff::civil::Date;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::claim_json::{ClaimJson, RationaleJson, Source, of_sources, rationales};
use super::{Analysis, AxisValue, Evidence, StudyView};
use crate::lexicon::Lexicon;
use crate::text::Positions;

/// A report as it was read: what spans refer to.
#[derive(Clone, Copy, Debug)]
pub struct ReportText<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its text, which was analysed.
    pub text: &'a str,
    /// Where the stretches of the text came from, in their order; empty where it was one field or file.
    pub parts: &'a [Part],
}

impl<'a> ReportText<'a> {
    /// A report whose text was one field or file.
    #[must_use]
    pub const fn new(id: &'a str, text: &'a str) -> Self {
        Self { id, text, parts: &[] }
    }

    /// Where the byte `at` came from, where that is known.
    fn from(&self, at: u32) -> Option<&'a str> {
        let before = self.parts.partition_point(|p| p.start <= at);
        self.parts[..before].last().map(|p| p.from.as_str())
    }
}

/// A stretch of a report's text, up to the next one, and the place of the input that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first byte in the text.
    pub start: u32,
    /// The place in the input's own terms: `OBX[3]-5`, `presentedForm[0]`.
    pub from: String,
}

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
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_service: Option<String>,
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
    /// As the answer for a report of a day, where one was given.
    #[must_use]
    pub fn of_day(mut self, day: Option<Date>) -> Self {
        self.date_of_service = day.map(|d| d.to_string());
        self
    }

    /// As the answer for a report of an input: its name, the line that the report begins on, its place in the format's
    /// own terms.
    #[must_use]
    pub fn from_source(mut self, input: &'a str, line: Option<u64>, item: Option<&'a str>) -> Self {
        self.source = Some(SourceJson { input, line, item });
        self
    }

    /// As the answer for one of the reports of an encounter: the last of them carries the claim of all.
    #[must_use]
    pub fn of_encounter(mut self, encounter: &'a str, claim: Option<ClaimJson<'a>>) -> Self {
        self.encounter = Some(encounter);
        self.claim = claim;
        self
    }
}

#[derive(Serialize, Debug)]
struct SourceJson<'a> {
    input: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a str>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
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

/// The contract's object for one report.
#[must_use]
pub fn answer<'a>(report: ReportText<'a>, lexicon: &'a Lexicon, analysis: &'a Analysis, options: JsonOptions) -> Answer<'a> {
    let positions = &Positions::new(report.text);
    let source = Source { report, positions };
    let sources = [source];
    let list = |evidence: &'a [Evidence]| evidence.iter().map(|e| evidence_json(e, source, options)).collect();
    Answer {
        schema: 1,
        id: report.id,
        source: None,
        date_of_service: None,
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

pub(super) fn evidence_json<'a>(e: &'a Evidence, source: Source<'a, '_>, options: JsonOptions) -> EvidenceJson<'a> {
    let Source { report, positions } = source;
    let at = positions.of(e.span.start);
    EvidenceJson {
        role: &e.role,
        start: e.span.start,
        end: e.span.end,
        text: options.text.then(|| &report.text[e.span.range()]),
        section: &e.section,
        concept: e.concept.as_deref(),
        from: report.from(e.span.start),
        line: at.line,
        column: at.column,
    }
}

/// Four decimals: what a reader can use, and the same on every machine.
fn round(x: f64) -> f64 {
    (x * 10_000.0).round() / 10_000.0
}
