//! The answer for one report, and how it is put together.

mod attributes;
mod audit;
mod circumstances;
mod claim;
mod claim_json;
mod claim_lines;
mod claim_steps;
mod complete;
mod confidence;
mod dates;
mod encounter;
mod engine;
mod explain;
mod gaps;
mod headless;
mod json;
mod proof;
mod queries;
mod reconcile;
mod settle;
mod sides;
mod supplies;

use jiff::civil::Date;

pub use crate::lexicon::ReportStatus;
use crate::lexicon::{EditTables, Edits, Lexicon, Policy};
pub use crate::read::context::Reason;
use crate::text::Span;

pub use audit::{Audited, Verdict};
pub use claim::{Claim, ClaimLine, ClaimQuery, LineSource, Removed};
pub use claim_json::{ClaimJson, claim_json};
pub use explain::{Explanation, Held, HeldWay, Standing};
pub use json::{Answer, JsonOptions, Part, ReportText, answer};
pub use proof::Check;
pub use reconcile::{Against, BilledCode, Ledger, OrderedExam, Outcome, Reconciled};

/// How to read a report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Day of service: picks the code set. `None`: the edition's default date.
    pub date_of_service: Option<Date>,
    /// Confidence under which a suggestion is marked unsure, 0 to 1.
    pub threshold: f64,
    /// What the site chooses where payers or sources differ.
    pub policy: Policy,
    /// Status of the report as the message that brought it states, where it does.
    pub status: Option<ReportStatus>,
}

impl Default for Options {
    fn default() -> Self {
        Self { date_of_service: None, threshold: 0.7, policy: Policy::default(), status: None }
    }
}

/// Words of the report that prove something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they prove: the name of an axis, or `exam`.
    pub role: String,
    /// Bytes of the report, on character boundaries.
    pub span: Span,
    /// Section of the report, an id of `sections.toml`; `body` outside all.
    pub section: String,
    /// Concept that was read, if one was.
    pub concept: Option<String>,
}

/// Evidence, and the report that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Index of the report among those of the claim; 0 for a single one.
    pub report: usize,
    /// The words.
    pub evidence: Evidence,
}

/// Why a rule, an edit or a policy did something, so that a coder can cite it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rationale {
    /// The entry of the lexicon.
    pub rule: String,
    /// What was done and why.
    pub message: String,
    /// Where the rule comes from.
    pub source: String,
    /// Words of the record that it rests on.
    pub evidence: Vec<Cited>,
}

/// A value on an axis of a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisValue {
    /// One value.
    One(String),
    /// A set.
    Many(Vec<String>),
}

/// A study as the answer shows it: axis and value, in the order of the axes, unknown axes left out.
pub type StudyView = Vec<(String, AxisValue)>;

/// Another code of the family, and what the record would have to say for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The code.
    pub code: String,
    /// What would have to be documented.
    pub needs: String,
}

/// What a complete study has to address, held against a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    /// An id of `checklists.toml`.
    pub id: String,
    /// The complete study in our own words.
    pub label: String,
    /// Whether the report describes enough to judge by. A charge line never does: it can't be told from a title.
    pub judged: bool,
    /// What the report describes, or says why it does not.
    pub described: Vec<String>,
    /// What it does not mention.
    pub missing: Vec<String>,
}

/// A code that the report supports.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The code.
    pub code: String,
    /// `CPT` or `HCPCS`.
    pub system: String,
    /// Modifiers, as on the claim; of an exam of both sides `LT` and `RT`, one for each unit.
    pub modifiers: Vec<String>,
    /// Units: sides of a paired family, else 1.
    pub units: u32,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// Whether the confidence is under the threshold.
    pub unsure: bool,
    /// The exam in our own words.
    pub label: String,
    /// The family, or the rule that gave the code.
    pub rule: String,
    /// The study.
    pub study: StudyView,
    /// Words that prove it, in the order of the report.
    pub evidence: Vec<Evidence>,
    /// Axes on which the text is silent, and the value taken: `(axis, value)`.
    pub defaults: Vec<(String, String)>,
    /// The family's other codes.
    pub alternatives: Vec<Alternative>,
    /// The checklist of a study that is complete or limited by what it addresses.
    pub checklist: Option<Checklist>,
    /// A remark of the family or rule.
    pub note: Option<String>,
    /// What rules, edits and policy did to the code, and why.
    pub reasons: Vec<Rationale>,
    pub(crate) billed: claim::Billed,
}

/// An exam that was seen and is not coded.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The code, where it is certain.
    pub code: Option<String>,
    /// The exam in our own words.
    pub label: String,
    /// The study as far as it is told.
    pub study: StudyView,
    /// Why.
    pub reason: Reason,
    /// Why, for a reader.
    pub message: String,
    /// Where.
    pub evidence: Vec<Evidence>,
}

