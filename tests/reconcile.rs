//! Orders and bills against documents, and dictionaries against codes: what comes of each pair, and why.

use std::sync::LazyLock;

use radcode::{Against, Analyzer, BilledCode, Date, Ledger, Lexicon, Options, OrderedExam, Outcome, Reconciled, Verdict};

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(Lexicon::embedded().expect("the lexicon is whole")));

const DAY: Date = Date::constant(2024, 8, 1);

fn options() -> Options {
    Options { date_of_service: Some(DAY), ..Options::default() }
}

/// A report of an exam, with what every report has.
fn report(title: &str, technique: &str, findings: &str) -> String {
    format!("EXAM: {title}\n\nTECHNIQUE: {technique}\n\nFINDINGS: {findings}\n\nIMPRESSION: Normal.")
}

fn head(contrast: &str) -> String {
    report("CT head", &format!("Axial images {contrast}."), "The ventricles are of normal size. The mastoid air cells are clear.")
}

fn rows(texts: &[String], orders: Option<&[OrderedExam]>, billed: Option<&str>, options: &Options) -> Vec<Reconciled> {
    let analyses: Vec<_> = texts.iter().map(|t| ANALYZER.analyze(t, options)).collect();
    let all: Vec<_> = analyses.iter().collect();
    let claim = ANALYZER.claim(&all);
    let billed = billed.map(BilledCode::read);
    let ledger = Ledger { ordered: orders, billed: billed.as_deref(), ..Ledger::default() };
    ANALYZER.reconcile(&all, &claim, &ledger, options)
}

/// Outcome, number of items of the list, and reasons of each row of one report.
fn billed(text: &str, codes: &str) -> Vec<(Outcome, usize, String)> {
    let rows = rows(&[text.to_owned()], None, Some(codes), &options());
    rows.into_iter().map(|r| (r.outcome, r.given.len(), r.reasons.join("; "))).collect()
}

fn ordered(text: &str, orders: &[(&str, &str)]) -> Vec<(Outcome, usize, String)> {
    let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    let orders: Vec<OrderedExam> = orders.iter().map(|(code, name)| OrderedExam { code: some(code), name: some(name) }).collect();
    let rows = rows(&[text.to_owned()], Some(&orders), None, &options());
    rows.into_iter().map(|r| (r.outcome, r.given.len(), r.reasons.join("; "))).collect()
}

fn is(got: &[(Outcome, usize, String)], outcomes: &[Outcome]) {
    let mut have: Vec<Outcome> = got.iter().map(|r| r.0).collect();
    let mut want = outcomes.to_vec();
    have.sort();
    want.sort();
    assert_eq!(have, want, "{got:?}");
}

fn says(got: &[(Outcome, usize, String)], words: &str) {
    assert!(got.iter().any(|r| r.2.contains(words)), "`{words}` is not in {got:?}");
}

#[test]
fn cells_of_codes_are_read() {
    let read = |cell: &str| -> Vec<String> {
        BilledCode::read(cell).into_iter().map(|b| format!("{}|{}|{}", b.code, b.modifiers.join(" "), b.units)).collect()
    };
    assert_eq!(read("73562-26-50"), ["73562|26 50|1"]);
    assert_eq!(read("76641x2"), ["76641||2"]);
    assert_eq!(read(" 74150, 72192 ; g0297"), ["74150||1", "72192||1", "G0297||1"]);
    assert_eq!(read("73562 LT X2"), ["73562|LT|2"]);
    assert_eq!(read("RAD0451"), ["RAD0451||1"]);
    assert_eq!(read("head ct"), ["HEAD CT||1"]);
    assert!(read(" ").is_empty());
}

#[test]
fn contrast_that_was_ordered_or_billed_otherwise() {
    let with = head("after 100 mL of intravenous contrast");
    is(&ordered(&with, &[("", "CT HEAD W CONTRAST")]), &[Outcome::Agree]);
    let got = ordered(&with, &[("", "CT HEAD W/O CONTRAST")]);
    is(&got, &[Outcome::OrderedDiffers]);
    says(&got, "ordered without contrast, documented with contrast");
    // silence of an order is no difference where it fits, and leaves open where it does not
    let got = ordered(&with, &[("", "CT HEAD")]);
    is(&got, &[Outcome::CannotBeTold]);
    says(&got, "the order is silent on contrast");
    is(&ordered(&head("without contrast"), &[("", "CT HEAD")]), &[Outcome::Agree]);
    is(&billed(&with, "70460"), &[Outcome::Agree]);
    is(&billed(&with, "70450"), &[Outcome::BilledDiffers]);
    let got = billed(&report("CT head", "Axial images.", "The ventricles are of normal size."), "70460");
    is(&got, &[Outcome::CannotBeTold]);
    says(&got, "the report is silent on contrast");
}

