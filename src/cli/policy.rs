//! Site policy and newer edits from the command line: files read, every mistake named with its place.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use anstream::ColorChoice;
use radcode::{Analyzer, BadLine, Edits, Policy};

use super::args::{Common, Site};
use super::caret::render;
use super::failure::Failure;
use super::screen::choice;

/// Most malformed lines of a table that are named.
const SHOWN: usize = 20;

/// The policy that the command line asks for: a file, and single choices, which go before it.
pub fn policy(site: &Site, analyzer: &Analyzer, common: &Common) -> Result<Policy, Failure> {
    let lexicon = analyzer.lexicon();
    let mut policy = Policy::default();
    if let Some(path) = &site.policy {
        let (name, text) = (path.display().to_string(), read(path, "policy file")?);
        match lexicon.policy(&name, &text) {
            Ok(p) => policy.extend(p),
            Err(e) => {
                let colored = choice(common.color, &io::stderr()) != ColorChoice::Never;
                for p in &e.problems {
                    let _ = writeln!(io::stderr(), "{}\n", render(p, &name, &text, colored, 120));
                }
                return Err(Failure::usage(&format!("the policy {name} can't be used"), "mend the mistakes above"));
            }
        }
    }
    let named = [("payer", &site.payer), ("setting", &site.setting), ("component", &site.component)];
    let mut choices: Vec<(&str, &str)> = named.iter().filter_map(|(o, c)| c.as_deref().map(|c| (*o, c))).collect();
    for c in &site.choose {
        let Some(pair) = c.split_once('=') else {
            return Err(Failure::usage(&format!("`--choose {c}` names no choice"), "write it as OPTION=CHOICE"));
        };
        choices.push(pair);
    }
    for (option, choice) in choices {
        lexicon.choose(&mut policy, option, choice).map_err(|(what, help)| Failure::usage(&what, &help))?;
    }
    Ok(policy)
}

/// An analyzer with the edits that the command line names instead of those of the lexicon.
pub fn with_edits(analyzer: Analyzer, site: &Site) -> Result<Analyzer, Failure> {
    if site.ncci.is_empty() && site.mue.is_empty() {
        return Ok(analyzer);
    }
    let known: std::collections::HashSet<String> =
        analyzer.lexicon().entries(Some(radcode::EntryKind::Code)).into_iter().map(|e| e.id).collect();
    // a release comes in several files, those for practitioners and those for hospitals apart
    let mut tables: Vec<Edits> = Vec::new();
    for path in &site.ncci {
        let text = read(path, "table of edits")?;
        let pairs = Edits::ncci(&stem(path), &text, |c| known.contains(c)).map_err(|bad| malformed(path, &bad))?;
        let kind = |e: &Edits| e.pairs_edition.as_ref().and_then(|e| e.kind);
        match tables.iter().position(|t| kind(t) == kind(&pairs)) {
            Some(i) => tables[i] = std::mem::take(&mut tables[i]).joined(pairs),
            None => tables.push(pairs),
        }
    }
    let day = analyzer.lexicon().default_date();
    for path in &site.mue {
        let text = read(path, "table of unit limits")?;
        tables.push(Edits::mue(&stem(path), &text, day, |c| known.contains(c)).map_err(|bad| malformed(path, &bad))?);
    }
    Ok(tables.iter().fold(analyzer, Analyzer::with_edits))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn malformed(path: &Path, bad: &[BadLine]) -> Failure {
    let shown = path.display();
    let mut message = format!("{shown} can't be used: {} malformed line{}", bad.len(), if bad.len() == 1 { "" } else { "s" });
    for b in bad.iter().take(SHOWN) {
        let _ = write!(message, "\n  {shown}:{}: {}", b.line, b.what);
    }
    if bad.len() > SHOWN {
        let _ = write!(message, "\n  and {} more", bad.len() - SHOWN);
    }
    Failure::usage(&message, "name a file as CMS publishes it, as text with tabs or commas between the cells")
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let why = match std::fs::read(path) {
        Ok(bytes) if bytes.starts_with(b"PK") => {
            let help = "unpack it, and name the text file that CMS publishes beside the workbook";
            return Err(Failure::usage(&format!("the {what} {} is an archive or a workbook", path.display()), help));
        }
        Ok(bytes) => return Ok(String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().iter().map(|b| char::from(*b)).collect())),
        Err(e) => e,
    };
    Err(Failure::usage(&format!("the {what} {} can't be read: {why}", path.display()), "name a readable file"))
}
