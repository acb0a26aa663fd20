//! HL7 version 2 messages: reports out of every form in which they come, and what is none by its name.
#![cfg(feature = "io")]

mod common;

use std::io::{self, Cursor, Read};

use common::{files_under, has_extension, root};
use proptest::prelude::*;
use radcode::io::{Encoding, Format, InputOptions, Ordered, Record, Unusable, detect, open};
use radcode::{Date, ReportStatus};

type Answer = Result<Record, Unusable>;

fn read_from(from: impl Read + Send + 'static, options: InputOptions) -> Vec<Answer> {
    let options = InputOptions { format: Some(Format::Hl7), ..options };
    let mut records = open(from, "file", "file.hl7", &options).unwrap_or_else(|u| panic!("{u}"));
    std::iter::from_fn(|| records.next()).collect()
}

fn read(bytes: impl AsRef<[u8]>) -> Vec<Answer> {
    read_from(Cursor::new(bytes.as_ref().to_vec()), InputOptions::default())
}

fn sample(name: &str) -> Vec<u8> {
    let path = root().join("tests/data/hl7").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// An ORU of one OBR with these segments behind it.
fn oru(segments: &[&str]) -> String {
    let head = ["MSH|^~\\&|A|B|||20260101||ORU^R01|C1|P|2.5", "PID|||7", "OBR|1|ORD|ACC|X^CT HEAD|||20260102"];
    head.iter().chain(segments).flat_map(|s| [s, "\r"]).collect()
}

/// The texts of all records, and what is wrong where there is none.
fn texts(bytes: impl AsRef<[u8]>) -> Vec<String> {
    read(bytes).into_iter().map(|a| a.map_or_else(|u| format!("! {}", u.what), |r| r.text)).collect()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    let mut all = texts(bytes);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn record(bytes: impl AsRef<[u8]>) -> Record {
    let mut all = read(bytes);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0).unwrap_or_else(|u| panic!("{u}"))
}

fn places(answers: &[Answer]) -> Vec<String> {
    let place = |a: &Answer| a.as_ref().map_or_else(|u| format!("{} {}", u.place, u.what), |r| format!("{} {}", r.place, r.id));
    answers.iter().map(place).collect()
}

#[test]
fn several_exams_of_a_message() {
    let all = read(sample("two_exams.hl7"));
    assert_eq!(places(&all), [":1 message 1 OBR[1] ACC-1001", ":1 message 1 OBR[2] ACC-1002"]);
    let first = all[0].as_ref().expect("a record");
    assert_eq!(
        first.text,
        "EXAM: CT HEAD WITHOUT CONTRAST\n\nTECHNIQUE: Axial images of the head without intravenous contrast.\n\
         FINDINGS: No bleeding. Ventricles & sulci are normal.\nIMPRESSION: Normal CT of the head.\n\nRead at the workstation."
    );
    let parts: Vec<(u32, &str)> = first.parts.iter().map(|p| (p.start, p.from.as_str())).collect();
    assert_eq!(parts, [(0, "OBX[1]-5"), (31, "OBX[2]-5"), (32, "OBX[3]-5"), (152, "OBX[4]-5")]);
    let exam = |code: &str, name: &str| Ordered { code: Some(code.into()), name: Some(name.into()) };
    assert_eq!(first.ordered, [exam("70450", "CT HEAD W/O CONTRAST")]);
    assert_eq!(first.day, Some(Date::constant(2026, 3, 5)));
    assert_eq!(first.status, Some(ReportStatus::Final));
    assert_eq!(first.patient.as_deref(), Some("P-4711^^^NORTH"));
    assert_eq!(first.visit.as_deref(), Some("V-88"));
    let second = all[1].as_ref().expect("a record");
    assert_eq!(second.text, "EXAM: XR KNEES, BILATERAL, 3 VIEWS\nThree views of each knee: no fracture & no effusion ^ as before.");
    assert_eq!(second.parts[0].from, "OBX[6]-5", "OBX are counted over the message");
    assert!([first, second].iter().all(|r| r.encounter.as_deref() == Some("M1001/ACC-1001")));
}

#[test]
fn batches_documents_and_orders() {
    let all = read(sample("batch.hl7"));
    assert_eq!(
        places(&all),
        [":3 message 1 ACC-2001", ":13 message 2 an order without a report", ":20 message 3 ACC-2003", ":24 message 4 no text",]
    );
    let document = all[0].as_ref().expect("a record");
    assert_eq!(
        document.text,
        "MRI BRAIN WITHOUT AND WITH CONTRAST\nMultiplanar images of the brain before and after 7 mL of gadobutrol\nwere taken.\n\n\
         IMPRESSION: No mass."
    );
    assert_eq!((document.day, document.status), (Some(Date::constant(2026, 3, 6)), Some(ReportStatus::Final)));
    assert_eq!(document.visit.as_deref(), Some("V-90"));
    let odd = all[2].as_ref().expect("a record");
    assert_eq!(odd.text, "CHEST, PA AND LATERAL\nTwo views of the chest. The lungs are clear, cost 5$ a film.");
    assert_eq!((odd.status, odd.patient.as_deref()), (Some(ReportStatus::Corrected), Some("P-14^^^NORTH&1.2.3&ISO")));
    assert_eq!(odd.ordered[0].name.as_deref(), Some("CHEST 2 VIEWS% LATERAL"));
}

#[test]
fn frames_of_a_wire() {
    let all = read(sample("frames.hl7"));
    assert_eq!(places(&all), [":1 message 1 SA-1", ":7 message 2 SA-2"]);
    let first = all[0].as_ref().expect("a record");
    assert_eq!(first.text, "CHEST, TWO VIEWS: PA and lateral. Caf\u{e9}-au-lait spots. No change at 20 \u{b0}C.");
    assert_eq!(first.status, Some(ReportStatus::Preliminary));
    let second = all[1].as_ref().expect("a record");
    assert_eq!(second.status, Some(ReportStatus::Addended));
    assert!(second.text.starts_with("LIMITED ULTRASOUND") && second.text.contains("\nADDENDUM"), "the document beside it is left");
}

#[test]
fn a_message_a_line() {
    let all = read(sample("lines.hl7"));
    assert_eq!(places(&all), [":1 message 1 EA-1", ":2 message 2 EA-2"]);
    let first = all[0].as_ref().expect("a record");
    assert_eq!(
        first.text,
        "CT ABDOMEN AND PELVIS WITH CONTRAST\n\nImages after 100 mL of iohexol 350 intravenously. The liver is normal.\n"
    );
    assert_eq!((first.parts[0].from.as_str(), first.billed.as_slice()), ("OBX[1]-5.5", &["74177".to_owned()][..]));
    let second = all[1].as_ref().expect("a record");
    assert_eq!(second.text, "Bilateral digital screening mammogram with tomosynthesis.\nBI-RADS 1.");
    // the same with CR between the segments and LF between the messages
    let plain = String::from_utf8(sample("lines.hl7")).expect("ASCII").replace("\\r", "\r");
    assert_eq!(texts(plain), [first.text.clone(), second.text.clone()]);
}

#[test]
fn hard_input() {
    let obx = |value: &str| oru(&[&format!("OBX|1|TX|||{value}||||||F")]);
    for (value, wanted) in [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\EXAM\N\ CT\.sp 2\x \X41\", "EXAM CT\n\nx A"),
        (r"éé\F\x", "éé|x"),
        (r"5\6 and a\b and \ alone", r"5\6 and a\b and \ alone"),
        ("raw\nlines\n\nof text\nCT 1 | 2", "raw\nlines\n\nof text\nCT 1 "),
        ("a^b&c", "a^b&c"),
        ("one~two~~four", "one\ntwo\n\nfour"),
    ] {
        assert_eq!(text(obx(value)), wanted, "{value}");
    }
    let message = oru(&["OBX|1|TX|||one||||||F", "NTE", "OBX|2|TX|||two||||||F", "NTE|1||note", "OBX|3||||three"]);
    for (form, bytes) in [
        ("CR", message.clone()),
        ("LF", message.replace('\r', "\n")),
        ("CRLF", message.replace('\r', "\r\n")),
        ("blank lines", format!("\r\n\n{}", message.replace('\r', "\r\n\r\n"))),
        ("a mark", format!("\u{feff}{message}")),
        ("a frame", format!("\u{b}{message}\u{1c}\r")),
        ("a frame without CR", format!("\u{b}{message}\u{1c}")),
        ("a frame with a mark", format!("\u{b}\u{feff}{message}\u{1c}\r\n")),
        ("a frame with a line of its own", format!("\u{b}\r\n{message}\r\n\u{1c}\r\n")),
        ("no end", message.trim_end().to_owned()),
        ("a written end", message.replace('\r', "\\r") + "\n"),
        ("a written end with LF", message.replace('\r', "\\r\\n")),
        ("five characters in MSH-2", message.replacen("^~\\&|", "^~\\&#|", 1)),
        ("three characters in MSH-2", message.replacen("^~\\&|", "^~\\|", 1)),
        ("other separators", message.replace('|', "$").replace('^', "%")),
        ("a separator of two bytes", message.replace('|', "¦")),
    ] {
        assert_eq!(texts(&bytes), ["one\ntwo\nthree"], "{form}");
    }
    let batch = format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{message}{message}BTS|2\rFTS|1\r");
    assert_eq!(texts(batch), ["one\ntwo\nthree"; 2]);
}

#[test]
fn character_sets() {
    let with = |name: &str, word: &[u8]| {
        let mut bytes = format!("MSH|^~\\&|A|B|||1||ORU^R01|C|P|2.5||||||{name}\rOBR|1||A1\rOBX|1|TX|||").into_bytes();
        bytes.extend_from_slice(word);
        bytes
    };
    for (name, word, wanted) in [
        ("", &b"caf\xc3\xa9"[..], "café"),
        ("UNICODE UTF-8", b"caf\xc3\xa9", "café"),
        ("UNICODE", b"caf\xc3\xa9", "café"),
        ("8859/1", b"caf\xe9 20 \xb5g", "café 20 \u{b5}g"),
        ("8859/15~UNICODE", b"\xa4", "\u{20ac}"),
        ("8859/1", b"\\XE9\\", "é"),
        ("WINDOWS-1252", b"\x93CT\x94", "\u{201c}CT\u{201d}"),
        ("cp1251", b"\xca\xd2", "КТ"),
        ("", b"\xe9", "! not UTF-8: byte 61 fits no character"),
        ("ASCII", b"\xe9", "! not UTF-8: byte 66 fits no character"),
        ("CNS 11643-1992", b"x", "! the character set CNS 11643-1992 in MSH-18 is not known here"),
        ("Doe", b"x", "! a character set in MSH-18 is not known here"),
        ("", b"\\C2D41\\x", "! a field that switches to another character set (\\C..\\ or \\M..\\)"),
    ] {
        assert_eq!(text(with(name, word)), wanted, "{name}");
    }
    let latin = InputOptions { encoding: Encoding::for_label(b"windows-1252"), ..InputOptions::default() };
    let forced = read_from(Cursor::new(with("NONSENSE", b"\xe9")), latin);
    assert_eq!(forced[0].as_ref().map(|r| r.text.as_str()), Ok("é"));
    let utf16 = |e: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let text = format!("{mark}{}", String::from_utf8(with("UNICODE UTF-16", "caf\u{e9} \u{1f9e0}".as_bytes())).expect("UTF-8"));
        text.encode_utf16().flat_map(e).collect()
    };
    for bytes in [utf16(u16::to_le_bytes, ""), utf16(u16::to_be_bytes, "\u{feff}"), utf16(u16::to_le_bytes, "\u{feff}")] {
        assert_eq!(detect(&bytes, "x"), Format::Hl7);
        assert_eq!(text(&bytes), "caf\u{e9} \u{1f9e0}");
        let mut cut = bytes.clone();
        cut.pop();
        assert!(text(cut).starts_with("! not UTF-8: byte "));
    }
}

