//! The claim: every pair of the edit table, every day on which a code begins or ends, the order of exams, and the tables
//! themselves.

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::LazyLock;

use common::{analyze, lines, root};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use radcode::{Analysis, Analyzer, Claim, Date, Edit, EditKind, EntryKind, Lexicon, Options, Policy};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(Lexicon::embedded().unwrap_or_else(|e| panic!("{e}"))));

/// The day of the edit table.
const EDITS: Date = Date::constant(2024, 7, 1);

fn answered(line: &str, day: Date) -> Analysis {
    analyze(&ANALYZER, line, &Options { date_of_service: Some(day), ..Options::default() }).unwrap_or_else(|e| panic!("{line}: {e}"))
}

/// The proof lines of all families, each with its day: `date: line -> codes`.
fn family_lines() -> Vec<(Option<Date>, String)> {
    let lexicon = ANALYZER.lexicon();
    let mut out = Vec::new();
    for entry in lexicon.entries(Some(EntryKind::Family)) {
        for (_, list) in lexicon.entry(&entry.id).iter().flat_map(|e| &e.facts).filter(|(name, _)| *name == "hit") {
            for proof in list {
                let Some((text, _)) = proof.rsplit_once(" -> ") else { continue };
                let dated = text.split_once(": ").and_then(|(day, rest)| Some((day.parse().ok()?, rest)));
                let (day, text) = dated.map_or((None, text), |(day, rest)| (Some(day), rest));
                out.push((day, text.replace("\\n", "\n")));
            }
        }
    }
    out
}

/// For each code a text that is answered by that code alone on a day.
fn texts_by_code(day: Date) -> BTreeMap<String, (String, Analysis)> {
    let mut out = BTreeMap::new();
    for (_, text) in family_lines() {
        let analysis = answered(&text, day);
        if let [one] = &analysis.suggestions[..] {
            out.entry(one.code.clone()).or_insert((text, analysis));
        }
    }
    out
}

/// The two exams as those of one report.
fn one_report(a: &Analysis, b: &Analysis) -> Analysis {
    let mut both = a.clone();
    both.suggestions.extend(b.suggestions.iter().cloned());
    both.supplies.extend(b.supplies.iter().cloned());
    both
}

/// Entries that may take a code off a claim, or answer an edit, by name.
fn named_rules() -> BTreeSet<String> {
    let lexicon = ANALYZER.lexicon();
    [EntryKind::Pair, EntryKind::Rule, EntryKind::Join, EntryKind::AddOn, EntryKind::Choice]
        .iter()
        .flat_map(|k| lexicon.entries(Some(*k)))
        .map(|e| e.id)
        .collect()
}

/// What is wrong with a claim for two codes that an edit joins.
fn wrong(first: &str, second: &str, edit: Edit, claim: &Claim, named: &BTreeSet<String>) -> Option<String> {
    let line = |code: &str| claim.lines.iter().find(|l| l.code == code);
    let taken = |code: &str| claim.removed.iter().find(|r| r.code == code);
    let joined = claim.lines.iter().any(|l| l.sources.len() > 1);
    let say = |what: &str| {
        let lines: Vec<String> = claim.lines.iter().map(ToString::to_string).collect();
        Some(format!("{first} > {second} ({edit:?}): {what}: {}", lines.join(" ")))
    };
    match (edit, line(first), line(second)) {
        (_, None, None) if joined => None,
        (Edit::Never, Some(_), Some(_)) => say("both are billed"),
        (Edit::Never, Some(_), None) => {
            let rule = taken(second).map(|r| r.reason.rule.as_str());
            if rule.is_some_and(|r| r == "edit-never" || named.contains(r)) || joined {
                None
            } else {
                say("the second is gone without a reason")
            }
        }
        // a named rule may decide the other way round before the edit is asked
        (_, None, Some(_)) => {
            let rule = taken(first).map(|r| r.reason.rule.as_str());
            if rule.is_some_and(|r| named.contains(r)) || joined { None } else { say("the first is gone without a named rule") }
        }
        (Edit::Modifier, Some(_), None) => {
            let rule = taken(second).map(|r| r.reason.rule.as_str());
            if rule.is_some_and(|r| named.contains(r)) || joined { None } else { say("the second is gone without a named rule") }
        }
        (Edit::Modifier, Some(_), Some(l)) => {
            let answers = ["edit-open", "edit-site", "edit-session", "edit-other-side"];
            let reason = l.reasons.iter().find(|r| answers.contains(&r.rule.as_str()) || named.contains(&r.rule));
            let Some(reason) = reason else { return say("both are billed and the edit is not named") };
            let asked = claim.queries.iter().any(|q| q.codes.iter().any(|c| c == first) && q.codes.iter().any(|c| c == second));
            let lifted = l.modifiers.iter().any(|m| matches!(m.as_str(), "59" | "XE" | "XP" | "XS" | "XU"));
            match reason.rule.as_str() {
                "edit-open" if !asked => say("nothing proves a separate site and nothing is asked"),
                "edit-open" if lifted => say("a modifier that nothing proves"),
                "edit-site" | "edit-session" if !lifted => say("proven and without its modifier"),
                _ => None,
            }
        }
        (_, None, None) => say("both are gone"),
    }
}

