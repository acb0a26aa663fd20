//! The corpus: every report gets the codes, the evidence, the "not coded" and the queries that its writer expects.
//!
//! What is known not to hold stands in `corpus/OPEN.md`, a heading for each kind of expectation, `path: reason` below
//! it. `RADCODE_CORPUS_LIST=1 cargo test --test corpus -- --nocapture` prints such a list of what fails now.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use common::{Case, analyze, corpus, lines, read_corpus, root};
use radcode::{Analysis, Analyzer, Claim, Lexicon, Span};

const HEADINGS: [&str; 5] = ["Codes", "Evidence", "Not coded", "Queries", "Claim"];

/// A failed expectation: which heading it falls under, and the words for a reader.
struct Failure {
    heading: usize,
    what: String,
}

fn analyzer() -> Analyzer {
    Analyzer::new(Lexicon::embedded().unwrap_or_else(|e| panic!("{e}")))
}

fn codes_of(analysis: &Analysis) -> Vec<String> {
    let mut codes: Vec<String> = analysis.suggestions.iter().map(|s| s.code.clone()).collect();
    codes.sort();
    codes.dedup();
    codes
}

fn shown(codes: &[String]) -> String {
    if codes.is_empty() { "none".to_owned() } else { codes.join(" ") }
}

/// The whole line that a span stands on.
fn line_of(text: &str, span: Span) -> Span {
    let start = text[..span.start as usize].rfind('\n').map_or(0, |i| i + 1);
    let end = text[span.end as usize..].find('\n').map_or(text.len(), |i| span.end as usize + i);
    Span::new(start as u32, end as u32)
}

/// The answer for a case: that of its report, or those of its reports as one, and the claim. Spans are those of the
/// case's text.
fn answer(analyzer: &Analyzer, case: &Case) -> Result<(Analysis, Claim), String> {
    let mut options = case.options();
    for (option, choice) in &case.policy {
        analyzer.lexicon().choose(&mut options.policy, option, choice).map_err(|(what, help)| format!("{what}; {help}"))?;
    }
    let mut all = Vec::new();
    for (i, (start, text)) in case.reports().into_iter().enumerate() {
        options.status = case.status.get(i).copied().flatten();
        all.push((start as u32, analyze(analyzer, text, &options)?));
    }
    if all.len() == 1 {
        let analysis = all.remove(0).1;
        let claim = analysis.claim.clone();
        return Ok((analysis, claim));
    }
    let claim = analyzer.claim(&all.iter().map(|(_, a)| a).collect::<Vec<_>>());
    for (start, a) in &mut all {
        let evidence = a.suggestions.iter_mut().flat_map(|s| &mut s.evidence).chain(a.rejected.iter_mut().flat_map(|r| &mut r.evidence));
        for e in evidence {
            e.span = Span::new(e.span.start + *start, e.span.end + *start);
        }
    }
    let mut merged = all.remove(0).1;
    for (_, a) in all {
        merged.suggestions.extend(a.suggestions);
        merged.rejected.extend(a.rejected);
        merged.queries.extend(a.queries);
    }
    Ok((merged, claim))
}

