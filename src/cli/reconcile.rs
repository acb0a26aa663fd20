//! `radcode reconcile`: what was ordered and what was billed, held against what the reports document.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use radcode::io::{Format, InputOptions, Record, Records, Unusable};
use radcode::{Against, Analysis, Analyzer, BilledCode, Claim, Ledger, Options, OrderedExam, Outcome, Policy, Reconciled};

use super::args::{Common, InputFormat, Reading};
use super::batch::inputs::{Found, Survey, survey, walk};
use super::failure::Failure;
use super::guarded;
use super::input::unreadable;
use super::knowledge::load;
use super::policy::{policy, with_edits};
use super::quotes::plain;
use super::sheet::{Cell, Entry, Quoted, Sheet, SheetFormat, quoted};
use super::table::{BILLED_CODE, CODE, ID, MODIFIERS, NAME, ORDERED_CODE, ORDERED_NAME, Table, UNITS};

/// `radcode reconcile`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  radcode reconcile messages.hl7 > differences.csv
  radcode reconcile --orders orders.csv --billed billed.csv reports/ > differences.csv
  radcode reconcile --format text --billed billed.csv reports.ndjson

Orders and billed codes come from the messages themselves, or from tables beside the reports, joined
by the report's id. The columns of a table are found by name: `accession` or `id`; `code`, `name`;
`billed code` or `code`, `modifiers`, `units`; others are named by --column id=ACC_NO. An order is read
by its billing code, else by its name; both lists are compared after the rules of the claim, so that
abdomen and pelvis ordered apart agree with the one code for both. What needs a coder comes first.")]
pub struct ReconcileArgs {
    /// Reports: files of any form, folders, or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// A table of the exams that were ordered: id, code, name
    #[arg(long, value_name = "FILE", help_heading = "Lists")]
    pub orders: Option<PathBuf>,
    /// A table of the codes that were billed: id, code, modifiers, units
    #[arg(long, value_name = "FILE", help_heading = "Lists")]
    pub billed: Option<PathBuf>,
    /// A column of the tables that is not found by its name: id, ordered-code, ordered-name, billed-code, code, name, modifiers, units; other
    /// fields are those of reports in a table: text, encounter ...
    #[arg(long, value_name = "FIELD=COLUMN", help_heading = "Lists")]
    pub column: Vec<String>,
    /// Form of the reports [default: by their content]
    #[arg(long, value_enum)]
    pub input_format: Option<InputFormat>,
    /// Form of the rows
    #[arg(long, value_enum, default_value_t = SheetFormat::Csv)]
    pub format: SheetFormat,
    /// Write the rows to this file, once all are done [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Give the places of the evidence, not its words
    #[arg(long)]
    pub no_text: bool,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
}

/// Columns of the sheet.
const COLUMNS: [&str; 16] = [
    "id",
    "outcome",
    "against",
    "reason",
    "documented",
    "documented_exam",
    "ordered_code",
    "ordered_name",
    "order_reads_as",
    "billed",
    "validity",
    "family",
    "confidence",
    "evidence",
    "encounter",
    "source",
];

/// Most reports of one encounter that are held; more begin another.
const ENCOUNTER: usize = 256;

/// Outcomes of what could not be held against anything.
const NO_REPORT: &str = "no_report";
const NOTHING: &str = "nothing_to_compare";

/// Rows of a list by the id of their report.
struct List<T> {
    rows: HashMap<String, Vec<T>>,
    /// The ids in their order, with the line of the first row, and those that a report was found for.
    ids: Vec<(String, u64)>,
    met: HashSet<String>,
    shown: String,
}

impl<T: Clone> List<T> {
    /// The rows of a report, by its id.
    fn of(&mut self, id: &str) -> &[T] {
        match self.rows.get(id) {
            Some(rows) => {
                self.met.insert(id.to_owned());
                rows
            }
            None => &[],
        }
    }

    fn missed(&self) -> impl Iterator<Item = (&str, u64, &[T])> {
        self.ids.iter().filter(|(id, _)| !self.met.contains(id)).map(|(id, line)| (id.as_str(), *line, self.rows[id].as_slice()))
    }
}