#[test]
fn every_pair_of_the_edit_table_is_settled() {
    let texts = texts_by_code(EDITS);
    let named = named_rules();
    let (mut tried, mut failed) = (0, Vec::new());
    for (first, second, edit) in ANALYZER.edits().pairs(EditKind::Practitioner).pairs() {
        let (Some((_, a)), Some((_, b))) = (texts.get(first), texts.get(second)) else { continue };
        tried += 1;
        let whole = one_report(a, b);
        for claim in [ANALYZER.claim(&[a, b]), ANALYZER.claim(&[&whole])] {
            failed.extend(wrong(first, second, edit, &claim, &named));
        }
    }
    println!("{tried} pairs tried, {} codes with a text of their own", texts.len());
    assert!(tried >= 1000, "{tried} pairs tried");
    assert!(failed.is_empty(), "{} of {tried} pairs:\n{}", failed.len(), lines(&failed));
}

/// Every day on which a code begins or ends, from the table.
fn boundaries() -> BTreeMap<String, (Option<Date>, Option<Date>)> {
    let lexicon = ANALYZER.lexicon();
    let days = |e: &radcode::EntryLine| {
        let card = lexicon.code_card(&e.id)?;
        Some((e.id.clone(), (card.from, card.until)))
    };
    lexicon.entries(Some(EntryKind::Code)).iter().filter_map(days).collect()
}

#[test]
fn codes_are_billed_on_their_days_only() {
    let codes = boundaries();
    let days: BTreeSet<Date> = codes
        .values()
        .flat_map(|(from, until)| {
            let first = from.iter().flat_map(|d| [d.yesterday().ok(), Some(*d)]);
            let last = until.iter().flat_map(|d| [Some(*d), d.tomorrow().ok()]);
            first.chain(last).flatten().collect::<Vec<_>>()
        })
        .filter(|d| d.year() >= 2010)
        .collect();
    let all = family_lines();
    let (mut tried, mut failed) = (0, Vec::new());
    for day in &days {
        for (_, text) in &all {
            let analysis = answered(text, *day);
            tried += 1;
            let billed = analysis
                .claim
                .lines
                .iter()
                .filter(|l| l.supplies.is_empty())
                .map(|l| &l.code)
                .chain(analysis.suggestions.iter().map(|s| &s.code));
            for code in billed {
                let (from, until) = codes[code];
                if from.is_some_and(|d| *day < d) || until.is_some_and(|d| d < *day) {
                    failed.push(format!("{day}: {text}: {code} is not in force"));
                }
            }
        }
    }
    failed.sort();
    failed.dedup();
    println!("{tried} texts tried on {} days", days.len());
    assert!(failed.is_empty(), "{} codes out of force:\n{}", failed.len(), lines(&failed));
}

