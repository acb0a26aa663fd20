//! `radcode codes diff`: codes added, ended and replaced between two days.

use std::io::Write;

use radcode::{Change, CodeChange, Date, Lexicon};
use serde_json::json;

use super::args::{Common, ListFormat};
use super::codes::line;
use super::failure::Failure;
use super::screen::{CARE, FAINT, STRONG, Screen};

/// Shows what changed between two days.
pub fn run(lexicon: &Lexicon, from: Date, to: Date, format: ListFormat, common: &Common) -> Result<u8, Failure> {
    let changes = lexicon.code_changes(from, to);
    let (from, to) = (from.min(to), from.max(to));
    let mut screen = Screen::new(common.color);
    if format == ListFormat::Ndjson {
        for c in &changes {
            writeln!(screen, "{}", json(c))?;
        }
        screen.flush()?;
        return Ok(0);
    }
    let last = lexicon.default_date();
    if to.year() > last.year() {
        writeln!(
            screen,
            "{CARE}the lexicon {} knows the codes of {} and before; later ones are not in it{CARE:#}",
            lexicon.edition(),
            last.year()
        )?;
    }
    let count = |wanted: Change| changes.iter().filter(|c| c.change == wanted).count();
    writeln!(
        screen,
        "{STRONG}{from} to {to}{STRONG:#}: {} added, {} replaced, {} ended without another",
        count(Change::Added),
        count(Change::Replaced),
        count(Change::Ended)
    )?;
    let width = screen.width;
    for c in &changes {
        let mark = match c.change {
            Change::Added => '+',
            Change::Replaced | Change::Ended => '-',
        };
        let label = if c.label.is_empty() { "no exam of a report" } else { &c.label };
        writeln!(screen, "{mark} {STRONG}{:<5}{STRONG:#}  {label}", c.code)?;
        line(&mut screen, if c.change == Change::Added { "from" } else { "until" }, &c.day.to_string(), width)?;
        if !c.others.is_empty() {
            let (name, between) = match (c.change, c.together) {
                (Change::Added, _) => ("comes after", ", "),
                (_, true) => ("replaced by", " and "),
                (_, false) => ("replaced by", " or "),
            };
            line(&mut screen, name, &c.others.join(between), width)?;
        }
    }
    if changes.is_empty() {
        writeln!(screen, "{FAINT}the same codes on both days{FAINT:#}")?;
    }
    screen.flush()?;
    Ok(0)
}

fn json(c: &CodeChange) -> serde_json::Value {
    let change = match c.change {
        Change::Added => "added",
        Change::Ended => "ended",
        Change::Replaced => "replaced",
    };
    let others = if c.change == Change::Added { "comes_after" } else { "replaced_by" };
    json!({ "code": c.code, "change": change, "day": c.day.to_string(), others: c.others, "together": c.together, "label": c.label })
}
