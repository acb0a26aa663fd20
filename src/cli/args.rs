//! The arguments, as a coder reads them in `--help`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use radcode::io::{Encoding, Format, InputOptions, OutputFormat};
use radcode::{Date, Options, Policy};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
`radcode [FILE]` is short for `radcode analyze [FILE]`; `radcode analyze --help` has its options.

Examples:
  radcode                            paste a report, then press Ctrl-D
  radcode report.txt                 codes with their proof, what was not coded, what to ask
  radcode --format codes report.txt  the bare codes, to copy
  radcode explain 72126 report.txt   why this code, or why not
  radcode codes show 72127           what we know of a code
  radcode batch reports/ > out.json  a folder of reports, one answer a line

Exit code: 0 done, with or without codes; 1 an input could not be used; 2 could not run.";

/// Reads radiology report text and suggests the billing codes that it supports, each with the words that prove it.
#[derive(Parser, Debug)]
#[command(name = "radcode", version, about, after_help = EXAMPLES, styles = STYLES, override_usage = "radcode [OPTIONS] [FILE]\n       radcode <COMMAND>")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of all commands.
    #[command(flatten)]
    pub common: Common,
}

/// Options of all commands.
#[derive(Args, Debug)]
pub struct Common {
    /// Use the lexicon under this folder (its .toml files and codes.tsv) instead of the one built in
    #[arg(long, global = true, value_name = "DIR", help_heading = "Lexicon")]
    pub lexicon: Option<PathBuf>,
    /// Add a .toml file of your own entries to the lexicon; may be given several times
    #[arg(long, global = true, value_name = "FILE", help_heading = "Lexicon")]
    pub lexicon_add: Vec<PathBuf>,
    // backticks would stand in the help too
    #[expect(clippy::doc_markdown)]
    /// Colours: on a terminal, always, or never (NO_COLOR=1 turns them off too)
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub color: When,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    // on a terminal
    Auto,
    Always,
    Never,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Suggest codes for one report (the default)
    Analyze(AnalyzeArgs),
    /// Suggest codes for many reports, one answer a line
    Batch(BatchArgs),
    /// Say why a code stands or does not, and what the text would have to say
    Explain(ExplainArgs),
    /// Look into what radcode knows, and check that it holds together
    Lexicon {
        /// What to do with the lexicon.
        #[command(subcommand)]
        command: LexiconCommand,
    },
    /// Hold what was ordered and what was billed against what the reports document
    Reconcile(super::reconcile::ReconcileArgs),
    /// Hold a dictionary of exams against its codes, name by name
    Audit(super::audit::AuditArgs),
    /// What changed between the answers of two runs, code by code, and why
    Diff(DiffArgs),
    /// Look up a code: family, neighbours, dates, successor; what changed between two days
    Codes {
        /// What to do with the codes.
        #[command(subcommand)]
        command: CodesCommand,
    },
}

/// How reports are read and coded.
#[derive(Args, Debug)]
pub struct Reading {
    /// Day of service, which picks the code set [default: the lexicon edition's date]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub date_of_service: Option<Date>,
    /// Mark suggestions under this confidence as unsure; none is ever removed
    #[arg(long, value_name = "0..1", value_parser = threshold, default_value = "0.7")]
    pub threshold: f64,
    /// Encoding of the text where it is not UTF-8: windows-1252, iso-8859-1, utf-16le ...
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    pub encoding: Option<&'static Encoding>,
    /// Set reports aside that are longer than this many bytes
    #[arg(long, value_name = "N", default_value_t = 8_388_608, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub max_report_bytes: u64,
    /// What the site chooses.
    #[command(flatten)]
    pub site: Site,
}

impl Reading {
    /// The library's options under a policy.
    pub fn options(&self, policy: &Policy) -> Options {
        Options { date_of_service: self.date_of_service, threshold: self.threshold, policy: policy.clone(), ..Options::default() }
    }
}

/// Site policy, and edits of another edition.
#[derive(Args, Debug)]
pub struct Site {
    /// Site policy from a TOML file: `payer = "medicare"` and the like; the options below go before it
    #[arg(long, value_name = "FILE", help_heading = "Claim")]
    pub policy: Option<PathBuf>,
    /// Who is billed: generic, medicare
    #[arg(long, value_name = "NAME", help_heading = "Claim")]
    pub payer: Option<String>,
    /// Where the exam was made: office, hospital
    #[arg(long, value_name = "NAME", help_heading = "Claim")]
    pub setting: Option<String>,
    /// Which part of the service is billed: none (the whole), professional, technical
    #[arg(long, value_name = "NAME", help_heading = "Claim")]
    pub component: Option<String>,
    /// A choice of policy; `radcode lexicon list --kind policy` lists the options; may be given several times
    #[arg(long, value_name = "OPTION=CHOICE", help_heading = "Claim")]
    pub choose: Vec<String>,
    /// NCCI edits of a newer edition, as CMS publishes them; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Claim")]
    pub ncci: Vec<PathBuf>,
    /// Unit limits of a newer edition, as CMS publishes them; may be given again
    #[arg(long, value_name = "FILE", help_heading = "Claim")]
    pub mue: Vec<PathBuf>,
}

