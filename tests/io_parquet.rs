//! Parquet in and out: columns of all types, damaged files, and answers as a table.
#![cfg(feature = "parquet")]

#[path = "common/pieces.rs"]
mod pieces;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, Date32Array, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, GzipLevel};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use pieces::{Change, shown};
use proptest::prelude::*;
use radcode::io::{InputOptions, Record, Unusable, parquet as io};

/// A file of its own in the folder for tests' files.
fn file(bytes: &[u8]) -> File {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("io-parquet-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    File::create(&path).and_then(|mut f| f.write_all(bytes)).expect("a file in the target folder");
    let file = File::open(&path).expect("it was written");
    // stays readable while it is open
    let _ = std::fs::remove_file(path);
    file
}

fn packed(batch: &RecordBatch, compression: Compression, group: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(group)).build();
    let mut bytes = Vec::new();
    let mut out = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    out.write(batch).and_then(|()| out.close().map(|_| ())).expect("memory takes it");
    bytes
}

fn read(bytes: &[u8], asked: &[(&str, &str)]) -> Vec<Result<Record, Unusable>> {
    let columns = asked.iter().map(|(f, c)| ((*f).to_owned(), (*c).to_owned())).collect();
    let options = InputOptions { columns, ..InputOptions::default() };
    match io::records(file(bytes), &options) {
        Ok(mut records) => std::iter::from_fn(|| records.next()).take(10_000).collect(),
        Err(u) => vec![Err(u)],
    }
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

/// A table of reports, a column of each kind.
fn reports() -> RecordBatch {
    let mut billed = ListBuilder::new(StringBuilder::new());
    billed.append_value([Some("70450"), Some("70486")]);
    billed.append_null();
    billed.append_value([Some("71046")]);
    table(vec![
        ("Accession Number", Arc::new(Int64Array::from(vec![Some(41), Some(42), None]))),
        ("noise", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("REPORT TEXT", Arc::new(StringArray::from(vec![Some("CT HEAD"), None, Some("XR CHEST \u{e9}")]))),
        ("exam_date", Arc::new(Date32Array::from(vec![Some(20_484), Some(0), Some(-1)]))),
        ("CPT", Arc::new(billed.finish())),
        ("mrn", Arc::new(LargeStringArray::from(vec!["m1", "m2", "m3"]))),
        ("procedure", Arc::new(StringViewArray::from(vec![Some("HEAD WO"), Some("x"), None]))),
    ])
}

#[test]
fn columns_of_all_types_are_read() {
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(GzipLevel::default())] {
        for group in [1, 2, 100] {
            let all = read(&packed(&reports(), compression, group), &[]);
            assert_eq!(shown(&all), ["CT HEAD", "-- the text is empty", "XR CHEST \u{e9}"]);
            let (first, last) = (all[0].as_ref().expect("a record"), all[2].as_ref().expect("a record"));
            assert_eq!((first.id.as_str(), last.id.as_str()), ("41", "3"), "the row is the id of one without");
            let day = |r: &Record| r.day.map(|d| d.to_string());
            assert_eq!((day(first).as_deref(), day(last).as_deref()), (Some("2026-01-31"), Some("1969-12-31")));
            assert_eq!((first.billed.join(" ").as_str(), last.billed.join(" ").as_str()), ("70450 70486", "71046"));
            assert_eq!((first.patient.as_deref(), last.ordered.len()), (Some("m1"), 0));
            assert_eq!(first.ordered[0].name.as_deref(), Some("HEAD WO"));
            let place = &all[1].as_ref().expect_err("no text").place;
            assert_eq!((place.line, place.item.as_deref()), (None, Some("row 2")));
        }
    }
    let days: Vec<(ArrayRef, &str)> = vec![
        (Arc::new(TimestampMicrosecondArray::from(vec![1_769_817_600_000_000 - 1])), "2026-01-30"),
        (Arc::new(TimestampMicrosecondArray::from(vec![-1]).with_timezone("UTC")), "1969-12-31"),
        (Arc::new(StringArray::from(vec!["01/31/2026 08:15"])), "2026-01-31"),
        (Arc::new(Int32Array::from(vec![20_260_131])), "2026-01-31"),
    ];
    for (column, day) in days {
        let batch = table(vec![("text", Arc::new(StringArray::from(vec!["x"]))), ("date", column)]);
        let all = read(&packed(&batch, Compression::SNAPPY, 9), &[]);
        assert_eq!(all[0].as_ref().map(|r| r.day.map(|d| d.to_string())), Ok(Some(day.to_owned())));
    }
}

#[test]
fn many_rows_of_many_sizes_are_all_read() {
    let texts: Vec<String> = (0..3000).map(|n| format!("report {n} {}", "x".repeat(n * 7 % 5000))).collect();
    let batch = table(vec![("text", Arc::new(StringArray::from(texts.clone())))]);
    assert_eq!(shown(&read(&packed(&batch, Compression::SNAPPY, 700), &[])), texts);
}

#[test]
fn what_is_no_table_of_reports_is_named() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let whole = packed(&table(vec![("text", Arc::clone(&text))]), Compression::SNAPPY, 9);
    let number: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    for (bytes, what) in [
        (&b"PAR"[..], "not a Parquet file: it does not begin with PAR1"),
        (b"id,text\n1,some text of a report", "not a Parquet file: it does not begin with PAR1"),
        (&whole[..whole.len() - 1], "the Parquet file stops before its end: it was cut short"),
        (&whole[..20], "the Parquet file stops before its end: it was cut short"),
        (b"PAR1\xff\xff\xff\x7fPAR1", "the Parquet file is damaged: its list of columns is longer than the file"),
        (b"PAR1....\x02\0\0\0PAR1", "the Parquet file is damaged: its list of columns can't be read"),
        (&packed(&table(vec![("a", Arc::clone(&text))]), Compression::SNAPPY, 9), "no column is known for the text of reports"),
        (&packed(&table(vec![("text", number)]), Compression::SNAPPY, 9), "the column `text` holds Int32, which is not read as `text`"),
    ] {
        assert_eq!(shown(&read(bytes, &[])), [format!("-- {what}")]);
    }
    let asked = packed(&table(vec![("a", text)]), Compression::SNAPPY, 9);
    assert_eq!(shown(&read(&asked, &[("text", "A")])), ["x"]);
    assert_eq!(shown(&read(&asked, &[("text", "b")])), ["-- there is no column `b` for `text`"]);
}

