//! `radcode batch`: many reports of any form, answered in their order; what can't be used is named and the rest goes on.

mod answerer;
mod feeder;
pub(super) mod inputs;
mod journal;
mod pipeline;
mod stop;
mod tally;
mod target;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use radcode::{Analyzer, Policy};

use super::args::{BatchArgs, BatchFormat, Common};
use super::failure::Failure;
use super::knowledge::load;
use super::policy::{policy, with_edits};
use super::screen::Screen;
use answerer::{Answerer, Done, Form};
use feeder::{Changed, Feeder, Mark};
use inputs::Survey;
use journal::{Journal, Settings};
use pipeline::Event;
use stop::Stop;
use tally::Tally;
use target::{Lock, Part, give_name};

/// Time between two entries of the journal.
const JOURNAL: Duration = Duration::from_millis(250);

/// Answers all inputs. 1 where some were set aside, 130 or 143 where a signal ended it.
pub fn run(args: &BatchArgs, common: &Common) -> Result<u8, Failure> {
    let stop = Stop::listen()?;
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let policy = policy(&args.reading.site, &analyzer, common)?;
    let form = form(args, common);
    can_be_written(args)?;
    let survey = inputs::survey(&args.inputs, args.input_format);
    let settings = settings(args, &analyzer, &policy, &survey);
    let locks = [&args.output, &args.rejects].into_iter().flatten().map(|path| own(path, args)).collect::<Result<Vec<Lock>, _>>()?;
    let earlier = earlier(args, &settings)?;
    if let Some(journal) = earlier.as_ref().filter(|j| j.whole) {
        // killed between the last answer and the name
        name(args)?;
        summary(args, journal, survey.others);
        return Ok(u8::from(journal.tally.aside > 0));
    }
    let go_on = earlier.is_some();
    let journal = earlier.unwrap_or_else(|| Journal {
        settings,
        mark: Mark::default(),
        output: 0,
        rejects: 0,
        tally: Tally::default(),
        took: 0,
        whole: false,
    });
    let read = Arc::new(AtomicU64::new(0));
    let mut run = Run {
        output: args.output.as_deref().map(|path| Part::open(path, journal.output)).transpose()?,
        rejects: args.rejects.as_deref().map(|path| Part::open(path, journal.rejects)).transpose()?,
        bar: bar(args, &survey),
        before: Duration::from_millis(journal.took),
        journal,
        began: Instant::now(),
        noted: Instant::now(),
        read: Arc::clone(&read),
        stop,
        changed: false,
        args,
    };
    if let (false, Form::Machine(format)) = (go_on, form) {
        run.write(&format.head())?;
    }
    let feeder = Feeder {
        inputs: args.inputs.clone(),
        asked: args.input_format,
        options: args.input_options(),
        day: args.reading.date_of_service,
        answered: run.journal.mark,
        read,
        survey,
    };
    let others = feeder.survey.others;
    let answerer = Answerer { analyzer: &analyzer, options: args.reading.options(&policy), form, words: !args.no_text };
    let threads = args.threads.or_else(|| available_parallelism().ok()).map_or(1, std::num::NonZeroUsize::get);
    let work = |batch: Result<feeder::Batch, Changed>| batch.map(|b| answerer.answer(b));
    let outcome = pipeline::run(threads, |send| feeder.run(send), work, |event| run.take(event));
    run.bar.finish_and_clear();
    let ended = run.end(outcome, others);
    drop(locks);
    ended
}

/// A run under way.
struct Run<'a> {
    args: &'a BatchArgs,
    /// `None`: standard output.
    output: Option<Part>,
    rejects: Option<Part>,
    journal: Journal,
    bar: ProgressBar,
    began: Instant,
    /// When the journal was written last.
    noted: Instant,
    /// What the parts of the run before this one took.
    before: Duration,
    read: Arc<AtomicU64>,
    stop: Stop,
    changed: bool,
}

