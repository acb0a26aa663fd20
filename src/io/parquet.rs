//! Apache Parquet in and out. Read from its end, so from files alone.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder, StructBuilder, UInt32Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field as Column, Fields, Schema, TimeUnit};
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::columns::{Cells, Columns, Field};
use super::ndjson::{Line, read_line};
use super::{InputOptions, Place, Record, Records, Unusable};

/// Bytes of one column that a batch of rows may come to by the means of its row groups.
const BATCH: u64 = 4 << 20;

/// Rows that are taken at a time at most.
const MOST_ROWS: u64 = 256;

/// Bytes that the list of columns and row groups at the end of a file may have: it is held as a whole, several times over.
const MOST_FOOTER: u64 = 16 << 20;

/// Reads the rows of a Parquet file as reports, its columns by their names.
///
/// # Errors
/// It is no Parquet file, was cut short, or its columns are not those of reports.
pub fn records(file: impl ChunkReader + 'static, options: &InputOptions) -> Result<Box<dyn Records>, Unusable> {
    whole(&file)?;
    let builder = guarded(|| {
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, plain)
    })
    .ok_or_else(|| damaged("its list of columns can't be read"))?;
    let names: Vec<String> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let columns = Columns::new(&names, options)?;
    for (at, field) in &columns.read {
        let column = builder.schema().field(*at);
        if !fits(*field, column.data_type()) {
            return Err(Unusable::new(
                format!("the column `{}` holds {}, which is not read as `{}`", column.name(), column.data_type(), field.name()),
                "texts are strings; ids strings or whole numbers; days dates, timestamps or strings; codes strings or lists of them",
            ));
        }
    }
    let (metadata, roots) = (Arc::clone(builder.metadata()), columns.read.iter().map(|(at, _)| *at).collect::<Vec<_>>());
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
    let batch = sized(&metadata, &mask, options)?;
    let rows = guarded(|| builder.with_projection(mask).with_batch_size(batch).build()).ok_or_else(|| damaged("its rows can't be read"))?;
    // a batch has the columns in the order of the file
    let mut order = roots;
    order.sort_unstable();
    order.dedup();
    let at = |column: usize| order.binary_search(&column).unwrap_or(0);
    let places = columns.read.iter().map(|(column, field)| (at(*column), *field)).collect();
    let text = options.max_report_bytes;
    Ok(Box::new(Rows { batches: Some(rows), batch: None, at: 0, row: 0, columns, places, text }))
}

/// What the work gives; what is damaged may be a fault of the reader in it.
fn guarded<T, E>(work: impl FnOnce() -> Result<T, E>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()?.ok()
}

fn damaged(what: &str) -> Unusable {
    Unusable::new(format!("the Parquet file is damaged: {what}"), "write or get the file again")
}

/// Whether a file begins and ends as one of Parquet.
fn whole(file: &impl ChunkReader) -> Result<(), Unusable> {
    let length = file.len();
    let four = |at: u64| file.get_bytes(at, 4).ok().and_then(|b| <[u8; 4]>::try_from(&b[..]).ok()).unwrap_or_default();
    if length < 4 || &four(0) != b"PAR1" {
        let help = "leave --input-format away to have the form told by the content";
        return Err(Unusable::new("not a Parquet file: it does not begin with PAR1", help));
    }
    if length < 12 || &four(length - 4) != b"PAR1" {
        return Err(Unusable::new("the Parquet file stops before its end: it was cut short", "write or get the file again"));
    }
    let footer = u64::from(u32::from_le_bytes(four(length - 8)));
    if footer + 12 > length {
        return Err(damaged("its list of columns is longer than the file"));
    }
    if footer > MOST_FOOTER {
        let help = "write it in fewer row groups, or split it";
        return Err(Unusable::new(format!("a Parquet file whose list of row groups has {footer} bytes, more than {MOST_FOOTER}"), help));
    }
    Ok(())
}

/// Whether a column of a type can be a field.
fn fits(field: Field, holds: &DataType) -> bool {
    let text =
        |t: &DataType| matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Binary | DataType::LargeBinary);
    match (field, holds) {
        (Field::Day, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) => true,
        (Field::Text | Field::Ordered | Field::Status, t) => text(t),
        (Field::Billed, DataType::List(of)) => text(of.data_type()) || of.data_type().is_integer(),
        (_, t) => text(t) || t.is_integer(),
    }
}

