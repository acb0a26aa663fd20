//! The corpus as the tests read it: strict, every mistake with file and line.
#![allow(dead_code, reason = "each test crate reads its own part of a case")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use radcode::{Analysis, Analyzer, Date, Options, ReportStatus, Span};

pub const STYLES: [&str; 12] = [
    "structured",
    "dictated",
    "one-liner",
    "charge-line",
    "run-in",
    "telegraphic",
    "verbose",
    "british",
    "markdown",
    "caps",
    "wrapped",
    "headless",
];
pub const ROLES: [&str; 11] =
    ["modality", "method", "region", "contrast", "side", "purpose", "extent", "views", "position", "features", "exam"];
pub const REASONS: [&str; 10] =
    ["comparison", "history", "indication", "recommendation", "planned", "not-performed", "outside", "separate", "document", "bundled"];
pub const QUERIES: &[&str] = &[
    "date-assumed",
    "date-conflict",
    "date-not-given",
    "status-preliminary",
    "status-corrected",
    "status-addended",
    "views-conflict",
    "views-missing",
    "interventional",
    "contrast-conflict",
    "exam-conflict",
    "side-conflict",
    "sex-conflict",
    "level-conflict",
    "angiography-3d",
    "contrast-route",
    "extravasation",
    "quoted-report",
    "separate-session",
    "complete-elements",
    "gestational-age",
    "duplex-wording",
    "base-missing",
    "edit-pair",
    "early-and-later",
    "unit-limit",
    "repeat-reader",
    "contrast-untold",
];

/// What a message may state of its report; `-` stands for one that states nothing.
pub const STATUSES: [(&str, Option<ReportStatus>); 5] = [
    ("-", None),
    ("preliminary", Some(ReportStatus::Preliminary)),
    ("final", Some(ReportStatus::Final)),
    ("corrected", Some(ReportStatus::Corrected)),
    ("addended", Some(ReportStatus::Addended)),
];

/// Words of a report that an expectation quotes: role or reason, and the words.
#[derive(Clone, Debug)]
pub struct Quote {
    pub line: usize,
    pub kind: String,
    pub words: String,
}

/// One file of the corpus.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Relative to `corpus/`, with `/`.
    pub path: String,
    pub style: String,
    pub trap: bool,
    pub date: Option<Date>,
    pub codes: Vec<String>,
    pub also: Vec<Vec<String>>,
    pub evidence: Vec<Quote>,
    pub not_coded: Vec<Quote>,
    pub queries: Vec<String>,
    pub not_asked: Vec<String>,
    /// Options of policy and their choices.
    pub policy: Vec<(String, String)>,
    /// Lines of the claim as `73562-50`, `76641x2`, sorted.
    pub claim: Option<Vec<String>>,
    /// What the message of each report states of its status, in their order.
    pub status: Vec<Option<ReportStatus>>,
    /// The report, or all reports of the encounter with the lines between.
    pub text: String,
}

impl Case {
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    pub fn options(&self) -> Options {
        Options { date_of_service: self.date, ..Options::default() }
    }

    /// The reports and where each begins in the text: they stand between lines `===`.
    pub fn reports(&self) -> Vec<(usize, &str)> {
        let mut out = Vec::new();
        let mut start = 0;
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            if line.trim_end() == "===" {
                out.push((start, &self.text[start..at]));
                start = at + line.len();
            }
            at += line.len();
        }
        out.push((start, &self.text[start..]));
        out
    }

    /// Every place where the words stand in the report.
    pub fn places(&self, words: &str) -> Vec<Span> {
        self.text.match_indices(words).map(|(at, w)| Span::new(at as u32, (at + w.len()) as u32)).collect()
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, e)| e == extension)
}

/// The heading of `corpus/OPEN.md` below which the cases stand whose codes change with what should not change them.
pub const PROPERTIES: &str = "Properties";

/// Those cases, by path.
pub fn open_properties() -> Vec<String> {
    let file = fs::read_to_string(root().join("corpus/OPEN.md")).unwrap_or_default();
    let list = file.split_once(&format!("## {PROPERTIES}\n")).map_or("", |(_, list)| list);
    list.lines().filter_map(|l| l.split_once(": ")).map(|(path, _)| path.to_owned()).collect()
}

/// Every file under a folder, sorted, relative to it, with `/`.
pub fn files_under(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, out: &mut Vec<String>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let entry = entry.expect("an entry of a readable folder");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), out);
            } else {
                out.push(name);
            }
        }
    }
    let mut out = Vec::new();
    walk(folder, "", &mut out);
    out.sort();
    out
}

/// All cases, and all mistakes in their files as `path:line: what`.
pub fn read_corpus() -> (Vec<Case>, Vec<String>) {
    let folder = root().join("corpus");
    let (mut cases, mut mistakes) = (Vec::new(), Vec::new());
    for path in files_under(&folder) {
        if !path.contains('/') && has_extension(&path, "md") {
            continue;
        }
        if !has_extension(&path, "txt") {
            mistakes.push(format!("{path}:1: a case ends in .txt"));
            continue;
        }
        match fs::read_to_string(folder.join(&path)) {
            Ok(file) => cases.push(parse(&path, &file, &mut mistakes)),
            Err(e) => mistakes.push(format!("{path}:1: {e}")),
        }
    }
    (cases, mistakes)
}

/// The cases of one report of a corpus without mistakes.
pub fn corpus() -> Vec<Case> {
    let (mut cases, mistakes) = read_corpus();
    cases.retain(|c| c.reports().len() == 1);
    assert!(mistakes.is_empty(), "the corpus has mistakes:\n{}", mistakes.join("\n"));
    assert!(!cases.is_empty(), "the corpus is empty");
    cases
}