#[test]
fn values_of_every_type() {
    for (segments, wanted) in [
        (&["OBX|1|CE|||C1^Mass of the lung^L"][..], "Mass of the lung"),
        (&["OBX|1|CWE|||C1^^L^C2^Other name~^Second"], "Other name\nSecond"),
        (&["OBX|1|CWE|||C1"], "C1"),
        (&["OBX|1|NM|||12", "OBX|2|tx|||CT"], "CT"),
        (&["OBX|1|ED|||A^TEXT^PLAIN^A^CT ^ HEAD"], "CT ^ HEAD"),
        (&["OBX|1|ED|||A^AP^PDF^Base64^JVBERi0x", "OBX|2|FT|||CT HEAD"], "CT HEAD"),
        (&["OBX|1|ED|||^TEXT^PLAIN^Hex^43540D0a58"], "CT\nX"),
        (&["OBX|1|ED|||^TEXT^^Base64^Q1Qg\\X0D0A\\SEVBRA=="], "CT HEAD"),
        (&["OBX|1|ED|||^TEXT^HTML^A^<html><p>CT</p><p>HEAD</p></html>"], "CT\n\nHEAD"),
        (&["OBX|1|ED|||^TEXT^RTF^A^{\\E\\rtf1\\E\\ansi CT\\E\\par HEAD}"], "CT\nHEAD"),
        (&["OBX|1|FT|||{\\rtf1\\ansi CT HEAD\\par", "OBX|2|FT|||Caf\\'e9}"], "CT HEAD\nCafé"),
        (&["OBX|1|ED|||^TEXT^RTF^A^{\\rtf1 CT HEAD"], "! a broken RTF document"),
        (&["OBX|1|ED|||^AP^PDF^Base64^JVBERi0x"], "! an embedded PDF document and no text beside it"),
        (&["OBX|1|ED|||^TEXT^PLAIN^Base64^JVBERi0x"], "! an embedded PDF document and no text beside it"),
        (&["OBX|1|ED|||^TEXT^PLAIN^Base64^Q1Q*"], "! an embedded document whose base64 is broken"),
        (&["OBX|1|ED|||^TEXT^PLAIN^Hex^4"], "! an embedded document whose hexadecimal is broken"),
        (&["OBX|1|ED|||^TEXT^PLAIN^Zip^4"], "! an embedded document in an encoding that is not known here"),
        (&["OBX|1|ED|||^IM^JPEG^Base64^/9j/"], "! an embedded image and no text beside it"),
        (&["OBX|1|TX|||one||||||F", "OBX|2|TX|||two||||||D", "OBX|3|TX|||three||||||F"], "one\nthree"),
        (&["OBX|1|TX|||two||||||W"], "! a report that has been withdrawn (OBX-11)"),
        (&["OBX|1|TX|||  ~ ||||||F"], "! no text"),
        (&["OBX|1|TX|||\"\"||||||F"], "! no text"),
        (&["NTE|1||only a note"], "! no text"),
        (&[], "! no text"),
    ] {
        assert_eq!(text(oru(segments)), wanted, "{segments:?}");
    }
}