/// A report with its answer and what its own message lists.
struct Report {
    source: String,
    record: Record,
    analysis: Analysis,
}

/// Holds the lists against all reports. 1 where some inputs or rows were set aside.
pub fn run(args: &ReconcileArgs, common: &Common) -> Result<u8, Failure> {
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let policy = policy(&args.reading.site, &analyzer, common)?;
    let mut aside = 0;
    let (mut missing, mut tables) = (Vec::new(), 0);
    let orders = match &args.orders {
        Some(path) => Some(orders(path, args, &mut aside, &mut missing).inspect(|_| tables += 1)?),
        None => None,
    };
    let billed = match &args.billed {
        Some(path) => Some(billed(path, args, &mut aside, &mut missing).inspect(|_| tables += 1)?),
        None => None,
    };
    if let Some(c) = args.column.iter().filter(|c| of_reports(c).is_none()).find(|c| missing.iter().filter(|m| m == c).count() == tables) {
        return Err(Failure::usage(
            &format!("`--column {c}`: no table has such a column"),
            "name a column of --orders or --billed as its first row does",
        ));
    }
    let agents = billed.as_ref().is_some_and(|l| l.rows.values().flatten().any(|b| is_agent(&analyzer, b)));
    let mut run = Run {
        components: analyzer.lexicon().choices(&policy).iter().any(|(o, _, default)| *o == "component" && !default),
        args,
        analyzer,
        policy,
        sheet: Sheet::open(args.format, args.output.as_deref(), common)?,
        orders,
        billed,
        agents,
        aside,
        reports: 0,
        ids: HashSet::new(),
        open: Vec::new(),
    };
    run.sheet.head(&COLUMNS)?;
    let names = survey(&args.inputs, args.input_format);
    let mut failed = None;
    let _ = walk(&args.inputs, args.input_format, &mut |found| match run.input(found, &names) {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            failed = Some(e);
            ControlFlow::Break(())
        }
    });
    if let Some(e) = failed {
        return Err(e);
    }
    run.close()?;
    run.unmet()?;
    let (aside, n) = (run.aside, run.reports);
    run.sheet.close(&format!("{n} report{}", if n == 1 { "" } else { "s" }))?;
    if aside > 0 {
        say(&format!("{aside} input{} set aside", if aside == 1 { "" } else { "s" }));
        return Ok(1);
    }
    Ok(0)
}

fn is_agent(analyzer: &Analyzer, b: &BilledCode) -> bool {
    analyzer.lexicon().is_agent(&b.code)
}

/// A column of `--column` that is one of the reports, where they are a table: of a field that no list has.
fn of_reports(column: &str) -> Option<(String, String)> {
    let (field, name) = column.split_once('=')?;
    let lists = [ID, ORDERED_CODE, ORDERED_NAME, BILLED_CODE, CODE, NAME, MODIFIERS, UNITS];
    (!lists.iter().any(|(f, _)| *f == field.trim())).then(|| (field.trim().to_owned(), name.trim().to_owned()))
}

/// Reads the table of orders.
fn orders(path: &Path, args: &ReconcileArgs, aside: &mut u64, missing: &mut Vec<String>) -> Result<List<OrderedExam>, Failure> {
    let table = Table::open(path, args.reading.encoding, &args.column)?;
    missing.extend(table.missing.iter().cloned());
    let id = table.need(ID)?;
    let code = table.column(ORDERED_CODE).or_else(|| table.column(CODE));
    let name = table.column(ORDERED_NAME).or_else(|| table.column(NAME));
    if code.is_none() && name.is_none() {
        return Err(table.lacks(&[ORDERED_CODE, ORDERED_NAME]));
    }
    Ok(list(table, id, aside, |row| {
        let cell = |c| row.cell(c).map(str::to_owned);
        let order = OrderedExam { code: cell(code), name: cell(name) };
        if order == OrderedExam::default() { Vec::new() } else { vec![order] }
    }))
}