pub fn parse(path: &str, file: &str, mistakes: &mut Vec<String>) -> Case {
    let mut case = Case { path: path.to_owned(), ..Case::default() };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut at = 0;
    let mut has_report = false;
    let mut wrong = |line: usize, what: &str| mistakes.push(format!("{path}:{line}: {what}"));
    let mut last = 0;
    for (i, raw) in file.split_inclusive('\n').enumerate() {
        let n = i + 1;
        last = n;
        at += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        if line == "---" {
            has_report = true;
            break;
        }
        let Some((key, value)) = line.split_once(':') else {
            wrong(n, "a line of the head is `key: value`");
            continue;
        };
        let value = value.strip_prefix(' ').unwrap_or(value);
        if value.trim().is_empty() {
            wrong(n, &format!("`{key}` has no value"));
            continue;
        }
        let count = seen.entry(key).or_insert(0);
        *count += 1;
        if *count > 1 && matches!(key, "about" | "style" | "trap" | "date" | "codes" | "claim" | "policy" | "status") {
            wrong(n, &format!("`{key}` stands here a second time"));
        }
        match key {
            "about" => {}
            "style" if STYLES.contains(&value) => value.clone_into(&mut case.style),
            "trap" if matches!(value, "yes" | "no") => case.trap = value == "yes",
            "date" => match value.parse() {
                Ok(day) => case.date = Some(day),
                Err(_) => wrong(n, &format!("`{value}` is no date, write YYYY-MM-DD")),
            },
            "codes" | "also" => match codes(value) {
                Ok(set) if key == "codes" => case.codes = set,
                Ok(set) => case.also.push(set),
                Err(what) => wrong(n, &what),
            },
            "evidence" | "not coded" => {
                let known: &[&str] = if key == "evidence" { &ROLES } else { &REASONS };
                match value.split_once(" = ") {
                    Some((kind, words)) if known.contains(&kind) && !words.trim().is_empty() => {
                        let quote = Quote { line: n, kind: kind.to_owned(), words: words.to_owned() };
                        if key == "evidence" { &mut case.evidence } else { &mut case.not_coded }.push(quote);
                    }
                    Some((kind, words)) if !words.trim().is_empty() => {
                        wrong(n, &format!("`{kind}` is not known to `{key}`, use one of: {}", known.join(", ")));
                    }
                    _ => wrong(n, &format!("`{key}` is written `kind = words`")),
                }
            }
            "claim" => {
                let mut lines: Vec<String> = value.split_whitespace().filter(|w| *w != "none").map(str::to_owned).collect();
                lines.sort();
                case.claim = Some(lines);
            }
            "policy" => {
                for word in value.split_whitespace() {
                    match word.split_once('=') {
                        Some((option, choice)) => case.policy.push((option.to_owned(), choice.to_owned())),
                        None => wrong(n, "`policy` is written `option=choice`, with blanks between"),
                    }
                }
            }
            "status" => {
                for word in value.split_whitespace() {
                    match STATUSES.iter().find(|(name, _)| *name == word) {
                        Some((_, status)) => case.status.push(*status),
                        None => wrong(n, &format!("`{word}` is no status")),
                    }
                }
            }
            "query" if QUERIES.contains(&value) => case.queries.push(value.to_owned()),
            "not asked" if QUERIES.contains(&value) => case.not_asked.push(value.to_owned()),
            "style" | "trap" | "query" | "not asked" => wrong(n, &format!("`{value}` is not known to `{key}`")),
            _ => wrong(n, &format!("there is no key `{key}`")),
        }
    }
    for key in ["about", "style", "trap", "codes"] {
        if !seen.contains_key(key) {
            wrong(1, &format!("`{key}` is missing"));
        }
    }
    file[at..].clone_into(&mut case.text);
    if !has_report {
        wrong(last, "there is no line `---` with the report behind it");
    } else if case.text.trim().is_empty() {
        wrong(last, "the report is empty");
    }
    for quote in case.evidence.iter().chain(&case.not_coded) {
        if !case.text.lines().any(|l| l.contains(&quote.words)) {
            wrong(quote.line, &format!("`{}` stands on no line of the report", quote.words));
        }
    }
    case
}

fn codes(value: &str) -> Result<Vec<String>, String> {
    if value == "none" {
        return Ok(Vec::new());
    }
    let mut out: Vec<String> = value.split(' ').map(str::to_owned).collect();
    for code in &out {
        let shape = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if !shape {
            return Err(format!("`{code}` is no code, write codes with one blank between, or `none`"));
        }
    }
    out.sort();
    let n = out.len();
    out.dedup();
    if n == out.len() { Ok(out) } else { Err("a code stands here twice".to_owned()) }
}

thread_local! {
    static ANALYSING: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Analyses a text; a panic comes back as its message and place, so that one bad text does not hide the others.
pub fn analyze(analyzer: &Analyzer, text: &str, options: &Options) -> Result<Analysis, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if ANALYSING.get() {
                let place = info.location().map_or_else(String::new, ToString::to_string);
                let payload = info.payload();
                let words = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
                PANIC.set(format!("{place}: {}", words.and_then(|w| w.lines().next()).unwrap_or("panic")));
            } else {
                loud(info);
            }
        }));
    });
    ANALYSING.set(true);
    let done = std::panic::catch_unwind(|| analyzer.analyze(text, options));
    ANALYSING.set(false);
    done.map_err(|_| format!("PANIC at {}", PANIC.take()))
}

/// A list as one text, a line each.
pub fn lines(list: &[String]) -> String {
    list.iter().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{line}");
        out
    })
}
