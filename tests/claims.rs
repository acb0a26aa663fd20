//! The claim: every pair of the edit table, every day on which a code begins or ends, the order of exams, and the tables
//! themselves.

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::LazyLock;

use common::{Case, analyze, lines, root};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use radcode::{Analysis, Analyzer, Claim, Date, Edit, EditKind, EntryKind, Lexicon, Options, Policy, ReportStatus};

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

/// Policies that differ in as many options as they can.
static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let lexicon = ANALYZER.lexicon();
    let chosen = |list: &[(&str, &str)]| {
        let mut policy = Policy::default();
        for (option, choice) in list {
            lexicon.choose(&mut policy, option, choice).unwrap_or_else(|e| panic!("{e:?}"));
        }
        policy
    };
    // of every option the last choice that is not the default
    let other: Vec<(String, String)> = options()
        .into_iter()
        .filter_map(|(option, choices, default)| Some((option, choices.into_iter().rfind(|c| *c != default)?)))
        .collect();
    let other: Vec<(&str, &str)> = other.iter().map(|(o, c)| (o.as_str(), c.as_str())).collect();
    vec![
        Policy::default(),
        chosen(&[("payer", "medicare"), ("setting", "hospital"), ("early-and-later", "combined")]),
        chosen(&[("payer", "medicare"), ("component", "professional"), ("both-sides", "two-lines")]),
        chosen(&other),
    ]
});

/// Every option of policy: its id, its choices, its default.
fn options() -> Vec<(String, Vec<String>, String)> {
    let lexicon = ANALYZER.lexicon();
    let defaults: BTreeMap<&str, &str> = lexicon.choices(&Policy::default()).into_iter().map(|(o, c, _)| (o, c)).collect();
    let choices = |id: &str| {
        let facts = lexicon.entry(id).into_iter().flat_map(|e| e.facts).find(|(name, _)| *name == "choices");
        let list = facts.map(|(_, list)| list).unwrap_or_default();
        list.iter().filter_map(|c| c.split_once(": ")).map(|(c, _)| c.to_owned()).collect::<Vec<_>>()
    };
    lexicon
        .entries(Some(EntryKind::Policy))
        .into_iter()
        .map(|e| (e.id.clone(), choices(&e.id), defaults[e.id.as_str()].to_owned()))
        .collect()
}

/// Reports of one exam each, under each of the policies.
static EXAMS: LazyLock<Vec<Vec<Analysis>>> = LazyLock::new(|| {
    let texts: Vec<String> = texts_by_code(EDITS).into_values().map(|(text, _)| text).collect();
    let under = |policy: &Policy| {
        let options = Options { date_of_service: Some(EDITS), policy: policy.clone(), ..Options::default() };
        texts.iter().map(|t| ANALYZER.analyze(t, &options)).collect()
    };
    POLICIES.iter().map(under).collect()
});

/// Reports of some exams each, under one of the policies.
fn reports(policy: prop::sample::Index, picks: &[Vec<prop::sample::Index>]) -> Vec<Analysis> {
    let exams = &EXAMS[policy.index(EXAMS.len())];
    let report = |list: &Vec<prop::sample::Index>| {
        let exams: Vec<&Analysis> = list.iter().map(|i| i.get(exams)).collect();
        exams[1..].iter().fold(exams[0].clone(), |all, a| one_report(&all, a))
    };
    picks.iter().map(report).collect()
}

