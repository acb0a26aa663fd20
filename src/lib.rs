//! radcode reads radiology report text and suggests the billing codes that the text supports, each with the exact
//! spans of text that prove it. Deterministic, offline; the library reads no files, no clock and no environment.
//!
//! ```
//! use radcode::{Analyzer, Lexicon, Options};
//! let analyzer = Analyzer::new(Lexicon::embedded()?);
//! let report = "EXAM: CT cervical spine\n\nTECHNIQUE: Axial images before and after 100 mL of intravenous contrast.";
//! let analysis = analyzer.analyze(report, &Options::default());
//! let first = &analysis.suggestions[0];
//! assert_eq!(first.code, "72127");
//! for e in &first.evidence {
//!     println!("{}: {}", e.role, &report[e.span.range()]);
//! }
//! # Ok::<(), radcode::LexiconError>(())
//! ```

mod analysis;
mod code;
#[cfg(feature = "io")]
pub mod io;
mod lexicon;
mod read;
mod text;

pub use analysis::{
    Against, Alternative, Analysis, Analyzer, Answer, Audited, AxisValue, BilledCode, Check, Checklist, Cited, Claim, ClaimJson, ClaimLine,
    ClaimQuery, DocumentView, Evidence, Explanation, Held, HeldWay, JsonOptions, Ledger, LineSource, Options, OrderedExam, Outcome, Part,
    Query, Rationale, Reason, Reconciled, Rejected, Removed, ReportStatus, ReportText, Standing, StudyView, Suggestion, SupplyLine,
    Verdict, answer, claim_json,
};
pub use jiff::civil::Date;
pub use lexicon::{
    BadLine, Change, CodeCard, CodeChange, Edit, EditEdition, EditKind, EditTables, Edits, Entry, EntryKind, EntryLine, Lexicon,
    LexiconError, Need, NeedKind, Neighbour, Policy, Problem, Way,
};
pub use text::{Folded, Position, Span, position};

/// The tables of the lexicon that comes with the program, as `build.rs` wrote them; empty if it could not.
const FROZEN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lexicon.bin"));

impl Lexicon {
    /// The lexicon that comes with the program.
    ///
    /// # Errors
    /// None for a released program; a build with a broken `lexicon/` folder says here what is wrong with it.
    pub fn embedded() -> Result<Self, LexiconError> {
        let files = || Self::embedded_files().map(|(name, text)| (name.to_owned(), text.to_owned()));
        postcard::from_bytes(FROZEN).or_else(|_| Self::from_files(files()))
    }
}