#[test]
fn ids_days_and_status() {
    use ReportStatus::{Addended, Corrected, Final, Preliminary};
    let head = "MSH|^~\\&|A|B|||1||ORU^R01|C9|P|2.5\r";
    let of = |obr: &str, obx: &str| record(format!("{head}{obr}\rOBX|1|TX|||CT{obx}"));
    for (obr, id) in [("OBR|1|P^1|F^2", "F"), ("OBR|1|P^1", "P"), ("OBR|1|\"\"|", "C9"), ("OBR", "C9")] {
        assert_eq!(of(obr, "").id, id, "{obr}");
    }
    assert_eq!(record("MSH|^~\\&|||||||ORU\rOBX|1|TX|||CT").id, "1");
    let several = read(format!("{head}OBR|1\rOBX|1|TX|||CT\rOBR|2\rOBX|1|TX|||MR"));
    assert_eq!(places(&several), [":1 message 1 OBR[1] C9/1", ":1 message 1 OBR[2] C9/2"]);
    for (time, day) in [("20260102", Some(2)), ("202601030910-0500", Some(3)), ("202601", None), ("", None), ("2026", None)] {
        assert_eq!(of(&format!("OBR|1||A||||{time}"), "").day, day.map(|d| Date::constant(2026, 1, d)), "{time}");
    }
    assert_eq!(text(format!("{head}OBR|1||A||||20260230\rOBX|1|TX|||CT")), "! OBR-7 is no day of the calendar");
    assert_eq!(text(format!("{head}OBR|1||A||||yesterday\rOBX|1|TX|||CT")), "! OBR-7 is no day of the calendar");
    for (result, line, status) in [
        ("F", "", Some(Final)),
        ("", "F", Some(Final)),
        ("P", "F", Some(Preliminary)),
        ("F", "P", Some(Preliminary)),
        ("C", "F", Some(Corrected)),
        ("A", "F", Some(Addended)),
        ("F", "C", Some(Corrected)),
        ("Prelim", "Prelim", Some(Preliminary)),
        ("Wet Read", "", Some(Preliminary)),
        ("Final", "", Some(Final)),
        ("Addendum", "", Some(Addended)),
        ("Q", "", None),
        ("", "", None),
    ] {
        let obr = format!("OBR|1||A{}{result}", "|".repeat(22));
        assert_eq!(of(&obr, &format!("||||||{line}")).status, status, "{result} {line}");
    }
    assert_eq!(text(format!("{head}OBR|1||A{}X\rOBX|1|TX|||CT", "|".repeat(22))), "! an exam that was cancelled (OBR-25)");
    let patient = |pid: &str| record(format!("{head}{pid}\rOBR|1||A\rOBX|1|TX|||CT")).patient;
    assert_eq!(patient("PID|||5^^^A&1.2&ISO^MR~6^^^B").as_deref(), Some("5^^^A&1.2&ISO"));
    assert_eq!(patient("PID||4|").as_deref(), Some("4"));
    assert_eq!(patient("PID|1"), None);
}

