//! JSON lines, in and out: one object a line.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::text::{day, decode};
use super::{Bill, Input, InputOptions, Ordered, Place, Record, Records, Unusable, nothing};
use crate::analysis::{JsonOptions, ReportStatus, ReportText, answer, claim_json};

/// What `read_line` found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A line is in the buffer, without its end.
    Whole,
    /// A line was longer than allowed and has been skipped.
    TooLong,
    /// There are no more.
    End,
}

/// Reads a line into a buffer that is used again; a line over the limit, in bytes, is skipped and never held.
///
/// # Errors
/// The input can't be read.
pub fn read_line(from: &mut impl BufRead, buffer: &mut Vec<u8>, limit: u64) -> io::Result<Line> {
    buffer.clear();
    let mut too_long = false;
    let mut any = false;
    loop {
        let bytes = match from.fill_buf() {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if bytes.is_empty() {
            break;
        }
        any = true;
        let end = bytes.iter().position(|b| *b == b'\n');
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        too_long |= (buffer.len() + piece.len()) as u64 > limit;
        if !too_long {
            buffer.extend_from_slice(piece);
        }
        let used = end.map_or(bytes.len(), |e| e + 1);
        from.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(if !any {
        Line::End
    } else if too_long {
        Line::TooLong
    } else {
        Line::Whole
    })
}

/// The reports of JSON lines.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    Box::new(Lines { from, buffer: Vec::new(), number: 0, options: options.clone() })
}

struct Lines {
    from: Input,
    buffer: Vec<u8>,
    number: u64,
    options: InputOptions,
}

impl Records for Lines {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        let limit = self.options.max_report_bytes;
        loop {
            self.number += 1;
            let at = Place::line(self.number);
            // in JSON a byte of text takes six at most; the rest is room for the other fields
            match read_line(&mut self.from, &mut self.buffer, limit * 6 + 65_536) {
                Ok(Line::End) => return None,
                Ok(Line::Whole) => {}
                Ok(Line::TooLong) => return Some(Err(Unusable::too_long(limit).at(at))),
                Err(e) => {
                    // nothing comes after what can't be read
                    self.from = nothing();
                    return Some(Err(Unusable::unreadable(&e).at(at)));
                }
            }
            let parsed = match self.options.encoding {
                None => parse(&self.buffer, self.number, limit),
                Some(e) => decode(std::mem::take(&mut self.buffer), Some(e)).and_then(|text| parse(text.as_bytes(), self.number, limit)),
            };
            if let Some(record) = parsed.map_err(|u| u.at(at)).transpose() {
                return Some(record);
            }
        }
    }

    fn at_hand(&self) -> bool {
        !self.from.buffer().is_empty()
    }
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    id: Option<Id<'a>>,
    #[serde(borrow, default)]
    text: Option<Words<'a>>,
    #[serde(borrow, default)]
    date_of_service: Option<Words<'a>>,
    #[serde(borrow, default)]
    encounter: Option<Id<'a>>,
    #[serde(borrow, default)]
    patient: Option<Id<'a>>,
    #[serde(default)]
    status: Option<Status>,
    #[serde(borrow, default)]
    ordered: Option<Several<Exam<'a>>>,
    #[serde(borrow, default)]
    billed: Option<Several<Id<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Preliminary,
    Final,
    Corrected,
    Addended,
}

/// One, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Several<T> {
    Many(Vec<T>),
    One(T),
}

/// A string that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Words<'a>(#[serde(borrow)] Cow<'a, str>);

/// A string or a number.
struct Id<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Id<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string or a number")
            }
            fn visit_borrowed_str<E: de::Error>(self, s: &'de str) -> Result<Self::Value, E> {
                Ok(Id(Cow::Borrowed(s)))
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Self::Value, E> {
                Ok(Id(Cow::Owned(s.to_owned())))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
                Ok(Id(Cow::Owned(n.to_string())))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Self::Value, E> {
                Ok(Id(Cow::Owned(n.to_string())))
            }
            fn visit_f64<E: de::Error>(self, n: f64) -> Result<Self::Value, E> {
                Ok(Id(Cow::Owned(n.to_string())))
            }
        }
        from.deserialize_any(Either)
    }
}