/// Reads the table of what was billed.
fn billed(path: &Path, args: &ReconcileArgs, aside: &mut u64, missing: &mut Vec<String>) -> Result<List<BilledCode>, Failure> {
    let table = Table::open(path, args.reading.encoding, &args.column)?;
    missing.extend(table.missing.iter().cloned());
    let id = table.need(ID)?;
    let code = table.column(BILLED_CODE).or_else(|| table.column(CODE)).ok_or_else(|| table.lacks(&[BILLED_CODE]))?;
    let (modifiers, units) = (table.columns(MODIFIERS), table.column(UNITS));
    Ok(list(table, id, aside, |row| {
        let mut codes = BilledCode::read(row.cell(Some(code)).unwrap_or_default());
        let more = modifiers.iter().filter_map(|m| row.cell(Some(*m)));
        let more: Vec<String> =
            more.flat_map(|m| m.split(|c: char| !c.is_ascii_alphanumeric())).map(str::to_uppercase).filter(|m| !m.is_empty()).collect();
        // "1.00" is one
        let units = row.cell(units).and_then(|u| u.split('.').next()?.trim().parse::<u32>().ok());
        for c in &mut codes {
            c.modifiers.extend(more.iter().cloned());
            c.units = units.unwrap_or(c.units);
        }
        codes
    }))
}

fn list<T>(mut table: Table, id: usize, aside: &mut u64, read: impl Fn(&super::table::Row) -> Vec<T>) -> List<T> {
    let mut out = List { rows: HashMap::new(), ids: Vec::new(), met: HashSet::new(), shown: table.shown.clone() };
    while let Some(row) = table.next() {
        let put_aside = |line: u64, why: &Unusable| say(&format!("{}:{line}: set aside: {why}", out.shown));
        match row {
            Ok(row) => {
                let found = read(&row);
                let Some(key) = row.cell(Some(id)).map(str::to_owned) else {
                    *aside += 1;
                    put_aside(row.line, &Unusable::new("the row has no id", "give the id of the report that it belongs to"));
                    continue;
                };
                if found.is_empty() {
                    *aside += 1;
                    put_aside(row.line, &Unusable::new("the row names no exam", "give a code or a name"));
                    continue;
                }
                if !out.rows.contains_key(&key) {
                    out.ids.push((key.clone(), row.line));
                }
                out.rows.entry(key).or_default().extend(found);
            }
            Err(u) => {
                *aside += 1;
                say(&format!("{}{}: set aside: {u}", out.shown, u.place));
            }
        }
    }
    out
}

struct Run<'a> {
    args: &'a ReconcileArgs,
    analyzer: Analyzer,
    policy: Policy,
    sheet: Sheet,
    orders: Option<List<OrderedExam>>,
    billed: Option<List<BilledCode>>,
    agents: bool,
    components: bool,
    aside: u64,
    reports: u64,
    ids: HashSet<String>,
    /// The reports of the encounter that is being read.
    open: Vec<Report>,
}

