//! What radcode knows: files in, checked and frozen tables out. Knows no report.

pub(crate) mod billing;
mod billing_build;
mod billing_wire;
mod build;
mod card;
mod check;
mod checklist;
mod edits;
mod embedded;
mod history;
mod load;
pub mod model;
mod order;
mod packed;
mod place;
pub(crate) mod policy;
mod problem;
mod show;
pub mod supply;
mod terms;
mod trie;
mod tsv;
pub(crate) mod vocabulary;
mod wire;

use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use model::{
    Axis, AxisId, Checklist, ChecklistId, Code, Concept, ConceptId, Cue, CueId, DocumentId, DocumentKind, Family, FamilyId, QueryText,
    Region, RegionId, Rule, SectionEntry, SectionId, Sense, Values,
};

pub use card::{CodeCard, Need, NeedKind, Neighbour, Way};
pub use edits::{BadLine, Edit, EditEdition, EditKind, EditTables, Edits};
pub use model::ReportStatus;
pub use policy::Policy;
use serde::{Deserialize, Serialize};
use supply::{Measure, Supply};

use packed::Deferred;

pub use history::{Change, CodeChange};
pub use place::EntryKind;
pub(crate) use place::Place;
pub use problem::{LexiconError, Problem};
pub use show::{Entry, EntryLine};
pub(crate) use terms::Terms;

/// The edition of a lexicon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edition {
    /// Its name.
    pub id: Box<str>,
    /// The code-set date where an input gives no date of service.
    pub default_date: Date,
    /// Modalities whose families are complete, a bit each.
    pub built: u64,
    /// The same in the order of the file: which goes first where a charge line names none.
    pub order: Vec<u64>,
}

/// Axes with a meaning of their own in the grammar of statements, and the two acquisitions of contrast.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) modality: AxisId,
    pub(crate) method: AxisId,
    pub(crate) side: AxisId,
    pub(crate) contrast: AxisId,
    pub(crate) route: AxisId,
    pub(crate) features: AxisId,
    /// How many projections, where the lexicon has films.
    pub(crate) views: Option<AxisId>,
    /// Which projections.
    pub(crate) projections: Option<AxisId>,
    pub(crate) extent: Option<AxisId>,
    /// Procedures that hold their imaging.
    pub(crate) procedure: Option<AxisId>,
    /// Whether a study stands in a charge line or in a report, and the value for each.
    pub(crate) register: Option<Register>,
    /// The feature of views that are of each side.
    pub(crate) each_side: Option<u64>,
    pub(crate) pre: u64,
    pub(crate) post: u64,
}

/// The axis that tells a charge line from a report.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Register {
    pub(crate) axis: AxisId,
    pub(crate) charge_line: u64,
    pub(crate) report: u64,
}

/// What a proof line proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// That a sense is found on the marked words.
    Sense(Sense),
    /// The answer for the whole line: `line -> codes`.
    Line,
    /// That a text is of this kind.
    Document(DocumentId),
    /// That a line is coded by this family.
    Family(FamilyId),
    /// That this checklist settles a line.
    Checklist(ChecklistId),
    /// That this rule holds for a line.
    Rule(u16),
    /// That this entry of the claim takes part in the claim for a line; index of its place.
    Claim(u32),
}

/// A line that an entry has to fire on, or must not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Proof {
    pub(crate) file: Box<str>,
    pub(crate) span: Range<usize>,
    pub(crate) owner: Owner,
    pub(crate) is_hit: bool,
    pub(crate) line: Box<str>,
}

/// A lexicon, checked in shape and frozen. Immutable, `Send + Sync`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Lexicon {
    pub(crate) edition: Edition,
    pub(crate) sha256: String,
    pub(crate) axes: Vec<Axis>,
    pub(crate) known: Known,
    pub(crate) regions: Vec<Region>,
    pub(crate) concepts: Vec<Concept>,
    /// Whether a concept raises a query, or keeps one from being raised.
    pub(crate) raising: Vec<bool>,
    pub(crate) cues: Vec<Cue>,
    pub(crate) sections: Vec<SectionEntry>,
    pub(crate) documents: Vec<DocumentKind>,
    pub(crate) families: Vec<Family>,
    pub(crate) order: order::FamilyOrder,
    pub(crate) checklists: Vec<Checklist>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) queries: Vec<QueryText>,
    pub(crate) billing: billing::Billing,
    pub(crate) codes: Vec<Code>,
    /// The days from which on another set of codes is in force, sorted.
    pub(crate) code_sets: Vec<Date>,
    /// Axes whose numbers count beside certain words only.
    pub(crate) weighed: Vec<AxisId>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) supplies: Vec<Supply>,
    pub(crate) terms: Terms,
    pub(crate) proofs: Deferred<Vec<Proof>>,
    pub(crate) places: Deferred<Vec<Place>>,
}