/// An answer as radcode writes them; `code` none for a report without suggestions.
fn answer(id: &str, code: Option<&str>) -> String {
    let suggestion = |code: &str| {
        format!(
            r#"{{"code":"{code}","system":"CPT","modifiers":["LT","RT"],"units":2,"confidence":0.9,"unsure":false,"label":"an \"exam\"","rule":"x.y","study":{{"modality":"ct","region":["head","neck"]}},"evidence":[{{"role":"region","start":3,"end":7,"text":"h\u00e9ad","section":"body","concept":"region.head","line":1,"column":4}},{{"role":"modality","start":0,"end":2,"section":"body","from":"OBX[1]-5","line":1,"column":1}}],"defaults":[{{"axis":"views","value":"2"}}],"alternatives":[],"reasons":[]}}"#
        )
    };
    format!(
        r#"{{"schema":1,"id":"{id}","source":{{"input":"a.csv","line":7,"item":"row 6"}},"confidence":0.75,"code_set":"2026-01-01","lexicon":{{"edition":"e","sha256":"s"}},"document":{{"kind":"report","admitted":true,"reason":null,"evidence":[]}},"suggestions":[{}],"rejected":[],"supplies":[],"queries":[{{"kind":"views-missing","message":"?","evidence":[]}}],"claim":null}}"#,
        code.map(suggestion).unwrap_or_default()
    )
}

fn written(lines: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    io::write(lines.as_bytes(), &mut bytes).expect("answers are written");
    bytes
}

