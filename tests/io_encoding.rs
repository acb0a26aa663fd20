//! Every form of input is read in every encoding that it may come in.
#![cfg(feature = "io")]

#[path = "common/pieces.rs"]
mod pieces;

use pieces::{Pieces, read, shown};
use radcode::io::{Encoding, InputOptions};

const TEXT: &str = "CT t\u{ea}te";

/// Inputs of one report each, and names that tell their forms where bytes don't.
fn inputs() -> Vec<(&'static str, String)> {
    vec![
        ("x.ndjson", format!("{{\"id\":1,\"text\":\"{TEXT}\"}}\n")),
        ("x", format!("{{\"id\":1,\"text\":\"{TEXT}\"}}\n")),
        ("x", format!("[\n  {{\"id\":1,\"text\":\"{TEXT}\"}}\n]\n")),
        ("x.csv", format!("id,text\n1,{TEXT}\n")),
        ("x", format!("id\ttext\n1\t{TEXT}\n")),
        ("X.TXT", TEXT.to_owned()),
        ("x", format!("MSH|^~\\&|A|B|C|D|20260131||ORU^R01|1|P|2.5\rOBR|1||1|CT^CT\rOBX|1|TX|||{TEXT}||||||F\r")),
    ]
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn marks_and_names_of_encodings_are_heeded() {
    for (name, text) in inputs() {
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin")).collect();
        let cases = [
            (text.clone().into_bytes(), None),
            (format!("\u{feff}{text}").into_bytes(), None),
            (utf16(&format!("\u{feff}{text}"), false), None),
            (utf16(&format!("\u{feff}{text}"), true), None),
            (utf16(&text, false), Some("utf-16le")),
            (utf16(&text, true), Some("utf-16be")),
            (latin, Some("windows-1252")),
        ];
        for (bytes, asked) in cases {
            let encoding = asked.and_then(|e| Encoding::for_label(e.as_bytes()));
            let options = InputOptions { encoding, ..InputOptions::default() };
            for size in [1, 5, usize::MAX] {
                let all = read(Pieces::new(&bytes, size), name, &options);
                assert_eq!(shown(&all), [TEXT], "{name} as {asked:?} in pieces of {size}: {text}");
            }
        }
    }
}

#[test]
fn bytes_that_fit_no_character_cost_their_line_alone() {
    let line = |text: &[u8]| [b"{\"text\":\"".to_vec(), text.to_vec(), b"\"}\n".to_vec()].concat();
    let bytes = [line(b"one"), line(b"t\xeate"), line(b"three")].concat();
    let all = read(Pieces::new(&bytes, 7), "x.ndjson", &InputOptions::default());
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    let options = InputOptions { encoding: Encoding::for_label(b"shift_jis"), ..InputOptions::default() };
    let bytes = [line(b"one"), line(b"\x82\xff"), line(b"three")].concat();
    let all = read(Pieces::new(&bytes, 7), "x.ndjson", &options);
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}
