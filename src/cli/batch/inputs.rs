//! The inputs of a run: files, folders, standard input, in their order.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use radcode::io::Unusable;

use super::super::args::InputFormat;
use super::super::input::unreadable;

/// What a walk over the inputs finds.
pub enum Found<'a> {
    /// Standard input.
    Stdin,
    /// A file to read.
    File(&'a Path),
    /// A file of a folder that is not of a kind we read.
    Other,
    /// What can't be used.
    Aside(&'a Path, Unusable),
}

type Visit<'v> = &'v mut dyn FnMut(Found<'_>) -> ControlFlow<()>;

/// Visits all inputs in their order, the files of a folder sorted by path. A folder's listing is held while it is
/// walked.
pub fn walk(inputs: &[PathBuf], asked: Option<InputFormat>, visit: Visit<'_>) -> ControlFlow<()> {
    for path in inputs {
        if path == Path::new("-") {
            visit(Found::Stdin)?;
        } else if path.is_dir() {
            folder(path, asked, &mut Vec::new(), visit)?;
        } else {
            visit(match fs::metadata(path) {
                Ok(_) => Found::File(path),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    Found::Aside(path, Unusable::new("there is no such file or folder", "check the name"))
                }
                Err(e) => Found::Aside(path, unreadable(&e)),
            })?;
        }
    }
    ControlFlow::Continue(())
}

/// Visits a folder; `above` holds the folders that it lies in, without links.
fn folder(path: &Path, asked: Option<InputFormat>, above: &mut Vec<PathBuf>, visit: Visit<'_>) -> ControlFlow<()> {
    let closed = |e: &io::Error| Unusable::new(format!("the folder can't be read: {e}"), "check the right to read it");
    let (own, entries) = match (fs::canonicalize(path), fs::read_dir(path)) {
        (Ok(own), Ok(entries)) => (own, entries),
        (Err(e), _) | (_, Err(e)) => return visit(Found::Aside(path, closed(&e))),
    };
    if above.contains(&own) {
        return visit(Found::Aside(path, Unusable::new("the folder lies in itself, through a link", "take the link out")));
    }
    above.push(own);
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(e) => visit(Found::Aside(path, closed(&e)))?,
        }
    }
    paths.sort();
    for path in paths.iter().filter(|p| !is_hidden(p)) {
        match fs::metadata(path) {
            Ok(m) if m.is_dir() => folder(path, asked, above, visit)?,
            Ok(m) if m.is_file() && is_read(path, asked) => visit(Found::File(path))?,
            Ok(_) => visit(Found::Other)?,
            Err(e) => visit(Found::Aside(path, unreadable(&e)))?,
        }
    }
    above.pop();
    ControlFlow::Continue(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'))
}

/// Whether a file of a folder is read, by its ending: with a form asked for those of that form, else all we know.
fn is_read(path: &Path, asked: Option<InputFormat>) -> bool {
    let ending = |p: &Path| p.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut own = ending(path);
    if matches!(own.as_str(), "gz" | "gzip" | "zst" | "zstd") {
        own = ending(Path::new(path.file_stem().unwrap_or_default()));
    }
    let of = |format: InputFormat| match format {
        InputFormat::Text => matches!(own.as_str(), "txt" | "text"),
        InputFormat::Ndjson | InputFormat::Json | InputFormat::Fhir => matches!(own.as_str(), "json" | "jsonl" | "ndjson"),
        InputFormat::Csv => own == "csv",
        InputFormat::Tsv => matches!(own.as_str(), "tsv" | "tab"),
        InputFormat::Hl7 => own == "hl7",
        InputFormat::Parquet => own == "parquet",
    };
    match asked {
        // reports often have no ending, or one of their system's
        Some(InputFormat::Text | InputFormat::Hl7) => true,
        Some(format) => of(format),
        None => InputFormat::value_variants().iter().any(|f| of(*f)),
    }
}

/// What is known of the inputs before they are read.
#[derive(Default)]
pub struct Survey {
    /// Bytes of all files; `None` with standard input among them.
    pub bytes: Option<u64>,
    /// Stems of files that occur more than once, hashed: those files' ids are their paths.
    pub doubled: HashSet<u64>,
    /// Names, sizes and times of change of all files, hashed.
    pub digest: u64,
    /// Files of folders that are not read.
    pub others: u64,
}

/// Walks the inputs once without reading them.
pub fn survey(inputs: &[PathBuf], asked: Option<InputFormat>) -> Survey {
    let mut stems: HashMap<u64, bool> = HashMap::new();
    let mut digest = DefaultHasher::new();
    let (mut bytes, mut others) = (Some(0), 0);
    let mut visit = |found: Found<'_>| {
        match found {
            Found::Stdin => bytes = None,
            Found::Other => others += 1,
            // named when its turn comes
            Found::Aside(..) => {}
            Found::File(path) => {
                stems.entry(hash(&stem(path))).and_modify(|doubled| *doubled = true).or_insert(false);
                path.hash(&mut digest);
                if let Ok(m) = fs::metadata(path) {
                    bytes = bytes.map(|b: u64| b.saturating_add(m.len()));
                    (m.len(), m.modified().ok()).hash(&mut digest);
                }
            }
        }
        ControlFlow::Continue(())
    };
    let _ = walk(inputs, asked, &mut visit);
    let doubled = stems.into_iter().filter(|(_, doubled)| *doubled).map(|(stem, _)| stem).collect();
    Survey { bytes, doubled, digest: digest.finish(), others }
}

impl Survey {
    /// The id of a report that is a whole file: its stem, its path where several have that stem.
    pub fn id(&self, path: &Path) -> String {
        let stem = stem(path);
        if self.doubled.contains(&hash(&stem)) { path.display().to_string() } else { stem }
    }
}

/// The name of a file without its ending, nor that of its packing.
fn stem(path: &Path) -> String {
    let stem = Path::new(path.file_stem().unwrap_or(path.as_os_str()));
    let packed = path.extension().is_some_and(|e| e == "gz" || e == "zst");
    if packed { stem.file_stem().unwrap_or(stem.as_os_str()) } else { stem.as_os_str() }.to_string_lossy().into_owned()
}

/// A hash that tells apart what a run meets.
pub fn hash(x: &impl Hash) -> u64 {
    let mut h = DefaultHasher::new();
    x.hash(&mut h);
    h.finish()
}
