//! Tables with a row a report in, with a row a suggestion out.

use std::fmt::Write as _;
use std::io::{self, BufRead};

use super::columns::{Cells, Columns, of_reports};
use super::{Answered, Bill, Format, Input, InputOptions, Place, Record, Records, Unusable, nothing};
use crate::analysis::{AxisValue, Evidence, Suggestion};

/// Columns that a table may have: a row of separators alone must not grow a list of ends without end.
const MOST_COLUMNS: usize = 4096;

/// What the names of the columns may take in bytes: they have to stand in the first buffer.
const MOST_HEAD: u64 = 65_536;

/// The rows of a table. A table that is said to be parted by commas may be parted by semicolons, tabs or bars.
pub(super) fn records(mut from: Input, parted_by: u8, options: &InputOptions) -> Result<Box<dyn Records>, Unusable> {
    let start = from.fill_buf().map_err(|e| Unusable::unreadable(&e))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Unusable::new("an Excel or ZIP file, not a table in text", "save it as CSV (UTF-8) first"));
    }
    let parted_by = if parted_by == b',' { parted(start, options) } else { parted_by };
    // the text, and as much again for the columns beside it
    let limit = options.max_report_bytes.saturating_mul(2).saturating_add(MOST_HEAD);
    let mut rows = Rows::new(from, parted_by);
    let (columns, wanted) = loop {
        match rows.next(MOST_HEAD, MOST_COLUMNS) {
            Ok(Row::End) => return Err(Unusable::new("a table without rows", "its first line has to hold the names of the columns")),
            Ok(Row::Whole) if rows.is_blank() => {}
            // as Excel writes it
            Ok(Row::Whole) if rows.bytes.starts_with(b"sep=") && rows.bytes.len() <= 5 => {}
            Ok(Row::Whole) => {
                let names = rows.names()?;
                break (Columns::new(&names, options)?, names.len());
            }
            Ok(Row::Flawed(flaw)) => return Err(rows.mistake(flaw, MOST_HEAD)),
            Err(e) => return Err(Unusable::unreadable(&e)),
        }
    };
    Ok(Box::new(Table { rows, columns, wanted, row: 0, limit, text: options.max_report_bytes }))
}

/// What parts the fields: that by which the first line names columns of reports, else has most fields.
fn parted(start: &[u8], options: &InputOptions) -> u8 {
    let start = start.trim_ascii_start();
    if let Some([by, b'\r' | b'\n', ..]) = start.strip_prefix(b"sep=") {
        return *by;
    }
    let line = start.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let names = |by: u8| {
        let mut rows = Rows::over(line, by);
        let _ = rows.next(MOST_HEAD, MOST_COLUMNS);
        rows.names().ok()
    };
    let all = [b',', b';', b'\t', b'|'];
    let fits = |by: &u8| names(*by).is_some_and(|n| Columns::new(&n, options).is_ok());
    let widest = || all.into_iter().rev().max_by_key(|by| names(*by).map_or(usize::MAX, |n| n.len()));
    all.into_iter().find(fits).or_else(widest).unwrap_or(b',')
}

/// The form of a table by its first line, if it is one.
pub(super) fn form(head: &[u8]) -> Option<Format> {
    let start = head.trim_ascii_start();
    let end = start.iter().position(|b| matches!(b, b'\r' | b'\n'))?;
    let of = |by: u8| {
        let mut rows = Rows::over(&start[..end], by);
        let whole = matches!(rows.next(MOST_HEAD, MOST_COLUMNS), Ok(Row::Whole));
        whole && rows.names().is_ok_and(|n| of_reports(n.iter().map(String::as_str)))
    };
    if of(b',') || of(b';') {
        Some(Format::Csv)
    } else if of(b'\t') {
        Some(Format::Tsv)
    } else {
        None
    }
}

/// What was found where a row may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// A row is in the buffers.
    Whole,
    /// No row, stepped over.
    Flawed(Flaw),
    /// There are no more.
    End,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A quote stands inside a quoted field, not doubled.
    Stray,
    /// It is longer than allowed.
    TooLong,
    /// The input ends inside a quoted field that began on this line.
    Unclosed(u64),
}