/// How many rows are taken at a time; what would not unpack is named here.
fn sized(metadata: &ParquetMetaData, mask: &ProjectionMask, options: &InputOptions) -> Result<usize, Unusable> {
    let mut rows = MOST_ROWS;
    for group in metadata.row_groups() {
        let of = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
        for (leaf, column) in group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf)) {
            if !matches!(column.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_)) {
                let name = metadata.file_metadata().schema_descr().column(leaf).name().to_owned();
                return Err(Unusable::new(
                    format!("the column `{name}` is packed by {}, which is not read", codec(column.compression())),
                    "write it packed by snappy or gzip, or unpacked",
                ));
            }
            let bytes = u64::try_from(column.uncompressed_size()).unwrap_or(0);
            let packed = u64::try_from(column.compressed_size()).unwrap_or(0);
            if bytes > 64 << 20 && bytes > packed.saturating_mul(options.max_expansion) {
                let what = format!("{packed} bytes of a column unpack to {bytes}, more than {} times as many", options.max_expansion);
                return Err(Unusable::new(what, "a file made to fill memory; if it is what you expect, raise --max-expansion"));
            }
            rows = rows.min(BATCH / (bytes / of).max(1));
        }
    }
    Ok(rows.max(1) as usize)
}

/// The name of a packing, without its level.
fn codec(packing: Compression) -> String {
    let name = format!("{packing:?}");
    name.split('(').next().unwrap_or_default().to_lowercase()
}

struct Rows {
    /// Gone after what keeps the rest from being read.
    batches: Option<ParquetRecordBatchReader>,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    at: usize,
    /// Rows so far.
    row: u64,
    columns: Columns,
    /// Of each column that is read: where it stands in a batch, and what it holds.
    places: Vec<(usize, Field)>,
    text: u64,
}

impl Records for Rows {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        while self.batch.as_ref().is_none_or(|b| self.at == b.num_rows()) {
            let batches = self.batches.as_mut()?;
            let Some(batch) = guarded(|| batches.next().transpose()) else {
                self.batches = None;
                self.batch = None;
                let place = Place::item(format!("row {}", self.row + 1), None);
                return Some(Err(damaged("no row can be told from here to its end").at(place)));
            };
            self.batch = Some(batch?);
            self.at = 0;
        }
        let batch = self.batch.as_ref()?;
        self.row += 1;
        let place = Place::item(format!("row {}", self.row), None);
        let mut cells = Cells::new(&self.columns, self.text, self.row.to_string(), place.clone());
        let taken = self.places.iter().try_for_each(|(at, field)| take(&mut cells, *field, batch.column(*at), self.at));
        self.at += 1;
        Some(taken.and_then(|()| cells.done()).map_err(|u| u.at(place)))
    }
}

/// Takes the cell of a row.
fn take(cells: &mut Cells<'_>, field: Field, column: &ArrayRef, row: usize) -> Result<(), Unusable> {
    if column.is_null(row) {
        return cells.take(field, "");
    }
    if let DataType::List(_) = column.data_type() {
        let list = column.as_list::<i32>().value(row);
        return (0..list.len()).filter(|i| list.is_valid(*i)).try_for_each(|i| cells.take(field, &cell(field, &list, i)?));
    }
    let cell = cell(field, column, row)?;
    if cell.contains('\0') {
        return Err(Unusable::new(format!("`{}` has a NUL, which no text has", field.name()), "see how the file was written"));
    }
    cells.take(field, &cell)
}

