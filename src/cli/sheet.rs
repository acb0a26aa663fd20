//! Rows with their outcomes, as CSV, for people or as JSON lines: those that need a coder first, to a file or standard
//! output; and how many there are of each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use radcode::{Evidence, position};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::args::Common;
use super::failure::Failure;
use super::quotes::{choose, place, plain, words};
use super::screen::{CARE, FAINT, NOT, STRONG, Screen, wrap};

/// Form of a list of outcomes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetFormat {
    /// A row each, for a spreadsheet.
    Csv,
    /// For people.
    Text,
    /// One JSON object a line.
    Ndjson,
}

/// Characters of one quotation.
const QUOTE: usize = 80;
/// Bytes of rows that wait for their turn. They hold words of reports, so never in a temporary file: with more the order
/// by what needs a coder begins anew.
const WAITING: usize = 32 << 20;

/// A row: its cells by column, in their order.
pub struct Entry {
    /// Its outcome.
    pub outcome: &'static str,
    /// Where it stands: 0 what needs a coder, then what can't be told, what was not compared, what agrees.
    pub rank: usize,
    /// What it is counted under besides its outcome; empty for none.
    pub family: String,
    /// Column and what stands in it.
    pub cells: Vec<(&'static str, Cell)>,
}

/// What stands in a cell.
pub enum Cell {
    /// Words; `null` in JSON where there are none.
    Words(String),
    /// A number as it is written.
    Number(String),
    /// Several; parted by semicolons outside JSON.
    List(Vec<String>),
    /// Places in texts.
    Places(Vec<Quoted>),
}

/// A place in a text: for JSON as it is, else in words.
pub struct Quoted {
    object: Value,
    line: String,
}

/// The evidence of one report as a cell shows it; `name` is the report's, where there are several.
pub fn quoted<'a>(
    text: &str,
    evidence: impl IntoIterator<Item = &'a Evidence>,
    name: Option<&str>,
    quote: bool,
    format: SheetFormat,
) -> Vec<Quoted> {
    let evidence: Vec<Evidence> = evidence.into_iter().cloned().collect();
    if format == SheetFormat::Ndjson {
        let object = |e: &Evidence| {
            let at = position(text, e.span.start);
            let mut o = json!({"role": e.role, "start": e.span.start, "end": e.span.end});
            if let Some(name) = name {
                o["report"] = json!(name);
            }
            if quote {
                o["text"] = json!(&text[e.span.range()]);
            }
            o["section"] = json!(e.section);
            o["concept"] = json!(e.concept);
            o["line"] = json!(at.line);
            o["column"] = json!(at.column);
            Quoted { object: o, line: String::new() }
        };
        return evidence.iter().map(object).collect();
    }
    let from = name.map_or_else(String::new, |n| format!("{} ", n.chars().map(plain).collect::<String>()));
    let line = |role: &str, span| {
        let said = if quote { format!(" {}", words(text, span, QUOTE)) } else { String::new() };
        Quoted { object: Value::Null, line: format!("{from}{role} {}{said}", place(text, span)) }
    };
    choose(text, &evidence).into_iter().map(|q| line(&q.role, q.span)).collect()
}

impl Cell {
    /// A cell of one thing, or of nothing.
    pub fn of(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }

    fn flat(&self) -> String {
        match self {
            Self::Words(w) | Self::Number(w) => w.clone(),
            Self::List(l) => l.join("; "),
            Self::Places(p) => p.iter().map(|q| q.line.as_str()).collect::<Vec<_>>().join("; "),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Words(w) if w.is_empty() => Value::Null,
            Self::Words(w) => json!(w),
            Self::Number(n) => serde_json::from_str(n).unwrap_or(Value::Null),
            Self::List(l) => json!(l),
            Self::Places(p) => p.iter().map(|q| q.object.clone()).collect(),
        }
    }
}

/// Where rows go.
pub struct Sheet {
    format: SheetFormat,
    width: usize,
    out: Target,
    /// Rows of the ranks after the first.
    waiting: [Vec<u8>; 3],
    /// How many, by outcome and family.
    counts: BTreeMap<(usize, &'static str), BTreeMap<String, u64>>,
    headed: bool,
}

enum Target {
    Screen(Screen),
    Stdout(BufWriter<io::Stdout>),
    /// Written aside, then renamed.
    File(Box<BufWriter<NamedTempFile>>, PathBuf),
}

impl Target {
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Screen(s) => s.write_all(bytes),
            Self::Stdout(s) => s.write_all(bytes),
            Self::File(f, _) => f.write_all(bytes),
        }
    }
}

impl Sheet {
    /// A sheet to a file, or to standard output.
    pub fn open(format: SheetFormat, output: Option<&Path>, common: &Common) -> Result<Self, Failure> {
        let screen = Screen::new(common.color);
        let width = screen.width;
        let out = match output {
            Some(path) => {
                let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let aside = NamedTempFile::new_in(folder).map_err(|e| unwritable(path, &e))?;
                Target::File(Box::new(BufWriter::new(aside)), path.to_owned())
            }
            None if format == SheetFormat::Text => Target::Screen(screen),
            None => Target::Stdout(BufWriter::new(io::stdout())),
        };
        Ok(Self { format, width, out, waiting: <[Vec<u8>; 3]>::default(), counts: BTreeMap::new(), headed: false })
    }