#[test]
fn orders_beside_a_report() {
    // linked exams: the text stands under one of them
    let linked = record(oru(&["OBX|1|TX|||CT CHEST AND ABDOMEN", "OBR|2||ACC2|Y^CT ABDOMEN", "FT1|1||||||74160"]));
    assert_eq!((linked.id.as_str(), linked.encounter), ("ACC", None));
    let names: Vec<Option<&str>> = linked.ordered.iter().map(|o| o.name.as_deref()).collect();
    assert_eq!((names, linked.billed), (vec![Some("CT HEAD"), Some("CT ABDOMEN")], vec!["74160".to_owned()]));
    let exam = |fields: &str| {
        let exam = record(format!("MSH|^~\\&|A|B|||1||ORU^R01|C\rOBR|1||A|{fields}\rOBX|1|TX|||CT")).ordered.remove(0);
        (exam.code.unwrap_or_default(), exam.name.unwrap_or_default())
    };
    let of = |code: &str, name: &str| (code.to_owned(), name.to_owned());
    assert_eq!(exam("X1^CT HEAD^L"), of("X1", "CT HEAD"));
    assert_eq!(exam("X1^CT HEAD^L^70450^Head^CPT4"), of("70450", "CT HEAD"));
    assert_eq!(exam("12345^CT HEAD^L^^HEAD CT"), of("12345", "CT HEAD"));
    assert_eq!(exam(&format!("^CT HEAD{}70450", "|".repeat(40))), of("70450", "CT HEAD"));
    assert_eq!(exam(&format!("IMG5^CT HEAD{}5", "|".repeat(40))), of("IMG5", "CT HEAD"));
    // or the same text under each
    let same =
        record(oru(&["OBX|1|TX|||CT CHEST AND ABDOMEN||||||F", "OBR|2||ACC2|Y^CT ABDOMEN", "OBX|1|TX|||CT CHEST AND ABDOMEN||||||F"]));
    assert_eq!((same.id.as_str(), same.ordered.len(), same.encounter), ("ACC", 2, None));
    // which report an exam without text belongs to can't be told from several
    let several = read(oru(&["OBX|1|TX|||CT", "OBR|2||ACC2", "OBR|3||ACC3", "OBX|1|TX|||MR"]));
    assert_eq!(places(&several), [":1 message 1 OBR[1] ACC", ":1 message 1 OBR[2] no text", ":1 message 1 OBR[3] ACC3"]);
    let order = |obx: &str| text(format!("MSH|^~\\&|A|B|||1||ORM^O01|C|P|2.3\rORC|NW\rOBR|1|P1||X^CT HEAD\r{obx}"));
    assert_eq!(order(""), "! an order without a report");
    assert_eq!(order("OBX|1|TX|||CT HEAD WITHOUT CONTRAST"), "CT HEAD WITHOUT CONTRAST");
    // patients of one message make no encounter together
    let message = "MSH|^~\\&|A|B|||1||ORU^R01|C|P|2.3\rPID|||1\rOBR|1||A\rOBX|1|TX|||CT\rPID|||2\rOBR|1||B\rOBX|1|TX|||MR";
    let encounters: Vec<Option<String>> = read(message).into_iter().map(|a| a.expect("a record").encounter).collect();
    assert_eq!(encounters, [Some("C/A".to_owned()), Some("C/B".to_owned())]);
}