#[test]
fn answers_become_a_table() {
    let bytes = written(&format!("{}\n\n{}\n", answer("a", Some("70450")), answer("b", None)));
    let mut rows =
        ParquetRecordBatchReaderBuilder::try_new(file(&bytes)).and_then(ParquetRecordBatchReaderBuilder::build).expect("a Parquet file");
    let batch = rows.next().expect("a batch").expect("rows");
    assert_eq!((batch.num_rows(), batch.num_columns()), (2, 22));
    let words = |name: &str| -> Vec<Option<String>> {
        batch.column_by_name(name).expect(name).as_string::<i32>().iter().map(|s| s.map(str::to_owned)).collect()
    };
    let some = |s: &str| Some(s.to_owned());
    assert_eq!(words("id"), [some("a"), some("b")]);
    assert_eq!(words("code"), [some("70450"), None]);
    assert_eq!(words("item"), [some("row 6"), some("row 6")]);
    assert_eq!(words("encounter"), [None, None]);
    assert_eq!(words("label"), [some("an \"exam\""), None]);
    assert_eq!(words("study"), [some("modality=ct;region=head,neck"), None]);
    assert_eq!(words("defaults"), [some("views=2"), None]);
    let column = |name: &str| batch.column_by_name(name).expect("a column");
    assert_eq!(column("units").as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(2), None]);
    assert_eq!(column("code_set").as_primitive::<Date32Type>().value(0), 20_454);
    assert!(column("date_of_service").is_null(0));
    assert!((column("answer_confidence").as_primitive::<Float64Type>().value(1) - 0.75).abs() < 1e-9);
    let list = |name: &str, row: usize| column(name).as_list::<i32>().value(row);
    assert_eq!(list("modifiers", 0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["LT", "RT"]);
    assert_eq!((list("modifiers", 1).len(), list("queries", 1).len(), list("evidence", 1).len()), (0, 1, 0));
    let spans = list("evidence", 0);
    let spans = spans.as_struct();
    assert_eq!(spans.column_by_name("text").expect("text").as_string::<i32>().iter().collect::<Vec<_>>(), [Some("h\u{e9}ad"), None]);
    assert_eq!(spans.column_by_name("from").expect("from").as_string::<i32>().iter().collect::<Vec<_>>(), [None, Some("OBX[1]-5")]);
    assert_eq!(spans.column_by_name("end").expect("end").as_primitive::<UInt32Type>().values().to_vec(), [7, 2]);
}

#[test]
fn the_bytes_of_a_table_depend_on_the_answers_alone() {
    let lines: String = (0..20_000).map(|n| answer(&n.to_string(), (n % 3 > 0).then_some("70450")) + "\n").collect();
    let bytes = written(&lines);
    assert_eq!(bytes, written(&lines));
    let metadata = ParquetRecordBatchReaderBuilder::try_new(file(&bytes)).expect("a Parquet file").metadata().clone();
    assert_eq!(metadata.row_groups().iter().map(RowGroupMetaData::num_rows).collect::<Vec<_>>(), [16_384, 20_000 - 16_384]);
    assert_eq!(ParquetRecordBatchReaderBuilder::try_new(file(&written(""))).expect("a file without rows").metadata().num_row_groups(), 0);
    for line in ["{\"id\":\"Smith\"}", "x", "{}"] {
        let wrong = io::write(format!("{}\n{line}\n", answer("a", None)).as_bytes(), Vec::new()).expect_err("no answer");
        assert_eq!(wrong.to_string(), "line 2 is no answer of radcode");
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0..8192usize;
    let one = prop_oneof![
        6 => (at.clone(), 1..=255u8).prop_map(|(n, b)| Change::Flip(n, b)),
        1 => (at.clone(), 1..40usize).prop_map(|(n, m)| Change::Cut(n, m)),
        1 => (at.clone(), proptest::collection::vec(any::<u8>(), 1..20)).prop_map(|(n, b)| Change::Insert(n, b)),
        1 => (at.clone(), at).prop_map(|(a, b)| Change::Swap(a, b)),
    ];
    proptest::collection::vec(one, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_do_not_panic(changes in changes(), snappy in any::<bool>()) {
        let compression = if snappy { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
        let mut bytes = packed(&reports(), compression, 2);
        for c in &changes {
            c.to(&mut bytes);
        }
        let all = read(&bytes, &[]);
        prop_assert!(!all.is_empty());
        for u in all.iter().filter_map(|r| r.as_ref().err()) {
            let said = u.to_string();
            for word in ["HEAD", "CHEST", "m1"] {
                prop_assert!(!said.contains(word), "{}", said);
            }
        }
    }
}