/// An exam: its name, or an object with `code`, `name` or both.
#[derive(Deserialize)]
#[serde(untagged)]
enum Exam<'a> {
    Named(#[serde(borrow)] Words<'a>),
    Told {
        #[serde(borrow, default)]
        code: Option<Id<'a>>,
        #[serde(borrow, default)]
        name: Option<Words<'a>>,
    },
}

/// Parses line `number`; `None` for a blank line.
fn parse(line: &[u8], number: u64, limit: u64) -> Result<Option<Record>, Unusable> {
    let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
        return Err(Unusable::new("UTF-16, while JSON lines are UTF-8", "convert the file to UTF-8"));
    }
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let line = std::str::from_utf8(line).map_err(|e| {
        let help = "write JSON in UTF-8, or name the encoding: --encoding windows-1252 is the most common";
        Unusable::new(format!("not UTF-8: byte {} of the line fits no character", e.valid_up_to()), help)
    })?;
    record(line, Place::line(number), &number.to_string(), limit).map(Some)
}

/// The record of one JSON object.
pub(super) fn record(object: &str, place: Place, id: &str, limit: u64) -> Result<Record, Unusable> {
    let fields: Fields = serde_json::from_str(object).map_err(|e| mistake(&e))?;
    let Some(Words(text)) = fields.text else {
        return Err(Unusable::new("there is no `text`", "write the report as {\"id\": ..., \"text\": ...}"));
    };
    if text.len() as u64 > limit {
        return Err(Unusable::too_long(limit));
    }
    let day = fields.date_of_service.map(|d| day(&d.0)).transpose();
    Ok(Record {
        id: fields.id.map_or_else(|| id.to_owned(), |id| id.0.into_owned()),
        text: text.into_owned(),
        day: day.map_err(|help| Unusable::new("`date_of_service` is no day", help))?,
        encounter: fields.encounter.map(|e| e.0.into_owned()),
        patient: fields.patient.map(|p| p.0.into_owned()),
        status: fields.status.map(|s| match s {
            Status::Preliminary => ReportStatus::Preliminary,
            Status::Final => ReportStatus::Final,
            Status::Corrected => ReportStatus::Corrected,
            Status::Addended => ReportStatus::Addended,
        }),
        ordered: several(fields.ordered).map(ordered).collect(),
        billed: several(fields.billed).map(|b| b.0.into_owned()).collect(),
        place,
        ..Record::default()
    })
}

fn several<T>(of: Option<Several<T>>) -> impl Iterator<Item = T> {
    let list = match of {
        None => Vec::new(),
        Some(Several::One(x)) => vec![x],
        Some(Several::Many(list)) => list,
    };
    list.into_iter()
}

fn ordered(exam: Exam<'_>) -> Ordered {
    match exam {
        Exam::Named(name) => Ordered { code: None, name: Some(name.0.into_owned()) },
        Exam::Told { code, name } => Ordered { code: code.map(|c| c.0.into_owned()), name: name.map(|n| n.0.into_owned()) },
    }
}

/// A mistake in JSON. Messages about wrong values quote them, so those are said in our own words.
fn mistake(e: &serde_json::Error) -> Unusable {
    if e.classify() == serde_json::error::Category::Data {
        let help = "`text` and `date_of_service` are strings, `id` and `encounter` a string or a number, `status` one of preliminary, final, corrected, addended; each once, inside one { }";
        return Unusable::new(format!("a field has the wrong form at {}", spot(e)), help);
    }
    let said = e.to_string();
    let what = said.split(" at line ").next().unwrap_or("no JSON");
    Unusable::new(format!("malformed JSON at {}: {what}", spot(e)), "write one JSON object a line")
}

/// Where in an object a mistake is.
pub(super) fn spot(e: &serde_json::Error) -> String {
    match e.line() {
        0 | 1 => format!("column {}", e.column()),
        line => format!("its line {line}, column {}", e.column()),
    }
}

