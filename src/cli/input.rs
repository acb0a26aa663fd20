//! The one report of `analyze` and `explain`: a file, or standard input; text, or a message that holds one report.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Read, Write as _};
use std::path::Path;

use radcode::io::{Format, InputOptions, Record, Unusable, detect};

use super::args::Reading;
use super::failure::Failure;

/// Reads the one report: a file, or standard input for `-` and nothing.
pub fn read_one(file: Option<&Path>, reading: &Reading) -> Result<Record, Failure> {
    if let Some(path) = file.filter(|f| *f != Path::new("-")) {
        let name = path.display().to_string();
        if path.is_dir() {
            let help = format!("name one file, or run `radcode batch {name}`");
            return Err(Failure::usage(&format!("{name} is a folder"), &help));
        }
        let opened = File::open(path).map_err(|e| unreadable(&e));
        return opened.and_then(|f| only(f, &name, reading)).map_err(|u| failed(&name, &u));
    }
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "paste a report, then Ctrl-D");
    }
    only(io::stdin(), "-", reading).map_err(|u| failed("standard input", &u))
}

/// The only report of an input.
fn only(from: impl Read + Send + 'static, name: &str, reading: &Reading) -> Result<Record, Unusable> {
    let mut options = InputOptions { encoding: reading.encoding, max_report_bytes: reading.max_report_bytes, ..InputOptions::default() };
    let mut from = BufReader::with_capacity(1 << 16, from);
    let head = io::BufRead::fill_buf(&mut from).map_err(|e| Unusable::unreadable(&e))?;
    // what was pasted is a table only if it is called so: the first line of a report may look like one
    if matches!(detect(head, name), Format::Csv | Format::Tsv) {
        options.format = Some(Format::Text);
    }
    let mut records = radcode::io::open(from, "stdin", name, &options)?;
    let none = || Unusable::new("there is no report in it", "give the report as text, or as a message that holds one");
    let first = records.next().ok_or_else(none)??;
    match records.next() {
        None => Ok(first),
        Some(_) => Err(Unusable::new("it holds more than one report", "`radcode batch` answers them all")),
    }
}

fn failed(name: &str, why: &Unusable) -> Failure {
    Failure::input(&format!("{name}{}: {}", why.place, why.what), &why.help)
}

/// A file that can't be opened.
pub fn unreadable(e: &io::Error) -> Unusable {
    Unusable::new(format!("can't be read: {e}"), "check the name and the right to read it")
}