/// The bytes of a table as rows.
struct Rows<R> {
    from: R,
    parted_by: u8,
    /// The line of the next byte.
    line: u64,
    /// The lines on which the row begins and ends.
    lines: (u64, u64),
    /// Whether the last byte was a carriage return, with which a line feed makes one line end.
    after_cr: bool,
    /// The fields of the row, one behind the other, without their quotes.
    bytes: Vec<u8>,
    /// Where each field ends, as far as they are wanted.
    ends: Vec<usize>,
    /// How many fields there are; empty ones at the end count as far as they are wanted.
    fields: usize,
}

/// Where in a field the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote in a quoted field.
    Closed,
}

impl<'a> Rows<&'a [u8]> {
    /// The rows of bytes at hand.
    fn over(from: &'a [u8], parted_by: u8) -> Self {
        Self::new(from, parted_by)
    }
}

impl<R: BufRead> Rows<R> {
    fn new(from: R, parted_by: u8) -> Self {
        Self { from, parted_by, line: 1, lines: (1, 1), after_cr: false, bytes: Vec::new(), ends: Vec::new(), fields: 0 }
    }

    /// Reads the next row of at most `limit` bytes into the buffers, of its fields the first `wanted`.
    fn next(&mut self, limit: u64, wanted: usize) -> io::Result<Row> {
        self.bytes.clear();
        self.ends.clear();
        self.fields = 0;
        let Self { from, parted_by, line, lines, after_cr, bytes, ends, fields } = self;
        let (mut state, mut quote) = (State::Start, *line);
        let (mut any, mut stray, mut too_long, mut ended) = (false, false, false, false);
        // fields so far, and where the one at hand begins
        let (mut count, mut start) = (0, 0);
        while !ended {
            let piece = match from.fill_buf() {
                Ok(piece) => piece,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if piece.is_empty() {
                break;
            }
            let mut at = 0;
            while at < piece.len() && !ended {
                let b = piece[at];
                if !any {
                    at += usize::from(*after_cr && b == b'\n');
                    if std::mem::take(after_cr) && b == b'\n' {
                        continue;
                    }
                    (any, lines.0) = (true, *line);
                }
                let ends_field = |b: u8| b == *parted_by || matches!(b, b'\r' | b'\n');
                let run = match state {
                    State::Quoted => piece[at..].iter().position(|b| *b == b'"'),
                    State::Start | State::Closed if b == b'"' => Some(0),
                    State::Start | State::Plain | State::Closed => piece[at..].iter().position(|b| ends_field(*b)),
                }
                .unwrap_or(piece.len() - at);
                if run > 0 {
                    let run = &piece[at..at + run];
                    too_long |= (bytes.len() + run.len()) as u64 > limit;
                    if !too_long {
                        bytes.extend_from_slice(run);
                    }
                    if state == State::Quoted {
                        *line += line_ends(run, after_cr);
                    } else {
                        stray |= state == State::Closed;
                        state = State::Plain;
                    }
                    at += run.len();
                    continue;
                }
                at += 1;
                match state {
                    State::Quoted => (state, *after_cr) = (State::Closed, false),
                    State::Start if b == b'"' => (state, quote) = (State::Quoted, *line),
                    State::Closed if b == b'"' => {
                        state = State::Quoted;
                        too_long |= bytes.len() as u64 >= limit;
                        if !too_long {
                            bytes.push(b);
                        }
                    }
                    State::Start | State::Plain | State::Closed => {
                        ended = b != *parted_by;
                        if ended {
                            *line += 1;
                            *after_cr = b == b'\r';
                        }
                        state = State::Start;
                        end_field(&mut count, &mut start, wanted, bytes.len(), ends, fields);
                    }
                }
            }
            from.consume(at);
        }
        if !any {
            return Ok(Row::End);
        }
        if state == State::Quoted {
            return Ok(Row::Flawed(Flaw::Unclosed(quote)));
        }
        if !ended {
            end_field(&mut count, &mut start, wanted, bytes.len(), ends, fields);
        }
        lines.1 = *line - u64::from(ended);
        Ok(if too_long {
            Row::Flawed(Flaw::TooLong)
        } else if stray {
            Row::Flawed(Flaw::Stray)
        } else {
            Row::Whole
        })
    }

    /// What is wrong with the row that was stepped over.
    fn mistake(&self, flaw: Flaw, limit: u64) -> Unusable {
        let (first, last) = self.lines;
        let over = if first == last { String::new() } else { format!(" (lines {first} to {last})") };
        match flaw {
            Flaw::Stray => Unusable::new(
                format!("a quote inside a quoted field is not doubled{over}"),
                "write a quote in a field as two; a quote that is never closed takes the rows behind it along",
            ),
            Flaw::TooLong => Unusable::new(
                format!("a row longer than {limit} bytes{over}"),
                "raise --max-report-bytes if reports are that long; else a quote may be missing",
            ),
            Flaw::Unclosed(quote) => Unusable::new(
                format!("the quote that opens on line {quote} is never closed: no row can be told from there to the end of the file"),
                "close it, or double it if it belongs to the text",
            ),
        }
    }

    fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }

