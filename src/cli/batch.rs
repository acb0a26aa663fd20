//! `radcode batch`: many reports, in order, one answer a line; what can't be used is named and the rest goes on.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};

use radcode::{Analysis, Analyzer, Date, JsonOptions, Policy, ReportText, answer, claim_json};

use super::args::{BatchArgs, BatchFormat, Common, InputFormat};
use super::claim::{self, Report};
use super::failure::Failure;
use super::guarded;
use super::input::{Unusable, decode, read_all, read_file, too_long};
use super::knowledge::load;
use super::layout::Page;
use super::lines::{Input, Line, read_line};
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
    /// Id, text and answer of each.
    reports: Vec<(String, String, Analysis)>,
}

/// A report on its way to an answer.
struct Read<'r> {
    source: &'r str,
    line: Option<u64>,
    id: &'r str,
    text: &'r str,
    day: Option<Date>,
    encounter: Option<&'r str>,
}

impl Batch<'_> {
    fn input(&mut self, path: &Path) -> Result<(), Failure> {
        let limit = self.args.reading.max_report_bytes;
        if path == Path::new("-") {
            if self.args.input_format == Some(InputFormat::Text) {
                let bytes = read_all(io::stdin().lock(), limit);
                return self.file("-", "stdin", bytes);
            }
            return self.lines("-", BufReader::with_capacity(1 << 16, io::stdin().lock()));
        }
        let shown = path.display().to_string();
        if path.is_dir() {
            let mut closed = Vec::new();
            walk(path, self.args.input_format, &mut closed, &mut |file| self.one(file))?;
            for (folder, e) in closed {
                let why = Unusable::new(format!("the folder can't be read: {e}"), "check the right to read it");
                self.aside(&folder.display().to_string(), None, &why);
            }
            return Ok(());
        }
        if path.exists() {
            return self.one(path);
        }
        self.aside(&shown, None, &Unusable::new("there is no such file or folder", "check the name"));
        Ok(())
    }

    /// One file, of text or of lines.
    fn one(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display().to_string();
        if is_text(path, self.args.input_format) {
            let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let id = if self.stems.contains(&hash(&stem)) { shown.clone() } else { stem };
            return self.file(&shown, &id, read_file(path, self.args.reading.max_report_bytes));
        }
        match std::fs::File::open(path) {
            Ok(file) => self.lines(&shown, BufReader::with_capacity(1 << 16, file)),
            Err(e) => {
                self.aside(&shown, None, &Unusable::new(format!("can't be read: {e}"), "check the right to read it"));
                Ok(())
            }
        }
    }

    fn file(&mut self, source: &str, id: &str, bytes: Result<Vec<u8>, Unusable>) -> Result<(), Failure> {
        match bytes.and_then(|b| decode(b, self.args.reading.encoding)) {
            Ok(text) => self.answer(&Read { source, line: None, id, text: &text, day: None, encounter: None }),
            Err(u) => {
                self.aside(source, None, &u);
                Ok(())
            }
        }
    }

    fn lines(&mut self, source: &str, mut from: BufReader<impl io::Read>) -> Result<(), Failure> {
        let limit = self.args.reading.max_report_bytes;
        let mut buffer = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            // in JSON a byte of text takes six at most; the rest is room for the other fields
            match read_line(&mut from, &mut buffer, limit * 6 + 65_536) {
                Ok(Line::End) => return Ok(()),
                Ok(Line::Whole) => {}
                Ok(Line::TooLong) => {
                    self.aside(source, Some(number), &too_long(limit));
                    continue;
                }
                Err(e) => {
                    self.aside(source, Some(number), &Unusable::new(format!("can't be read: {e}"), "check the file"));
                    return Ok(());
                }
            }
            let recoded;
            let bytes = match self.args.reading.encoding {
                None => &buffer[..],
                Some(e) => match decode(std::mem::take(&mut buffer), Some(e)) {
                    Ok(text) => {
                        recoded = text;
                        recoded.as_bytes()
                    }
                    Err(u) => {
                        self.aside(source, Some(number), &u);
                        continue;
                    }
                },
            };
            match Input::parse(bytes, number, limit) {
                Ok(None) => {}
                Ok(Some(input)) => {
                    let (day, encounter) = (input.day, input.encounter.as_deref());
                    self.answer(&Read { source, line: Some(number), id: &input.id, text: &input.text, day, encounter })?;
                }
                Err(u) => self.aside(source, Some(number), &u),
            }
            // whoever feeds us line by line gets each answer at once
            if from.buffer().is_empty() {
                self.out.flush()?;
            }
        }
    }

    fn answer(&mut self, r: &Read<'_>) -> Result<(), Failure> {
        if !self.ids.insert(hash(r.id)) {
            let id: String = r.id.chars().take(60).map(plain).collect();
            say(&format!("{}: the id `{id}` has been answered before; both answers are in the output", at(r.source, r.line)));
        }
        let day = r.day.or(self.args.reading.date_of_service);
        let mut options = self.args.reading.options(&self.policy);
        options.date_of_service = day;
        let Some(analysis) = guarded(|| self.analyzer.analyze(r.text, &options)) else {
            let why = Unusable::new(
                "the report met a fault of the program",
                "tell the maintainers the place above; the report itself is not needed",
            );
            self.aside(r.source, r.line, &why);
            return Ok(());
        };
        let Some(encounter) = r.encounter else {
            self.close()?;
            return self.write(None, &[(r.id.to_owned(), r.text.to_owned(), analysis)]);
        };
        if self.open.as_ref().is_some_and(|e| e.id != encounter || e.day != day) {
            self.close()?;
        }
        let open = self.open.get_or_insert_with(|| Encounter { id: encounter.to_owned(), day, reports: Vec::new() });
        open.reports.push((r.id.to_owned(), r.text.to_owned(), analysis));
        if open.reports.len() == 1 && self.closed.contains(&hash(&format!("{encounter} {day:?}"))) {
            let what = "its encounter has been answered before; reports of one encounter follow each other";
            say(&format!("{}: {what}", at(r.source, r.line)));
        }
        Ok(())
    }

    /// Writes the encounter that is open.
    fn close(&mut self) -> Result<(), Failure> {
        let Some(e) = self.open.take() else { return Ok(()) };
        self.closed.insert(hash(&format!("{} {:?}", e.id, e.day)));
        self.write(Some(&e.id), &e.reports)
    }

    /// Writes answers: one by one, or the claim of all.
    fn write(&mut self, encounter: Option<&str>, reports: &[(String, String, Analysis)]) -> Result<(), Failure> {
        let analyses: Vec<&Analysis> = reports.iter().map(|(.., a)| a).collect();
        let whole = (analyses.len() > 1).then(|| self.analyzer.claim(&analyses));
        let claim = whole.as_ref().unwrap_or(&analyses[0].claim);
        let lexicon = self.analyzer.lexicon();
        if self.args.format == BatchFormat::Claim {
            let mut screen = Screen::new(self.common.color);
            let (width, quote) = (screen.width, !self.args.no_text);
            let shown: Vec<Report<'_>> =
                reports.iter().map(|(id, text, analysis)| Report { id, page: Page { text, lexicon, width, quote }, analysis }).collect();
            writeln!(screen, "{}", encounter.map_or_else(|| reports[0].0.clone(), |e| format!("encounter {e}")))?;
            claim::write(&mut screen, claim, &shown)?;
            writeln!(screen)?;
            screen.flush()?;
            return Ok(());
        }
        let options = JsonOptions { text: !self.args.no_text };
        let texts: Vec<ReportText<'_>> = reports.iter().map(|(id, text, _)| (id.as_str(), text.as_str())).collect();
        for (i, (id, text, analysis)) in reports.iter().enumerate() {
            let mut json = answer(id, text, lexicon, analysis, options);
            if let Some(encounter) = encounter {
                let last = i + 1 == reports.len();
                json = json.of_encounter(encounter, last.then(|| claim_json(claim, &texts, options)));
            }
            serde_json::to_writer(&mut self.out, &json)?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn aside(&mut self, source: &str, line: Option<u64>, why: &Unusable) {
        self.set_aside += 1;
        say(&format!("{}: set aside: {}", at(source, line), why.line()));
    }
}

fn at(source: &str, line: Option<u64>) -> String {
    let source = if source == "-" { "standard input" } else { source };
    line.map_or_else(|| source.to_owned(), |n| format!("{source}:{n}"))
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "radcode: {message}");
}

fn hash(s: &str) -> u64 {
    let mut h = DefaultHasher::new();
    s.hash(&mut h);
    h.finish()
}

/// Whether a file holds one report: by what was asked for, by its ending, by its first letter.
fn is_text(path: &Path, asked: Option<InputFormat>) -> bool {
    if let Some(format) = asked {
        return format == InputFormat::Text;
    }
    match ending(path).as_str() {
        "txt" | "text" => true,
        "ndjson" | "jsonl" | "json" => false,
        _ => {
            let mut first = [0; 512];
            let n = std::fs::File::open(path).and_then(|mut f| io::Read::read(&mut f, &mut first)).unwrap_or(0);
            let start = first[..n].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first[..n]);
            start.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| *b != b'{')
        }
    }
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
            None => matches!(ending(&path).as_str(), "txt" | "text"),
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
