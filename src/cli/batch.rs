//! `radcode batch`: many reports, in order, one answer a line; what can't be used is named and the rest goes on.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use radcode::io::{Answered, Bill, Place, Record, Unusable};
use radcode::{Analysis, Analyzer, Date, Policy};

use super::args::{BatchArgs, Common, InputFormat};
use super::claim;
use super::failure::Failure;
use super::guarded;
use super::input::unreadable;
use super::knowledge::load;
use super::layout::Page;
use super::policy::{policy, with_edits};
use super::quotes::plain;
use super::screen::Screen;

/// Answers all inputs. 1 where some were set aside.
pub fn run(args: &BatchArgs, common: &Common) -> Result<u8, Failure> {
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let policy = policy(&args.reading.site, &analyzer, common)?;
    let stems = doubled_stems(args);
    let mut batch = Batch {
        args,
        common,
        analyzer,
        policy,
        stems,
        out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        ids: HashSet::new(),
        set_aside: 0,
        open: None,
        closed: HashSet::new(),
    };
    for input in &args.inputs {
        batch.input(input)?;
    }
    batch.close()?;
    batch.out.flush()?;
    if batch.set_aside > 0 {
        let n = batch.set_aside;
        say(&format!("{n} input{} set aside", if n == 1 { "" } else { "s" }));
        return Ok(1);
    }
    Ok(0)
}

struct Batch<'a> {
    args: &'a BatchArgs,
    common: &'a Common,
    analyzer: Analyzer,
    policy: Policy,
    /// File stems that occur more than once, hashed.
    stems: HashSet<u64>,
    out: BufWriter<StdoutLock<'static>>,
    /// Ids answered, hashed.
    ids: HashSet<u64>,
    set_aside: u64,
    /// The encounter whose reports are being read; they are written when it ends.
    open: Option<Encounter>,
    /// Encounters that have ended, hashed.
    closed: HashSet<u64>,
}

/// Reports of one patient and day.
struct Encounter {
    id: String,
    day: Option<Date>,
    reports: Vec<Report>,
}

/// A report with its answer.
struct Report {
    source: String,
    record: Record,
    analysis: Analysis,
}

