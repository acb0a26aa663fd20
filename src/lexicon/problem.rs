//! What is wrong with a lexicon, said so that whoever wrote it can mend it.

use std::fmt;
use std::ops::Range;

use crate::text::position;

/// One mistake in a lexicon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as given.
    pub file: String,
    /// Bytes of the file's text that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// All mistakes of a lexicon, with the texts of the files that they are in.
///
/// Its `Display` is one line a mistake: `file:line:column: what; what to do`.
#[derive(Debug, Clone)]
pub struct LexiconError {
    /// The mistakes, in the order of files and lines.
    pub problems: Vec<Problem>,
    /// `(name, text)` of every file read.
    pub files: Vec<(String, String)>,
}

impl fmt::Display for LexiconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.problems.len();
        writeln!(f, "the lexicon has {n} mistake{}", if n == 1 { "" } else { "s" })?;
        for p in &self.problems {
            let at = self.files.iter().find(|(n, _)| *n == p.file).map(|(_, t)| position(t, p.span.start as u32));
            let (line, column) = at.map_or((1, 1), |p| (p.line, p.column));
            writeln!(f, "{}:{line}:{column}: {}; {}", p.file, p.message, p.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for LexiconError {}