#[test]
fn every_boundary_of_a_code_is_met_on_both_sides() {
    let all = family_lines();
    let mut medicare = Policy::default();
    ANALYZER.lexicon().choose(&mut medicare, "payer", "medicare").unwrap_or_else(|e| panic!("{e:?}"));
    // codes of a text on a day, of any payer and of Medicare, which had codes of its own
    let mut seen: HashMap<(String, Date), BTreeSet<String>> = HashMap::new();
    let mut gives = |text: &str, day: Date, code: &str| {
        let codes = seen.entry((text.to_owned(), day)).or_insert_with(|| {
            let of = |policy: &Policy| {
                let options = Options { date_of_service: Some(day), policy: policy.clone(), ..Options::default() };
                ANALYZER.analyze(text, &options).suggestions.into_iter().map(|s| s.code).collect::<Vec<_>>()
            };
            of(&Policy::default()).into_iter().chain(of(&medicare)).collect()
        });
        codes.contains(code)
    };
    let (mut tried, mut failed) = (0, Vec::new());
    for (code, (from, until)) in boundaries() {
        for (inside, outside) in [(from, from.and_then(|d| d.yesterday().ok())), (until, until.and_then(|d| d.tomorrow().ok()))] {
            let (Some(inside), Some(outside)) = (inside, outside) else { continue };
            if inside.year() < 2010 {
                continue;
            }
            // texts that give the code on a day of their own, or on this one
            let texts: Vec<&str> = all
                .iter()
                .filter(|(day, text)| gives(text, day.unwrap_or(inside), &code) || gives(text, inside, &code))
                .map(|(_, text)| text.as_str())
                .collect();
            if texts.is_empty() {
                continue;
            }
            tried += 1;
            if !texts.iter().any(|t| gives(t, inside, &code)) {
                failed.push(format!("{code} is in force on {inside} and no text gives it then"));
            }
            failed.extend(texts.iter().filter(|t| gives(t, outside, &code)).map(|t| format!("{code} is not in force on {outside}: {t}")));
        }
    }
    println!("{tried} boundaries tried");
    assert!(tried >= 60, "{tried} boundaries tried");
    assert!(failed.is_empty(), "{} boundaries:\n{}", failed.len(), lines(&failed));
}

/// Lines of a claim without the reports that they come from.
fn written(claim: &Claim) -> Vec<String> {
    claim.lines.iter().map(ToString::to_string).collect()
}

fn questions(claim: &Claim) -> BTreeSet<(String, BTreeSet<String>)> {
    claim.queries.iter().map(|q| (q.kind.clone(), q.codes.iter().cloned().collect())).collect()
}

static EXAMS: LazyLock<Vec<Analysis>> = LazyLock::new(|| texts_by_code(EDITS).into_values().map(|(_, a)| a).collect());

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_exams_does_not_matter(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        turn in any::<prop::sample::Index>(),
    ) {
        let reports: Vec<&Analysis> = picks.iter().map(|i| i.get(&EXAMS)).collect();
        let claim = ANALYZER.claim(&reports);
        let mut turned = reports.clone();
        turned.rotate_left(turn.index(reports.len()));
        for other in [turned, reports.iter().rev().copied().collect()] {
            let other = ANALYZER.claim(&other);
            prop_assert_eq!(written(&other), written(&claim));
            prop_assert_eq!(questions(&other), questions(&claim));
        }
    }

    #[test]
    fn the_order_of_the_exams_of_one_report_does_not_matter(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let exams: Vec<&Analysis> = picks.iter().map(|i| i.get(&EXAMS)).collect();
        let whole = |list: &[&Analysis]| list[1..].iter().fold(list[0].clone(), |all, a| one_report(&all, a));
        let (there, back) = (whole(&exams), whole(&exams.iter().rev().copied().collect::<Vec<_>>()));
        prop_assert_eq!(written(&ANALYZER.claim(&[&there])), written(&ANALYZER.claim(&[&back])));
    }

    #[test]
    fn a_claim_of_what_was_claimed_is_the_same(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let reports: Vec<&Analysis> = picks.iter().map(|i| i.get(&EXAMS)).collect();
        let claim = ANALYZER.claim(&reports);
        // the exams that the claim left out are gone, the rest is claimed again
        let mut left: Vec<Analysis> = reports.iter().map(|a| (*a).clone()).collect();
        let mut gone: Vec<_> = claim.removed.iter().map(|r| r.source).collect();
        gone.sort();
        for s in gone.iter().rev() {
            left[s.report].suggestions.remove(s.suggestion);
        }
        let again = ANALYZER.claim(&left.iter().collect::<Vec<_>>());
        prop_assert_eq!(written(&again), written(&claim));
        prop_assert!(again.removed.is_empty());
    }
}

#[test]
fn the_claim_of_a_report_is_that_of_its_suggestions() {
    let mut policy = Policy::default();
    for (option, choice) in
        [("payer", "medicare"), ("setting", "hospital"), ("chest-and-abdomen-film", "series"), ("diagnostic-tomosynthesis", "cpt")]
    {
        ANALYZER.lexicon().choose(&mut policy, option, choice).unwrap_or_else(|e| panic!("{e:?}"));
    }
    for policy in [Policy::default(), policy] {
        for case in common::corpus() {
            let options = Options { policy: policy.clone(), ..case.options() };
            let a = analyze(&ANALYZER, &case.text, &options).unwrap_or_else(|e| panic!("{}: {e}", case.path));
            let again = ANALYZER.claim(&[&a]);
            assert_eq!(written(&again), written(&a.claim), "{}", case.path);
            assert_eq!(again.removed.len(), a.claim.removed.len(), "{}: an exam that was claimed is left out", case.path);
            let claimed: BTreeSet<&str> = a.claim.lines.iter().filter(|l| l.supplies.is_empty()).map(|l| l.code.as_str()).collect();
            let suggested: BTreeSet<&str> = a.suggestions.iter().map(|s| s.code.as_str()).collect();
            assert_eq!(claimed, suggested, "{}", case.path);
            for l in a.claim.lines.iter().filter(|l| l.supplies.is_empty()) {
                assert!(!l.sources.is_empty() && l.sources.iter().all(|s| s.suggestion < a.suggestions.len()), "{}", case.path);
            }
        }
    }
}