impl Run<'_> {
    fn take(&mut self, event: Event<Result<Done, Changed>>) -> Result<bool, Failure> {
        match event {
            Event::Idle => {
                if self.output.is_none() {
                    io::stdout().flush()?;
                }
                self.bar.set_position(self.read.load(Ordering::Relaxed));
            }
            Event::Done(Err(Changed)) => {
                self.changed = true;
                return Ok(false);
            }
            Event::Done(Ok(done)) => {
                self.write(&done.output)?;
                if let Some(rejects) = &mut self.rejects {
                    rejects.write(&done.rejects)?;
                }
                self.bar.suspend(|| done.said.iter().for_each(|what| say(what)));
                self.journal.tally.join(&done.tally);
                self.journal.mark = done.mark;
                self.bar.set_position(self.read.load(Ordering::Relaxed));
                if self.args.resume && self.noted.elapsed() >= JOURNAL {
                    self.note(false)?;
                }
            }
        }
        Ok(self.stop.code().is_none())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.output {
            Some(part) => part.write(bytes),
            None => Ok(io::stdout().write_all(bytes)?),
        }
    }

    /// Writes down how far the run is.
    fn note(&mut self, whole: bool) -> Result<(), Failure> {
        let (Some(output), Some(path)) = (&self.output, &self.args.output) else { return Ok(()) };
        output.sync()?;
        if let Some(rejects) = &self.rejects {
            rejects.sync()?;
            self.journal.rejects = rejects.bytes;
        }
        self.journal.output = output.bytes;
        self.journal.took = u64::try_from((self.before + self.began.elapsed()).as_millis()).unwrap_or(u64::MAX);
        self.journal.whole = whole;
        self.noted = Instant::now();
        if self.args.resume { self.journal.write(path) } else { Ok(()) }
    }

    fn end(mut self, outcome: Result<(), Failure>, others: u64) -> Result<u8, Failure> {
        let resumable = self.args.resume;
        let outcome = outcome.and_then(|()| if self.changed { Err(changed()) } else { Ok(()) });
        let stopped = self.stop.code();
        if outcome.is_err() || stopped.is_some() {
            if resumable && !self.changed {
                // what can't be written now could be written when it was noted last
                let _ = self.note(false);
            } else if !resumable {
                [&self.output, &self.rejects].into_iter().flatten().for_each(Part::discard);
            }
            outcome?;
            say(match (&self.args.output, resumable) {
                (None, _) => "stopped by a signal",
                (Some(_), false) => "stopped by a signal; the output was thrown away, with --resume it would be gone on with",
                (Some(_), true) => "stopped by a signal; run again with the same arguments to go on",
            });
            return Ok(stopped.unwrap_or(1));
        }
        self.note(true)?;
        if self.output.is_none() {
            io::stdout().flush()?;
        }
        name(self.args)?;
        self.journal.took = u64::try_from((self.before + self.began.elapsed()).as_millis()).unwrap_or(u64::MAX);
        summary(self.args, &self.journal, others);
        Ok(u8::from(self.journal.tally.aside > 0))
    }
}

/// The inputs of a run that is to go on are others than they were.
fn changed() -> Failure {
    Failure::usage(
        "the inputs are not those that the earlier run has read: what it has answered can't be gone on with",
        "run without --resume to begin anew",
    )
}

/// Gives outputs that are whole their names.
fn name(args: &BatchArgs) -> Result<(), Failure> {
    if let Some(path) = &args.rejects {
        give_name(path)?;
    }
    if let Some(path) = &args.output {
        #[cfg(feature = "parquet")]
        if args.format == BatchFormat::Parquet {
            to_parquet(path)?;
        }
        give_name(path)?;
        Journal::remove(path);
    }
    Ok(())
}

/// Refuses a form of output that this program has not, or that has to be a file.
fn can_be_written(args: &BatchArgs) -> Result<(), Failure> {
    if args.format != BatchFormat::Parquet {
        return Ok(());
    }
    if !cfg!(feature = "parquet") {
        let help = "build it in: `cargo build --release --features parquet`; or take --format csv, which has the same columns";
        return Err(Failure::usage("this program was built without Parquet", help));
    }
    match args.output {
        Some(_) => Ok(()),
        None => Err(Failure::usage("Parquet is written to a file alone", "name it: --output FILE")),
    }
}