    fn cell(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    /// The row as the names of columns; empty ones at the end are none.
    fn names(&self) -> Result<Vec<String>, Unusable> {
        const HELP: &str = "say which encoding it is: --encoding windows-1252, or utf-16le if it comes from Excel as Unicode text";
        if self.fields > self.ends.len() {
            return Err(Unusable::new(
                format!("more than {MOST_COLUMNS} columns"),
                "name the file's form with --input-format if it is no table",
            ));
        }
        let mut names = Vec::with_capacity(self.fields);
        for at in 0..self.fields {
            let name = std::str::from_utf8(self.cell(at)).ok().filter(|n| !n.contains('\0'));
            names.push(name.ok_or_else(|| Unusable::new("the names of the columns are not UTF-8", HELP))?.to_owned());
        }
        names.truncate(names.iter().rposition(|n| !n.trim().is_empty()).map_or(0, |at| at + 1));
        Ok(names)
    }
}

/// Ends a field of a row behind byte `at` of its bytes.
fn end_field(count: &mut usize, start: &mut usize, wanted: usize, at: usize, ends: &mut Vec<usize>, fields: &mut usize) {
    *count += 1;
    if *count <= wanted {
        ends.push(at);
    }
    if *count <= wanted || at > *start {
        *fields = *count;
    }
    *start = at;
}

/// Counts line ends: LF, CR, and both as one.
fn line_ends(bytes: &[u8], after_cr: &mut bool) -> u64 {
    let mut ends = 0;
    for b in bytes {
        ends += u64::from(*b == b'\r' || (*b == b'\n' && !*after_cr));
        *after_cr = *b == b'\r';
    }
    ends
}

struct Table {
    rows: Rows<Input>,
    columns: Columns,
    /// How many fields a row has.
    wanted: usize,
    /// Rows so far.
    row: u64,
    /// Bytes that a row may have.
    limit: u64,
    /// Bytes that a text may have.
    text: u64,
}

impl Records for Table {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        let found = loop {
            match self.rows.next(self.limit, self.wanted) {
                Ok(Row::Whole) if self.rows.is_blank() => {}
                Ok(Row::Whole) => break None,
                Ok(Row::Flawed(flaw)) => break Some(flaw),
                Ok(Row::End) => return None,
                Err(e) => {
                    // nothing comes after what can't be read
                    self.rows.from = nothing();
                    return Some(Err(Unusable::unreadable(&e).at(Place::line(self.rows.line))));
                }
            }
        };
        self.row += 1;
        let line = self.rows.lines.0;
        let place = Place::item(format!("row {}", self.row), Some(line));
        let record = match found {
            None => self.record(line, place.clone()),
            Some(flaw) => Err(self.rows.mistake(flaw, self.limit)),
        };
        Some(record.map_err(|u| u.at(place)))
    }

    fn at_hand(&self) -> bool {
        !self.rows.from.buffer().is_empty()
    }
}

impl Table {
    /// The record of the row in the buffers.
    fn record(&self, line: u64, place: Place) -> Result<Record, Unusable> {
        if self.rows.fields != self.wanted {
            let (n, wanted) = (self.rows.fields, self.wanted);
            return Err(Unusable::new(
                format!("{n} field{}, where the first line names {wanted} columns", if n == 1 { "" } else { "s" }),
                "put fields that hold separators or line breaks in quotes",
            ));
        }
        let mut cells = Cells::new(&self.columns, self.text, line.to_string(), place);
        for (at, field) in &self.columns.read {
            let cell = std::str::from_utf8(self.rows.cell(*at)).map_err(|_| {
                let help = "say which encoding it is: --encoding windows-1252 is the most common";
                Unusable::new(format!("`{}` has bytes that fit no character", field.name()), help)
            })?;
            if cell.contains('\0') {
                return Err(Unusable::new(format!("`{}` has a NUL, which no text has", field.name()), "see how the file was written"));
            }
            cells.take(*field, cell)?;
        }
        cells.done()
    }
}