/// Form of an answer.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// For people.
    Text,
    /// One JSON object over several lines.
    Json,
    /// One JSON object on one line.
    Ndjson,
    /// The bare codes, one a line.
    Codes,
    /// The claim as a table: lines with modifiers and units, and why.
    Claim,
}

/// `radcode analyze`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode report.txt
  radcode --format codes report.txt
  radcode --date-of-service 2019-05-01 report.txt
  radcode --encoding windows-1252 old-report.txt
  radcode --show-report report.txt | less -R

On a terminal the report follows the answer, its evidence marked in colour and long stretches
without evidence left out; --show-report shows all of it, also where there is no colour.")]
pub struct AnalyzeArgs {
    /// A file that holds one report; `-` or nothing: standard input
    pub file: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
    /// Show where the evidence stands, not its words
    #[arg(long)]
    pub no_text: bool,
    /// Show the whole report with the evidence marked
    #[arg(long, conflicts_with = "no_text")]
    pub show_report: bool,
    /// The id in machine formats [default: the file's name without its ending]
    #[arg(long)]
    pub id: Option<String>,
    /// How to read it.
    #[command(flatten)]
    pub reading: Reading,
}

/// Form of batch input.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// One report a file.
    Text,
    /// One JSON object a line: `{"id", "text", "date_of_service"}`.
    Ndjson,
    /// JSON objects in an array, or one over several lines.
    Json,
    /// Rows of fields parted by commas, the names of the columns in the first.
    Csv,
    /// The same, parted by tabs.
    Tsv,
    /// HL7 version 2 messages.
    Hl7,
    /// FHIR resources.
    Fhir,
    /// Apache Parquet.
    Parquet,
}

impl From<InputFormat> for Format {
    fn from(f: InputFormat) -> Self {
        match f {
            InputFormat::Text => Self::Text,
            InputFormat::Ndjson => Self::Ndjson,
            InputFormat::Json => Self::Json,
            InputFormat::Csv => Self::Csv,
            InputFormat::Tsv => Self::Tsv,
            InputFormat::Hl7 => Self::Hl7,
            InputFormat::Fhir => Self::Fhir,
            InputFormat::Parquet => Self::Parquet,
        }
    }
}

/// Form of batch output.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFormat {
    /// One JSON object a report, one a line.
    Ndjson,
    /// A row a suggestion.
    Csv,
    /// HL7 version 2 charges, DFT^P03: a message a claim.
    Hl7,
    /// FHIR `ChargeItem`s, one a line.
    FhirChargeItem,
    /// FHIR `Claim`s, one a line.
    FhirClaim,
    /// A claim for each encounter, as a table for people.
    Claim,
}

impl BatchFormat {
    /// The form, if it is one for machines.
    pub const fn machine(self) -> Option<OutputFormat> {
        Some(match self {
            Self::Ndjson => OutputFormat::Ndjson,
            Self::Csv => OutputFormat::Csv,
            Self::Hl7 => OutputFormat::Hl7,
            Self::FhirChargeItem => OutputFormat::ChargeItem,
            Self::FhirClaim => OutputFormat::Claim,
            Self::Claim => return None,
        })
    }
}

/// `radcode batch`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode batch reports/ > answers.ndjson
  radcode batch --output answers.csv --format csv --rejects rejects.ndjson january.hl7.gz
  radcode batch --resume --output answers.ndjson archive/
  radcode batch --input-format ndjson - < reports.ndjson > answers.ndjson
  radcode batch --column text=REPORT_TXT --column id=ACC_NO january.csv > answers.ndjson

The form of each input is told by its content, gzip and zstd around it are undone. A line of JSON
is {\"id\": \"...\", \"text\": \"...\", \"date_of_service\": \"2024-03-31\"}; only `text` has to be there.
Reports of one patient and day that carry the same `encounter` and follow each other make one claim.

Answers come in the order of the input. What can't be used is named on standard error, with file
and place, and the rest goes on; the exit code is then 1.")]
pub struct BatchArgs {
    /// Files, folders, or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Form of the input [default: by its content]
    #[arg(long, value_enum)]
    pub input_format: Option<InputFormat>,
    // backticks would stand in the help too
    #[expect(clippy::doc_markdown)]
    /// Column of a table that holds a field: text, id, date_of_service ...; may be given several times
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = column)]
    pub column: Vec<(String, String)>,
    /// Set an input aside that unpacks to more than this many times its size (after the first 64 MiB)
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_expansion: u64,
    /// Form of the answers
    #[arg(long, value_enum, default_value_t = BatchFormat::Ndjson)]
    pub format: BatchFormat,
    /// Write the answers to this file: aside first, under its name once all are there
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write what was set aside to this file, a JSON object a line: place and reason, never the text
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Keep a journal beside the output, and go on where an earlier run of the same arguments ended
    #[arg(long, requires = "output")]
    pub resume: bool,
    /// Threads that read reports [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// No progress and no summary; what is set aside is named all the same
    #[arg(long, short)]
    pub quiet: bool,
    /// Give the places of the evidence, not its words
    #[arg(long)]
    pub no_text: bool,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
}

