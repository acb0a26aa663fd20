//! The one report of `analyze` and `explain`: a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use radcode::io::{Unusable, decode, read_all};

use super::args::Reading;
use super::failure::Failure;

/// Reads the one report: a file, or standard input for `-` and nothing.
pub fn read_one(file: Option<&Path>, reading: &Reading) -> Result<String, Failure> {
    let limit = reading.max_report_bytes;
    let (name, bytes) = if let Some(path) = file.filter(|f| *f != Path::new("-")) {
        if path.is_dir() {
            let help = format!("name one file, or run `radcode batch {}`", path.display());
            return Err(Failure::usage(&format!("{} is a folder", path.display()), &help));
        }
        let bytes = File::open(path).map_err(|e| unreadable(&e)).and_then(|f| read_all(f, limit));
        (path.display().to_string(), bytes)
    } else {
        if io::stdin().is_terminal() {
            let _ = writeln!(io::stderr(), "paste a report, then Ctrl-D");
        }
        ("standard input".to_owned(), read_all(io::stdin().lock(), limit))
    };
    bytes.and_then(|b| decode(b, reading.encoding)).map_err(|u| Failure::input(&format!("{name}: {}", u.what), &u.help))
}

/// A file that can't be opened.
pub fn unreadable(e: &io::Error) -> Unusable {
    Unusable::new(format!("can't be read: {e}"), "check the name and the right to read it")
}
