//! NDJSON input: one object a line, its fields borrowed from the line. Messages name what is wrong, never the words.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead};

use radcode::Date;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use super::args::date;
use super::input::{Unusable, too_long};

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

/// Reads a line into a buffer that is used again; a line over the limit is skipped and never held.
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

/// A report of an input line.
#[derive(Debug)]
pub struct Input<'a> {
    /// The id given, else the number of the line.
    pub id: Cow<'a, str>,
    /// The report.
    pub text: Cow<'a, str>,
    /// The date of service, where one is given.
    pub day: Option<Date>,
    /// The encounter that it belongs to, where one is given.
    pub encounter: Option<Cow<'a, str>>,
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

impl<'a> Input<'a> {
    /// Parses line `number`; `None` for a blank line.
    pub fn parse(line: &'a [u8], number: u64, limit: u64) -> Result<Option<Self>, Unusable> {
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
        let fields: Fields = serde_json::from_str(line).map_err(|e| mistake(&e))?;
        let Some(Words(text)) = fields.text else {
            return Err(Unusable::new("there is no `text`", "write the report as {\"id\": ..., \"text\": ...}"));
        };
        if text.len() as u64 > limit {
            return Err(too_long(limit));
        }
        let day =
            fields.date_of_service.map(|d| date(&d.0)).transpose().map_err(|help| Unusable::new("`date_of_service` is no day", help))?;
        let id = fields.id.map_or_else(|| Cow::Owned(number.to_string()), |id| id.0);
        Ok(Some(Self { id, text, day, encounter: fields.encounter.map(|e| e.0) }))
    }
}

/// A mistake in JSON. Messages about wrong values quote them, so those are said in our own words.
fn mistake(e: &serde_json::Error) -> Unusable {
    if e.classify() == serde_json::error::Category::Data {
        let help = "`text` and `date_of_service` are strings, `id` and `encounter` a string or a number, each once, inside one { }";
        return Unusable::new(format!("a field has the wrong form at column {}", e.column()), help);
    }
    let said = e.to_string();
    let what = said.split(" at line ").next().unwrap_or("no JSON");
    Unusable::new(format!("malformed JSON at column {}: {what}", e.column()), "write one JSON object a line")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(String, String, Option<Date>), String> {
        Input::parse(line.as_bytes(), 7, 100)
            .map_err(|u| u.what)
            .map(|i| i.map(|i| (i.id.into_owned(), i.text.into_owned(), i.day)).expect("no blank line"))
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
            assert_eq!(parse(line).map(|p| p.0).as_deref(), Ok(id), "{line}");
        }
        assert_eq!(parse(r#"{"text":"C\u00e9\n"}"#).map(|p| p.1).as_deref(), Ok("Cé\n"));
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
            assert_eq!(parse(line).unwrap_err(), what, "{line}");
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
