//! The report with its evidence marked: in colour a colour a role, without colour in brackets with the role's name.

use std::io::{self, Write};

use radcode::{Analysis, Span};

use super::quotes::plain;
use super::screen::{FAINT, STRONG, role};

/// A stretch of the report and what it proves.
struct Mark<'a> {
    span: Span,
    role: &'a str,
}

/// Lines without evidence that are shown before a stretch is left out.
const QUIET: usize = 3;

/// Writes the report. `whole`: every line, else long stretches without evidence are left out.
pub fn write(out: &mut impl Write, text: &str, a: &Analysis, colored: bool, whole: bool) -> io::Result<()> {
    let marks = marks(a);
    writeln!(out)?;
    legend(out, &marks, colored)?;
    let lines: Vec<(u32, &str)> = lines(text);
    let marked = |i: usize| {
        let (start, line) = lines[i];
        let span = Span::new(start, start + line.len() as u32);
        marks.iter().any(|m| m.span.overlaps(span))
    };
    let width = lines.len().to_string().len();
    let mut i = 0;
    while i < lines.len() {
        let quiet = (i..lines.len()).take_while(|&j| !marked(j)).count();
        if !whole && quiet > QUIET {
            writeln!(out, "{FAINT}{:>width$} … {quiet} lines{FAINT:#}", "")?;
            i += quiet;
            continue;
        }
        for (j, &(start, line)) in lines.iter().enumerate().skip(i).take(quiet.max(1)) {
            write!(out, "{FAINT}{:>width$} │{FAINT:#} ", j + 1)?;
            marked_line(out, start, line, &marks, colored)?;
        }
        i += quiet.max(1);
    }
    Ok(())
}

/// Lines and the bytes at which they start.
fn lines(text: &str) -> Vec<(u32, &str)> {
    let mut at = 0;
    let split = text.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len() as u32;
        (start, line.trim_end_matches(['\n', '\r']))
    });
    split.collect()
}

/// Marks that do not overlap, in the order of the report; what decides a code comes before what only names it.
fn marks(a: &Analysis) -> Vec<Mark<'_>> {
    let rank = |role: &str| match role {
        "contrast" => 0,
        "region" => 1,
        "method" => 2,
        "modality" => 3,
        "exam" => 5,
        _ => 4,
    };
    let mut all: Vec<Mark> = a.suggestions.iter().flat_map(|s| &s.evidence).map(|e| Mark { span: e.span, role: &e.role }).collect();
    all.sort_by_key(|m| (rank(m.role), m.span.start));
    all.extend(a.rejected.iter().flat_map(|r| &r.evidence).map(|e| Mark { span: e.span, role: "not coded" }));
    if !a.document.admitted {
        all.extend(a.document.evidence.iter().map(|e| Mark { span: e.span, role: "document" }));
    }
    let mut out: Vec<Mark> = Vec::new();
    for m in all {
        if !m.span.is_empty() && !out.iter().any(|o| o.span.overlaps(m.span)) {
            out.push(m);
        }
    }
    out.sort_by_key(|m| m.span.start);
    out
}

fn legend(out: &mut impl Write, marks: &[Mark<'_>], colored: bool) -> io::Result<()> {
    write!(out, "{STRONG}report{STRONG:#}")?;
    let mut seen: Vec<&str> = Vec::new();
    for m in marks {
        if !seen.contains(&m.role) {
            seen.push(m.role);
        }
    }
    if colored {
        for r in seen {
            let style = role(r);
            write!(out, "  {style}{r}{style:#}")?;
        }
    } else if !seen.is_empty() {
        write!(out, "  [role: words that prove it]")?;
    }
    writeln!(out)
}

fn marked_line(out: &mut impl Write, start: u32, line: &str, marks: &[Mark<'_>], colored: bool) -> io::Result<()> {
    let mut at = 0;
    let end = line.len();
    for m in marks {
        let from = (m.span.start.max(start) - start) as usize;
        let to = (m.span.end.max(start) - start) as usize;
        let (from, to) = (from.min(end), to.min(end));
        if from >= to || from < at {
            continue;
        }
        clean(out, &line[at..from])?;
        let style = role(m.role);
        if colored {
            write!(out, "{style}")?;
            clean(out, &line[from..to])?;
            write!(out, "{style:#}")?;
        } else {
            write!(out, "[{}: ", m.role)?;
            clean(out, &line[from..to])?;
            write!(out, "]")?;
        }
        at = to;
    }
    clean(out, &line[at..])?;
    writeln!(out)
}

/// Report text as it may go to a terminal.
fn clean(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.chars().all(|c| c == '\t' || plain(c) == c) {
        return out.write_all(text.as_bytes());
    }
    text.chars().try_for_each(|c| write!(out, "{}", if c == '\t' { c } else { plain(c) }))
}