impl BatchArgs {
    /// How inputs are read.
    pub fn input_options(&self) -> InputOptions {
        InputOptions {
            format: self.input_format.map(Format::from),
            encoding: self.reading.encoding,
            max_report_bytes: self.reading.max_report_bytes,
            max_expansion: self.max_expansion,
            columns: self.column.clone(),
        }
    }
}

/// `radcode explain`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode explain 72126 report.txt   why 72126 stands for this report, or what it would have to say
  radcode explain 72126              what a report has to say for 72126")]
pub struct ExplainArgs {
    /// The code
    pub code: String,
    /// A file that holds one report, or `-` for standard input; without it: what the code needs in general
    pub file: Option<PathBuf>,
    /// Show where the evidence stands, not its words
    #[arg(long)]
    pub no_text: bool,
    /// How to read it.
    #[command(flatten)]
    pub reading: Reading,
}

/// `radcode diff`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode diff january.ndjson january-again.ndjson
  radcode diff --format ndjson old.ndjson new.ndjson > changes.ndjson

Both files hold answers of `radcode batch`, one JSON object a line, told apart by `id`. An answer
that is in one file only is shown as such. The answers' words are not read: only codes, units,
modifiers, rules, reasons, queries, dates and editions are compared.")]
pub struct DiffArgs {
    /// The answers of the earlier run
    pub old: PathBuf,
    /// The answers of the later run
    pub new: PathBuf,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// `radcode lexicon`.
#[derive(Subcommand, Debug)]
pub enum LexiconCommand {
    /// Run every entry's proof lines and all checks; silent but for one line if all holds
    Check {
        /// Folder of a lexicon; without it the one in use
        dir: Option<PathBuf>,
    },
    /// List the entries: kind, id, number of terms, meaning
    List {
        /// Entries of this kind only
        #[arg(long, value_enum)]
        kind: Option<Kind>,
    },
    /// Show everything about one entry
    Show {
        /// Its id, as `radcode lexicon list` shows it
        id: String,
    },
}

/// A kind of entry.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Kind {
    Region,
    Concept,
    Family,
    Cue,
    Section,
    Document,
    Checklist,
    Rule,
    Code,
    Policy,
    Choice,
    Payer,
    Join,
    Pair,
    Addon,
    Modifier,
    Circumstance,
}

/// `radcode codes`.
#[derive(Subcommand, Debug)]
pub enum CodesCommand {
    /// Show what is known of a code
    Show {
        /// The code
        code: String,
    },
    /// What changed between two days: codes added, replaced, ended
    #[command(after_help = "\
Examples:
  radcode codes diff 2025-01-01 2026-01-01
  radcode codes diff --format ndjson 2017-12-31 2018-01-01")]
    Diff {
        /// The one day
        #[arg(value_name = "YYYY-MM-DD", value_parser = date)]
        from: Date,
        /// The other day
        #[arg(value_name = "YYYY-MM-DD", value_parser = date)]
        to: Date,
        /// Form of the list
        #[arg(long, value_enum, default_value_t = ListFormat::Text)]
        format: ListFormat,
    },
}

/// Form of a list.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Ndjson,
}

fn date(s: &str) -> Result<Date, &'static str> {
    radcode::io::day(s)
}

fn column(s: &str) -> Result<(String, String), &'static str> {
    let (field, column) = s.split_once('=').ok_or("write it as FIELD=COLUMN, for instance text=REPORT_TXT")?;
    Ok((field.trim().to_owned(), column.trim().to_owned()))
}

fn threshold(s: &str) -> Result<f64, String> {
    match s.parse::<f64>() {
        Ok(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => Err("write a number from 0 to 1, for instance 0.9".to_owned()),
    }
}

fn encoding(s: &str) -> Result<&'static Encoding, String> {
    let known = Encoding::for_label(s.trim().as_bytes()).filter(|e| *e != encoding_rs::REPLACEMENT);
    known.ok_or_else(|| "no encoding has this name; common ones are windows-1252, iso-8859-1, utf-16le, utf-8, macintosh".to_owned())
}