#[test]
fn what_is_none_is_named_and_the_rest_goes_on() {
    let good = oru(&["OBX|1|TX|||CT HEAD"]);
    for (bytes, wanted) in [
        (format!("OBR|1\rOBX|1|TX|||CT\r{good}"), &[":1 segments without MSH before them", ":3 message 1 ACC"][..]),
        ("some\ntext".to_owned(), &[":1 no HL7 version 2 message: there is no MSH segment"]),
        (format!("\u{b}{good}\u{1c}\rrest\r{good}"), &[":1 message 1 ACC", ":6 lines outside of a message", ":7 message 2 ACC"]),
        (format!("\u{b}\n{good}"), &[":2 message 1 an MLLP frame that does not end"]),
        (format!("BHS|^~\\&|A\r{}BTS|2\r", good.replace('|', "$")), &[":2 message 1 ACC", ":6 BTS BTS-1 tells 2 messages, 1 is there"]),
        (format!("\u{b}{good}"), &[":1 message 1 an MLLP frame that does not end"]),
        (format!("\u{b}{good}\u{b}{good}\u{1c}"), &[":1 message 1 an MLLP frame that does not end", ":5 message 2 ACC"]),
        (
            format!("MSH|^~\\&|A|B|||1||ADT^A01|C\r\rMSH|^~\\&|A|B|||1||DOE^A01|C\r{good}"),
            &[":1 message 1 a message of type ADT", ":3 message 2 a message of an unknown type", ":4 message 3 ACC"],
        ),
        (format!("MSH|^~\\\\|A|B\r{good}"), &[":1 message 1 MSH-2 gives one character two meanings", ":2 message 2 ACC"]),
        (format!("BHS|^~\\&|A\r{good}BTS|2\r"), &[":2 message 1 ACC", ":6 BTS BTS-1 tells 2 messages, 1 is there"]),
        (format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{good}BTS|1\rFTS|3\r"), &[":3 message 1 ACC", ":8 FTS FTS-1 tells 3 batches, 1 is there"]),
        (
            format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{good}"),
            &[":3 message 1 ACC", ":2 BHS a batch without its end, BTS", ":1 FHS a file of batches without its end, FTS"],
        ),
        (good.replace('\r', " "), &[":1 message 1 segments that are not on lines of their own"]),
        ("MSH|^~\\&|A|B|||1||ORU^R01|C\rPID|||1".to_owned(), &[":1 message 1 no OBR and no OBX"]),
        (format!("{good}DSC|2\r{good}"), &[":1 message 1 a message that goes on in another", ":6 message 2 ACC"]),
    ] {
        assert_eq!(places(&read(&bytes)), wanted, "{bytes:?}");
    }
    assert!(read("").is_empty() && read("\r\n\n").is_empty());
}

#[test]
fn what_is_too_long_is_skipped() {
    let good = oru(&["OBX|1|TX|||CT HEAD"]);
    let small = InputOptions { max_report_bytes: 100, ..InputOptions::default() };
    let long = oru(&[&format!("OBX|1|TX|||{}", "x".repeat(101))]);
    let huge = oru(&[&format!("OBX|1|TX|||{}", "x".repeat(2_000_000))]);
    let deep = oru(&vec!["OBX|1|TX|||x"; 100_001]);
    for line in [&long, &huge, &deep] {
        let all = read_from(Cursor::new(format!("{good}{line}{good}").into_bytes()), small.clone());
        let what = places(&all)[1].clone();
        assert!(all[0].is_ok() && all[2].is_ok() && all.len() == 3, "{what}");
        assert!(what.starts_with(":5 message 2 "), "{what}");
    }
}

/// Gives so many bytes at a time.
struct Slow(Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min(self.1);
        self.0.read(&mut out[..n])
    }
}

