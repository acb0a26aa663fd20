//! Bytes in, text out: encodings, limits, and what is no text at all; and the report that is one text file.

use std::io::Read;

use encoding_rs::{DecoderResult, Encoding};
use jiff::civil::Date;

use super::{Input, InputOptions, Record, Records, Unusable};

/// The report of a text file.
pub(super) fn records(from: Input, id: &str, options: &InputOptions) -> Box<dyn Records> {
    let (limit, encoding) = (options.max_report_bytes, options.encoding);
    Box::new(TextFile { from: Some(from), id: id.to_owned(), limit, encoding })
}

struct TextFile {
    /// Gone once it has been read.
    from: Option<Input>,
    id: String,
    limit: u64,
    encoding: Option<&'static Encoding>,
}

impl Records for TextFile {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        let bytes = read_all(self.from.take()?, self.limit);
        let text = bytes.and_then(|b| decode(b, self.encoding));
        Some(text.map(|text| Record { id: std::mem::take(&mut self.id), text, ..Record::default() }))
    }
}

/// All bytes, unless there are more than `limit`.
///
/// # Errors
/// The input can't be read, or is longer.
pub fn read_all(from: impl Read, limit: u64) -> Result<Vec<u8>, Unusable> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Unusable::unreadable(&e))?;
    if bytes.len() as u64 > limit { Err(Unusable::too_long(limit)) } else { Ok(bytes) }
}

/// A day of the calendar, written `2026-01-31`.
///
/// # Errors
/// How to write it.
pub fn day(s: &str) -> Result<Date, &'static str> {
    let shaped = s.len() == 10 && s.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !shaped {
        return Err("write the day as YYYY-MM-DD, for instance 2026-01-31");
    }
    s.parse().map_err(|_| "there is no such day in the calendar")
}

/// The text of a report's bytes. Without an encoding: UTF-8, or UTF-16 by its mark. A mark is taken off.
///
/// # Errors
/// What the bytes are instead.
pub fn decode(bytes: Vec<u8>, encoding: Option<&'static Encoding>) -> Result<String, Unusable> {
    if let Some(kind) = known_format(&bytes) {
        return Err(Unusable::new(format!("a {kind}, not plain text"), "save its text as a .txt file first"));
    }
    let marked = Encoding::for_bom(&bytes);
    let text = match (marked, encoding) {
        (Some((e, skip)), _) if e != encoding_rs::UTF_8 => decoded(&bytes[skip..], e)?,
        (Some((_, skip)), _) => utf8(bytes, skip)?,
        (None, Some(e)) if e != encoding_rs::UTF_8 => decoded(&bytes, e)?,
        (None, _) => utf8(bytes, 0)?,
    };
    match text.find('\0') {
        None => Ok(text),
        Some(at) => Err(Unusable::new(
            format!("not text: byte {at} is NUL"),
            "give a text file; if it is UTF-16 without a mark, say --encoding utf-16le or utf-16be",
        )),
    }
}

/// Formats that are often taken for text.
fn known_format(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 5] = [
        (b"%PDF-", "PDF file"),
        (b"PK\x03\x04", "ZIP or Word file"),
        (b"{\\rtf", "RTF file"),
        (b"\x1f\x8b", "gzip file"),
        (b"\xd0\xcf\x11\xe0", "Word file"),
    ];
    kinds.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

fn utf8(mut bytes: Vec<u8>, skip: usize) -> Result<String, Unusable> {
    bytes.drain(..skip);
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to() + skip;
        Unusable::new(
            format!("not UTF-8: byte {at} fits no character"),
            "say which encoding it is: --encoding windows-1252 is the most common",
        )
    })
}

fn decoded(bytes: &[u8], encoding: &'static Encoding) -> Result<String, Unusable> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3);
    let mut text = String::with_capacity(most);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => Err(Unusable::new(
            format!("not {}: the bytes before byte {read} fit no character", encoding.name()),
            "say another --encoding: windows-1252 is the most common",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_out_and_the_rest_is_named() {
        let named = |bytes: &[u8], e: Option<&str>| decode(bytes.to_vec(), e.and_then(|e| Encoding::for_label(e.as_bytes())));
        assert_eq!(named(b"CT\xc2\xa0HEAD", None).as_deref(), Ok("CT\u{a0}HEAD"));
        assert_eq!(named(b"\xef\xbb\xbfCT", None).as_deref(), Ok("CT"));
        assert_eq!(named(b"\xff\xfeC\0T\0", None).as_deref(), Ok("CT"));
        assert_eq!(named(b"c\xb0", Some("windows-1252")).as_deref(), Ok("c\u{b0}"));
        for (bytes, encoding, what) in [
            (&b"ab\xff"[..], None, "not UTF-8: byte 2 fits no character"),
            (b"ab\0", None, "not text: byte 2 is NUL"),
            (b"%PDF-1.4", None, "a PDF file, not plain text"),
            (b"\xef\xbb\xbfab\xff", None, "not UTF-8: byte 5 fits no character"),
            (b"\x81\xff", Some("shift_jis"), "not Shift_JIS: the bytes before byte 2 fit no character"),
        ] {
            assert_eq!(named(bytes, encoding).unwrap_err().what, what);
        }
    }
}