fn encounter() -> impl Strategy<Value = Vec<Vec<prop::sample::Index>>> {
    prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 1..4), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 900, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_exams_does_not_matter(
        policy in any::<prop::sample::Index>(),
        picks in encounter(),
        turn in any::<prop::sample::Index>(),
    ) {
        let all = reports(policy, &picks);
        let claim = ANALYZER.claim(&all.iter().collect::<Vec<_>>());
        let mut turned: Vec<&Analysis> = all.iter().collect();
        turned.rotate_left(turn.index(all.len()));
        for other in [turned, all.iter().rev().collect()] {
            let other = ANALYZER.claim(&other);
            prop_assert_eq!(written(&other), written(&claim));
            prop_assert_eq!(questions(&other), questions(&claim));
        }
        // and within each report
        let back: Vec<Vec<prop::sample::Index>> = picks.iter().map(|list| list.iter().rev().copied().collect()).collect();
        let back = reports(policy, &back);
        prop_assert_eq!(written(&ANALYZER.claim(&back.iter().collect::<Vec<_>>())), written(&claim));
    }

    #[test]
    fn a_claim_of_what_was_claimed_is_the_same(policy in any::<prop::sample::Index>(), picks in encounter()) {
        let all = reports(policy, &picks);
        let claim = ANALYZER.claim(&all.iter().collect::<Vec<_>>());
        // the exams that the claim left out are gone, the rest is claimed again
        let mut left = all.clone();
        let mut gone: Vec<_> = claim.removed.iter().map(|r| r.source).collect();
        gone.sort();
        gone.dedup();
        for s in gone.iter().rev() {
            left[s.report].suggestions.remove(s.suggestion);
        }
        let again = ANALYZER.claim(&left.iter().collect::<Vec<_>>());
        prop_assert_eq!(written(&again), written(&claim));
        prop_assert!(again.removed.is_empty());
    }
}

/// The answers of all reports of a case under a policy.
fn answers(case: &Case, policy: &Policy) -> Vec<Analysis> {
    let under = |(i, (_, text)): (usize, (usize, &str))| {
        let options = Options { policy: policy.clone(), status: case.status.get(i).copied().flatten(), ..case.options() };
        analyze(&ANALYZER, text, &options).unwrap_or_else(|e| panic!("{}: {e}", case.path))
    };
    case.reports().into_iter().enumerate().map(under).collect()
}

/// The claim of a case under its policy, and the given choices before it.
fn claimed(case: &Case, choices: &[(&str, &str)]) -> Claim {
    let mut policy = Policy::default();
    let own = case.policy.iter().map(|(o, c)| (o.as_str(), c.as_str()));
    for (option, choice) in own.chain(choices.iter().copied()) {
        ANALYZER.lexicon().choose(&mut policy, option, choice).unwrap_or_else(|e| panic!("{}: {e:?}", case.path));
    }
    ANALYZER.claim(&answers(case, &policy).iter().collect::<Vec<_>>())
}

#[test]
fn the_order_of_the_reports_of_the_corpus_does_not_matter() {
    let cases = common::read_corpus().0;
    let mut tried = 0;
    for case in cases.iter().filter(|c| c.reports().len() > 1) {
        let all = answers(case, &Policy::default());
        // the order of versions tells which is the later one
        if all.iter().any(|a| !matches!(a.status, None | Some(ReportStatus::Final))) {
            continue;
        }
        tried += 1;
        let claim = ANALYZER.claim(&all.iter().collect::<Vec<_>>());
        let back = ANALYZER.claim(&all.iter().rev().collect::<Vec<_>>());
        assert_eq!(written(&back), written(&claim), "{}", case.path);
        assert_eq!(questions(&back), questions(&claim), "{}", case.path);
    }
    assert!(tried >= 40, "{tried} encounters tried");
}

