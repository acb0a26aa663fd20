//! The field's formats, in and out: one file a format, over `Read` and `Write`. Opens no files and prints nothing.
//!
//! A reader gives [`Record`]s one at a time, or says of what it can't use where it stands and why ([`Unusable`]), never
//! with words of a report. Nothing is held but the record at hand.

mod columns;
mod csv;
mod dft;
mod encoding;
mod fhir;
mod fhir_out;
mod fhir_text;
mod fhir_wire;
mod hl7;
mod html;
mod items;
mod json;
mod ndjson;
#[cfg(feature = "parquet")]
pub mod parquet;
mod rtf;
mod text;
mod unpack;

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use jiff::civil::Date;

pub use encoding_rs::Encoding;
pub use ndjson::{Line, read_line};
pub use text::{day, decode, read_all};

use crate::analysis::{Analysis, Claim, Part, ReportStatus, ReportText};
use crate::lexicon::Lexicon;

/// A report as it was found in an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its id: given, else one that its reader makes up from its place.
    pub id: String,
    /// The report.
    pub text: String,
    /// Where the stretches of the text came from; empty where the text is one field or file.
    pub parts: Vec<Part>,
    /// The day of service.
    pub day: Option<Date>,
    /// The encounter: reports of one patient and day that make one claim.
    pub encounter: Option<String>,
    /// How far the report is, by its message.
    pub status: Option<ReportStatus>,
    /// The exams that were ordered.
    pub ordered: Vec<Ordered>,
    /// Codes that were billed.
    pub billed: Vec<String>,
    /// The patient's identifier in the input's own form, for outputs that need a subject.
    pub patient: Option<String>,
    /// The visit's identifier.
    pub visit: Option<String>,
    /// Where it stands in its input.
    pub place: Place,
}

/// An exam that was ordered: by code, by name or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// The code, where one is given; a billing code or one of the site's own.
    pub code: Option<String>,
    /// The name of the exam.
    pub name: Option<String>,
}

/// Where a record stands in its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line that it begins on, from 1; `None` where lines mean nothing.
    pub line: Option<u64>,
    /// In the format's own terms: `message 3`, `row 12`, `entry[4]`.
    pub item: Option<String>,
}

impl Place {
    /// A line.
    #[must_use]
    pub const fn line(line: u64) -> Self {
        Self { line: Some(line), item: None }
    }

    /// An item, and the line that it begins on.
    #[must_use]
    pub fn item(item: impl Into<String>, line: Option<u64>) -> Self {
        Self { line, item: Some(item.into()) }
    }
}

/// `:12`, ` message 3`, `:120 message 3`; empty for a whole file. Follows the name of the input.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        self.item.as_ref().map_or(Ok(()), |item| write!(f, " {item}"))
    }
}

/// Why a part of an input is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Where.
    pub place: Place,
    /// What is wrong. Never words of the report.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl Unusable {
    /// What is wrong and what to do, with the place of the whole input.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: Place::default(), what: what.into(), help: help.into() }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// An input that can't be read on.
    #[must_use]
    pub fn unreadable(e: &io::Error) -> Self {
        if let Some(broken) = unpack::Broken::of(e) {
            return Self::new(&broken.what, &broken.help);
        }
        Self::new(format!("can't be read: {e}"), "check the name and the right to read it; what came before has been answered")
    }

    /// A report over the limit, which is in bytes.
    #[must_use]
    pub fn too_long(limit: u64) -> Self {
        Self::new(
            format!("longer than {limit} bytes"),
            "raise --max-report-bytes, or split the file: one report a file (`radcode batch` takes many, one JSON object a line)",
        )
    }
}

/// What is wrong and what to do, on one line, without the place.
impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

/// Reads the records of one input, in their order.
pub trait Records: Send {
    /// The next record, or what can't be used; `None` at the end, and after what keeps the rest from being read.
    fn next(&mut self) -> Option<Result<Record, Unusable>>;

    /// Whether there is more at hand without waiting for whoever writes the input.
    fn at_hand(&self) -> bool {
        true
    }
}

/// Form of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One report.
    Text,
    /// One JSON object a line.
    Ndjson,
    /// JSON objects in an array, or one over several lines.
    Json,
    /// Rows with the names of their columns in the first; fields parted by commas.
    Csv,
    /// The same, parted by tabs.
    Tsv,
    /// HL7 version 2 messages.
    Hl7,
    /// FHIR resources: one, a Bundle, or one a line.
    Fhir,
    /// Apache Parquet.
    Parquet,
}

/// How an input is read.
#[derive(Clone, Debug)]
pub struct InputOptions {
    /// Its form; `None`: by its content.
    pub format: Option<Format>,
    /// Encoding of its text; `None`: UTF-8, UTF-16 by its mark, what a message says of itself.
    pub encoding: Option<&'static Encoding>,
    /// Bytes of text that a report may have.
    pub max_report_bytes: u64,
    /// How many times its size an input may take once unpacked, after the first 64 MiB.
    pub max_expansion: u64,
    /// Columns of tables by the field that they hold: `("text", "REPORT_TXT")`.
    pub columns: Vec<(String, String)>,
}

impl Default for InputOptions {
    fn default() -> Self {
        Self { format: None, encoding: None, max_report_bytes: 8_388_608, max_expansion: 200, columns: Vec::new() }
    }
}

