//! Tables in and out: columns by their names, rows in any pieces, what is no row named, and a row a suggestion.
#![cfg(feature = "io")]

#[path = "common/pieces.rs"]
mod pieces;

use pieces::{Change, Pieces, read, shown};
use proptest::prelude::*;
use radcode::io::{Encoding, Format, InputOptions, Record, Unusable, detect};

const TABLE: &str = include_str!("data/csv/reports.csv");

fn table(bytes: &[u8], asked: &[(&str, &str)]) -> Vec<Result<Record, Unusable>> {
    let columns = asked.iter().map(|(f, c)| ((*f).to_owned(), (*c).to_owned())).collect();
    let options = InputOptions { format: Some(Format::Csv), columns, ..InputOptions::default() };
    read(Pieces::new(bytes, usize::MAX), "x.csv", &options)
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Places and what is wrong.
fn told(all: &[Result<Record, Unusable>]) -> Vec<String> {
    all.iter().filter_map(|r| r.as_ref().err()).map(|u| format!("{}: {}", u.place, u.what)).collect()
}

#[test]
fn a_table_of_a_worklist_is_read_and_bad_rows_are_named() {
    let all = table(TABLE.as_bytes(), &[]);
    assert_eq!(
        told(&all),
        [
            ":8 row 3: `date_of_service` has no such month",
            ":9 row 4: 7 fields, where the first line names 6 columns",
            ":12 row 7: the text is empty",
        ]
    );
    let records: Vec<&Record> = all.iter().flatten().collect();
    let ids: Vec<&str> = records.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["A-100", "A-101", "A-104", "11"], "the line is the id of a row without one");
    let first = records[0];
    assert!(
        first.text.starts_with("EXAM: CT head") && first.text.contains("\r\n\r\nTECHNIQUE") && first.text.contains("no \"mass effect\".")
    );
    assert_eq!((first.patient.as_deref(), first.day.map(|d| d.to_string()).as_deref()), (Some("m7"), Some("2026-01-31")));
    assert_eq!(first.ordered[0].name.as_deref(), Some("CT HEAD WO"));
    assert_eq!((first.place.line, first.place.item.as_deref()), (Some(2), Some("row 1")));
    assert_eq!(records[1].billed, ["71046", "71046"]);
    assert_eq!((records[1].place.line, records[2].ordered.len(), records[2].patient.as_deref()), (Some(7), 0, Some("m9")));
}

#[test]
fn the_same_table_in_other_clothes() {
    let whole = table(TABLE.as_bytes(), &[]);
    let texts = shown(&whole);
    for size in [1, 2, 3, 17, 4096] {
        let options = InputOptions { format: Some(Format::Csv), ..InputOptions::default() };
        assert_eq!(read(Pieces::new(TABLE.as_bytes(), size), "x", &options), whole, "in pieces of {size}");
        assert_eq!(read(Pieces::new(&utf16(TABLE), size), "x", &options), whole, "UTF-16 in pieces of {size}");
    }
    assert_eq!(table(format!("\u{feff}{TABLE}").as_bytes(), &[]), whole, "a mark");
    assert_eq!(read(Pieces::new(TABLE.as_bytes(), 9), "stdin", &InputOptions::default()), whole, "by its first line");
    assert_eq!(read(Pieces::new(&utf16(TABLE), 9), "stdin", &InputOptions::default()), whole, "by its first line in UTF-16");
    assert_eq!(
        shown(&table(TABLE.replace("\r\n", "\n").as_bytes(), &[])),
        texts.iter().map(|t| t.replace("\r\n", "\n")).collect::<Vec<_>>()
    );
    assert_eq!(
        shown(&table(TABLE.replace("\r\n", "\r").as_bytes(), &[])),
        texts.iter().map(|t| t.replace("\r\n", "\r")).collect::<Vec<_>>()
    );
}