/// A cell as text.
fn cell(field: Field, column: &ArrayRef, row: usize) -> Result<Cow<'_, str>, Unusable> {
    let utf8 = |bytes| {
        std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| {
            let what = format!("`{}` has bytes that fit no character", field.name());
            Unusable::new(what, "write texts as UTF-8, as Parquet has them")
        })
    };
    let seconds = |n: i64, a_second: i64| day_of(n.div_euclid(a_second));
    let number = |n: String| Ok(Cow::Owned(n));
    match column.data_type() {
        DataType::Utf8 => Ok(Cow::Borrowed(column.as_string::<i32>().value(row))),
        DataType::LargeUtf8 => Ok(Cow::Borrowed(column.as_string::<i64>().value(row))),
        DataType::Utf8View => Ok(Cow::Borrowed(column.as_string_view().value(row))),
        DataType::Binary => utf8(column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => utf8(column.as_binary::<i64>().value(row)),
        DataType::Int8 => number(column.as_primitive::<Int8Type>().value(row).to_string()),
        DataType::Int16 => number(column.as_primitive::<Int16Type>().value(row).to_string()),
        DataType::Int32 => number(column.as_primitive::<Int32Type>().value(row).to_string()),
        DataType::Int64 => number(column.as_primitive::<Int64Type>().value(row).to_string()),
        DataType::UInt8 => number(column.as_primitive::<UInt8Type>().value(row).to_string()),
        DataType::UInt16 => number(column.as_primitive::<UInt16Type>().value(row).to_string()),
        DataType::UInt32 => number(column.as_primitive::<UInt32Type>().value(row).to_string()),
        DataType::UInt64 => number(column.as_primitive::<UInt64Type>().value(row).to_string()),
        DataType::Date32 => seconds(i64::from(column.as_primitive::<Date32Type>().value(row)) * 86_400, 1),
        DataType::Date64 => seconds(column.as_primitive::<Date64Type>().value(row), 1_000),
        DataType::Timestamp(TimeUnit::Second, _) => seconds(column.as_primitive::<TimestampSecondType>().value(row), 1),
        DataType::Timestamp(TimeUnit::Millisecond, _) => seconds(column.as_primitive::<TimestampMillisecondType>().value(row), 1_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => seconds(column.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => seconds(column.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000_000),
        _ => Err(Unusable::new(format!("`{}` is of a type that is not read", field.name()), "write it as a string")),
    }
}

/// The day, as written, so many seconds after the beginning of 1970.
fn day_of(seconds: i64) -> Result<Cow<'static, str>, Unusable> {
    let day = date(1970, 1, 1).checked_add(SignedDuration::from_hours(seconds.div_euclid(86_400) * 24));
    let day = day.map_err(|_| Unusable::new("`date_of_service` is a day that no calendar has", "see how the file was written"))?;
    Ok(Cow::Owned(day.to_string()))
}

/// Rows of a row group: so many, so that the bytes of a file depend on the answers alone.
const GROUP: usize = 16_384;

/// Rows that are encoded at a time.
const AT_ONCE: usize = 512;

/// Bytes that an answer may have: those of a report at the limit with all its evidence, many times over.
const MOST_ANSWER: u64 = 256 << 20;

/// Turns answers of the contract, JSON lines as radcode writes them, into Parquet: a row a suggestion, one with a null
/// code for a report without any. Row groups of a fixed number of rows, packed by snappy.
///
/// # Errors
/// The answers can't be read, are none, or the output can't be written.
pub fn write(mut rows: impl BufRead, to: impl Write + Send) -> io::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(GROUP))
        .set_created_by("radcode".to_owned())
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut table = Table::new();
    let mut out = ArrowWriter::try_new_with_options(to, Arc::clone(&table.schema), options).map_err(told)?;
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        number += 1;
        match read_line(&mut rows, &mut line, MOST_ANSWER)? {
            Line::End => break,
            Line::TooLong => return Err(no_answer(number)),
            Line::Whole if line.iter().all(u8::is_ascii_whitespace) => continue,
            Line::Whole => table.take(&line).ok_or_else(|| no_answer(number))?,
        }
        if table.rows >= AT_ONCE {
            out.write(&table.batch()?).map_err(told)?;
        }
    }
    out.write(&table.batch()?).map_err(told)?;
    out.close().map_err(told)?;
    Ok(())
}

fn no_answer(line: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is no answer of radcode"))
}

/// The error of the output, not what the writer makes of it.
fn told(e: parquet::errors::ParquetError) -> io::Error {
    match e {
        parquet::errors::ParquetError::External(e) => match e.downcast::<io::Error>() {
            Ok(e) => *e,
            Err(e) => io::Error::other(e),
        },
        e => io::Error::other(e),
    }
}

/// What a table takes of an answer.
#[derive(Deserialize)]
struct AnswerRow<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    source: Option<SourceRow<'a>>,
    #[serde(borrow, default)]
    encounter: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    date_of_service: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code_set: Cow<'a, str>,
    confidence: f64,
    #[serde(borrow)]
    document: DocumentRow<'a>,
    #[serde(borrow)]
    suggestions: Vec<SuggestionRow<'a>>,
    #[serde(borrow)]
    queries: Vec<QueryRow<'a>>,
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
}

#[derive(Deserialize)]
struct SourceRow<'a> {
    #[serde(borrow)]
    input: Cow<'a, str>,
    #[serde(default)]
    line: Option<i64>,
    #[serde(borrow, default)]
    item: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct DocumentRow<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    admitted: bool,
}