#[test]
fn every_choice_of_policy_is_shown_by_a_case() {
    let cases: Vec<Case> = common::read_corpus().0.into_iter().filter(|c| c.claim.is_some()).collect();
    let mut wrong = Vec::new();
    for (option, choices, default) in options() {
        // cases that speak of the option are most likely to show it
        let mut near: Vec<&Case> = cases.iter().collect();
        near.sort_by_key(|c| !c.policy.iter().any(|(o, _)| *o == option));
        for choice in &choices {
            let makes = |c: &&&Case| c.policy.iter().find(|(o, _)| *o == option).map_or(&default, |(_, c)| c) == choice;
            let shows = |c: &&Case| {
                let lines = written(&claimed(c, &[]));
                choices.iter().any(|other| written(&claimed(c, &[(&option, other)])) != lines)
            };
            if !near.iter().filter(makes).any(shows) {
                wrong.push(format!("no case shows what `{option}={choice}` does"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} choices without effect:\n{}", wrong.len(), lines(&wrong));
}

/// The kinds of question of a claim for reports given as text, each with the reports that its words stand in.
fn asked(reports: &[&str], choices: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<usize>> {
    let mut policy = Policy::default();
    for (option, choice) in choices {
        ANALYZER.lexicon().choose(&mut policy, option, choice).unwrap_or_else(|e| panic!("{e:?}"));
    }
    let options = Options { date_of_service: Some(Date::constant(2024, 8, 1)), policy, ..Options::default() };
    let all: Vec<Analysis> = reports.iter().map(|t| ANALYZER.analyze(t, &options)).collect();
    let claim = ANALYZER.claim(&all.iter().collect::<Vec<_>>());
    claim.queries.into_iter().map(|q| (q.kind, q.evidence.iter().map(|c| c.report).collect())).collect()
}

#[test]
fn questions_of_a_claim_are_raised_in_one_report_and_in_several() {
    let none: &[(&str, &str)] = &[];
    let hospital: &[(&str, &str)] = &[("payer", "medicare"), ("setting", "hospital")];
    let told: &[(&str, &str)] = &[("duplex-wording", "told")];
    let projections =
        "EXAM: CTA CHEST\n\nTECHNIQUE: Axial images after 80 mL of intravenous contrast with MIP images.\n\nFINDINGS: No embolus.";
    let veins = "EXAM: DUPLEX ULTRASOUND OF THE LEG VEINS, BILATERAL\n\nFINDINGS: The femoral and popliteal veins compress fully.";
    // kind, reports, policy, reports whose words are quoted
    for (kind, reports, policy, quoted) in [
        ("edit-pair", &["XR HAND LEFT 3V; XR FINGER LEFT 2V"][..], none, &[0][..]),
        ("edit-pair", &["XR HAND LEFT 3V", "XR FINGER LEFT 2V"], none, &[0, 1]),
        ("edit-pair", &["XR CHEST 1V", "US THYROID", "CAROTID DUPLEX BILATERAL"], none, &[1, 2]),
        ("early-and-later", &["CT SPINE CERVICAL W/WO CONTRAST", "CT SPINE CERVICAL W/O CONTRAST"], none, &[0, 1]),
        ("unit-limit", &["CT HEAD W/O CONTRAST"; 4], none, &[0, 1, 2, 3]),
        ("base-missing", &["DIAG TOMO BILAT"], none, &[0]),
        ("base-missing", &["XR CHEST 1V", "DIAG TOMO BILAT"], none, &[1]),
        ("repeat-reader", &["XR CHEST 1V", "XR CHEST 1V"], none, &[1]),
        ("contrast-untold", &["MRA CHEST"], hospital, &[0]),
        ("contrast-untold", &["XR CHEST 1V", "MRA CHEST"], hospital, &[1]),
        ("angiography-3d", &[projections], none, &[0]),
        ("angiography-3d", &["XR CHEST 1V", projections], none, &[1]),
    ] {
        let asked = asked(reports, policy);
        assert_eq!(asked.get(kind), Some(&quoted.iter().copied().collect()), "{kind} of {reports:?}");
    }
    for (kind, reports, policy) in [
        ("edit-pair", &["XR HAND LEFT 3V; XR FINGER RIGHT 2V"][..], none),
        ("edit-pair", &["XR HAND LEFT 3V", "XR FINGER RIGHT 2V"], none),
        ("edit-pair", &["XR HIP LEFT 2V", "XR PELVIS 1V"], none),
        ("early-and-later", &["CT SPINE CERVICAL W/WO CONTRAST", "CT SPINE LUMBAR W/O CONTRAST"], none),
        ("unit-limit", &["CT HEAD W/O CONTRAST"; 2], none),
        ("unit-limit", &["XR KNEES BILATERAL 3V"], none),
        ("base-missing", &["DIAG TOMO BILAT", "DIAGNOSTIC MAMMOGRAM BILATERAL"], none),
        ("repeat-reader", &["XR KNEE LEFT 3V", "XR KNEE RIGHT 3V"], none),
        ("contrast-untold", &["MRA CHEST W CONTRAST"], hospital),
        ("contrast-untold", &["MRA CHEST"], none),
        ("angiography-3d", &["CTA CHEST"], none),
        ("duplex-wording", &[veins], told),
    ] {
        assert!(!asked(reports, policy).contains_key(kind), "{kind} of {reports:?}");
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