/// The reference tables, where they are at hand.
fn reference(name: &str) -> Option<String> {
    let folder = std::env::var_os("RADCODE_REFERENCE").map_or_else(|| root().join("../shared/reference"), PathBuf::from);
    std::fs::read_to_string(folder.join(name)).ok()
}

fn cells(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|l| !l.starts_with('#')).map(|l| l.split('\t').collect())
}

#[test]
fn the_tables_are_those_of_the_reference() {
    let own = |name: &str| std::fs::read_to_string(root().join("lexicon/claim").join(name)).expect("a table of the lexicon");
    let codes: BTreeSet<String> = boundaries().into_keys().collect();
    let (Some(pairs), Some(flags)) = (reference("ncci_imaging_pairs.tsv"), reference("cms_flags.tsv")) else {
        println!("no reference tables at hand: set RADCODE_REFERENCE to their folder");
        return;
    };
    let (ours, facts) = (own("ncci.tsv"), own("flags.tsv"));
    let theirs: BTreeSet<(&str, &str, &str)> = cells(&pairs).map(|c| (c[0], c[1], c[2])).collect();
    let mut wrong: Vec<String> = Vec::new();
    let mut have = BTreeSet::new();
    for c in cells(&ours).filter(|c| c[0] != "edition") {
        have.insert((c[0], c[1], c[2]));
    }
    wrong.extend(have.difference(&theirs).map(|p| format!("ncci.tsv: {p:?} is not in the reference")));
    let wanted = |p: &&&(&str, &str, &str)| codes.contains(p.0) && codes.contains(p.1) && p.0 != "column1";
    wrong.extend(theirs.difference(&have).filter(|p| wanted(&p)).map(|p| format!("ncci.tsv: {p:?} is missing")));
    let by_code: BTreeMap<&str, Vec<&str>> = cells(&flags).map(|c| (c[0], c)).collect();
    let cell = |s: &str| if s.is_empty() { "-".to_owned() } else { s.to_owned() };
    let mut seen = BTreeSet::new();
    for c in cells(&facts).filter(|c| c[0] != "edition") {
        seen.insert(c[0].to_owned());
        let Some(r) = by_code.get(c[0]) else {
            wrong.push(format!("flags.tsv: {} is not in the reference", c[0]));
            continue;
        };
        let expected = [cell(r[4]), cell(r[2]), cell(r[6]), cell(r[7])];
        if c[1..] != expected {
            wrong.push(format!("flags.tsv: {}: {:?} in place of {expected:?}", c[0], &c[1..]));
        }
    }
    wrong.extend(
        codes.iter().filter(|c| by_code.contains_key(c.as_str()) && !seen.contains(*c)).map(|c| format!("flags.tsv: {c} is missing")),
    );
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), lines(&wrong));
}

#[test]
fn what_a_site_writes_wrong_is_named_with_its_place() {
    let text = "payer = \"medicair\"\nsetings = \"hospital\"\nnever = [\"76376\", \"x\"]\ncomponent = 1\n";
    let error = ANALYZER.lexicon().policy("site.toml", text).expect_err("four mistakes");
    let places: Vec<usize> = error.problems.iter().map(|p| text[..p.span.start].lines().count()).collect();
    assert_eq!(error.problems.len(), 4, "{error}");
    assert!(places.iter().all(|p| *p <= 4));
    let policy = ANALYZER.lexicon().policy("site.toml", "payer = \"medicare\"\nnever = [\"71045\"]\n").expect("a policy");
    let options = Options { policy, date_of_service: Some(EDITS), ..Options::default() };
    let a = ANALYZER.analyze("XR CHEST 1V; XR ABDOMEN 1V", &options);
    assert_eq!(written(&a.claim), ["74018"]);
    assert_eq!(a.claim.removed[0].reason.rule, "never-billed");
}