#[derive(Deserialize)]
struct SuggestionRow<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    system: Cow<'a, str>,
    #[serde(borrow)]
    modifiers: Vec<Cow<'a, str>>,
    units: i32,
    confidence: f64,
    unsure: bool,
    #[serde(borrow)]
    label: Cow<'a, str>,
    #[serde(borrow)]
    rule: Cow<'a, str>,
    study: serde_json::Map<String, Value>,
    #[serde(borrow)]
    evidence: Vec<EvidenceRow<'a>>,
    #[serde(borrow)]
    defaults: Vec<DefaultRow<'a>>,
}

#[derive(Deserialize)]
struct EvidenceRow<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    start: u32,
    end: u32,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    section: Cow<'a, str>,
    #[serde(borrow, default)]
    concept: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    line: u32,
    column: u32,
}

#[derive(Deserialize)]
struct DefaultRow<'a> {
    #[serde(borrow)]
    axis: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

#[derive(Deserialize)]
struct QueryRow<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// Rows on their way into a file.
struct Table {
    schema: Arc<Schema>,
    rows: usize,
    source: StringBuilder,
    line: Int64Builder,
    item: StringBuilder,
    id: StringBuilder,
    encounter: StringBuilder,
    day: Date32Builder,
    code_set: Date32Builder,
    document: StringBuilder,
    admitted: BooleanBuilder,
    code: StringBuilder,
    system: StringBuilder,
    modifiers: ListBuilder<StringBuilder>,
    units: Int32Builder,
    confidence: Float64Builder,
    unsure: BooleanBuilder,
    label: StringBuilder,
    rule: StringBuilder,
    study: StringBuilder,
    evidence: ListBuilder<StructBuilder>,
    defaults: StringBuilder,
    queries: ListBuilder<StringBuilder>,
    answer: Float64Builder,
}

/// Of a span: `text` is null where words were left out, `from` where the report was one field or file.
fn evidence_fields() -> Fields {
    let column = |name: &str, holds: DataType, null: bool| Column::new(name, holds, null);
    vec![
        column("role", DataType::Utf8, false),
        column("start", DataType::UInt32, false),
        column("end", DataType::UInt32, false),
        column("text", DataType::Utf8, true),
        column("section", DataType::Utf8, false),
        column("concept", DataType::Utf8, true),
        column("from", DataType::Utf8, true),
        column("line", DataType::UInt32, false),
        column("column", DataType::UInt32, false),
    ]
    .into()
}

impl Table {
    fn new() -> Self {
        let words = || Arc::new(Column::new("element", DataType::Utf8, false));
        let spans = Arc::new(Column::new("element", DataType::Struct(evidence_fields()), false));
        let column = |name: &str, holds: DataType, null: bool| Column::new(name, holds, null);
        let schema = Schema::new(vec![
            column("source", DataType::Utf8, true),
            column("line", DataType::Int64, true),
            column("item", DataType::Utf8, true),
            column("id", DataType::Utf8, false),
            column("encounter", DataType::Utf8, true),
            column("date_of_service", DataType::Date32, true),
            column("code_set", DataType::Date32, false),
            column("document", DataType::Utf8, false),
            column("admitted", DataType::Boolean, false),
            column("code", DataType::Utf8, true),
            column("system", DataType::Utf8, true),
            column("modifiers", DataType::List(words()), false),
            column("units", DataType::Int32, true),
            column("confidence", DataType::Float64, true),
            column("unsure", DataType::Boolean, true),
            column("label", DataType::Utf8, true),
            column("rule", DataType::Utf8, true),
            column("study", DataType::Utf8, true),
            column("evidence", DataType::List(Arc::clone(&spans)), false),
            column("defaults", DataType::Utf8, true),
            column("queries", DataType::List(words()), false),
            column("answer_confidence", DataType::Float64, false),
        ]);
        Self {
            schema: Arc::new(schema),
            rows: 0,
            source: StringBuilder::new(),
            line: Int64Builder::new(),
            item: StringBuilder::new(),
            id: StringBuilder::new(),
            encounter: StringBuilder::new(),
            day: Date32Builder::new(),
            code_set: Date32Builder::new(),
            document: StringBuilder::new(),
            admitted: BooleanBuilder::new(),
            code: StringBuilder::new(),
            system: StringBuilder::new(),
            modifiers: ListBuilder::new(StringBuilder::new()).with_field(words()),
            units: Int32Builder::new(),
            confidence: Float64Builder::new(),
            unsure: BooleanBuilder::new(),
            label: StringBuilder::new(),
            rule: StringBuilder::new(),
            study: StringBuilder::new(),
            evidence: ListBuilder::new(StructBuilder::from_fields(evidence_fields(), 0)).with_field(spans),
            defaults: StringBuilder::new(),
            queries: ListBuilder::new(StringBuilder::new()).with_field(words()),
            answer: Float64Builder::new(),
        }
    }