#[test]
fn fields_are_parted_by_what_the_first_line_shows() {
    for by in [",", ";", "\t", "|"] {
        let text = format!("id{by}text{by}CPT\n1{by}\"a{by}b\"{by}70450;70460\n").replace("70450;70460", "\"70450;70460\"");
        let all = table(text.as_bytes(), &[]);
        assert_eq!(shown(&all), [format!("a{by}b")], "{by:?}");
        assert_eq!(all[0].as_ref().map(|r| r.billed.clone()), Ok(vec!["70450".to_owned(), "70460".to_owned()]));
    }
    assert_eq!(shown(&table(b"sep=;\r\nid;text\r\n1;a,b\r\n", &[])), ["a,b"]);
    assert_eq!(shown(&table(b"x;words\n1;a,b\n", &[("text", "words")])), ["a,b"]);
    assert_eq!(shown(&table(b"text\none column\n\n,\n", &[])), ["one column"], "rows of nothing are none");
    assert_eq!(shown(&table(b"id,text,\n1,a,\n2,b\n3,c,,,\n", &[])), ["a", "b", "c"], "empty fields at the end are none");
}

#[test]
fn tables_are_told_by_their_first_line() {
    for (head, format) in [
        (&b"id,text\n1,a"[..], Format::Csv),
        (b"\xef\xbb\xbfAccession;Report\r\n", Format::Csv),
        (b"MRN\tREPORT TEXT\tEXAM DATE\n", Format::Tsv),
        (b"EXAM: CT HEAD, WITHOUT CONTRAST\n", Format::Text),
        (b"text, more text\n", Format::Text),
        (b"id,text", Format::Text),
    ] {
        assert_eq!(detect(head, "-"), format);
    }
}

#[test]
fn columns_can_be_asked_for() {
    let rows = b"REPORT_TXT,findings,impression,n\nwhole,lungs clear,normal,7\n";
    assert_eq!(shown(&table(rows, &[])), ["whole"]);
    let all = table(rows, &[("text", "Findings"), ("text", "impression"), ("id", "n")]);
    let record = all[0].as_ref().expect("a record");
    assert_eq!((record.text.as_str(), record.id.as_str()), ("lungs clear\n\nnormal", "7"));
    let parts: Vec<(u32, &str)> = record.parts.iter().map(|p| (p.start, p.from.as_str())).collect();
    assert_eq!(parts, [(0, "findings"), (13, "impression")]);
    assert_eq!(
        shown(&table(rows, &[("text", "REPORT")])),
        ["-- there is no column `REPORT` for `text`"],
        "a column that is asked for has to be there"
    );
    assert_eq!(shown(&table(b"", &[])), ["-- a table without rows"]);
    assert_eq!(shown(&table(b"PK\x03\x04....", &[])), ["-- an Excel or ZIP file, not a table in text"]);
}

#[test]
fn rows_that_are_none_are_named_and_the_rest_goes_on() {
    let all = table(b"id,text\n1,\"a \"b\" c\"\n2,ok\n3,\"open\n4,lost\n", &[]);
    assert_eq!(
        told(&all),
        [
            ":2 row 1: a quote inside a quoted field is not doubled",
            ":4 row 3: the quote that opens on line 4 is never closed: no row can be told from there to the end of the file",
        ]
    );
    assert_eq!(all.len(), 3);
    let all = table(b"id,text\n1,\xe9t\xe9\n2,ok\n\xe9,fine\n4,a\0b\n5\n", &[]);
    assert_eq!(
        told(&all),
        [
            ":2 row 1: `text` has bytes that fit no character",
            ":4 row 3: `id` has bytes that fit no character",
            ":5 row 4: `text` has a NUL, which no text has",
            ":6 row 5: 1 field, where the first line names 2 columns",
        ]
    );
    let named = InputOptions { format: Some(Format::Csv), encoding: Encoding::for_label(b"windows-1252"), ..InputOptions::default() };
    assert_eq!(shown(&read(Pieces::new(b"id,text\n1,\xe9t\xe9\n", 1), "x", &named)), ["\u{e9}t\u{e9}"]);
    let named = InputOptions { format: Some(Format::Csv), encoding: Encoding::for_label(b"shift_jis"), ..InputOptions::default() };
    let all = read(Pieces::new(b"id,text\n1,\x82\xa0\n2,\x82\xff\n3,x\n4,\x82", 1), "x", &named);
    assert_eq!(shown(&all), ["\u{3042}", "-- `text` has bytes that fit no character", "x", "-- `text` has bytes that fit no character"]);
}

