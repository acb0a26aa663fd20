//! JSON objects in an array, behind each other, or one over several lines.

use super::items::Items;
use super::text::decode;
use super::{Format, Input, InputOptions, Record, Records, Unusable, ndjson};

/// The reports of objects.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    Box::new(Objects { items: Items::new(from, item_limit(options), false), options: options.clone() })
}

/// Bytes of an item: in JSON a byte of text takes six at most; the rest is room for the other fields.
pub(super) fn item_limit(options: &InputOptions) -> usize {
    usize::try_from(options.max_report_bytes).unwrap_or(usize::MAX).saturating_mul(6).saturating_add(65_536)
}

/// An item's text.
pub(super) fn item_text(bytes: &[u8], options: &InputOptions) -> Result<String, Unusable> {
    match options.encoding {
        Some(e) => decode(bytes.to_vec(), Some(e)),
        None => String::from_utf8(bytes.to_vec()).map_err(|e| {
            let help = "write JSON in UTF-8, or name the encoding: --encoding windows-1252 is the most common";
            Unusable::new(format!("not UTF-8: byte {} of the item fits no character", e.utf8_error().valid_up_to()), help)
        }),
    }
}

struct Objects {
    items: Items,
    options: InputOptions,
}

impl Records for Objects {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        let item = match self.items.next()? {
            Ok(item) => item,
            Err(why) => return Some(Err(why)),
        };
        let (place, id) = (item.place, item.number.to_string());
        let text = item_text(item.bytes, &self.options);
        let record = text.and_then(|text| ndjson::record(&text, place.clone(), &id, self.options.max_report_bytes));
        Some(record.map_err(|why| why.at(place)))
    }

    fn at_hand(&self) -> bool {
        self.items.at_hand()
    }
}

/// The form of JSON by its first bytes: `resourceType` at the top of the first object tells FHIR, an array or an object
/// over several lines JSON, an object that is alone on its line JSON lines.
pub(super) fn form(head: &[u8]) -> Format {
    let mut depth = 0;
    // depth of the first object's keys
    let mut top = 0;
    let mut last = 0;
    let mut lines = 0;
    let mut at = 0;
    while let Some(&b) = head.get(at) {
        at += 1;
        match b {
            b'"' => {
                let Some(length) = string(&head[at..]) else { return if lines == 0 { Format::Ndjson } else { Format::Json } };
                if depth == top && matches!(last, b'{' | b',') && &head[at..at + length] == b"resourceType" {
                    return Format::Fhir;
                }
                at += length + 1;
            }
            b'{' | b'[' => {
                depth += 1;
                if top == 0 && b == b'{' {
                    top = depth;
                }
            }
            b'}' | b']' => {
                depth -= 1;
                if top > 0 && depth < top {
                    let alone = head[at..].iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r')).is_none_or(|b| *b == b'\n');
                    return if depth == 0 && lines == 0 && alone { Format::Ndjson } else { Format::Json };
                }
                if depth <= 0 {
                    return Format::Json;
                }
            }
            // a line that ends behind a value has been cut off, or the object goes on
            b'\n' if depth > 0 => lines += 1,
            _ => {}
        }
        if !b.is_ascii_whitespace() {
            last = b;
        }
    }
    if top == 1 && lines == 0 { Format::Ndjson } else { Format::Json }
}

/// Length of a string whose opening quote is behind us; `None` where it is not closed on its line.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (i, &b) in bytes.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i),
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_the_first_object() {
        for (head, form) in [
            (r#"{"id":1,"text":"a"}"#, Format::Ndjson),
            ("\n{\"text\":\"a\"} \r\n{", Format::Ndjson),
            (r#"{"text":"cut off at the end of what has been rea"#, Format::Ndjson),
            ("{\"text\":\"broken\n{\"text\":\"b\"}", Format::Ndjson),
            ("{\n  \"text\": \"a\"\n}", Format::Json),
            ("{\n  \"text\": \"cut", Format::Json),
            (r#"{"text":"a"}{"text":"b"}"#, Format::Json),
            ("[{\"text\":\"a\"}]", Format::Json),
            ("[]", Format::Json),
            (r#"{"text":"\"resourceType\":","x":{"resourceType":1}}"#, Format::Ndjson),
            (r#"{"id":"x","meta":{"a":["b"]},"resourceType":"DiagnosticReport"}"#, Format::Fhir),
            ("{\n\"resourceType\": \"Bundle\"", Format::Fhir),
            ("[\n{\"resourceType\": \"Patient\"}", Format::Fhir),
        ] {
            assert_eq!(super::form(head.as_bytes()), form, "{head}");
        }
    }
}
