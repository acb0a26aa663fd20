//! `radcode diff`: what changed between the answers of two runs, code by code, with the reason as far as the answers
//! tell it. Holds codes and rules of the earlier run, never words of a report.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use radcode::io::{Line, read_line};
use serde::{Deserialize, Serialize};

use super::args::{Common, DiffArgs, ListFormat};
use super::failure::Failure;
use super::quotes::plain;
use super::screen::{FAINT, NOT, STRONG, Screen};

/// Longest line of answers, in bytes.
const LONGEST: u64 = 1 << 30;

/// What is compared of an answer.
#[derive(Deserialize, Debug)]
struct Answer {
    id: String,
    #[serde(default)]
    code_set: String,
    #[serde(default)]
    lexicon: Edition,
    #[serde(default)]
    document: Document,
    suggestions: Vec<Suggestion>,
    #[serde(default)]
    rejected: Vec<Rejected>,
    #[serde(default)]
    queries: Vec<Query>,
}

#[derive(Deserialize, Debug, Default, PartialEq, Eq)]
struct Edition {
    #[serde(default)]
    edition: String,
    #[serde(default)]
    sha256: String,
}

#[derive(Deserialize, Debug, Default)]
struct Document {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize, Debug, Clone, PartialEq, Eq)]
struct Suggestion {
    code: String,
    #[serde(default)]
    modifiers: Vec<String>,
    #[serde(default)]
    units: u32,
    #[serde(default)]
    rule: String,
}

#[derive(Deserialize, Debug)]
struct Rejected {
    code: Option<String>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize, Debug)]
struct Query {
    kind: String,
}

/// One change of one report.
#[expect(clippy::struct_field_names, reason = "fields are the JSON's")]
#[derive(Serialize, Debug, PartialEq, Eq)]
struct Change {
    id: String,
    /// `code-added`, `code-removed`, `units`, `modifiers`, `rule`, `query-added`, `query-removed`, `only-old`, `only-new`.
    change: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    code: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    old: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    new: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

/// Compares two files of answers. 1 where lines could not be used.
pub fn run(args: &DiffArgs, common: &Common) -> Result<u8, Failure> {
    let mut unusable = 0;
    let mut old: HashMap<String, (usize, Answer)> = HashMap::new();
    each(&args.old, &mut unusable, |answer| {
        let place = old.len();
        old.insert(answer.id.clone(), (place, answer));
        Ok(())
    })?;
    let mut screen = Screen::new(common.color);
    let (mut same, mut differ, mut counts) = (0u64, 0u64, [0u64; 2]);
    let mut editions: Option<(Edition, Edition)> = None;
    each(&args.new, &mut unusable, |new| {
        let changes = match old.remove(&new.id) {
            None => vec![Change {
                id: new.id.clone(),
                change: "only-new",
                code: String::new(),
                old: String::new(),
                new: codes(&new),
                why: String::new(),
            }],
            Some((_, before)) => {
                let changes = compare(&before, &new);
                if editions.is_none() {
                    editions = Some((before.lexicon, new.lexicon));
                }
                changes
            }
        };
        if changes.is_empty() {
            same += 1;
        } else {
            differ += 1;
        }
        for c in &changes {
            counts[0] += u64::from(c.change == "code-added");
            counts[1] += u64::from(c.change == "code-removed");
        }
        show(&mut screen, &changes, args.format)
    })?;
    let mut gone: Vec<(usize, Answer)> = old.into_values().collect();
    gone.sort_by_key(|(place, _)| *place);
    for (_, before) in &gone {
        differ += 1;
        let only = Change {
            id: before.id.clone(),
            change: "only-old",
            code: String::new(),
            old: codes(before),
            new: String::new(),
            why: String::new(),
        };
        show(&mut screen, &[only], args.format)?;
    }
    if args.format == ListFormat::Text {
        if let Some((a, b)) = editions.filter(|(a, b)| a != b) {
            writeln!(screen, "lexicon: {} {} -> {} {}", a.edition, short(&a.sha256), b.edition, short(&b.sha256))?;
        }
        writeln!(screen, "{differ} changed, {same} the same; codes: {} added, {} removed", counts[0], counts[1])?;
    }
    screen.flush()?;
    Ok(u8::from(unusable > 0))
}

fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}

fn codes(a: &Answer) -> String {
    a.suggestions.iter().map(|s| s.code.as_str()).collect::<Vec<_>>().join(" ")
}

/// Calls `then` for every answer of a file; lines that are none are named and counted.
fn each(path: &Path, unusable: &mut u64, mut then: impl FnMut(Answer) -> Result<(), Failure>) -> Result<(), Failure> {
    let shown = path.display();
    let file = File::open(path)
        .map_err(|e| Failure::usage(&format!("{shown} can't be read: {e}"), "name a file of answers that `radcode batch` wrote"))?;
    let mut from = BufReader::with_capacity(1 << 16, file);
    let (mut buffer, mut number) = (Vec::new(), 0u64);
    loop {
        number += 1;
        match read_line(&mut from, &mut buffer, LONGEST) {
            Ok(Line::End) => return Ok(()),
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => continue,
            Err(e) => return Err(Failure::usage(&format!("{shown} can't be read: {e}"), "check the file")),
        }
        if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Answer>(&buffer) {
            Ok(answer) => then(answer)?,
            Err(e) => {
                *unusable += 1;
                // the error of the parser may quote the line
                let _ = writeln!(
                    std::io::stderr(),
                    "{shown}:{number}: no answer of radcode, seen at column {}; give a file that `radcode batch` wrote",
                    e.column()
                );
            }
        }
    }
}

