//! Documents that stand inside a field (ED): encoded text, which is read, and documents of other kinds, which are named.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, UTF_8};

use super::super::{Unusable, decode, html, rtf};
use super::message::Segment;

/// Characters of data that tell what a document is; whole groups of base64.
const HEAD: usize = 64;

const HELP: &str = "have the text of the report sent beside it, in OBX of type TX or FT";

/// The text of an ED value: source, type, subtype, encoding, data.
pub(super) fn text(segment: Segment<'_>, value: &str, encoding: &'static Encoding) -> Result<String, Unusable> {
    let [_, kind, subtype, encoded, data] = segment.five(value);
    let (kind, subtype) = (segment.read(kind).to_ascii_uppercase(), segment.read(subtype).to_ascii_uppercase());
    let data = segment.text(data);
    let encoded = segment.read(encoded).to_ascii_uppercase();
    let bytes = |data: &str| match encoded.as_str() {
        "A" | "" => Ok(data.as_bytes().to_vec()),
        "BASE64" | "B64" => base64(data).ok_or_else(|| broken("base64")),
        "HEX" => hex(data).ok_or_else(|| broken("hexadecimal")),
        _ => Err(Unusable::new("an embedded document in an encoding that is not known here", "known are A, Base64 and Hex")),
    };
    // a large document of another kind is known by its beginning
    let head = data.get(..HEAD).and_then(|head| bytes(head).ok()).unwrap_or_default();
    let other = |bytes: &[u8]| match kind_of(bytes, &kind, &subtype) {
        Kind::Other(name) => Err(Unusable::new(format!("{name} and no text beside it"), HELP)),
        text => Ok(text),
    };
    if !head.is_empty() {
        other(&head)?;
    }
    let bytes = bytes(&data)?;
    match other(&bytes)? {
        Kind::Rtf => rtf::text(&bytes),
        Kind::Html => decoded(bytes, encoding).map(|page| html::text(&page)),
        Kind::Text | Kind::Other(_) => decoded(bytes, encoding),
    }
}

fn broken(encoding: &str) -> Unusable {
    Unusable::new(format!("an embedded document whose {encoding} is broken"), "the document may be cut off: have the message sent again")
}

/// Documents say of themselves in which encoding they are less often than they are in UTF-8.
fn decoded(bytes: Vec<u8>, encoding: &'static Encoding) -> Result<String, Unusable> {
    let plain = std::str::from_utf8(&bytes).is_ok();
    let text = decode(bytes, Some(if plain { UTF_8 } else { encoding }))?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

enum Kind {
    Text,
    Html,
    Rtf,
    Other(&'static str),
}

/// By its first bytes, then by what the field says.
fn kind_of(bytes: &[u8], kind: &str, subtype: &str) -> Kind {
    let start = bytes.trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|s| s.eq_ignore_ascii_case(with));
    if begins(b"%PDF") {
        Kind::Other("an embedded PDF document")
    } else if rtf::begins(bytes) {
        Kind::Rtf
    } else if begins(b"<!DOCTYPE html") || begins(b"<html") {
        Kind::Html
    } else if begins(b"<?xml") || begins(b"<ClinicalDocument") {
        Kind::Other("an embedded XML document")
    } else if begins(b"PK\x03\x04") || begins(b"\xd0\xcf\x11\xe0") {
        Kind::Other("an embedded Word document")
    } else {
        let said = subtype.rsplit('/').next().unwrap_or_default();
        match said {
            "HTML" | "HTM" | "XHTML" => Kind::Html,
            "PDF" => Kind::Other("an embedded PDF document"),
            "RTF" => Kind::Other("an embedded RTF document that does not begin as one"),
            "PLAIN" | "TEXT" | "TXT" | "ASCII" => Kind::Text,
            _ if matches!(kind, "TEXT" | "TX" | "FT" | "ST" | "TXT") => Kind::Text,
            "" if kind.is_empty() => Kind::Text,
            _ if kind == "IMAGE" || kind == "IM" => Kind::Other("an embedded image"),
            _ => Kind::Other("an embedded document of another kind"),
        }
    }
}

/// Padding that was lost says nothing about the bytes.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The bytes of base64; blanks and line ends are stepped over.
fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(packed(text)).ok()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = packed(text).into_iter().map(|b| char::from(b).to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|d| d.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn packed(text: &str) -> Vec<u8> {
    text.bytes().filter(|b| !b.is_ascii_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_come_out() {
        for (text, bytes) in [
            ("Q1QgSEVBRA==", Some(&b"CT HEAD"[..])),
            ("Q1Qg\nSEVBRA", Some(b"CT HEAD")),
            ("", Some(b"")),
            ("Q1QgSEVBRA=", Some(b"CT HEAD")),
            ("Q1QgS", None),
            ("Q1Qg=SEV", None),
            ("Q1Q.SEVB", None),
        ] {
            assert_eq!(base64(text).as_deref(), bytes, "{text}");
        }
        assert_eq!(hex("4354 0d\n0A").as_deref(), Some(&b"CT\r\n"[..]));
        assert_eq!(hex("435"), None);
        assert_eq!(hex("4g"), None);
    }
}