fn failures(case: &Case, analysis: &Analysis, claim: &Claim) -> Vec<Failure> {
    let mut out = Vec::new();
    let mut fail = |heading: usize, what: String| out.push(Failure { heading, what });
    if let Some(wanted) = &case.claim {
        // agents are lines of their own, told in the report's amounts
        // and are held against a case that writes them down
        let agents = claim.lines.iter().any(|l| !l.supplies.is_empty() && wanted.iter().any(|w| w.starts_with(&l.code)));
        let mut got: Vec<String> = claim.lines.iter().filter(|l| agents || l.supplies.is_empty()).map(ToString::to_string).collect();
        got.sort();
        if got != *wanted {
            fail(4, format!("wanted {}, got {}", shown(wanted), shown(&got)));
        }
    }
    let mut got = codes_of(analysis);
    if case.reports().len() > 1 {
        got = claim.lines.iter().filter(|l| l.supplies.is_empty()).map(|l| l.code.clone()).collect();
        got.sort();
        got.dedup();
    }
    if got != case.codes && !case.also.contains(&got) {
        let also: String = case.also.iter().fold(String::new(), |mut s, set| {
            let _ = write!(s, " or {}", shown(set));
            s
        });
        fail(0, format!("wanted {}{also}, got {}", shown(&case.codes), shown(&got)));
    }
    for quote in &case.evidence {
        let places = case.places(&quote.words);
        let all = analysis.suggestions.iter().flat_map(|s| &s.evidence);
        let holds = all.clone().any(|e| (quote.kind == "exam" || e.role == quote.kind) && places.iter().any(|p| p.overlaps(e.span)));
        if !holds {
            let have: Vec<&str> =
                all.filter(|e| quote.kind == "exam" || e.role == quote.kind).map(|e| &case.text[e.span.range()]).collect();
            fail(1, format!("line {}: wanted {} = {:?}, got {have:?}", quote.line, quote.kind, quote.words));
        }
    }
    for quote in &case.not_coded {
        let places: Vec<Span> = case.places(&quote.words).into_iter().map(|p| line_of(&case.text, p)).collect();
        let same = analysis.rejected.iter().filter(|r| r.reason.name() == quote.kind);
        if !same.flat_map(|r| &r.evidence).any(|e| places.iter().any(|p| p.overlaps(e.span))) {
            let have: Vec<String> = analysis
                .rejected
                .iter()
                .map(|r| format!("{} = {}", r.reason.name(), r.evidence.first().map_or("", |e| &case.text[e.span.range()])))
                .collect();
            fail(2, format!("line {}: wanted {} = {:?}, got {have:?}", quote.line, quote.kind, quote.words));
        }
    }
    let asked = |kind: &str| analysis.queries.iter().any(|q| q.kind == kind) || claim.queries.iter().any(|q| q.kind == kind);
    for kind in case.not_asked.iter().filter(|kind| asked(kind)) {
        fail(3, format!("asked {kind}, which it must not"));
    }
    for kind in &case.queries {
        if !asked(kind) {
            let have: Vec<&str> = analysis.queries.iter().map(|q| &*q.kind).collect();
            fail(3, format!("wanted {kind}, got {have:?}"));
        }
    }
    out
}

/// `corpus/OPEN.md`: for each heading the paths below it; mistakes in the file go to `mistakes`.
fn open_list(cases: &[Case], mistakes: &mut Vec<String>) -> [Vec<String>; 5] {
    let mut open: [Vec<String>; 5] = Default::default();
    let Ok(file) = std::fs::read_to_string(root().join("corpus/OPEN.md")) else { return open };
    let mut heading = None;
    for (i, line) in file.lines().enumerate() {
        let n = i + 1;
        if let Some(name) = line.strip_prefix("## ") {
            if name == common::PROPERTIES {
                break; // the last heading, of tests/properties.rs
            }
            heading = HEADINGS.iter().position(|h| *h == name.trim());
            if heading.is_none() {
                mistakes.push(format!("OPEN.md:{n}: there is no heading `{name}`, use one of: {}", HEADINGS.join(", ")));
            }
            continue;
        }
        let (Some(h), false) = (heading, line.trim().is_empty()) else { continue };
        match line.trim_start_matches("- ").split_once(": ") {
            Some((path, reason)) if cases.iter().any(|c| c.path == path) && !reason.trim().is_empty() => {
                if open[h].iter().any(|p| p == path) {
                    mistakes.push(format!("OPEN.md:{n}: {path} stands under {} already", HEADINGS[h]));
                }
                open[h].push(path.to_owned());
            }
            _ => mistakes.push(format!("OPEN.md:{n}: write `path: reason` with the path of a case")),
        }
    }
    open
}

#[test]
fn every_file_is_well_formed() {
    let (_, mistakes) = read_corpus();
    assert!(mistakes.is_empty(), "{} mistakes in the corpus:\n{}", mistakes.len(), lines(&mistakes));
}