/// All changes of one report, codes first.
fn compare(old: &Answer, new: &Answer) -> Vec<Change> {
    let mut out = Vec::new();
    let mut push = |change: &'static str, code: &str, a: String, b: String, why: String| {
        out.push(Change { id: new.id.clone(), change, code: code.to_owned(), old: a, new: b, why });
    };
    for s in lacking(&new.suggestions, &old.suggestions) {
        let seen = old.rejected.iter().find(|r| r.code.as_deref() == Some(&s.code)).map(|r| format!("before: {}", r.message));
        let why = [Some(format!("given by {}", s.rule)), seen, dates(old, new)].into_iter().flatten().collect::<Vec<_>>().join("; ");
        push("code-added", &s.code, String::new(), s.rule.clone(), why);
    }
    for s in lacking(&old.suggestions, &new.suggestions) {
        let why = [now(new, &s.code).or_else(|| Some(format!("{} gave it before", s.rule))), dates(old, new)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ");
        push("code-removed", &s.code, s.rule.clone(), String::new(), why);
    }
    for (o, n) in pairs(&old.suggestions, &new.suggestions) {
        if o.units != n.units {
            push("units", &n.code, o.units.to_string(), n.units.to_string(), String::new());
        }
        if o.modifiers != n.modifiers {
            push("modifiers", &n.code, o.modifiers.join(" "), n.modifiers.join(" "), String::new());
        }
        if o.rule != n.rule {
            push("rule", &n.code, o.rule.clone(), n.rule.clone(), String::new());
        }
    }
    for (change, list, other) in [("query-added", &new.queries, &old.queries), ("query-removed", &old.queries, &new.queries)] {
        for q in list.iter().filter(|q| !other.iter().any(|o| o.kind == q.kind)) {
            let (a, b) = if change == "query-added" { (String::new(), q.kind.clone()) } else { (q.kind.clone(), String::new()) };
            push(change, "", a, b, String::new());
        }
    }
    out
}

/// The suggestions of one list whose code the other lacks; a code that stands twice counts twice.
fn lacking<'a>(list: &'a [Suggestion], other: &[Suggestion]) -> Vec<&'a Suggestion> {
    let mut left: Vec<&str> = other.iter().map(|s| s.code.as_str()).collect();
    list.iter()
        .filter(|s| match left.iter().position(|c| *c == s.code) {
            Some(i) => {
                left.swap_remove(i);
                false
            }
            None => true,
        })
        .collect()
}

/// The suggestions of both lists that have the same code, the first with the first.
fn pairs<'a>(old: &'a [Suggestion], new: &'a [Suggestion]) -> Vec<(&'a Suggestion, &'a Suggestion)> {
    let mut left: Vec<&Suggestion> = old.iter().collect();
    new.iter().filter_map(|n| left.iter().position(|o| o.code == n.code).map(|i| (left.remove(i), n))).collect()
}

/// Why the later run does not give a code, as far as its answer tells.
fn now(new: &Answer, code: &str) -> Option<String> {
    let rejected = new.rejected.iter().find(|r| r.code.as_deref() == Some(code)).map(|r| format!("now: {}", r.message));
    rejected.or_else(|| new.document.reason.as_ref().map(|reason| format!("now: {}: {reason}", new.document.kind)))
}

/// The code sets, where they differ.
fn dates(old: &Answer, new: &Answer) -> Option<String> {
    (old.code_set != new.code_set).then(|| format!("code set {} -> {}", old.code_set, new.code_set))
}

fn show(out: &mut Screen, changes: &[Change], format: ListFormat) -> Result<(), Failure> {
    if format == ListFormat::Ndjson {
        for c in changes {
            writeln!(out, "{}", serde_json::to_string(c)?)?;
        }
        return Ok(());
    }
    let Some(first) = changes.first() else { return Ok(()) };
    // an id may hold anything; on a terminal only its printing characters are shown
    let id: String = first.id.chars().map(plain).collect();
    writeln!(out, "{STRONG}{id}{STRONG:#}")?;
    for c in changes {
        let why = if c.why.is_empty() { String::new() } else { format!("  {FAINT}{}{FAINT:#}", c.why) };
        match c.change {
            "code-added" => writeln!(out, "  + {STRONG}{}{STRONG:#}{why}", c.code)?,
            "code-removed" => writeln!(out, "  - {NOT}{}{NOT:#}{why}", c.code)?,
            "query-added" => writeln!(out, "  + asks {}", c.new)?,
            "query-removed" => writeln!(out, "  - asks {}", c.old)?,
            "only-new" => writeln!(out, "  only in the later run: {}", some(&c.new))?,
            "only-old" => writeln!(out, "  only in the earlier run: {}", some(&c.old))?,
            other => writeln!(out, "    {} {other}: {} -> {}", c.code, some(&c.old), some(&c.new))?,
        }
    }
    Ok(())
}

fn some(words: &str) -> &str {
    if words.is_empty() { "none" } else { words }
}