#[test]
fn another_exam_is_another_row() {
    let text = head("without contrast");
    let got = billed(&text, "70450 71046");
    is(&got, &[Outcome::Agree, Outcome::BilledNotDocumented]);
    is(&billed(&text, "71046"), &[Outcome::BilledNotDocumented, Outcome::DocumentedNotBilled]);
    is(&billed(&text, "70450 70544"), &[Outcome::Agree, Outcome::BilledNotDocumented]);
    is(&billed(&text, ""), &[Outcome::DocumentedNotBilled]);
    is(&ordered(&text, &[]), &[Outcome::DocumentedNotOrdered]);
    is(
        &ordered(&text, &[("", "CT HEAD W/O CONTRAST"), ("", "MRI KNEE LEFT W/O CONTRAST")]),
        &[Outcome::Agree, Outcome::OrderedNotDocumented],
    );
    // an order and a report, each of one exam, are of each other
    is(&ordered(&text, &[("", "MRI KNEE LEFT W/O CONTRAST")]), &[Outcome::OrderedDiffers]);
}

#[test]
fn exams_that_are_named_and_not_done_say_so() {
    let text = head("without contrast").replace("IMPRESSION: Normal.", "IMPRESSION: Normal. Recommend MRI of the brain without contrast.");
    let got = billed(&text, "70450 70551");
    is(&got, &[Outcome::Agree, Outcome::BilledNotDocumented]);
    says(&got, "is named, and not coded");
}

#[test]
fn the_claim_is_what_is_compared() {
    let both =
        report("CT abdomen and pelvis with contrast", "Images after intravenous contrast.", "The liver is normal. The bladder is smooth.");
    let got = ordered(&both, &[("", "CT ABDOMEN W CONTRAST"), ("", "CT PELVIS W CONTRAST")]);
    is(&got, &[Outcome::Agree]);
    assert_eq!(got[0].1, 2, "both orders stand in the row");
    is(&ordered(&both, &[("74160", ""), ("72193", "")]), &[Outcome::Agree]);
    is(&billed(&both, "74177"), &[Outcome::Agree]);
    let got = billed(&both, "74160 72193");
    is(&got, &[Outcome::BilledDiffers]);
    assert_eq!(got[0].1, 2, "the parts of one code are one row");
    // two reports of one day
    let parts = [
        report("CT abdomen with contrast", "Images after intravenous contrast.", "The liver is normal."),
        report("CT pelvis with contrast", "Images after intravenous contrast.", "The bladder is smooth."),
    ];
    let rows = rows(&parts, None, Some("74177"), &options());
    assert_eq!(rows.iter().map(|r| r.outcome).collect::<Vec<_>>(), [Outcome::Agree]);
    let reports: Vec<usize> = rows[0].evidence.iter().map(|c| c.report).collect();
    assert!(reports.contains(&0) && reports.contains(&1));
}

#[test]
fn sides_units_and_modifiers() {
    let left = report("Left knee, three views", "Three views of the left knee.", "No fracture. A small effusion.");
    let both = report("Both knees, three views", "Three views of each knee.", "No fracture on either side.");
    is(&billed(&left, "73562-LT"), &[Outcome::Agree]);
    is(&billed(&left, "73562-LT-26"), &[Outcome::Agree]);
    is(&billed(&left, "73562-26-LT-GC"), &[Outcome::Agree]);
    is(&billed(&left, "73562-RT"), &[Outcome::SideDiffers]);
    is(&billed(&left, "73562"), &[Outcome::ModifiersDiffer]);
    is(&billed(&left, "73562-LTx2"), &[Outcome::UnitsDiffer]);
    is(&billed(&left, "73562-LT-59"), &[Outcome::ModifiersDiffer]);
    is(&billed(&both, "73562-50"), &[Outcome::Agree]);
    is(&billed(&both, "73562-LT 73562-RT"), &[Outcome::Agree]);
    is(&billed(&both, "73562"), &[Outcome::UnitsDiffer]);
    is(&ordered(&left, &[("", "XR KNEE RIGHT 3 VIEWS")]), &[Outcome::SideDiffers]);
    is(&ordered(&left, &[("", "XR KNEE 3 VIEWS")]), &[Outcome::Agree]);
}

#[test]
fn components_count_where_they_are_asked_for() {
    let text = head("without contrast");
    let mut options = options();
    ANALYZER.lexicon().choose(&mut options.policy, "component", "professional").expect("a choice");
    let analysis = ANALYZER.analyze(&text, &options);
    for (cell, components, outcome) in
        [("70450-26", true, Outcome::Agree), ("70450-TC", true, Outcome::ModifiersDiffer), ("70450-TC", false, Outcome::Agree)]
    {
        let billed = BilledCode::read(cell);
        let ledger = Ledger { billed: Some(&billed), components, ..Ledger::default() };
        let rows = ANALYZER.reconcile(&[&analysis], &analysis.claim, &ledger, &options);
        assert_eq!(rows.iter().map(|r| r.outcome).collect::<Vec<_>>(), [outcome], "{cell} {components}");
    }
}

