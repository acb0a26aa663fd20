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
mod lexicon;
mod read;
mod text;

pub use analysis::{
    Alternative, Analysis, Analyzer, Answer, AxisValue, Check, Checklist, DocumentView, Evidence, Explanation, Held, HeldWay, JsonOptions, Options,
    Query, Reason, Rejected, Standing, StudyView, Suggestion, SupplyLine, answer,
};
pub use jiff::civil::Date;
pub use lexicon::{
    Change, CodeCard, CodeChange, Entry, EntryKind, EntryLine, Lexicon, LexiconError, Need, NeedKind, Neighbour, Problem, Way,
};
pub use text::{Folded, Position, Span, position};
