//! The claim: from the codes of one report, or of all reports of one patient and day, to lines that a payer takes.
//!
//! The steps, each with its reason and source in the answer: what the site never bills, choices of policy, exams that
//! one code joins, rules over the exams of the day, repeats, edits, add-ons, codes of the payer, sides and modifiers,
//! unit limits. No step depends on the order of the exams.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use super::encounter;
use super::{Analysis, Cited, Evidence, Rationale};
use crate::lexicon::billing::{Cause, Ground};
use crate::lexicon::model::{CircumstanceId, FamilyId, RegionId, Values};
use crate::lexicon::policy::Settings;
use crate::lexicon::{EditEdition, EditKind, EditTables, Edits, Lexicon, Policy};

/// What a suggestion is to the claim: the exam behind it, in the lexicon's own values.
#[derive(Clone, Debug)]
pub(crate) struct Billed {
    pub(crate) family: FamilyId,
    /// The code of the exam, before payers have their own.
    pub(crate) code: Box<str>,
    /// As told.
    pub(crate) told: Values,
    /// With what silence was taken for.
    pub(crate) values: Values,
    pub(crate) regions: Vec<RegionId>,
    /// Contrast of title or order, and whether it was refused.
    pub(crate) ordered: u64,
    pub(crate) refused: bool,
    pub(crate) own_findings: bool,
    /// Units as the family counts them: sides.
    pub(crate) units: u32,
    /// What a choice of policy made of it, so that a claim of several reports keeps it.
    pub(crate) modifiers: Vec<Box<str>>,
    pub(crate) reasons: Vec<Rationale>,
}

/// A circumstance that a text tells.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: CircumstanceId,
    /// Regions of its sentence, to tell exams apart.
    pub(crate) regions: Vec<RegionId>,
    pub(crate) evidence: Evidence,
}

/// The time of day that a report tells for its exams.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) minutes: u16,
    pub(crate) evidence: Evidence,
}

/// A suggestion of one of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineSource {
    /// Index of the report.
    pub report: usize,
    /// Index of the suggestion in that report's answer.
    pub suggestion: usize,
}

/// One line of a claim.
#[derive(Clone, Debug)]
pub struct ClaimLine {
    /// The code to bill.
    pub code: String,
    /// The code of the exam, where policy or payer have another.
    pub instead_of: Option<String>,
    /// Modifiers in the order in which payers want them.
    pub modifiers: Vec<String>,
    /// Units.
    pub units: u32,
    /// The exam in our own words.
    pub label: String,
    /// The suggestions that it comes from; none for an agent.
    pub sources: Vec<LineSource>,
    /// The agents that it comes from: report, and index into its `supplies`.
    pub supplies: Vec<(usize, usize)>,
    /// What was done to it and why.
    pub reasons: Vec<Rationale>,
}

/// Code, modifiers and units in one word: `73562-26-50`, `76641x2`.
impl fmt::Display for ClaimLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        for m in &self.modifiers {
            write!(f, "-{m}")?;
        }
        if self.units > 1 { write!(f, "x{}", self.units) } else { Ok(()) }
    }
}

/// A code that the claim leaves out.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The code.
    pub code: String,
    /// The suggestion, by its index before the claim.
    pub source: LineSource,
    /// The code that stands instead, if one does.
    pub inside: Option<String>,
    /// Why.
    pub reason: Rationale,
}

/// A question that the claim raises.
#[derive(Clone, Debug)]
pub struct ClaimQuery {
    /// Its kind, an id of `queries.toml`.
    pub kind: String,
    /// The question.
    pub message: String,
    /// The codes that it is about.
    pub codes: Vec<String>,
    /// The places that it is about.
    pub evidence: Vec<Cited>,
}

/// What a payer is sent for one report, or for all reports of one patient and day.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The day that it is for.
    pub day: Date,
    /// Options of policy, their choices, and whether each is the default.
    pub policy: Arc<[(String, String, bool)]>,
    /// Whose services are billed, which edits and limits are wanted for.
    pub kind: EditKind,
    /// The edits between codes that answered.
    pub pairs_edition: Option<EditEdition>,
    /// The unit limits that answered.
    pub limits_edition: Option<EditEdition>,
    /// The lines.
    pub lines: Vec<ClaimLine>,
    /// What was left out.
    pub removed: Vec<Removed>,
    /// What to ask.
    pub queries: Vec<ClaimQuery>,
}

/// An exam on its way to a line.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) code: Box<str>,
    /// The code that edits and limits know, where the payer has another.
    pub(super) exam: Box<str>,
    pub(super) billed: Billed,
    pub(super) sources: Vec<LineSource>,
    pub(super) label: String,
    pub(super) units: u32,
    pub(super) modifiers: Vec<Box<str>>,
    pub(super) causes: Vec<Cause>,
    pub(super) reasons: Vec<Rationale>,
}

impl Item {
    pub(super) fn report(&self) -> usize {
        self.sources[0].report
    }
}

/// Builds a claim.
pub(super) struct Builder<'a> {
    pub(super) lexicon: &'a Lexicon,
    /// Edits between codes.
    pub(super) pairs: &'a Edits,
    /// Unit limits.
    pub(super) most: &'a Edits,
    pub(super) settings: Settings,
    pub(super) day: Date,
    pub(super) reports: &'a [&'a Analysis],
    pub(super) items: Vec<Item>,
    pub(super) removed: Vec<Removed>,
    pub(super) queries: Vec<ClaimQuery>,
}

