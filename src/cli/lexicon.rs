//! `radcode lexicon`: whether it holds together, what is in it, everything about one entry.

use std::io::{self, Write as _};
use std::path::Path;

use radcode::{Analyzer, EntryKind};

use super::args::{Common, Kind, LexiconCommand};
use super::codes;
use super::failure::Failure;
use super::knowledge::Files;
use super::near::near;
use super::screen::{FAINT, STRONG, Screen, wrap};

/// Runs a lexicon command.
pub fn run(command: &LexiconCommand, common: &Common) -> Result<u8, Failure> {
    match command {
        LexiconCommand::Check { dir } => check(dir.as_deref(), common),
        LexiconCommand::List { kind } => list(*kind, common),
        LexiconCommand::Show { id } => show(id, common),
    }
}

/// All mistakes with their carets on standard output, for they are the answer here; 1 where there are any.
fn check(dir: Option<&Path>, common: &Common) -> Result<u8, Failure> {
    let files = Files::find(common, dir)?;
    let mut screen = Screen::new(common.color);
    let colored = screen.colored;
    let lexicon = match files.build() {
        Ok(lexicon) => lexicon,
        Err(problems) => {
            write!(screen, "{}", files.show(&problems, colored, 140))?;
            screen.flush()?;
            return Ok(1);
        }
    };
    let analyzer = Analyzer::new(lexicon);
    let c = analyzer.check();
    if c.problems.is_empty() {
        let edition = analyzer.lexicon().edition();
        writeln!(screen, "lexicon {edition} holds: {} entries, {} terms, {} proof lines", c.entries, c.terms, c.proofs)?;
    } else {
        write!(screen, "{}", files.show(&c.problems, colored, 140))?;
    }
    screen.flush()?;
    Ok(u8::from(!c.problems.is_empty()))
}

fn list(kind: Option<Kind>, common: &Common) -> Result<u8, Failure> {
    let lexicon = build(common)?;
    let mut screen = Screen::new(common.color);
    let entries = lexicon.entries(kind.map(kind_of));
    let id = entries.iter().map(|e| e.id.chars().count()).max().unwrap_or(0);
    for e in entries {
        let terms = if e.terms == 0 { String::new() } else { e.terms.to_string() };
        let line = format!("{:<8}  {:<id$}  {terms:>5}  {}", e.kind.name(), e.id, e.label);
        writeln!(screen, "{}", line.trim_end())?;
    }
    screen.flush()?;
    Ok(0)
}

fn show(id: &str, common: &Common) -> Result<u8, Failure> {
    let files = Files::find(common, None)?;
    let lexicon = build(common)?;
    let entries = lexicon.entry(id);
    if entries.is_empty() {
        let all = lexicon.entries(None);
        let close = near(id, all.iter().map(|e| e.id.as_str()), 5);
        let help = if close.is_empty() {
            "`radcode lexicon list` lists all entries".to_owned()
        } else {
            format!("near entries: {}", close.join(", "))
        };
        return Err(Failure::usage(&format!("the lexicon {} has no entry `{id}`", lexicon.edition()), &help));
    }
    let mut screen = Screen::new(common.color);
    let width = screen.width;
    for e in entries {
        if e.kind == EntryKind::Code {
            screen.flush()?;
            codes::run(&super::args::CodesCommand::Show { code: e.id.clone() }, common)?;
            continue;
        }
        writeln!(screen, "{STRONG}{}{STRONG:#}  {FAINT}{}{FAINT:#}  {}", e.id, e.kind.name(), e.label)?;
        fact(&mut screen, "file", &[files.place(&e.file, e.span.start)], width)?;
        for (name, list) in &e.facts {
            fact(&mut screen, name, list, width)?;
        }
    }
    screen.flush()?;
    Ok(0)
}

/// A heading and what stands under it: words in one paragraph, proof lines and rows one a line.
fn fact(out: &mut impl io::Write, name: &str, list: &[String], width: usize) -> io::Result<()> {
    let words = matches!(
        name,
        "terms"
            | "titles only"
            | "sentences only"
            | "organs"
            | "headings"
            | "signs"
            | "against"
            | "holds"
            | "families"
            | "any region of"
            | "all regions of"
    );
    let lines: Vec<String> = if words {
        wrap(&list.join(", "), width.saturating_sub(22))
    } else {
        list.iter().flat_map(|l| wrap(l, width.saturating_sub(22))).collect()
    };
    for (i, line) in lines.iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        writeln!(out, "       {FAINT}{name:<15}{FAINT:#}{line}")?;
    }
    Ok(())
}

fn build(common: &Common) -> Result<radcode::Lexicon, Failure> {
    super::knowledge::load(common)
}

const fn kind_of(kind: Kind) -> EntryKind {
    match kind {
        Kind::Region => EntryKind::Region,
        Kind::Concept => EntryKind::Concept,
        Kind::Family => EntryKind::Family,
        Kind::Cue => EntryKind::Cue,
        Kind::Section => EntryKind::Section,
        Kind::Document => EntryKind::Document,
        Kind::Checklist => EntryKind::Checklist,
        Kind::Rule => EntryKind::Rule,
        Kind::Code => EntryKind::Code,
        Kind::Policy => EntryKind::Policy,
        Kind::Choice => EntryKind::Choice,
        Kind::Payer => EntryKind::Payer,
        Kind::Join => EntryKind::Join,
        Kind::Pair => EntryKind::Pair,
        Kind::Addon => EntryKind::AddOn,
        Kind::Modifier => EntryKind::Modifier,
        Kind::Circumstance => EntryKind::Circumstance,
    }
}