impl Batch<'_> {
    fn input(&mut self, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            return self.records(io::stdin(), "-", "stdin");
        }
        if path.is_dir() {
            let mut closed = Vec::new();
            walk(path, self.args.input_format, &mut closed, &mut |file| self.one(file))?;
            for (folder, e) in closed {
                let why = Unusable::new(format!("the folder can't be read: {e}"), "check the right to read it");
                self.aside(&folder.display().to_string(), &why);
            }
            return Ok(());
        }
        if path.exists() {
            return self.one(path);
        }
        self.aside(&path.display().to_string(), &Unusable::new("there is no such file or folder", "check the name"));
        Ok(())
    }

    /// One file.
    fn one(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display().to_string();
        let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let id = if self.stems.contains(&hash(&stem)) { shown.clone() } else { stem };
        match std::fs::File::open(path) {
            Ok(file) => self.records(file, &shown, &id),
            Err(e) => {
                self.aside(&shown, &unreadable(&e));
                Ok(())
            }
        }
    }

    fn records(&mut self, from: impl io::Read + Send + 'static, source: &str, id: &str) -> Result<(), Failure> {
        let options = self.args.input_options();
        let mut records = match radcode::io::open(from, id, source, &options) {
            Ok(records) => records,
            Err(u) => {
                self.aside(source, &u);
                return Ok(());
            }
        };
        while let Some(record) = records.next() {
            match record {
                Ok(record) => self.answer(source, record)?,
                Err(u) => self.aside(source, &u),
            }
            // whoever feeds us line by line gets each answer at once
            if !records.at_hand() {
                self.out.flush()?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, source: &str, record: Record) -> Result<(), Failure> {
        if !self.ids.insert(hash(&record.id)) {
            let id: String = record.id.chars().take(60).map(plain).collect();
            say(&format!("{}: the id `{id}` has been answered before; both answers are in the output", at(source, &record.place)));
        }
        let mut options = self.args.reading.options(&self.policy);
        options.date_of_service = record.day.or(self.args.reading.date_of_service);
        let Some(analysis) = guarded(|| self.analyzer.analyze(&record.text, &options)) else {
            let why = Unusable::new(
                "the report met a fault of the program",
                "tell the maintainers the place above; the report itself is not needed",
            );
            self.aside(source, &why.at(record.place));
            return Ok(());
        };
        let day = options.date_of_service;
        let report = Report { source: source.to_owned(), record, analysis };
        let Some(encounter) = report.record.encounter.clone() else {
            self.close()?;
            return self.write(&[report]);
        };
        if self.open.as_ref().is_some_and(|e| e.id != encounter || e.day != day) {
            self.close()?;
        }
        let place = report.record.place.clone();
        let known = self.closed.contains(&hash(&format!("{encounter} {day:?}")));
        let open = self.open.get_or_insert_with(|| Encounter { id: encounter, day, reports: Vec::new() });
        open.reports.push(report);
        if open.reports.len() == 1 && known {
            let what = "its encounter has been answered before; reports of one encounter follow each other";
            say(&format!("{}: {what}", at(source, &place)));
        }
        Ok(())
    }

    /// Writes the encounter that is open.
    fn close(&mut self) -> Result<(), Failure> {
        let Some(e) = self.open.take() else { return Ok(()) };
        self.closed.insert(hash(&format!("{} {:?}", e.id, e.day)));
        self.write(&e.reports)
    }

    /// Writes answers: one by one, or the claim of all.
    fn write(&mut self, reports: &[Report]) -> Result<(), Failure> {
        let analyses: Vec<&Analysis> = reports.iter().map(|r| &r.analysis).collect();
        let whole = (analyses.len() > 1).then(|| self.analyzer.claim(&analyses));
        let claim = whole.as_ref().unwrap_or(&analyses[0].claim);
        let lexicon = self.analyzer.lexicon();
        let Some(format) = self.args.format.machine() else {
            let mut screen = Screen::new(self.common.color);
            let (width, quote) = (screen.width, !self.args.no_text);
            let page = |text| Page { text, lexicon, width, quote };
            let shown: Vec<claim::Report<'_>> =
                reports.iter().map(|r| claim::Report { id: &r.record.id, page: page(&r.record.text), analysis: &r.analysis }).collect();
            let first = &reports[0].record;
            writeln!(screen, "{}", first.encounter.as_ref().map_or_else(|| first.id.clone(), |e| format!("encounter {e}")))?;
            claim::write(&mut screen, claim, &shown)?;
            writeln!(screen)?;
            screen.flush()?;
            return Ok(());
        };
        let answered: Vec<Answered<'_>> =
            reports.iter().map(|r| Answered { source: &r.source, record: &r.record, analysis: &r.analysis }).collect();
        let mut bytes = Vec::new();
        format.write(&Bill { reports: &answered, claim, lexicon, words: !self.args.no_text }, &mut bytes);
        self.out.write_all(&bytes)?;
        Ok(())
    }

    fn aside(&mut self, source: &str, why: &Unusable) {
        self.set_aside += 1;
        say(&format!("{}: set aside: {why}", at(source, &why.place)));
    }
}

fn at(source: &str, place: &Place) -> String {
    let source = if source == "-" { "standard input" } else { source };
    format!("{source}{place}")
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "radcode: {message}");
}

fn hash(s: &str) -> u64 {
    let mut h = DefaultHasher::new();
    s.hash(&mut h);
    h.finish()
}

fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Visits the reports of a folder, sorted by path: `.txt` files, with another form asked for the files of that form.
/// Folders that can't be read go to `closed`.
fn walk(
    folder: &Path,
    asked: Option<InputFormat>,
    closed: &mut Vec<(PathBuf, io::Error)>,
    visit: &mut dyn FnMut(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => {
            closed.push((folder.to_owned(), e));
            return Ok(());
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        let wanted = match asked {
            Some(InputFormat::Text) => !hidden,
            Some(InputFormat::Ndjson) => matches!(ending(&path).as_str(), "ndjson" | "jsonl" | "json"),
            _ => matches!(ending(&path).as_str(), "txt" | "text"),
        };
        let linked = path.symlink_metadata().is_ok_and(|m| m.is_symlink());
        if path.is_dir() {
            if !hidden && !linked {
                walk(&path, asked, closed, visit)?;
            }
        } else if wanted && !hidden {
            visit(&path)?;
        }
    }
    Ok(())
}

/// Stems of text files that occur more than once over all inputs: those files are named by their paths.
fn doubled_stems(args: &BatchArgs) -> HashSet<u64> {
    let mut counts: HashMap<u64, bool> = HashMap::new();
    let mut count = |path: &Path| {
        if let Some(stem) = path.file_stem() {
            counts.entry(hash(&stem.to_string_lossy())).and_modify(|doubled| *doubled = true).or_insert(false);
        }
        Ok(())
    };
    for input in &args.inputs {
        // a folder that can't be read is named when its turn comes
        let _ = if input.is_dir() { walk(input, args.input_format, &mut Vec::new(), &mut count) } else { count(input) };
    }
    counts.into_iter().filter(|(_, doubled)| *doubled).map(|(stem, _)| stem).collect()
}