#[test]
fn orders_by_code_and_by_name() {
    let text = head("without contrast");
    is(&ordered(&text, &[("70450", "")]), &[Outcome::Agree]);
    is(&ordered(&text, &[("RAD0451", "CT HEAD W/O CONTRAST")]), &[Outcome::Agree]);
    let got = ordered(&text, &[("RAD0451", "")]);
    is(&got, &[Outcome::CannotBeTold, Outcome::CannotBeTold]);
    says(&got, "no billing code of this edition");
    let got = ordered(&text, &[("", "SPECIAL PROJECT")]);
    is(&got, &[Outcome::CannotBeTold, Outcome::CannotBeTold]);
    says(&got, "reads as no exam");
    let got = ordered(&text, &[("70450", "CT HEAD W CONTRAST")]);
    is(&got, &[Outcome::Agree]);
    says(&got, "disagree: the name reads as 70460");
    // a name that leaves open what the code says does not disagree with it
    let got = ordered(&head("after 100 mL of intravenous contrast"), &[("70460", "CT HEAD")]);
    is(&got, &[Outcome::Agree]);
    assert!(!got[0].2.contains("disagree"), "{got:?}");
}

#[test]
fn codes_that_had_ended_are_named_with_what_came_after() {
    let text = report("Low dose CT of the chest for lung cancer screening", "Low dose axial images.", "No nodule. Lung-RADS 1.");
    let all = rows(std::slice::from_ref(&text), None, Some("G0297"), &options());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].outcome, Outcome::BilledDiffers);
    assert_eq!(all[0].validity.as_deref(), Some("G0297 ended on 2020-12-31; after it came 71271"));
    is(&ordered(&text, &[("G0297", "LUNG CANCER SCREENING LOW DOSE CT")]), &[Outcome::Agree]);
    let got = billed(&text, "71271 99999");
    is(&got, &[Outcome::Agree, Outcome::CannotBeTold]);
    says(&got, "has no such code");
}

#[test]
fn every_item_of_a_list_and_every_line_of_the_claim_stands_in_a_row() {
    let texts =
        [head("without contrast"), head("after 100 mL of intravenous contrast"), String::new(), "CHIEF COMPLAINT: cough".to_owned()];
    let bills = ["", "70450", "70450 70460 70450-26", "74160 72193 99999", "NONSENSE", "G0297 71046x2"];
    let names = ["", "CT HEAD", "CT ABDOMEN W CONTRAST", "x", "MRI BRAIN AND MRA HEAD", "CT HEAD"];
    for text in &texts {
        for bill in bills {
            let orders: Vec<OrderedExam> =
                names.iter().map(|n| OrderedExam { code: Some(bill.to_owned()), name: Some((*n).to_owned()) }).collect();
            let list = BilledCode::read(bill);
            let analysis = ANALYZER.analyze(text, &options());
            let ledger = Ledger { ordered: Some(&orders), billed: Some(&list), agents: true, components: false };
            let rows = ANALYZER.reconcile(&[&analysis], &analysis.claim, &ledger, &options());
            for (against, n) in [(Against::Order, orders.len()), (Against::Bill, list.len())] {
                let of = || rows.iter().filter(|r| r.against == against);
                for i in 0..n {
                    assert!(of().any(|r| r.given.contains(&i)), "item {i} of the {} is lost", against.name());
                }
                for l in 0..analysis.claim.lines.len() {
                    assert_eq!(of().filter(|r| r.lines.contains(&l)).count(), 1, "line {l} against the {}", against.name());
                }
            }
        }
    }
}

#[test]
fn a_dictionary_is_judged_name_by_name() {
    let verdict = |name: &str, code: &str| ANALYZER.audit(name, code, &options());
    for (name, code, wanted) in [
        ("CT HEAD W/O CONTRAST", "70450", Verdict::Agree),
        ("CT HEAD", "70450", Verdict::Agree),
        ("CT HEAD W CONTRAST", "70450", Verdict::Differs),
        ("CT HEAD", "70460", Verdict::CannotBeTold),
        ("MRI BRAIN W/O CONTRAST", "70450", Verdict::Differs),
        ("LUNG CANCER SCREENING LOW DOSE CT", "G0297", Verdict::Retired),
        ("CT HEAD W/O CONTRAST", "12345", Verdict::UnknownCode),
        ("GIFT SHOP", "70450", Verdict::NoExam),
        ("CT HEAD W/O CONTRAST", "", Verdict::NoCode),
        ("CT CHEST ABDOMEN PELVIS W CONTRAST", "71260;74177", Verdict::Agree),
        ("CT CHEST ABDOMEN PELVIS W CONTRAST", "71260", Verdict::Differs),
        ("CT CHEST W CONTRAST", "71260-26", Verdict::Agree),
    ] {
        let got = verdict(name, code);
        assert_eq!(got.verdict, wanted, "{name} {code}: {:?}", got.reasons);
        assert!(got.verdict == Verdict::Agree || !got.reasons.is_empty(), "{name} {code}");
    }
    let got = verdict("CT HEAD W CONTRAST", "70450");
    assert_eq!(got.reasons, ["70450 is without contrast; the name says with contrast"]);
    assert_eq!(got.meanings, ["CT, head, without contrast"]);
}