/// An agent that was given, to be billed beside the exam where the payer pays for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplyLine {
    /// An id of `supplies.toml`.
    pub supply: String,
    /// Our words for it.
    pub label: String,
    /// Its code; several where the concentration that would tell them apart is not documented.
    pub codes: Vec<String>,
    /// Units by the documented amount, rounded up; `None` where it is missing.
    pub units: Option<u32>,
    /// Units that were thrown away, to be billed with JW.
    pub wasted: Option<u32>,
    /// Whether it is documented that nothing was thrown away (JZ).
    pub no_waste: bool,
    /// Name, concentration, amount, waste: roles `supply`, `concentration`, `amount`, `waste`.
    pub evidence: Vec<Evidence>,
}

/// A question to whoever wrote the report.
#[derive(Clone, Debug)]
pub struct Query {
    /// Its kind, an id of `queries.toml`.
    pub kind: String,
    /// The question.
    pub message: String,
    /// The places that it is about.
    pub evidence: Vec<Evidence>,
}

/// What kind of text it is.
#[derive(Clone, Debug)]
pub struct DocumentView {
    /// An id of `documents.toml`, or `charge_line`, `unknown`, `empty`.
    pub kind: String,
    /// In words.
    pub label: String,
    /// Whether it supports codes.
    pub admitted: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Its signs.
    pub evidence: Vec<Evidence>,
}

/// All that radcode has to say on one report. Holds spans into the text, never words of it.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// How sure the answer as a whole is, the empty one included, 0 to 1.
    pub confidence: f64,
    /// Start of the code set that was used.
    pub code_set: Date,
    /// What the report is among its versions, as the message or the text states; `None` where neither does.
    pub status: Option<ReportStatus>,
    /// The document.
    pub document: DocumentView,
    /// The codes to bill.
    pub suggestions: Vec<Suggestion>,
    /// What was seen and not coded.
    pub rejected: Vec<Rejected>,
    /// Agents that were given.
    pub supplies: Vec<SupplyLine>,
    /// What to ask.
    pub queries: Vec<Query>,
    /// The policy that was asked for.
    pub policy: Policy,
    /// The claim for this report alone.
    pub claim: Claim,
    pub(crate) told: Vec<claim::Told>,
    pub(crate) time: Option<claim::Clock>,
}

/// Reads reports with one lexicon. Immutable, `Send + Sync`; share it between threads.
///
/// ```
/// use radcode::{Analyzer, Lexicon, Options};
/// let analyzer = Analyzer::new(Lexicon::embedded()?);
/// let analysis = analyzer.analyze("CT CERVICAL SPINE W/O CONTRAST", &Options::default());
/// assert_eq!(analysis.suggestions[0].code, "72125");
/// # Ok::<(), radcode::LexiconError>(())
/// ```
#[derive(Debug)]
pub struct Analyzer {
    lexicon: Lexicon,
    edits: Option<EditTables>,
}

impl Analyzer {
    /// An analyzer over a lexicon.
    #[must_use]
    pub const fn new(lexicon: Lexicon) -> Self {
        Self { lexicon, edits: None }
    }

    /// Takes edits and unit limits of another edition in the place of those of the lexicon: tables for practitioners in
    /// the place of those for practitioners, tables for hospitals beside them.
    #[must_use]
    pub fn with_edits(mut self, edits: &Edits) -> Self {
        let own = self.edits.take().unwrap_or_else(|| self.lexicon.edits().clone());
        self.edits = Some(own.replaced_by(edits));
        self
    }

    /// The edits and unit limits in use.
    #[must_use]
    pub fn edits(&self) -> &EditTables {
        self.edits.as_ref().unwrap_or_else(|| self.lexicon.edits())
    }

    /// The lexicon.
    #[must_use]
    pub const fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Analyzes one report. Never fails; a text that supports nothing gets an answer that says so.
    #[must_use]
    pub fn analyze(&self, text: &str, options: &Options) -> Analysis {
        engine::analyze(&self.lexicon, self.edits(), text, options)
    }

    /// The claim for the reports of one patient and day, from their analyses; policy and day are those of the first.
    #[must_use]
    pub fn claim(&self, reports: &[&Analysis]) -> Claim {
        let fallback = Policy::default();
        let (policy, day) = reports.first().map_or((&fallback, self.lexicon.default_date()), |a| (&a.policy, a.claim.day));
        claim::build(&self.lexicon, self.edits(), policy, day, reports).0
    }
}
