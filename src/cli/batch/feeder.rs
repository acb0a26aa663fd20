//! Reads the inputs and makes batches of them, on a thread of its own: reports of one encounter together, ids that come
//! again named, and on a run that is resumed what has been answered passed over.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use radcode::Date;
use radcode::io::{InputOptions, Place, Record, Records, Unusable};

use super::super::args::InputFormat;
use super::super::input::unreadable;
use super::super::quotes::plain;
use super::inputs::{Found, Survey, hash, walk};

/// A batch is closed over so many bytes of text or so many items: small enough to hold several for each thread, large
/// enough that handing it on costs nothing.
const BATCH: (usize, usize) = (1 << 16, 64);
/// Most reports of one claim; an encounter with more gets several. Bounds what is held.
const ENCOUNTER: usize = 256;
/// Ids and encounters that are remembered, to tell what comes again: between so many and twice as many.
const REMEMBERED: usize = 500_000;

/// What can be answered by itself.
pub enum Item {
    /// A report, or the reports of an encounter.
    Reports(Vec<Read>),
    /// What can't be used, by the name of its input.
    Aside(Arc<str>, Unusable),
    /// A remark on what is answered all the same.
    Remark(String),
}

/// A report and the name of its input.
pub struct Read {
    /// The input.
    pub source: Arc<str>,
    /// The report.
    pub record: Record,
}

/// Items on their way to an answer.
#[derive(Default)]
pub struct Batch {
    /// The items, in the order of the input.
    pub items: Vec<Item>,
    /// Where the run is once they are answered.
    pub mark: Mark,
    /// Bytes of text.
    bytes: usize,
}

/// A place in the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mark {
    /// Records that were read, those set aside with them.
    pub records: u64,
    /// A hash of them all.
    pub digest: u64,
}

/// How the inputs are read.
pub struct Feeder {
    /// Files, folders, `-`.
    pub inputs: Vec<PathBuf>,
    /// The form asked for.
    pub asked: Option<InputFormat>,
    /// How they are read.
    pub options: InputOptions,
    /// What is known of them.
    pub survey: Survey,
    /// The day of reports without one.
    pub day: Option<Date>,
    /// What an earlier run has answered.
    pub answered: Mark,
    /// Bytes of files that have been read, for the one who watches.
    pub read: Arc<AtomicU64>,
}

/// The inputs are not those of the run that is resumed.
pub struct Changed;

impl Feeder {
    /// Sends all batches; ends early where `send` says `false`.
    pub fn run(self, send: &mut dyn FnMut(Result<Batch, Changed>) -> bool) {
        let mut line = Line {
            send,
            day: self.day,
            answered: self.answered,
            mark: Mark::default(),
            digest: DefaultHasher::new(),
            batch: Batch::default(),
            group: Vec::new(),
            key: None,
            ids: Recent::default(),
            closed: Recent::default(),
        };
        let finished = walk(&self.inputs, self.asked, &mut |found| match found {
            Found::Other => ControlFlow::Continue(()),
            Found::Aside(path, why) => line.take(&path.display().to_string().into(), Err(why)),
            Found::Stdin => line.input(radcode::io::open(io::stdin(), "stdin", "-", &self.options), &"-".into()),
            Found::File(path) => line.input(self.open(path), &path.display().to_string().into()),
        });
        if finished.is_continue() && line.close_group().is_continue() {
            if line.mark.records < self.answered.records {
                let _ = (line.send)(Err(Changed));
                return;
            }
            let _ = line.close_batch();
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Records>, Unusable> {
        let file = File::open(path).map_err(|e| unreadable(&e))?;
        #[cfg(feature = "parquet")]
        if self.options.format == Some(radcode::io::Format::Parquet) || self.options.format.is_none() && is_parquet(&file) {
            return radcode::io::parquet::records(file, &self.options);
        }
        let counted = Counted { from: file, read: Arc::clone(&self.read) };
        radcode::io::open(counted, &self.survey.id(path), &path.display().to_string(), &self.options)
    }
}

/// Whether a file begins as Parquet does; it is left at its beginning.
#[cfg(feature = "parquet")]
fn is_parquet(mut file: &File) -> bool {
    use std::io::{Read as _, Seek as _};
    let mut magic = [0; 4];
    let begins = file.read_exact(&mut magic).is_ok() && &magic == b"PAR1";
    // what can't be rewound is a pipe, and a pipe is never Parquet; nothing of it may be lost
    file.rewind().is_ok() && begins
}

/// Counts the bytes that are read.
struct Counted {
    from: File,
    read: Arc<AtomicU64>,
}

impl io::Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(into)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The batches as they come about.
struct Line<'s> {
    send: &'s mut dyn FnMut(Result<Batch, Changed>) -> bool,
    day: Option<Date>,
    answered: Mark,
    mark: Mark,
    digest: DefaultHasher,
    batch: Batch,
    /// Reports of the encounter that is being read.
    group: Vec<Read>,
    /// Its id and day, hashed.
    key: Option<u64>,
    ids: Recent,
    closed: Recent,
}

impl Line<'_> {
    fn input(&mut self, records: Result<Box<dyn Records>, Unusable>, source: &Arc<str>) -> ControlFlow<()> {
        let mut records = match records {
            Ok(records) => records,
            Err(why) => return self.take(source, Err(why)),
        };
        while let Some(record) = records.next() {
            self.take(source, record)?;
            // whoever feeds us line by line gets each answer at once
            if !records.at_hand() && self.group.is_empty() {
                self.close_batch()?;
            }
        }
        ControlFlow::Continue(())
    }