impl Run<'_> {
    fn input(&mut self, found: Found<'_>, names: &Survey) -> Result<(), Failure> {
        let options = InputOptions {
            format: self.args.input_format.map(Format::from),
            encoding: self.args.reading.encoding,
            max_report_bytes: self.args.reading.max_report_bytes,
            columns: self.args.column.iter().filter_map(|c| of_reports(c)).collect(),
            ..InputOptions::default()
        };
        let (source, records) = match found {
            Found::Other => return Ok(()),
            Found::Aside(path, why) => (path.display().to_string(), Err(why)),
            Found::Stdin => ("standard input".to_owned(), radcode::io::open(io::stdin(), "stdin", "-", &options)),
            Found::File(path) => (path.display().to_string(), open(path, &names.id(path), &options)),
        };
        let mut records = match records {
            Ok(records) => records,
            Err(u) => {
                self.put_aside(&source, &u);
                return Ok(());
            }
        };
        while let Some(record) = records.next() {
            match record {
                Ok(record) => self.report(&source, record)?,
                Err(u) => self.put_aside(&source, &u),
            }
        }
        Ok(())
    }

    fn report(&mut self, source: &str, record: Record) -> Result<(), Failure> {
        self.reports += 1;
        let mut options = self.args.reading.options(&self.policy);
        options.date_of_service = record.day.or(self.args.reading.date_of_service);
        if !self.ids.insert(record.id.clone()) {
            let id: String = record.id.chars().take(60).map(plain).collect();
            say(&format!("{source}{}: the id `{id}` came before; both reports are held against the rows of it", record.place));
        }
        let Some(analysis) = guarded(|| self.analyzer.analyze(&record.text, &options)) else {
            let why = Unusable::new(
                "the report met a fault of the program",
                "tell the maintainers the place above; the report itself is not needed",
            );
            self.put_aside(source, &why.at(record.place));
            return Ok(());
        };
        let goes_on = |r: &Report| {
            r.record.encounter.is_some() && r.record.encounter == record.encounter && r.analysis.claim.day == analysis.claim.day
        };
        if !self.open.last().is_some_and(goes_on) || self.open.len() == ENCOUNTER {
            self.close()?;
        }
        self.open.push(Report { source: source.to_owned(), record, analysis });
        Ok(())
    }

    /// Compares the reports at hand.
    fn close(&mut self) -> Result<(), Failure> {
        let reports = std::mem::take(&mut self.open);
        let Some(first) = reports.first() else { return Ok(()) };
        let encounter = first.record.encounter.clone();
        let mut ordered: Vec<(usize, OrderedExam)> = Vec::new();
        let mut billed: Vec<(usize, BilledCode)> = Vec::new();
        let (mut knows_orders, mut knows_bill) = (self.orders.is_some(), self.billed.is_some());
        for (i, r) in reports.iter().enumerate() {
            let keys = std::iter::once(&r.record.id).chain(encounter.as_ref().filter(|e| i == 0 && **e != r.record.id));
            let keys: Vec<&String> = keys.collect();
            let listed: Vec<OrderedExam> =
                self.orders.as_mut().map(|l| keys.iter().flat_map(|k| l.of(k).to_vec()).collect()).unwrap_or_default();
            let own = r.record.ordered.iter().map(|o| OrderedExam { code: o.code.clone(), name: o.name.clone() });
            knows_orders |= !r.record.ordered.is_empty();
            let listed = if listed.is_empty() { own.collect() } else { listed };
            // a message may name its order twice
            for o in listed {
                if !ordered.iter().any(|(report, x)| *report == i && *x == o) {
                    ordered.push((i, o));
                }
            }
            let listed: Vec<BilledCode> =
                self.billed.as_mut().map(|l| keys.iter().flat_map(|k| l.of(k).to_vec()).collect()).unwrap_or_default();
            knows_bill |= !r.record.billed.is_empty();
            let own = r.record.billed.iter().flat_map(|b| BilledCode::read(b));
            let listed = if listed.is_empty() { own.collect() } else { listed };
            billed.extend(listed.into_iter().map(|b| (i, b)));
        }
        let agents = self.agents || billed.iter().any(|(_, b)| is_agent(&self.analyzer, b));
        let analyses: Vec<&Analysis> = reports.iter().map(|r| &r.analysis).collect();
        let whole = (analyses.len() > 1).then(|| self.analyzer.claim(&analyses));
        let claim = whole.as_ref().unwrap_or(&analyses[0].claim);
        let orders: Vec<OrderedExam> = ordered.iter().map(|(_, o)| o.clone()).collect();
        let bills: Vec<BilledCode> = billed.iter().map(|(_, b)| b.clone()).collect();
        let ledger =
            Ledger { ordered: knows_orders.then_some(&orders), billed: knows_bill.then_some(&bills), agents, components: self.components };
        let options: Options = self.args.reading.options(&self.policy);
        let rows = guarded(|| self.analyzer.reconcile(&analyses, claim, &ledger, &options)).ok_or_else(Failure::fault)?;
        for r in &rows {
            let at: Vec<usize> = r.given.iter().map(|g| if r.against == Against::Order { ordered[*g].0 } else { billed[*g].0 }).collect();
            let entry = self.entry(&reports, claim, r, &at, &orders, &bills);
            self.sheet.row(&entry)?;
        }
        // whatever list is known and empty for a report without codes is told as well
        if rows.is_empty() {
            let why = match (knows_orders, knows_bill) {
                (false, false) => "no order and no billed code is known for this report",
                _ => "nothing is documented, and nothing is listed for this report",
            };
            let agree = knows_orders || knows_bill;
            let first = &reports[0];
            let documented = lines(claim, &(0..claim.lines.len()).collect::<Vec<_>>());
            let entry = bare(
                if agree { Outcome::Agree.name() } else { NOTHING },
                if agree { 3 } else { 2 },
                &[
                    ("id", names(&reports, &(0..reports.len()).collect::<Vec<_>>())),
                    ("reason", why.to_owned()),
                    ("documented", documented),
                    ("encounter", encounter.unwrap_or_default()),
                    ("source", format!("{}{}", first.source, first.record.place)),
                ],
            );
            self.sheet.row(&entry)?;
        }
        Ok(())
    }

    fn entry(
        &self,
        reports: &[Report],
        claim: &Claim,
        r: &Reconciled,
        at: &[usize],
        orders: &[OrderedExam],
        bills: &[BilledCode],
    ) -> Entry {
        let sources = r.lines.iter().flat_map(|l| &claim.lines[*l].sources);
        let mut of: Vec<usize> = sources.map(|s| s.report).chain(r.evidence.iter().map(|c| c.report)).chain(at.iter().copied()).collect();
        of.sort_unstable();
        of.dedup();
        let first = &reports[of.first().copied().unwrap_or(0)];
        let several = reports.len() > 1;
        let quote = !self.args.no_text;
        let places: Vec<Quoted> = of
            .iter()
            .flat_map(|i| {
                let report = &reports[*i];
                let evidence = r.evidence.iter().filter(|c| c.report == *i).map(|c| &c.evidence);
                quoted(&report.record.text, evidence, several.then_some(report.record.id.as_str()), quote, self.args.format)
            })
            .collect();
        let labels: Vec<String> = r.lines.iter().map(|l| claim.lines[*l].label.clone()).fold(Vec::new(), |mut all, l| {
            if !all.contains(&l) {
                all.push(l);
            }
            all
        });
        let confidence = r
            .lines
            .iter()
            .flat_map(|l| &claim.lines[*l].sources)
            .filter_map(|s| reports[s.report].analysis.suggestions.get(s.suggestion))
            .map(|s| s.confidence)
            .reduce(f64::min);
        let order = |get: fn(&OrderedExam) -> Option<&String>| -> Vec<String> {
            if r.against == Against::Order { r.given.iter().filter_map(|g| get(&orders[*g]).cloned()).collect() } else { Vec::new() }
        };
        let billed: Vec<String> =
            if r.against == Against::Bill { r.given.iter().map(|g| written(&bills[*g])).collect() } else { Vec::new() };
        let reads = r.code.clone().filter(|_| r.against == Against::Order).unwrap_or_default();
        let rank = match r.outcome {
            Outcome::Agree => 3,
            Outcome::CannotBeTold => 1,
            _ => 0,
        };
        let cells = vec![
            ("id", Cell::of(names(reports, &of))),
            ("outcome", Cell::of(r.outcome.name())),
            ("against", Cell::of(r.against.name())),
            ("reason", Cell::List(r.reasons.clone())),
            ("documented", Cell::of(lines(claim, &r.lines))),
            ("documented_exam", Cell::List(labels)),
            ("ordered_code", Cell::List(order(|o| o.code.as_ref()))),
            ("ordered_name", Cell::List(order(|o| o.name.as_ref()))),
            ("order_reads_as", Cell::of(reads)),
            ("billed", Cell::of(billed.join(" "))),
            ("validity", Cell::of(r.validity.clone().unwrap_or_default())),
            ("family", Cell::of(r.family.clone().unwrap_or_default())),
            ("confidence", Cell::Number(confidence.map_or_else(String::new, |c| format!("{c:.2}")))),
            ("evidence", Cell::Places(places)),
            ("encounter", Cell::of(first.record.encounter.clone().unwrap_or_default())),
            ("source", Cell::of(format!("{}{}", first.source, first.record.place))),
        ];
        Entry { outcome: r.outcome.name(), rank, family: r.family.clone().unwrap_or_default(), cells }
    }

    /// Rows of the lists that belong to no report.
    fn unmet(&mut self) -> Result<(), Failure> {
        let mut out = Vec::new();
        let why = "no report has this id";
        if let Some(l) = &self.orders {
            for (id, line, rows) in l.missed() {
                let all = |get: fn(&OrderedExam) -> Option<&String>| rows.iter().filter_map(get).cloned().collect::<Vec<_>>().join("; ");
                let source = format!("{}:{line}", l.shown);
                out.push(bare(
                    NO_REPORT,
                    2,
                    &[
                        ("id", id.to_owned()),
                        ("against", Against::Order.name().to_owned()),
                        ("reason", why.to_owned()),
                        ("ordered_code", all(|o| o.code.as_ref())),
                        ("ordered_name", all(|o| o.name.as_ref())),
                        ("source", source),
                    ],
                ));
            }
        }
        if let Some(l) = &self.billed {
            for (id, line, rows) in l.missed() {
                let billed = rows.iter().map(written).collect::<Vec<_>>().join(" ");
                let source = format!("{}:{line}", l.shown);
                let cells = [
                    ("id", id.to_owned()),
                    ("against", Against::Bill.name().to_owned()),
                    ("reason", why.to_owned()),
                    ("billed", billed),
                    ("source", source),
                ];
                out.push(bare(NO_REPORT, 2, &cells));
            }
        }
        for entry in &out {
            self.sheet.row(entry)?;
        }
        Ok(())
    }

    fn put_aside(&mut self, source: &str, why: &Unusable) {
        self.aside += 1;
        say(&format!("{source}{}: set aside: {why}", why.place));
    }
}

