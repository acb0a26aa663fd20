//! Answers as rows: a row a suggestion, nothing lost, nothing that a spreadsheet would run.
#![cfg(feature = "io")]

use std::collections::BTreeMap;

use radcode::io::{Answered, Bill, Ordered, OutputFormat, Place, Record};
use radcode::{Analyzer, Lexicon, Options};

/// The rows of reports, by the names of their columns.
fn rows(reports: &[(&str, &str)], words: bool) -> Vec<BTreeMap<String, String>> {
    let analyzer = Analyzer::new(Lexicon::embedded().expect("the lexicon"));
    let mut out = OutputFormat::Csv.head();
    for (id, text) in reports {
        let place = Place::item("row 3", Some(7));
        let record =
            Record { id: (*id).to_owned(), text: (*text).to_owned(), ordered: vec![Ordered::default()], place, ..Record::default() };
        let analysis = analyzer.analyze(text, &Options::default());
        let answered = [Answered { source: "-dir/a.csv", record: &record, analysis: &analysis }];
        OutputFormat::Csv.write(&Bill { reports: &answered, claim: &analysis.claim, lexicon: analyzer.lexicon(), words }, &mut out);
    }
    let mut table = csv::Reader::from_reader(&out[..]);
    table.deserialize().collect::<Result<_, _>>().expect("a table with a row of names")
}

#[test]
fn a_suggestion_is_a_row_and_none_is_one_too() {
    let two = "EXAM: XR knees, bilateral, 3 views each.\nEXAM: CT \"head\" without contrast,\nno bleed.";
    let rows = rows(&[("a", two), ("=cmd()", "Dear colleague, thank you."), ("-12.5", "CT HEAD W/O CONTRAST")], true);
    let codes: Vec<(&str, &str)> = rows.iter().map(|r| (r["id"].as_str(), r["code"].as_str())).collect();
    assert!(codes.len() >= 4 && codes.contains(&("a", "70450")), "{codes:?}");
    assert!(codes.contains(&("'=cmd()", "")) && codes.contains(&("-12.5", "70450")), "{codes:?}");
    for row in &rows {
        assert_eq!((row["source"].as_str(), row["line"].as_str(), row["item"].as_str()), ("'-dir/a.csv", "7", "row 3"));
        assert!(row.values().all(|v| !v.contains('\n')), "a row is a line: {row:?}");
        assert_eq!(row["code"].is_empty(), row["confidence"].is_empty());
    }
    let head = rows.iter().find(|r| r["code"] == "70450").expect("the head");
    assert!(head["study"].starts_with("modality=ct;region=head") && head["evidence"].contains(" \""), "{head:?}");
}

#[test]
fn words_are_left_out_on_demand() {
    let rows = rows(&[("a", "EXAM: CT head without contrast")], false);
    assert!(!rows[0]["evidence"].contains('"') && rows[0]["evidence"].contains("region 9-13"), "{rows:?}");
}