#[test]
fn what_is_too_long_is_skipped() {
    let small = InputOptions { format: Some(Format::Csv), max_report_bytes: 100, ..InputOptions::default() };
    let text = |n: usize| "x".repeat(n);
    let bytes = format!("id,text,other\n1,{},\n2,{},\n3,ok,{}\n4,\"a\n{}\",\n5,ok,\n", text(100), text(101), text(70_000), text(70_000));
    for size in [1, 1000, usize::MAX] {
        let all = read(Pieces::new(bytes.as_bytes(), size), "x", &small);
        assert_eq!(
            told(&all),
            [
                ":3 row 2: longer than 100 bytes",
                ":4 row 3: a row longer than 65736 bytes",
                ":5 row 4: a row longer than 65736 bytes (lines 5 to 6)",
            ]
        );
        assert_eq!(all.len(), 5);
    }
    let wide = format!("text{}\nrow{}\n", ",x".repeat(5000), ",".repeat(1_000_000));
    assert_eq!(shown(&table(wide.as_bytes(), &[])), ["-- more than 4096 columns"]);
    assert_eq!(shown(&table(format!("{}\ntext\n", text(70_000)).as_bytes(), &[])), ["-- a row longer than 65536 bytes"]);
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0..2048usize;
    let bytes =
        prop_oneof![Just(b"\"".to_vec()), Just(b",".to_vec()), Just(b"\r\n".to_vec()), proptest::collection::vec(any::<u8>(), 1..8)];
    let one = prop_oneof![
        2 => (at.clone(), 1..=255u8).prop_map(|(n, b)| Change::Flip(n, b)),
        2 => (at.clone(), 1..200usize).prop_map(|(n, m)| Change::Cut(n, m)),
        4 => (at.clone(), bytes).prop_map(|(n, b)| Change::Insert(n, b)),
        1 => (at.clone(), 1..200usize).prop_map(|(n, m)| Change::Double(n, m)),
        1 => (at.clone(), at.clone()).prop_map(|(a, b)| Change::Swap(a, b)),
        1 => (at.clone(), at).prop_map(|(a, b)| Change::SwapLines(a, b)),
    ];
    proptest::collection::vec(one, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_tables_lose_nothing(wide in any::<bool>(), changes in changes(), size in 1..60usize) {
        let mut bytes = if wide { utf16(TABLE) } else { TABLE.as_bytes().to_vec() };
        for c in &changes {
            c.to(&mut bytes);
        }
        let options = InputOptions { format: Some(Format::Csv), ..InputOptions::default() };
        let whole = read(Pieces::new(&bytes, usize::MAX), "x", &options);
        prop_assert_eq!(&whole, &read(Pieces::new(&bytes, size), "x", &options));
        prop_assert!(!whole.is_empty());
        let numbers: Vec<u64> = whole.iter().filter_map(|r| match r {
            Ok(r) => r.place.item.clone(),
            Err(u) => u.place.item.clone(),
        }).map(|i| i.strip_prefix("row ").and_then(|n| n.parse().ok()).expect("a row")).collect();
        prop_assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{:?}", numbers);
        for u in whole.iter().filter_map(|r| r.as_ref().err()) {
            let what = u.to_string();
            for word in ["HEAD", "Axial", "bleed", "lungs", "BRAIN", "A-10", "m9"] {
                prop_assert!(!what.contains(word), "{}", what);
            }
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n')], 0..200), size in 1..9usize) {
        let bytes = [b"id,text\n".to_vec(), bytes].concat();
        let options = InputOptions { format: Some(Format::Csv), ..InputOptions::default() };
        let whole = read(Pieces::new(&bytes, usize::MAX), "x", &options);
        prop_assert_eq!(&whole, &read(Pieces::new(&bytes, size), "x", &options));
    }
}