/// Opens a file of any form.
fn open(path: &Path, id: &str, options: &InputOptions) -> Result<Box<dyn Records>, Unusable> {
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    #[cfg(feature = "parquet")]
    if options.format == Some(Format::Parquet) || options.format.is_none() && path.extension().is_some_and(|e| e == "parquet") {
        return radcode::io::parquet::records(file, options);
    }
    radcode::io::open(file, id, &path.display().to_string(), options)
}

/// A row that holds only some cells.
fn bare(outcome: &'static str, rank: usize, cells: &[(&str, String)]) -> Entry {
    let cell = |column: &'static str| {
        let found = cells.iter().find(|(c, _)| *c == column).map(|(_, w)| w.clone()).unwrap_or_default();
        let cell = match column {
            "outcome" => Cell::of(outcome),
            "evidence" => Cell::Places(Vec::new()),
            "reason" | "documented_exam" | "ordered_code" | "ordered_name" => {
                Cell::List(vec![found].into_iter().filter(|w| !w.is_empty()).collect())
            }
            _ => Cell::of(found),
        };
        (column, cell)
    };
    Entry { outcome, rank, family: String::new(), cells: COLUMNS.iter().map(|c| cell(c)).collect() }
}

/// The ids of reports.
fn names(reports: &[Report], of: &[usize]) -> String {
    let list: Vec<&str> =
        if of.is_empty() { vec![&reports[0].record.id] } else { of.iter().map(|i| reports[*i].record.id.as_str()).collect() };
    list.join("; ")
}

/// Lines of a claim in words: `73562-26-50 71046`.
fn lines(claim: &Claim, of: &[usize]) -> String {
    of.iter().map(|l| claim.lines[*l].to_string()).collect::<Vec<_>>().join(" ")
}

/// A billed code as a claim line is written.
fn written(b: &BilledCode) -> String {
    let units = if b.units == 1 { String::new() } else { format!("x{}", b.units) };
    let words: Vec<&str> = std::iter::once(&b.code).chain(&b.modifiers).map(String::as_str).collect();
    words.join("-") + &units
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "radcode: {message}");
}
