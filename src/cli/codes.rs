//! `radcode codes`: what is known of a code, in our own words.

use std::io::{self, Write};

use radcode::{CodeCard, Lexicon, Need, NeedKind};

use super::args::{CodesCommand, Common};
use super::codes_diff;
use super::failure::Failure;
use super::knowledge::load;
use super::near::near;
use super::screen::{FAINT, STRONG, Screen, wrap};

/// Columns of a name.
const NAME: usize = 13;

/// Shows a code, or what changed between two days.
pub fn run(command: &CodesCommand, common: &Common) -> Result<u8, Failure> {
    let lexicon = load(common)?;
    let code = match command {
        CodesCommand::Show { code } => code,
        CodesCommand::Diff { from, to, format } => return codes_diff::run(&lexicon, *from, *to, *format, common),
    };
    let card = card(&lexicon, code)?;
    let mut screen = Screen::new(common.color);
    let width = screen.width;
    head(&mut screen, &card, width)?;
    for (i, way) in card.ways.iter().enumerate() {
        if i > 0 {
            line(&mut screen, "", &way.label, width)?;
        }
        let days = match (way.from, way.until) {
            (None, None) => String::new(),
            (from, until) => {
                let day = |d: Option<radcode::Date>, open: &str| d.map_or_else(|| open.to_owned(), |d| d.to_string());
                format!(" ({} to {})", day(from, "before 2010"), day(until, "no end"))
            }
        };
        line(&mut screen, if way.added { "added by" } else { "family" }, &format!("{}{days}", way.family), width)?;
        for n in &way.neighbours {
            line(&mut screen, &format!("  {}", n.code), if n.needs.is_empty() { "otherwise" } else { &n.needs }, width)?;
        }
        if let Some(note) = &way.note {
            line(&mut screen, "note", note, width)?;
        }
    }
    for (id, message) in &card.rules {
        line(&mut screen, "rule", &format!("{id}: {message}"), width)?;
    }
    screen.flush()?;
    Ok(0)
}

/// The card of a code, or the error that names near ones.
pub fn card(lexicon: &Lexicon, code: &str) -> Result<CodeCard, Failure> {
    let code = code.trim().to_uppercase();
    lexicon.code_card(&code).ok_or_else(|| {
        let list = lexicon.entries(Some(radcode::EntryKind::Code));
        let close = near(&code, list.iter().map(|e| e.id.as_str()), 4);
        let help = if close.is_empty() {
            "`radcode lexicon list --kind code` lists the codes".to_owned()
        } else {
            format!("near codes: {}", close.join(", "))
        };
        Failure::usage(&format!("the lexicon {} has no code `{code}`", lexicon.edition()), &help)
    })
}

/// Code and label, system, dates, successor, excuse.
pub fn head(out: &mut impl Write, card: &CodeCard, width: usize) -> io::Result<()> {
    let label = card.label();
    let label = if label.is_empty() { "no exam of a report" } else { &label };
    writeln!(out, "{STRONG}{:<5}{STRONG:#}  {label}", card.code)?;
    line(out, "system", &card.system, width)?;
    line(out, "valid", &card.validity(), width)?;
    if !card.successors.is_empty() {
        line(out, "then", &card.successors.join(if card.all_successors { " and " } else { " or " }), width)?;
    }
    if let Some(excuse) = &card.excuse {
        line(out, "not reached", excuse, width)?;
    }
    Ok(())
}

/// `name  words`, wrapped.
pub fn line(out: &mut impl Write, name: &str, words: &str, width: usize) -> io::Result<()> {
    for (i, l) in wrap(words, width.saturating_sub(7 + NAME)).iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        writeln!(out, "{:7}{FAINT}{name:<NAME$}{FAINT:#}{l}", "")?;
    }
    Ok(())
}

/// A need in words.
pub fn need(n: &Need) -> String {
    let silence = if n.default { " (silence counts as that)" } else { "" };
    match n.kind {
        NeedKind::IsNot => format!("not {}", n.words),
        NeedKind::Is | NeedKind::Exactly | NeedKind::AnyRegion | NeedKind::AllRegions => format!("{}{silence}", n.words),
    }
}