impl Lexicon {
    /// The embedded files, `(name, text)`, to build on.
    pub fn embedded_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        embedded::FILES.iter().copied()
    }

    /// Builds a lexicon from `(name, text)` pairs. Names end in `.toml`, or are `codes.tsv`; folders don't matter.
    ///
    /// # Errors
    /// All mistakes at once, each with its file and bytes.
    pub fn from_files(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, LexiconError> {
        let mut files: Vec<(String, String)> = files.into_iter().collect();
        files.sort();
        let mut hash = Sha256::new();
        for (name, text) in &files {
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(text.as_bytes());
            hash.update([0]);
        }
        let mut sha256 = String::with_capacity(64);
        for byte in hash.finalize() {
            let _ = write!(sha256, "{byte:02x}");
        }
        let mut problems = Vec::new();
        let entries = load::load(&files, &mut problems);
        let built = build::build(&files, &entries, sha256, &mut problems);
        match built {
            Some(lexicon) if problems.is_empty() => Ok(lexicon),
            _ => {
                problems.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
                Err(LexiconError { problems, files })
            }
        }
    }

    /// The edition's name.
    #[must_use]
    pub fn edition(&self) -> &str {
        &self.edition.id
    }

    /// SHA-256 of all files, as 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The terms, for benchmarks and tests.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(crate) fn concept(&self, id: ConceptId) -> &Concept {
        &self.concepts[id.0 as usize]
    }

    pub(crate) fn cue(&self, id: CueId) -> &Cue {
        &self.cues[id.0 as usize]
    }

    pub(crate) fn section(&self, id: SectionId) -> &SectionEntry {
        &self.sections[id.0 as usize]
    }

    pub(crate) fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.0 as usize]
    }

    pub(crate) fn family(&self, id: FamilyId) -> &Family {
        &self.families[id.0 as usize]
    }

    pub(crate) fn axis(&self, id: AxisId) -> &Axis {
        &self.axes[id.0 as usize]
    }

    pub(crate) fn axis_named(&self, id: &str) -> Option<AxisId> {
        self.axes.iter().position(|a| &*a.id == id).map(|i| AxisId(i as u8))
    }

    /// Whether the value of an axis is set; false where axis or value is not declared.
    pub(crate) fn has(&self, values: &Values, axis: &str, value: &str) -> bool {
        self.axis_named(axis).is_some_and(|a| self.axis(a).bit(value).is_some_and(|b| values.get(a) & b != 0))
    }

    /// Whether the values name an exam beside its modality: a method, an exam with a name of its own, anything that is
    /// there or not.
    pub(crate) fn names_exam(&self, values: &Values) -> bool {
        values
            .iter()
            .any(|(axis, _)| axis != self.known.modality && matches!(self.axis(axis).kind, model::AxisKind::Enum | model::AxisKind::Flags))
    }

    /// Whether an axis means anything in a modality.
    pub(crate) fn tells(&self, axis: AxisId, modality: u64) -> bool {
        modality == 0 || modality & !self.axis(axis).not_in != 0
    }

    /// Whether a modality has a family that asks for nothing else, not even a region: a PET is of the body.
    pub(crate) fn is_whole(&self, modality: u64) -> bool {
        let alone = |f: &model::Family| f.any.is_empty() && f.all.is_empty() && f.when.iter().all(|(axis, _)| axis == self.known.modality);
        modality != 0 && self.families.iter().any(|f| alone(f) && f.when.get(self.known.modality) & modality != 0)
    }

    /// The edits that come with the lexicon.
    #[must_use]
    pub const fn edits(&self) -> &EditTables {
        &self.billing.edits
    }

    /// Whether a code is that of an agent.
    #[must_use]
    pub fn is_agent(&self, code: &str) -> bool {
        self.supplies.iter().flat_map(|s| &s.rows).any(|r| &*r.code == code)
    }

    pub(crate) fn code(&self, code: &str) -> Option<&Code> {
        self.codes.binary_search_by(|c| (*c.code).cmp(code)).ok().map(|i| &self.codes[i])
    }

    /// How particular the values are that a family wants: a modality is said of every exam, anything else is more, and
    /// outweighs a nearer region.
    pub(crate) fn wanted(&self, f: &Family) -> u32 {
        let weight = |axis: AxisId, bits: u64| match self.axis(axis).kind {
            _ if axis == self.known.modality => 1,
            model::AxisKind::Set | model::AxisKind::Flags => 3 * bits.count_ones(),
            model::AxisKind::Enum | model::AxisKind::Count => 3,
        };
        f.when.iter().map(|(axis, bits)| weight(axis, bits)).sum()
    }

    /// Whether the modality's families are complete in this edition.
    pub(crate) fn is_built(&self, values: &Values) -> bool {
        values.get(self.known.modality) & self.edition.built != 0
    }
}