#[test]
fn a_broken_file_is_refused_with_every_mistake() {
    let file = "about: x\nstile: caps\nstyle: loud\ntrap: maybe\ncodes: 7215, 72126\nalso: 72125 72125\ndate: 2026-02-30\nabout: y\n\
        evidence: region = neck\nevidence: organ = CT\nnot coded: comparison\nquery: why\n---\nCT of the cervical\nspine\n";
    let mut mistakes = Vec::new();
    common::parse("a/b.txt", file, &mut mistakes);
    let places: Vec<&str> = mistakes.iter().map(|m| m.split(": ").next().unwrap_or_default()).collect();
    let wanted = [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 9].map(|n| format!("a/b.txt:{n}"));
    assert_eq!(places, wanted, "{mistakes:#?}");
    let mut mistakes = Vec::new();
    common::parse("a/b.txt", "codes: none\n---\nCT\n", &mut mistakes);
    assert_eq!(mistakes.len(), 3, "about, style and trap are missing: {mistakes:#?}");
}

#[test]
fn there_are_enough_cases_and_traps() {
    let cases = corpus();
    let traps = cases.iter().filter(|c| c.trap).count();
    assert!(cases.len() >= 160, "{} cases, at least 160 are wanted", cases.len());
    assert!(traps >= 60, "{traps} traps, at least 60 are wanted");
}

#[test]
fn every_report_gets_its_answer() {
    let cases = read_corpus().0;
    let analyzer = analyzer();
    let failed: Vec<Vec<Failure>> = cases
        .iter()
        .map(|c| match answer(&analyzer, c) {
            Ok((analysis, claim)) => failures(c, &analysis, &claim),
            Err(panic) => vec![Failure { heading: 0, what: panic }],
        })
        .collect();
    if std::env::var_os("RADCODE_CORPUS_LIST").is_some() {
        print!("{}", as_open_list(&cases, &failed));
        return;
    }
    let mut wrong = Vec::new();
    let open = open_list(&cases, &mut wrong);
    for (case, failed) in cases.iter().zip(&failed) {
        for (h, open) in open.iter().enumerate() {
            let listed = open.contains(&case.path);
            let below: Vec<&Failure> = failed.iter().filter(|f| f.heading == h).collect();
            if listed && below.is_empty() {
                wrong.push(format!("{}: holds now, take it out of OPEN.md under {}", case.path, HEADINGS[h]));
            }
            if !listed {
                wrong.extend(below.iter().map(|f| format!("{}: {}: {}", case.path, HEADINGS[h].to_lowercase(), f.what)));
            }
        }
    }
    let summary = summary(&cases, &failed);
    println!("{summary}");
    assert!(wrong.is_empty(), "{} expectations fail:\n{}\n{summary}", wrong.len(), lines(&wrong));
}

/// What fails now, in the form of OPEN.md; the reason is what was wanted and got, for a person to replace.
fn as_open_list(cases: &[Case], failed: &[Vec<Failure>]) -> String {
    let mut out = String::new();
    for (h, heading) in HEADINGS.iter().enumerate() {
        let _ = writeln!(out, "## {heading}\n");
        for (case, failed) in cases.iter().zip(failed) {
            let below: Vec<&str> = failed.iter().filter(|f| f.heading == h).map(|f| &*f.what).collect();
            if !below.is_empty() {
                let _ = writeln!(out, "{}: {}", case.path, below.join("; "));
            }
        }
        out.push('\n');
    }
    out
}

fn summary(cases: &[Case], failed: &[Vec<Failure>]) -> String {
    // cases, traps, exact, traps exact, and cases that hold in full
    let mut folders: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for (case, failed) in cases.iter().zip(failed) {
        let exact = !failed.iter().any(|f| f.heading == 0);
        for name in [case.folder(), "~ all"] {
            let row = folders.entry(name).or_default();
            for (cell, counts) in row.iter_mut().zip([true, case.trap, exact, exact && case.trap, failed.is_empty()]) {
                *cell += usize::from(counts);
            }
        }
    }
    let mut out = format!("{:24} {:>6} {:>6} {:>6} {:>12} {:>6}\n", "folder", "cases", "traps", "exact", "traps exact", "whole");
    for (name, [cases, traps, exact, traps_exact, whole]) in folders {
        let name = name.trim_start_matches("~ ");
        let _ = writeln!(out, "{name:24} {cases:>6} {traps:>6} {exact:>6} {traps_exact:>12} {whole:>6}");
    }
    out
}