/// The contract's objects of a bill, a line each: of several reports the last carries the claim.
pub(super) fn write(bill: &Bill<'_>, out: &mut Vec<u8>) {
    let options = JsonOptions { text: bill.words };
    let texts: Vec<ReportText<'_>> = bill.reports.iter().map(super::Answered::text).collect();
    for (i, (report, text)) in bill.reports.iter().zip(&texts).enumerate() {
        let (line, item) = (report.record.place.line, report.record.place.item.as_deref());
        let mut json =
            answer(*text, bill.lexicon, report.analysis, options).from_source(report.source, line, item).of_day(report.record.day);
        if let Some(encounter) = bill.encounter() {
            let last = i + 1 == texts.len();
            json = json.of_encounter(encounter, last.then(|| claim_json(bill.claim, &texts, options)));
        }
        serde_json::to_writer(&mut *out, &json).expect("memory takes what is written to it");
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Record, String> {
        parse(line.as_bytes(), 7, 100).map_err(|u| u.what).map(|r| r.expect("no blank line"))
    }

    #[test]
    fn ids_are_strings_or_numbers_or_the_line() {
        for (line, id) in [
            (r#"{"id":"a","text":"CT"}"#, "a"),
            (r#"{"text":"CT","id":12}"#, "12"),
            (r#"{"id":-1.5,"text":"CT"}"#, "-1.5"),
            (r#"{"text":"CT"}"#, "7"),
            (r#"{"id":null,"text":"CT","more":[1]}"#, "7"),
        ] {
            assert_eq!(parsed(line).map(|r| r.id).as_deref(), Ok(id), "{line}");
        }
        assert_eq!(parsed(r#"{"text":"C\u00e9\n"}"#).map(|r| r.text).as_deref(), Ok("Cé\n"));
    }

    #[test]
    fn what_was_ordered_and_billed_comes_in_several_forms() {
        let read = |line: &str| parsed(line).map(|r| (r.ordered, r.billed)).expect("a record");
        let named = |code: Option<&str>, name: Option<&str>| Ordered { code: code.map(str::to_owned), name: name.map(str::to_owned) };
        assert_eq!(read(r#"{"text":"x","ordered":"CT HEAD","billed":70450}"#), (vec![named(None, Some("CT HEAD"))], vec!["70450".into()]));
        assert_eq!(
            read(r#"{"text":"x","ordered":[{"code":"H1","name":"CT HEAD"},{"code":2}],"billed":["70450","70486"]}"#),
            (vec![named(Some("H1"), Some("CT HEAD")), named(Some("2"), None)], vec!["70450".into(), "70486".into()])
        );
    }

    #[test]
    fn unusable_lines_are_named_without_their_words() {
        for (line, what) in [
            (r#"{"id":"a"}"#, "there is no `text`"),
            (r#"{"text":null}"#, "there is no `text`"),
            (r#"{"text":"Smith"#, "malformed JSON at column 14: EOF while parsing a string"),
            (r#"{"text":"\ud800"}"#, "malformed JSON at column 16: unexpected end of hex escape"),
            (r#"{"text":["Smith"]}"#, "a field has the wrong form at column 8"),
            (r#""Smith""#, "a field has the wrong form at column 7"),
            (r#"{"text":"a","text":"b"}"#, "a field has the wrong form at column 18"),
            (r#"{"text":"CT","date_of_service":"2025-02-30"}"#, "`date_of_service` is no day"),
            (
                r#"{"text":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x"}"#,
                "longer than 100 bytes",
            ),
        ] {
            assert_eq!(parsed(line).unwrap_err(), what, "{line}");
        }
    }

    #[test]
    fn long_lines_are_skipped() {
        let mut from = io::BufReader::with_capacity(4, &b"short\nmuch too long\n\nlast"[..]);
        let mut buffer = Vec::new();
        let mut seen = Vec::new();
        loop {
            match read_line(&mut from, &mut buffer, 6).expect("memory reads") {
                Line::End => break,
                Line::TooLong => seen.push("-".to_owned()),
                Line::Whole => seen.push(String::from_utf8(buffer.clone()).expect("ASCII")),
            }
        }
        assert_eq!(seen, ["short", "-", "", "last"]);
    }
}