    /// The columns, for a sheet without rows too.
    pub fn head(&mut self, columns: &[&str]) -> Result<(), Failure> {
        if self.format == SheetFormat::Csv && !self.headed {
            self.headed = true;
            let row = record(columns)?;
            self.out.bytes(&row)?;
        }
        Ok(())
    }

    /// Adds a row.
    pub fn row(&mut self, entry: &Entry) -> Result<(), Failure> {
        *self.counts.entry((entry.rank, entry.outcome)).or_default().entry(entry.family.clone()).or_default() += 1;
        let mut bytes = Vec::new();
        match self.format {
            SheetFormat::Csv => bytes = record(&entry.cells.iter().map(|(_, c)| c.flat()).collect::<Vec<_>>())?,
            SheetFormat::Ndjson => {
                let object: Map<String, Value> = entry.cells.iter().map(|(name, c)| ((*name).to_owned(), c.json())).collect();
                serde_json::to_writer(&mut bytes, &object)?;
                bytes.push(b'\n');
            }
            SheetFormat::Text => self.text(entry, &mut bytes)?,
        }
        match entry.rank.checked_sub(1).and_then(|r| self.waiting.get_mut(r)) {
            Some(later) => later.extend(bytes),
            None => self.out.bytes(&bytes)?,
        }
        if self.waiting.iter().map(Vec::len).sum::<usize>() > WAITING { self.write_waiting() } else { Ok(()) }
    }

    fn write_waiting(&mut self) -> Result<(), Failure> {
        for later in &mut self.waiting {
            self.out.bytes(later)?;
            later.clear();
        }
        Ok(())
    }

    fn text(&self, entry: &Entry, out: &mut Vec<u8>) -> io::Result<()> {
        /// Columns of a cell's name.
        const NAME: usize = 16;
        let style = [NOT, CARE, CARE, FAINT][entry.rank.min(3)];
        let plainly = |c: &Cell| c.flat().chars().map(plain).collect::<String>();
        let mut cells = entry.cells.iter();
        let first = cells.next().map(|(_, c)| plainly(c)).unwrap_or_default();
        writeln!(out, "{STRONG}{first}{STRONG:#}  {style}{}{style:#}", entry.outcome.replace('_', " "))?;
        for (name, cell) in cells.filter(|(n, _)| *n != "outcome") {
            let lines: Vec<String> = match cell {
                Cell::Words(w) | Cell::Number(w) => vec![w.clone()],
                Cell::List(l) => l.clone(),
                Cell::Places(p) => p.iter().map(|q| q.line.clone()).collect(),
            };
            let mut shown = name.replace('_', " ");
            for line in lines.iter().filter(|l| !l.is_empty()) {
                let line: String = line.chars().map(plain).collect();
                for part in wrap(&line, self.width.saturating_sub(NAME + 7)) {
                    writeln!(out, "{:7}{FAINT}{shown:<NAME$}{FAINT:#}{part}", "")?;
                    shown.clear();
                }
            }
        }
        Ok(())
    }

    /// Writes what waits; says on standard error how many rows there are of each outcome and family.
    pub fn close(mut self, what: &str) -> Result<(), Failure> {
        self.write_waiting()?;
        match self.out {
            Target::Screen(mut s) => s.flush()?,
            Target::Stdout(mut s) => s.flush()?,
            Target::File(f, path) => {
                let aside = f.into_inner().map_err(io::IntoInnerError::into_error).map_err(|e| unwritable(&path, &e))?;
                let file: Result<File, _> = aside.persist(&path);
                file.map_err(|e| unwritable(&path, &e.error))?;
            }
        }
        let mut err = io::stderr().lock();
        let _ = writeln!(err, "radcode: {what}");
        for ((_, outcome), families) in &self.counts {
            let total: u64 = families.values().sum();
            let _ = writeln!(err, "radcode: {outcome} {total}{}", of_families(families));
        }
        Ok(())
    }
}

/// `: ct.head 3, mr.brain 1`, the most frequent first.
fn of_families(families: &BTreeMap<String, u64>) -> String {
    /// Most families that are named.
    const NAMED: usize = 6;
    let mut list: Vec<(&String, &u64)> = families.iter().filter(|(f, _)| !f.is_empty()).collect();
    list.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let mut words: Vec<String> = list.iter().take(NAMED).map(|(f, n)| format!("{f} {n}")).collect();
    if list.len() > NAMED {
        words.push(format!("{} more", list.len() - NAMED));
    }
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn record<S: AsRef<[u8]>>(cells: &[S]) -> Result<Vec<u8>, Failure> {
    let mut out = csv::WriterBuilder::new().from_writer(Vec::new());
    out.write_record(cells).map_err(io::Error::from)?;
    Ok(out.into_inner().map_err(|e| io::Error::other(e.to_string()))?)
}

fn unwritable(path: &Path, e: &io::Error) -> Failure {
    Failure::usage(&format!("{} can't be written: {e}", path.display()), "check the folder and the right to write in it")
}