/// Puts Parquet in the place of the answers that were collected; may be done again if it was broken off.
#[cfg(feature = "parquet")]
fn to_parquet(path: &Path) -> Result<(), Failure> {
    let (answers, columns) = (target::beside(path, "part"), target::beside(path, "columns"));
    if !answers.exists() {
        return Ok(());
    }
    let made = std::fs::File::open(&answers).and_then(|from| {
        let to = std::fs::File::create(&columns)?;
        radcode::io::parquet::write(io::BufReader::new(from), &to)?;
        to.sync_data()?;
        std::fs::rename(&columns, path)
    });
    made.map_err(|e| target::unwritable(&columns, &e))?;
    std::fs::remove_file(&answers).map_err(|e| target::unwritable(&answers, &e))
}

/// Keeps an output for this run; never over one of the inputs.
fn own(path: &Path, args: &BatchArgs) -> Result<Lock, Failure> {
    let same = |input: &&std::path::PathBuf| std::fs::canonicalize(input).ok().is_some_and(|i| std::fs::canonicalize(path).ok() == Some(i));
    if args.inputs.iter().any(|input| same(&input)) {
        return Err(Failure::usage(&format!("{} is an input of this run", path.display()), "name another file to write to"));
    }
    Lock::take(path)
}

/// The journal of the run that this one goes on with.
fn earlier(args: &BatchArgs, settings: &Settings) -> Result<Option<Journal>, Failure> {
    let Some(path) = &args.output else { return Ok(None) };
    if !args.resume {
        Journal::remove(path);
        return Ok(None);
    }
    let journal = Journal::read(path)?;
    journal.as_ref().map_or(Ok(()), |j| j.fits(settings))?;
    Ok(journal)
}

/// All that decides over the answers.
fn settings(args: &BatchArgs, analyzer: &Analyzer, policy: &Policy, survey: &Survey) -> Settings {
    let of = |what: &str, value: String| (what.to_owned(), value);
    let reading = &args.reading;
    Settings::from([
        of("version of radcode", env!("CARGO_PKG_VERSION").to_owned()),
        of("lexicon", analyzer.lexicon().sha256().to_owned()),
        of("policy", format!("{policy:?}")),
        of("table of edits", inputs::hash(&format!("{:?}", analyzer.edits())).to_string()),
        of("list of inputs", format!("{:?}", args.inputs)),
        of("set of input files, by name, size and time of change", survey.digest.to_string()),
        of("way of reading inputs", format!("{:?}", args.input_options())),
        of("form of output", format!("{:?} {} {:?}", args.format, args.no_text, args.rejects)),
        of("date of service", format!("{:?}", reading.date_of_service)),
        of("threshold", reading.threshold.to_string()),
    ])
}

fn form(args: &BatchArgs, common: &Common) -> Form {
    match args.format.machine() {
        Some(format) => Form::Machine(format),
        None if args.output.is_some() => Form::Tables(100, false),
        None => {
            let screen = Screen::new(common.color);
            Form::Tables(screen.width, screen.colored)
        }
    }
}

/// A bar on a terminal; nothing in a pipe, nor among answers.
fn bar(args: &BatchArgs, survey: &Survey) -> ProgressBar {
    if args.quiet || args.output.is_none() && io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, shape) = match survey.bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}"),
    };
    bar.set_style(ProgressStyle::with_template(shape).expect("the template holds"));
    bar
}

fn summary(args: &BatchArgs, journal: &Journal, others: u64) {
    if !args.quiet {
        let _ = write!(io::stderr(), "radcode: {}", journal.tally.lines(others, Duration::from_millis(journal.took)));
    }
}

fn say(message: &str) {
    let _ = writeln!(io::stderr(), "radcode: {message}");
}