/// Opens an input of any form but Parquet, which has to be a file. `id` is that of a report without one of its own (the
/// stem of its file); `name` tells by its ending what the content leaves open.
///
/// # Errors
/// What is wrong with the input as a whole: it can't be read, is packed in an unknown way, or is of no form known here.
pub fn open(from: impl Read + Send + 'static, id: &str, name: &str, options: &InputOptions) -> Result<Box<dyn Records>, Unusable> {
    let from: Box<dyn Read + Send> = Box::new(from);
    let mut from = unpack::unpack(BufReader::with_capacity(BUFFER, from), options.max_expansion).map_err(|e| Unusable::unreadable(&e))?;
    let head = from.fill_buf().map_err(|e| Unusable::unreadable(&e))?;
    let format = options.format.unwrap_or_else(|| detect(&encoding::head(head, options.encoding), name));
    // lines and items are told apart in UTF-8; an encoding that is asked for is that of the whole
    let utf8 = |from, asked| encoding::as_utf8(from, asked).map_err(|e| Unusable::unreadable(&e));
    let decoded = InputOptions { encoding: None, ..options.clone() };
    Ok(match format {
        Format::Text => text::records(from, id, options),
        Format::Ndjson => ndjson::records(utf8(from, options.encoding)?, &decoded),
        Format::Json => json::records(utf8(from, options.encoding)?, &decoded),
        Format::Csv => csv::records(utf8(from, options.encoding)?, b',', options)?,
        Format::Tsv => csv::records(utf8(from, options.encoding)?, b'\t', options)?,
        // messages say of themselves what they are in
        Format::Hl7 => hl7::records(from, options),
        // asked for is the encoding of documents inside
        Format::Fhir => fhir::records(utf8(from, None)?, options),
        Format::Parquet if cfg!(not(feature = "parquet")) => {
            return Err(Unusable::new(
                "a Parquet file, which this build does not read",
                "build it with --features parquet, or convert the file to CSV",
            ));
        }
        Format::Parquet => {
            return Err(Unusable::new(
                "a Parquet file that is packed or comes through a pipe",
                "name the file itself: Parquet is read from its end",
            ));
        }
    })
}

/// Bytes of an input, whatever they come from; what it buffers can be had without waiting.
type Input = BufReader<Box<dyn Read + Send>>;

/// An input that is at its end.
fn nothing() -> Input {
    BufReader::new(Box::new(io::empty()))
}

/// Size of an input's buffer in bytes; a format has to show by its first so many.
const BUFFER: usize = 1 << 16;

/// The form of an input by its first bytes; where they leave it open (a table, a lone object) by the ending of its name.
#[must_use]
pub fn detect(head: &[u8], name: &str) -> Format {
    let head = encoding::head(head, None);
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if start.starts_with(b"PAR1") {
        return Format::Parquet;
    }
    if hl7::begins(start) {
        return Format::Hl7;
    }
    match start.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{' | b'[') => json::form(start),
        _ => match ending(&name.to_lowercase()) {
            "csv" => Format::Csv,
            "tsv" | "tab" => Format::Tsv,
            "ndjson" | "jsonl" | "json" => Format::Ndjson,
            "hl7" => Format::Hl7,
            "txt" | "text" => Format::Text,
            _ => csv::form(start).unwrap_or(Format::Text),
        },
    }
}

/// The ending of a name in lower case as far as formats are told by it, that of a packing left out.
fn ending(name: &str) -> &str {
    let name = [".gz", ".zst", ".gzip", ".zstd"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
    name.rsplit_once('.').map_or("", |(_, e)| e)
}

/// A report with its answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The name of its input.
    pub source: &'a str,
    /// The report.
    pub record: &'a Record,
    /// The answer.
    pub analysis: &'a Analysis,
}

impl<'a> Answered<'a> {
    /// The report as spans see it.
    #[must_use]
    pub fn text(&self) -> ReportText<'a> {
        ReportText { id: &self.record.id, text: &self.record.text, parts: &self.record.parts }
    }
}

/// What is written at once: a report, or the reports of an encounter, and their claim.
#[derive(Clone, Copy, Debug)]
pub struct Bill<'a> {
    /// The reports, in their order; at least one.
    pub reports: &'a [Answered<'a>],
    /// The claim of all.
    pub claim: &'a Claim,
    /// The lexicon that answered.
    pub lexicon: &'a Lexicon,
    /// Whether the words of spans are written.
    pub words: bool,
}

impl<'a> Bill<'a> {
    /// The encounter, where the reports are of one.
    #[must_use]
    pub fn encounter(&self) -> Option<&'a str> {
        self.reports.first().and_then(|r| r.record.encounter.as_deref())
    }
}

/// Form of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// The contract: one JSON object a report, one a line.
    Ndjson,
    /// A row a suggestion.
    Csv,
    /// HL7 version 2 charges, DFT^P03: a message a claim.
    Hl7,
    /// FHIR `ChargeItem`s, one a line.
    ChargeItem,
    /// FHIR `Claim`s, one a line.
    Claim,
}

impl OutputFormat {
    /// What stands before the first answer.
    #[must_use]
    pub fn head(self) -> Vec<u8> {
        match self {
            Self::Csv => csv::head(),
            Self::Ndjson | Self::Hl7 | Self::ChargeItem | Self::Claim => Vec::new(),
        }
    }

    /// Writes a bill behind `out`.
    pub fn write(self, bill: &Bill<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Ndjson => ndjson::write(bill, out),
            Self::Csv => csv::write(bill, out),
            Self::Hl7 => dft::write(bill, out),
            Self::ChargeItem => fhir_out::charge_items(bill, out),
            Self::Claim => fhir_out::claim(bill, out),
        }
    }
}
