//! Documents that stand inside a field (ED): encoded text, which is read, and documents of other kinds, which are named.

use encoding_rs::{Encoding, UTF_8};

use super::super::{Unusable, decode};
use super::message::Segment;

const HELP: &str = "have the text of the report sent beside it, in OBX of type TX or FT";

/// The text of an ED value: source, type, subtype, encoding, data.
pub(super) fn text(segment: Segment<'_>, value: &str, encoding: &'static Encoding) -> Result<String, Unusable> {
    let [_, kind, subtype, encoded, data] = segment.five(value);
    let data = segment.text(data);
    let bytes = match segment.read(encoded).to_ascii_uppercase().as_str() {
        "A" | "" => data.into_bytes(),
        "BASE64" | "B64" => base64(data.as_bytes()).ok_or_else(|| broken("base64"))?,
        "HEX" => hex(data.as_bytes()).ok_or_else(|| broken("hexadecimal"))?,
        _ => return Err(Unusable::new("an embedded document in an encoding that is not known here", "known are A, Base64 and Hex")),
    };
    match kind_of(&bytes, &segment.read(kind).to_ascii_uppercase(), &segment.read(subtype).to_ascii_uppercase()) {
        Kind::Text => decoded(bytes, encoding),
        Kind::Rtf | Kind::Html => Err(Unusable::new("an embedded document that is not read yet", HELP)),
        Kind::Other(name) => Err(Unusable::new(format!("{name} and no text beside it"), HELP)),
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
    } else if begins(b"{\\rtf") {
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

/// The bytes of base64; blanks and line ends are stepped over, the padding may be missing.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits, mut padding, mut digits) = (0_u32, 0, 0, 0_usize);
    for b in text.iter().filter(|b| !b.is_ascii_whitespace()) {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        digits += 1;
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    let whole = digits % 4 != 1 && (padding == 0 || (digits + padding).is_multiple_of(4) && padding <= 2);
    whole.then_some(bytes)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.iter().filter(|b| !b.is_ascii_whitespace()).map(|b| char::from(*b).to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|d| d.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
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
            ("Q1QgSEVBRA=", None),
            ("Q1QgS", None),
            ("Q1Qg=SEV", None),
            ("Q1Q.SEVB", None),
        ] {
            assert_eq!(base64(text.as_bytes()).as_deref(), bytes, "{text}");
        }
        assert_eq!(hex(b"4354 0d\n0A").as_deref(), Some(&b"CT\r\n"[..]));
        assert_eq!(hex(b"435"), None);
        assert_eq!(hex(b"4g"), None);
    }
}
