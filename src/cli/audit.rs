//! `radcode audit`: a hospital's exam dictionary, each name against its code.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use radcode::{Analyzer, Options, Verdict};

use super::args::{Common, Reading};
use super::failure::Failure;
use super::guarded;
use super::knowledge::load;
use super::policy::{policy, with_edits};
use super::sheet::{Cell, Entry, Sheet, SheetFormat, quoted};
use super::table::{CODE, ID, NAME, Table};

/// `radcode audit`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode audit exams.csv > audit.csv
  radcode audit --date-of-service 2026-01-01 --column name=EXAM_DESC --column code=CHG_CPT exams.csv
  radcode audit --format text exams.csv

A row is agree; differs, where the name reads as another code; cannot_be_told, where the name leaves
open what the code needs; retired, where the code is not valid on the day; unknown_code; no_exam, where
the name reads as no exam that has a code; no_code. What needs a coder comes first.")]
pub struct AuditArgs {
    /// The dictionary: a table with the names of its columns in the first row, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A column that is not found by its name: name, code, id
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub column: Vec<String>,
    /// Form of the rows
    #[arg(long, value_enum, default_value_t = SheetFormat::Csv)]
    pub format: SheetFormat,
    /// Write the rows to this file, once all are done [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out the words that prove what a name reads as
    #[arg(long)]
    pub no_text: bool,
    /// How to read the names.
    #[command(flatten)]
    pub reading: Reading,
}

/// Columns of the sheet.
const COLUMNS: [&str; 12] =
    ["line", "outcome", "name", "code", "code_means", "reads_as", "name_says", "reason", "validity", "family", "confidence", "evidence"];

/// Judges all rows. 1 where some could not be read.
pub fn run(args: &AuditArgs, common: &Common) -> Result<u8, Failure> {
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let options: Options = args.reading.options(&policy(&args.reading.site, &analyzer, common)?);
    let mut table = Table::open(&args.file, args.reading.encoding, &args.column)?;
    if let Some(c) = table.missing.first() {
        return Err(Failure::usage(&format!("{}:1: no column for `--column {c}`", table.shown), "name a column as the first row does"));
    }
    let (name, code) = (table.need(NAME)?, table.need(CODE)?);
    let id = table.column(ID).filter(|i| *i != name && *i != code);
    let columns: Vec<&str> = id.map(|_| "id").into_iter().chain(COLUMNS).collect();
    let mut sheet = Sheet::open(args.format, args.output.as_deref(), common)?;
    sheet.head(&columns)?;
    let (mut rows, mut aside) = (0u64, 0u64);
    while let Some(row) = table.next() {
        let row = match row {
            Ok(row) => row,
            Err(u) => {
                aside += 1;
                let _ = writeln!(io::stderr(), "radcode: {}{}: set aside: {u}", table.shown, u.place);
                continue;
            }
        };
        rows += 1;
        let (words, listed) = (row.cell(Some(name)).unwrap_or_default(), row.cell(Some(code)).unwrap_or_default());
        let Some(a) = guarded(|| analyzer.audit(words, listed, &options)) else {
            aside += 1;
            let _ = writeln!(
                io::stderr(),
                "radcode: {}:{}: set aside: the name met a fault of the program; tell the maintainers the place above",
                table.shown,
                row.line
            );
            continue;
        };
        let evidence = a.analysis.suggestions.iter().flat_map(|s| &s.evidence).chain(a.analysis.rejected.iter().flat_map(|r| &r.evidence));
        let rank = match a.verdict {
            Verdict::Differs | Verdict::Retired | Verdict::UnknownCode => 0,
            Verdict::CannotBeTold => 1,
            Verdict::NoExam | Verdict::NoCode => 2,
            Verdict::Agree => 3,
        };
        let confidence = a.analysis.suggestions.iter().map(|s| s.confidence).reduce(f64::min);
        let list = |words: Vec<String>| Cell::List(words.into_iter().filter(|w| !w.is_empty()).collect());
        let mut cells: Vec<(&'static str, Cell)> =
            id.map(|i| ("id", Cell::of(row.cell(Some(i)).unwrap_or_default()))).into_iter().collect();
        cells.extend([
            ("line", Cell::Number(row.line.to_string())),
            ("outcome", Cell::of(a.verdict.name())),
            ("name", Cell::of(words)),
            ("code", Cell::of(listed)),
            ("code_means", list(a.meanings)),
            ("reads_as", list(a.analysis.suggestions.iter().map(|s| s.code.clone()).collect())),
            ("name_says", list(a.analysis.suggestions.iter().map(|s| s.label.clone()).collect())),
            ("reason", list(a.reasons)),
            ("validity", Cell::of(a.validity.unwrap_or_default())),
            ("family", Cell::of(a.family.clone().unwrap_or_default())),
            ("confidence", Cell::Number(confidence.map_or_else(String::new, |c| format!("{c:.2}")))),
            ("evidence", Cell::Places(quoted(words, evidence, None, !args.no_text, args.format))),
        ]);
        sheet.row(&Entry { outcome: a.verdict.name(), rank, family: a.family.unwrap_or_default(), cells })?;
    }
    sheet.close(&format!("{rows} row{}", if rows == 1 { "" } else { "s" }))?;
    if aside > 0 {
        let _ = writeln!(io::stderr(), "radcode: {aside} row{} set aside", if aside == 1 { "" } else { "s" });
        return Ok(1);
    }
    Ok(0)
}