    fn take(&mut self, source: &Arc<str>, record: Result<Record, Unusable>) -> ControlFlow<()> {
        self.mark.records += 1;
        let done = self.mark.records <= self.answered.records;
        match record {
            Err(why) => {
                (source, why.place.line, &why.what).hash(&mut self.digest);
                if !done {
                    self.batch.items.push(Item::Aside(Arc::clone(source), why));
                }
            }
            Ok(mut record) => {
                (&record.id, &record.text, &record.encounter).hash(&mut self.digest);
                record.day = record.day.or(self.day);
                (record.day, record.status.map(|s| s as u8)).hash(&mut self.digest);
                let remarks = self.remarks(source, &record)?;
                if !done {
                    self.batch.items.extend(remarks.into_iter().map(Item::Remark));
                    self.push(Read { source: Arc::clone(source), record })?;
                }
            }
        }
        if self.mark.records == self.answered.records && self.digest.finish() != self.answered.digest {
            let _ = (self.send)(Err(Changed));
            return ControlFlow::Break(());
        }
        if self.group.is_empty() && (self.batch.bytes >= BATCH.0 || self.batch.items.len() >= BATCH.1) {
            self.close_batch()?;
        }
        ControlFlow::Continue(())
    }

    /// What there is to say on a report; ends the encounter that it is not of.
    fn remarks(&mut self, source: &str, record: &Record) -> ControlFlow<(), Vec<String>> {
        let mut out = Vec::new();
        let key = record.encounter.as_ref().map(|e| hash(&(e, record.day)));
        if key != self.key {
            self.close_group()?;
            self.closed.extend(self.key);
            self.key = key;
            if key.is_some_and(|k| self.closed.contains(k)) {
                let what = "its encounter has been answered before; reports of one encounter follow each other";
                out.push(format!("{}: {what}", at(source, &record.place)));
            }
        }
        let id = hash(&record.id);
        if self.ids.contains(id) {
            let id: String = record.id.chars().take(60).map(plain).collect();
            out.push(format!("{}: the id `{id}` has been answered before; both answers are in the output", at(source, &record.place)));
        }
        self.ids.extend([id]);
        ControlFlow::Continue(out)
    }

    fn push(&mut self, found: Read) -> ControlFlow<()> {
        self.batch.bytes += found.record.text.len();
        if found.record.encounter.is_none() {
            self.batch.items.push(Item::Reports(vec![found]));
            return ControlFlow::Continue(());
        }
        self.group.push(found);
        if self.group.len() == ENCOUNTER { self.close_group() } else { ControlFlow::Continue(()) }
    }

    fn close_group(&mut self) -> ControlFlow<()> {
        if !self.group.is_empty() {
            self.batch.items.push(Item::Reports(std::mem::take(&mut self.group)));
        }
        ControlFlow::Continue(())
    }

    fn close_batch(&mut self) -> ControlFlow<()> {
        if self.batch.items.is_empty() {
            return ControlFlow::Continue(());
        }
        self.mark.digest = self.digest.finish();
        self.batch.mark = self.mark;
        if (self.send)(Ok(std::mem::take(&mut self.batch))) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// The place of a record, with the name of its input, for messages.
pub fn at(source: &str, place: &Place) -> String {
    let source = if source == "-" { "standard input" } else { source };
    format!("{source}{place}")
}

/// Hashes of what was met of late: the older half is forgotten when it gets too many.
#[derive(Default)]
struct Recent {
    new: HashSet<u64>,
    old: HashSet<u64>,
}

impl Recent {
    fn contains(&self, x: u64) -> bool {
        self.new.contains(&x) || self.old.contains(&x)
    }

    fn extend(&mut self, all: impl IntoIterator<Item = u64>) {
        for x in all {
            if self.new.len() == REMEMBERED {
                self.old = std::mem::take(&mut self.new);
            }
            self.new.insert(x);
        }
    }
}