/// Gives some bytes, then fails.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("the wire was cut")),
            n => Ok(n),
        }
    }
}

#[test]
fn an_input_that_breaks_off_is_named_once() {
    let good = oru(&["OBX|1|TX|||CT HEAD"]);
    let all = read_from(Broken(Cursor::new(format!("{good}{good}").into_bytes())), InputOptions::default());
    assert_eq!(places(&all), [":1 message 1 ACC", ":5 message 2 can't be read: the wire was cut"]);
}

#[test]
fn messages_are_told_by_their_beginning() {
    let mut inputs: Vec<(String, Vec<u8>)> = Vec::new();
    for name in files_under(&root().join("tests/data/hl7")).into_iter().filter(|n| has_extension(n, "hl7")) {
        inputs.push((name.clone(), sample(&name)));
    }
    for (name, bytes) in inputs {
        assert_eq!(detect(&bytes, "export"), Format::Hl7, "{name}");
    }
    for bytes in [&b"\xef\xbb\xbfMSH|^~\\&|A"[..], b"\r\n\x0bMSH|^~\\&|A", b"FHS|^~\\&|", b"BHS|^~\\&|", b"OBX|1|TX", b"MSH$%~*@$A"] {
        assert_eq!(detect(bytes, "export"), Format::Hl7, "{bytes:?}");
    }
    for bytes in [&b"MSH: mental status"[..], b"MSH", b"MSH|", b"CT HEAD", b"OBR of the exam", b"MSHA|^~"] {
        assert_ne!(detect(bytes, "report.txt"), Format::Hl7, "{bytes:?}");
    }
}

