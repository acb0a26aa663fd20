//! Tables of the lexicon: a line an entry, tabs between its cells, `#` before remarks.

use std::ops::Range;

/// A line of a table that says something.
pub(super) struct Line<'a> {
    /// Index of the file.
    pub(super) file: usize,
    /// Its name.
    pub(super) name: &'a str,
    /// Bytes of the line.
    pub(super) span: Range<usize>,
    pub(super) cells: Vec<&'a str>,
}

/// The lines of every table of a name, in the order of the files.
pub(super) fn lines<'a>(files: &'a [(String, String)], table: &'a str) -> impl Iterator<Item = Line<'a>> {
    let tables = files.iter().enumerate().filter(move |(_, (name, _))| name.ends_with(table));
    tables.flat_map(|(file, (name, text))| {
        let mut at = 0;
        let spans = text.split_inclusive('\n').map(move |line| {
            let start = at;
            at += line.len();
            (start, line.trim_end())
        });
        let said = spans.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        said.map(move |(start, line)| Line { file, name, span: start..start + line.len(), cells: line.split('\t').collect() })
    })
}