/// The columns of suggestions.
const COLUMNS: [&str; 22] = [
    "source",
    "line",
    "item",
    "id",
    "encounter",
    "date_of_service",
    "code_set",
    "document",
    "admitted",
    "code",
    "system",
    "modifiers",
    "units",
    "confidence",
    "unsure",
    "label",
    "rule",
    "study",
    "evidence",
    "defaults",
    "queries",
    "answer_confidence",
];

/// The names of the columns.
pub(super) fn head() -> Vec<u8> {
    let mut out = Vec::new();
    row(&mut out, &COLUMNS.map(str::to_owned));
    out
}

/// A row a suggestion; one with an empty code for a report without any.
pub(super) fn write(bill: &Bill<'_>, out: &mut Vec<u8>) {
    for report in bill.reports {
        let none = report.analysis.suggestions.is_empty().then_some(None);
        for suggestion in report.analysis.suggestions.iter().map(Some).chain(none) {
            row(out, &cells(report, suggestion, bill.words));
        }
    }
}

fn cells(report: &Answered<'_>, suggestion: Option<&Suggestion>, words: bool) -> [String; 22] {
    let (record, analysis) = (report.record, report.analysis);
    let of = |cell: &dyn Fn(&Suggestion) -> String| suggestion.map(cell).unwrap_or_default();
    let queries: Vec<&str> = analysis.queries.iter().map(|q| q.kind.as_str()).collect();
    [
        harmless(report.source),
        record.place.line.map(|l| l.to_string()).unwrap_or_default(),
        harmless(record.place.item.as_deref().unwrap_or_default()),
        harmless(&record.id),
        harmless(record.encounter.as_deref().unwrap_or_default()),
        record.day.map(|d| d.to_string()).unwrap_or_default(),
        analysis.code_set.to_string(),
        analysis.document.kind.clone(),
        analysis.document.admitted.to_string(),
        of(&|s| s.code.clone()),
        of(&|s| s.system.clone()),
        of(&|s| s.modifiers.join(" ")),
        of(&|s| s.units.to_string()),
        of(&|s| format!("{:.4}", s.confidence)),
        of(&|s| s.unsure.to_string()),
        of(&|s| s.label.clone()),
        of(&|s| s.rule.clone()),
        of(&|s| {
            joined(s.study.iter().map(|(axis, value)| match value {
                AxisValue::One(v) => format!("{axis}={v}"),
                AxisValue::Many(v) => format!("{axis}={}", v.join(",")),
            }))
        }),
        of(&|s| joined(s.evidence.iter().map(|e| proof(e, words.then_some(&record.text))))),
        of(&|s| joined(s.defaults.iter().map(|(axis, value)| format!("{axis}={value}")))),
        queries.join(" "),
        format!("{:.4}", analysis.confidence),
    ]
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(";")
}

/// `contrast 31-61`, with its words in quotes behind it, line breaks as blanks.
fn proof(e: &Evidence, text: Option<&String>) -> String {
    let mut out = format!("{} {}-{}", e.role, e.span.start, e.span.end);
    if let Some(text) = text {
        let words: Vec<&str> = text[e.span.range()].split_whitespace().collect();
        let _ = write!(out, " \"{}\"", words.join(" "));
    }
    out
}

/// A cell from the input as a spreadsheet may have it: what it would take for a formula gets an apostrophe before it,
/// but for numbers.
fn harmless(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && cell.parse::<f64>().is_err();
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

/// Writes a row; fields are quoted where they need it.
fn row(out: &mut Vec<u8>, cells: &[String; 22]) {
    let mut to = csv::Writer::from_writer(out);
    to.write_record(cells).and_then(|()| Ok(to.flush()?)).expect("memory takes what is written to it");
}