/// The claim for reports of one patient and day, and each exam as policy has left it.
pub(super) fn build(
    lexicon: &Lexicon,
    tables: &EditTables,
    policy: &Policy,
    day: Date,
    reports: &[&Analysis],
) -> (Claim, Vec<(LineSource, Billed)>) {
    let settings = lexicon.settings(policy);
    let kind = lexicon.billing.kind(&settings);
    let (pairs, most) = (tables.pairs(kind), tables.limits(kind));
    let mut b =
        Builder { lexicon, pairs, most, settings, day, reports, items: items(reports), removed: before(reports), queries: Vec::new() };
    b.never(policy);
    b.replace(&lexicon.billing.choices, true);
    let billed = b.items.iter().map(|i| (i.sources[0], i.billed.clone())).collect();
    encounter::versions(&mut b);
    encounter::join(&mut b);
    encounter::sides(&mut b);
    encounter::rules(&mut b);
    encounter::repeats(&mut b);
    b.edits();
    b.addons();
    b.replace(&lexicon.billing.payers, false);
    let mut lines = b.lines();
    lines.extend(b.supplies());
    b.limits(&lines);
    let claim = Claim {
        day,
        policy: lexicon.kept_choices(policy),
        kind,
        pairs_edition: pairs.pairs_edition.clone(),
        limits_edition: most.limits_edition.clone(),
        lines,
        removed: b.removed,
        queries: b.queries,
    };
    (claim, billed)
}

/// A claim of nothing.
pub(super) fn empty(day: Date) -> Claim {
    Claim {
        day,
        policy: Arc::default(),
        kind: EditKind::Practitioner,
        pairs_edition: None,
        limits_edition: None,
        lines: Vec::new(),
        removed: Vec::new(),
        queries: Vec::new(),
    }
}

/// What the claims of the single reports have left out already.
fn before(reports: &[&Analysis]) -> Vec<Removed> {
    let mut out = Vec::new();
    for (report, a) in reports.iter().enumerate() {
        for r in &a.claim.removed {
            let mut r = r.clone();
            r.source.report = report;
            r.reason = in_report(r.reason, report);
            out.push(r);
        }
    }
    out
}

/// All suggestions, in an order that does not depend on that of the reports but for exams that are the same.
fn items(reports: &[&Analysis]) -> Vec<Item> {
    let mut out = Vec::new();
    for (report, a) in reports.iter().enumerate() {
        for (suggestion, s) in a.suggestions.iter().enumerate() {
            out.push(Item {
                code: s.billed.code.clone(),
                exam: s.billed.code.clone(),
                billed: s.billed.clone(),
                sources: vec![LineSource { report, suggestion }],
                label: s.label.clone(),
                units: s.billed.units,
                modifiers: s.billed.modifiers.clone(),
                causes: Vec::new(),
                reasons: s.billed.reasons.iter().cloned().map(|r| in_report(r, report)).collect(),
            });
        }
    }
    out.sort_by(|a, b| (&a.code, &a.label).cmp(&(&b.code, &b.label)));
    out
}

/// A reason whose words stand in one report.
fn in_report(mut reason: Rationale, report: usize) -> Rationale {
    for c in &mut reason.evidence {
        c.report = report;
    }
    reason
}

/// Why, with words and source of the lexicon; `{first}` and the like filled in.
pub(super) fn rationale(ground: &Ground, fill: &[(&str, &str)], evidence: Vec<Cited>) -> Rationale {
    let filled = |text: &str| fill.iter().fold(text.to_owned(), |t, (name, words)| t.replace(&format!("{{{name}}}"), words));
    Rationale { rule: ground.id.to_string(), message: filled(&ground.message), source: filled(&ground.source), evidence }
}

impl Builder<'_> {
    /// A reason of the claim itself.
    pub(super) fn because(&self, id: &str, fill: &[(&str, &str)], evidence: Vec<Cited>) -> Rationale {
        match self.lexicon.billing.rationale(id) {
            Some(ground) => rationale(ground, fill, evidence),
            None => Rationale { rule: id.to_owned(), message: String::new(), source: String::new(), evidence },
        }
    }

    pub(super) fn ask(&mut self, kind: &str, codes: &[&str], evidence: Vec<Cited>) {
        let Some(q) = self.lexicon.queries.iter().find(|q| &*q.kind == kind) else { return };
        let codes: Vec<String> = codes.iter().map(|c| (*c).to_owned()).collect();
        if !self.queries.iter().any(|x| x.kind == kind && x.codes == codes) {
            self.queries.push(ClaimQuery { kind: kind.to_owned(), message: q.message.to_string(), codes, evidence });
        }
    }

    /// Words of an item's exam, of one role or of those that name it.
    pub(super) fn words(&self, item: &Item, role: &str) -> Vec<Cited> {
        let mut out = Vec::new();
        for s in &item.sources {
            let evidence = &self.reports[s.report].suggestions[s.suggestion].evidence;
            let best = |e: &&Evidence| e.role == role || (role == "exam" && matches!(e.role.as_str(), "exam" | "region"));
            // a charge line may name its exam by words of other roles alone
            let any = || evidence.first().filter(|_| role == "exam");
            out.extend(evidence.iter().find(best).or_else(any).map(|e| Cited { report: s.report, evidence: e.clone() }));
        }
        out
    }

    pub(super) fn remove(&mut self, at: usize, inside: Option<&str>, reason: &Rationale) {
        let item = self.items.remove(at);
        for source in item.sources {
            self.removed.push(Removed { code: item.code.to_string(), source, inside: inside.map(str::to_owned), reason: reason.clone() });
        }
    }
}