/// Real messages, where they are at hand: each is a record or named.
#[test]
fn shared_samples_lose_nothing() {
    let folder = root().join("../shared/samples/hl7");
    if !folder.is_dir() {
        return;
    }
    for name in files_under(&folder) {
        let bytes = std::fs::read(folder.join(&name)).expect("a readable sample");
        assert_eq!(detect(&bytes, &name), Format::Hl7, "{name}");
        let all = read(&bytes);
        assert_eq!(all.len(), 1, "{name}: {:?}", places(&all));
        let has_text = has_extension(&name, "hl7");
        assert_eq!(all[0].is_ok(), has_text, "{name}: {:?}", places(&all));
        if let Ok(record) = &all[0] {
            let told = String::from_utf8(bytes).expect("UTF-8");
            assert!(!record.id.is_empty() && record.status.is_some() && !record.ordered.is_empty(), "{name}");
            // what the OBX hold, escapes aside, comes out
            let fields =
                told.split(['\r', '\n']).filter(|s| s.starts_with("OBX|") && !s.contains("|RP|")).filter_map(|s| s.split('|').nth(5));
            for word in fields.flat_map(|f| f.split([' ', '~'])).filter(|w| !w.contains('\\')) {
                assert!(record.text.contains(word), "{name} lacks {word}");
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Flip(usize, u8),
    Cut(usize, usize),
    Insert(usize, Vec<u8>),
    Double(usize, usize),
    Swap(usize, usize),
    SwapLines(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        Just(b"MSH|^~\\&|".to_vec()),
        Just(b"\rOBX|1|ED|||^TEXT^PLAIN^Base64^".to_vec()),
        Just(b"\x0b".to_vec()),
        Just(b"\x1c\r".to_vec()),
        Just(b"BTS|7\r".to_vec()),
        Just(b"\\X0D\\".to_vec()),
        Just(b"\\r".to_vec()),
        Just(vec![0xff, 0xfe]),
        proptest::collection::vec(any::<u8>(), 1..8),
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, b)| Change::Flip(at, b)),
        (any::<usize>(), 1..60_usize).prop_map(|(at, n)| Change::Cut(at, n)),
        (any::<usize>(), piece).prop_map(|(at, p)| Change::Insert(at, p)),
        (any::<usize>(), 1..200_usize).prop_map(|(at, n)| Change::Double(at, n)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Swap(a, b)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::SwapLines(a, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: Change) {
    let n = bytes.len().max(1);
    match change {
        Change::Flip(at, b) => bytes.iter_mut().skip(at % n).take(1).for_each(|x| *x = b),
        Change::Cut(at, many) => drop(bytes.drain(at % n..(at % n + many).min(bytes.len()))),
        Change::Insert(at, piece) => drop(bytes.splice(at % n..at % n, piece)),
        Change::Double(at, many) => {
            let piece = bytes[at % n..(at % n + many).min(bytes.len())].to_vec();
            bytes.splice(at % n..at % n, piece);
        }
        Change::Swap(a, b) => bytes.swap(a % n, b % n),
        Change::SwapLines(a, b) => {
            let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|x| matches!(x, b'\r' | b'\n')).map(<[u8]>::to_vec).collect();
            let m = lines.len().max(1);
            lines.swap(a % m, b % m);
            *bytes = lines.concat();
        }
    }
}

/// Words of the samples that stand in reports and names alone.
const WORDS: [&str; 12] = [
    "sulci",
    "Ventricles",
    "gadobutrol",
    "lungs",
    "au-lait",
    "gallbladder",
    "iohexol",
    "tomosynthesis",
    "effusion",
    "KNEES",
    "ADDENDUM",
    "STATE",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn changed_messages_are_answered_or_named(
        which in 0..4_usize,
        changes in proptest::collection::vec(change(), 1..6),
        chunk in prop_oneof![Just(1_usize), 2..7_usize, Just(4096)],
    ) {
        let mut bytes = sample(["two_exams.hl7", "batch.hl7", "frames.hl7", "lines.hl7"][which]);
        for change in changes {
            if !bytes.is_empty() {
                apply(&mut bytes, change);
            }
        }
        let all = read(&bytes);
        // whatever the input's reader gives at once
        let slow = read_from(Slow(Cursor::new(bytes.clone()), chunk), InputOptions::default());
        prop_assert_eq!(&all, &slow);
        for answer in &all {
            match answer {
                Ok(record) => {
                    prop_assert!(!record.text.trim().is_empty() && !record.id.is_empty());
                    for part in &record.parts {
                        prop_assert!(record.text.is_char_boundary(part.start as usize));
                    }
                    prop_assert!(record.parts.is_sorted_by_key(|p| p.start));
                }
                Err(unusable) => {
                    let told = format!("{} {unusable}", unusable.place);
                    prop_assert!(WORDS.iter().all(|w| !told.contains(w)), "{}", told);
                }
            }
        }
        // every message that begins in the input has at least one answer of its number
        let numbers: Vec<u64> = all
            .iter()
            .map(|a| a.as_ref().map_or_else(|u| &u.place, |r| &r.place))
            .filter_map(|p| p.item.as_deref()?.strip_prefix("message ")?.split(' ').next()?.parse().ok())
            .collect();
        for number in 1..=numbers.iter().copied().max().unwrap_or_default() {
            prop_assert!(numbers.contains(&number), "message {} of {:?}", number, places(&all));
        }
        prop_assert!(!all.is_empty() || bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0x0b || *b == 0x1c));
    }
}