    /// Takes an answer; `None` where the line is none.
    fn take(&mut self, line: &[u8]) -> Option<()> {
        let answer: AnswerRow<'_> = serde_json::from_slice(line).ok()?;
        let none = answer.suggestions.is_empty().then_some(None);
        for suggestion in answer.suggestions.iter().map(Some).chain(none) {
            self.row(&answer, suggestion)?;
        }
        Some(())
    }

    fn row(&mut self, answer: &AnswerRow<'_>, suggestion: Option<&SuggestionRow<'_>>) -> Option<()> {
        self.rows += 1;
        let source = answer.source.as_ref();
        self.source.append_option(source.map(|s| &s.input));
        self.line.append_option(source.and_then(|s| s.line));
        self.item.append_option(source.and_then(|s| s.item.as_deref()));
        self.id.append_value(&answer.id);
        self.encounter.append_option(answer.encounter.as_deref());
        self.day.append_option(match &answer.date_of_service {
            None => None,
            Some(day) => Some(since_1970(day)?),
        });
        self.code_set.append_value(since_1970(&answer.code_set)?);
        self.document.append_value(&answer.document.kind);
        self.admitted.append_value(answer.document.admitted);
        self.code.append_option(suggestion.map(|s| &s.code));
        self.system.append_option(suggestion.map(|s| &s.system));
        suggestion.into_iter().flat_map(|s| &s.modifiers).for_each(|m| self.modifiers.values().append_value(m));
        self.modifiers.append(true);
        self.units.append_option(suggestion.map(|s| s.units));
        self.confidence.append_option(suggestion.map(|s| s.confidence));
        self.unsure.append_option(suggestion.map(|s| s.unsure));
        self.label.append_option(suggestion.map(|s| &s.label));
        self.rule.append_option(suggestion.map(|s| &s.rule));
        self.study
            .append_option(suggestion.map(|s| s.study.iter().map(|(a, v)| format!("{a}={}", compact(v))).collect::<Vec<_>>().join(";")));
        for e in suggestion.into_iter().flat_map(|s| &s.evidence) {
            let span = self.evidence.values();
            let words = [Some(&*e.role), e.text.as_deref(), Some(&*e.section), e.concept.as_deref(), e.from.as_deref()];
            for (at, word) in [0, 3, 4, 5, 6].into_iter().zip(words) {
                span.field_builder::<StringBuilder>(at)?.append_option(word);
            }
            for (at, number) in [1, 2, 7, 8].into_iter().zip([e.start, e.end, e.line, e.column]) {
                span.field_builder::<UInt32Builder>(at)?.append_value(number);
            }
            span.append(true);
        }
        self.evidence.append(true);
        let defaults = |s: &SuggestionRow<'_>| s.defaults.iter().map(|d| format!("{}={}", d.axis, d.value)).collect::<Vec<_>>().join(";");
        self.defaults.append_option(suggestion.map(defaults));
        answer.queries.iter().for_each(|q| self.queries.values().append_value(&q.kind));
        self.queries.append(true);
        self.answer.append_value(answer.confidence);
        Some(())
    }

    /// The rows so far; none are left.
    fn batch(&mut self) -> io::Result<RecordBatch> {
        self.rows = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.source.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.item.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.encounter.finish()),
            Arc::new(self.day.finish()),
            Arc::new(self.code_set.finish()),
            Arc::new(self.document.finish()),
            Arc::new(self.admitted.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.system.finish()),
            Arc::new(self.modifiers.finish()),
            Arc::new(self.units.finish()),
            Arc::new(self.confidence.finish()),
            Arc::new(self.unsure.finish()),
            Arc::new(self.label.finish()),
            Arc::new(self.rule.finish()),
            Arc::new(self.study.finish()),
            Arc::new(self.evidence.finish()),
            Arc::new(self.defaults.finish()),
            Arc::new(self.queries.finish()),
            Arc::new(self.answer.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(io::Error::other)
    }
}

/// A value of a study as tables have it.
fn compact(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(list) => list.iter().map(compact).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Days since the beginning of 1970.
fn since_1970(day: &str) -> Option<i32> {
    let day: Date = day.parse().ok()?;
    i32::try_from(day.duration_since(date(1970, 1, 1)).as_hours() / 24).ok()
}
