//! What answers for people are written to: standard output, with colours where they are wanted, and its width.

use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::When;

/// Standard output for people.
pub struct Screen {
    out: io::BufWriter<AutoStream<io::Stdout>>,
    /// Whether colours show.
    pub colored: bool,
    /// Columns to fill.
    pub width: usize,
}

impl Screen {
    /// Standard output with colours as asked for.
    pub fn new(when: When) -> Self {
        let choice = choice(when, &io::stdout());
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let width = columns.unwrap_or(if io::stdout().is_terminal() { 100 } else { 80 }).clamp(60, 110);
        Self { out: io::BufWriter::new(AutoStream::new(io::stdout(), choice)), colored: choice != ColorChoice::Never, width }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a stream gets colours.
pub fn choice<S: anstream::stream::RawStream>(when: When, stream: &S) -> ColorChoice {
    match when {
        When::Always => ColorChoice::Always,
        When::Never => ColorChoice::Never,
        When::Auto => AutoStream::choice(stream),
    }
}

/// Codes, headings.
pub const STRONG: Style = Style::new().bold();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// A code that is unsure, a question.
pub const CARE: Style = AnsiColor::Yellow.on_default();
/// Exams that are not coded.
pub const NOT: Style = AnsiColor::Red.on_default();

/// The colour of a role; the same in the answer and in the marked report.
pub fn role(role: &str) -> Style {
    match role {
        "contrast" | "route" => AnsiColor::Cyan.on_default().bold(),
        "region" => AnsiColor::Green.on_default().bold(),
        "modality" | "method" => AnsiColor::Blue.on_default().bold(),
        "side" => AnsiColor::Magenta.on_default().bold(),
        "not coded" => NOT,
        "document" => AnsiColor::BrightBlack.on_default().bold(),
        _ => AnsiColor::Yellow.on_default().bold(),
    }
}

/// Breaks words into lines of at most `width` characters.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
