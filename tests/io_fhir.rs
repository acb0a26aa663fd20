//! FHIR in: reports of resources, alone, in Bundles, one a line; and out.

mod bytes;

use std::fmt::Write as _;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Few, changed, changes, sample};
use proptest::prelude::*;
use radcode::io::{Format, InputOptions, Record, Unusable, detect, open};

fn read(bytes: &[u8], few: usize) -> Vec<Result<Record, Unusable>> {
    let options = InputOptions { format: Some(Format::Fhir), ..InputOptions::default() };
    let mut records = open(Few::new(bytes, few), "stem", "x.json", &options).expect("FHIR opens");
    std::iter::from_fn(|| records.next()).collect()
}

/// All of a record but its text on a line, then its text by its parts; mistakes as `place! what`.
fn shown(record: &Result<Record, Unusable>) -> String {
    let r = match record {
        Ok(r) => r,
        Err(u) => return format!("{}! {}\n", u.place, u.what),
    };
    let mut out = format!("{} {}", r.place, r.id);
    if let Some(day) = r.day {
        write!(out, " {day}").expect("text");
    }
    if let Some(status) = r.status {
        write!(out, " {status:?}").expect("text");
    }
    for o in &r.ordered {
        write!(out, " ordered={}/{}", o.code.as_deref().unwrap_or("-"), o.name.as_deref().unwrap_or("-")).expect("text");
    }
    for (name, value) in [("patient", &r.patient), ("encounter", &r.encounter)] {
        if let Some(value) = value {
            write!(out, " {name}={value}").expect("text");
        }
    }
    assert_eq!(r.visit, r.encounter);
    out.push('\n');
    for (i, part) in r.parts.iter().enumerate() {
        let end = r.parts.get(i + 1).map_or(r.text.len(), |p| p.start as usize);
        writeln!(out, "  {}: {:?}", part.from, &r.text[part.start as usize..end]).expect("text");
    }
    out
}

fn all(name: &str) -> String {
    read(&sample(name), 4096).iter().map(shown).collect()
}

const SAMPLES: [&str; 5] = ["fhir/knee.json", "fhir/searchset.json", "fhir/document.json", "fhir/message.json", "fhir/bulk.ndjson"];

#[test]
fn the_form_is_told_by_the_content() {
    for name in SAMPLES {
        assert_eq!(detect(&sample(name), "x"), Format::Fhir, "{name}");
    }
}

#[test]
fn a_resource_alone() {
    assert_eq!(
        all("fhir/knee.json"),
        ":1 item 1 knee-1 2026-02-03 Final ordered=73562/XR KNEE RIGHT 3 VIEWS patient=Patient/p1 encounter=Encounter/e1\n  \
         presentedForm[2]: \"EXAM: XR RIGHT KNEE 3 VIEWS\\n\\nCLINICAL HISTORY: Fall.\\n\\nFINDINGS: AP, lateral and sunrise views of the right \
         knee. No fracture. Small joint effusion.\\n\\nIMPRESSION: No acute bony abnormality.\\n\"\n"
    );
}

#[test]
fn a_searchset_with_orders_behind_reports() {
    let html = "CT CERVICAL SPINE WITHOUT AND WITH CONTRAST\\n\\nIndication\\tNeck pain & fever\\n\\nTECHNIQUE: Axial images before and after 80 mL of \
                intravenous iohexol.\\n\\nFINDINGS: No epidural collection. T2–T3 disc space is normal.\\n\\nIMPRESSION: No evidence of infection.";
    assert_eq!(
        all("fhir/searchset.json"),
        format!(
            ":6 entry[0] cs1 2026-02-05 Corrected ordered=CTCSPWWO/CT CERVICAL SPINE W/WO CONTRAST patient=Patient/p2 encounter=Encounter/e2\n  \
             DiagnosticReport/cs1.presentedForm[0]: \"{html}\"\n\
             :41 entry[1] us2 2026-02-05 Preliminary ordered=-/US abdomen limited patient=Patient/p2 encounter=Encounter/e2\n  \
             DiagnosticReport/us2.text.div: \"ULTRASOUND RIGHT UPPER QUADRANT\\n\\nFINDINGS: Liver, gallbladder and common duct are \
             normal.\\n\\nIMPRESSION: Normal right upper quadrant.\"\n\
             :62 entry[2] ct3 Final ordered=303653007/CT of head patient=Patient/p2\n  \
             DiagnosticReport/ct3.conclusion: \"CT head without contrast: no haemorrhage.\"\n\
             :87 entry[3]! a report that was entered in error\n\
             :98 entry[4]! a report that is a link only\n"
        )
    );
}

#[test]
fn a_document_is_one_report_with_the_sections_of_its_composition() {
    assert_eq!(
        all("fhir/document.json"),
        ":56 entry[1] mr1 2026-02-06 Final ordered=-/MR KNEE LT patient=urn:uuid:0b6f3a2e-0001-4000-8000-000000000003\n  \
         Composition/c1.title: \"MRI LEFT KNEE WITHOUT CONTRAST\\n\\n\"\n  \
         Composition/c1.section[0].title: \"Technique:\\n\"\n  \
         Composition/c1.section[0].text.div: \"Multiplanar multisequence images of the left knee without contrast.\\n\\n\"\n  \
         Composition/c1.section[1].title: \"Findings:\\n\"\n  \
         Composition/c1.section[1].text.div: \"- Menisci intact.\\n- Cruciate ligaments intact.\\n\\n\"\n  \
         Composition/c1.section[1].section[0].title: \"Bones:\\n\"\n  \
         Composition/c1.section[1].section[0].text.div: \"No marrow oedema.\\n\\n\"\n  \
         Composition/c1.section[2].title: \"Impression:\\n\"\n  \
         Composition/c1.section[2].text.div: \"Normal left knee.\"\n"
    );
}

#[test]
fn a_report_whose_lines_are_results() {
    assert_eq!(
        all("fhir/message.json"),
        ":11 entry[1] urn:uuid:r 2026-02-07 Final ordered=-/CT ABD PEL W\n  \
         Observation/x0.valueString: \"CT ABDOMEN AND PELVIS WITH CONTRAST\\n\"\n  \
         Observation/x1.valueString: \"TECHNIQUE: Images after 100 mL of intravenous contrast.\\n\"\n  \
         Observation/x2.valueString: \"IMPRESSION: No acute abnormality.\"\n"
    );
}

#[test]
fn resources_of_many_types_a_line_each() {
    assert_eq!(
        all("fhir/bulk.ndjson"),
        ":2 item 2 hand 2026-02-08 Final ordered=-/XR HAND LEFT 2 VIEWS patient=Patient/p4\n  \
         presentedForm[0]: \"XR LEFT HAND 2 VIEWS\\n\\nFINDINGS: Angle of 15° at the fifth metacarpal.\\n\"\n\
         :4 item 4! malformed JSON on line 4: a string is not closed on its line\n\
         :5 item 5 r5 2026-02-09 Preliminary ordered=-/CT chest\n  \
         note[0].text: \"CT CHEST WITHOUT CONTRAST\\n\\n\"\n  \
         note[1].text: \"No nodule.\"\n\
         :6 item 6! `data` is not base64\n\
         :7 item 7 doc 2026-02-10 Final patient=Patient/p4 encounter=Encounter/e9\n  \
         content[0].attachment: \"CHEST, TWO VIEWS, PA AND LATERAL\\n\\nLungs are clear.\\n\"\n"
    );
}

/// What one resource gives.
fn one(json: &str) -> String {
    read(json.as_bytes(), 4096).iter().map(shown).collect()
}

#[test]
fn what_cannot_be_used_is_named_without_its_words() {
    let report = |rest: &str| one(&format!(r#"{{"resourceType":"DiagnosticReport","id":"a","status":"final"{rest}}}"#));
    let form = |rest: &str| report(&format!(r#","presentedForm":[{{{rest}}}]"#));
    for (seen, what) in [
        (report(""), "a report without text"),
        (report(r#","conclusion":" ""#), "a report without text"),
        (report(r#","text":{"status":"empty","div":"<div> </div>"}"#), "a report without text"),
        (report(r#","conclusion":["Smith"]"#), "an element has the wrong form at column 74"),
        (report(r#","conclusion":"x","conclusion":"y""#), "an element has the wrong form at column 90"),
        (report(r#","conclusion":"Smith","effectiveDateTime":"2026-02-30""#), "the time of service is no day of the calendar"),
        (report(r#","conclusion":"Smith","effectiveDateTime":"Smith""#), "the time of service is no day of the calendar"),
        (form(r#""contentType":"application/pdf","data":"JVBERg==""#), "a report that is PDF only"),
        (form(r#""contentType":"x/smith","data":"e1xydGY=""#), "a report that is of an unknown content type only"),
        (form(r#""contentType":"text/plain","url":"http://smith""#), "a report that is a link only"),
        (form(r#""contentType":"text/plain","data":"JVBERi0x""#), "a PDF file, not plain text"),
        (form(r#""contentType":"text/plain; charset=smith","data":"Q1Q=""#), "`contentType` names an unknown charset"),
        (form(r#""contentType":"text/plain","data":"Q1T/""#), "not UTF-8: byte 2 fits no character"),
        (one(r#"{"resourceType":"DiagnosticReport","status":"cancelled","conclusion":"x"}"#), "a report that was cancelled"),
        (one(r#"{"resourceType":"Composition","title":"x"}"#), "a composition without text"),
        (one(r#"{"resourceType":"DocumentReference","status":"current"}"#), "a document without text"),
        (one(r#"{"resourceType":"DocumentReference","status":"superseded"}"#), "a report that a later version replaces"),
        (one(r#"{"id":"smith"}"#), "an object without `resourceType`"),
        (one(r#"{"resourceType":"Bundle","\u0065ntry":[{}]}"#), "a Bundle whose `entry` is written in an unusual way"),
    ] {
        assert_eq!(seen, format!(":1 item 1! {what}\n"));
    }
    assert_eq!(one(r#"{"resourceType":"Patient","id":"smith"}"#), "! no report among 1 FHIR resources\n");
    assert_eq!(one(r#"{"resourceType":"Bundle","entry":[]}"#), "! no report among 0 FHIR resources\n");
    assert_eq!(
        one(r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Bundle"}}]}"#),
        ":1 entry[0]! a Bundle inside a Bundle\n"
    );
}

#[test]
fn small_differences_between_senders() {
    let texts = |json: &str| -> Vec<String> { read(json.as_bytes(), 4096).into_iter().map(|r| r.expect("a record").text).collect() };
    let report = |rest: &str| format!(r#"{{"resourceType":"DiagnosticReport","status":"final"{rest}}}"#);
    // white space and lost padding in base64; no content type
    assert_eq!(
        texts(&report(r#","presentedForm":[{"contentType":"TEXT/Plain","data":" Q1Qg\nSEVBRA "}]"#).replace('\n', "\\n")),
        ["CT HEAD"]
    );
    assert_eq!(texts(&report(r#","presentedForm":[{"data":"PHA+Q1Q8L3A+PHA+SEVBRDwvcD4="}]"#)), ["CT\n\nHEAD"]);
    // RTF, HTML before it
    let rtf = r#"{"contentType":"application/rtf","data":"e1xydGYxIENUXHBhciBIRUFEfQ=="}"#;
    assert_eq!(texts(&report(&format!(r#","presentedForm":[{rtf}]"#))), ["CT\nHEAD"]);
    assert_eq!(texts(&report(&format!(r#","presentedForm":[{rtf},{{"contentType":"text/html","data":"PHA+Q1Q8L3A+"}}]"#))), ["CT"]);
    // a generated narrative that is the report
    assert_eq!(
        texts(&report(r#","text":{"status":"generated","div":"<div>CT HEAD<br/>Normal.</div>"},"conclusion":"Normal.""#)),
        ["CT HEAD\nNormal."]
    );
    // a PDF beside a conclusion
    assert_eq!(
        texts(&report(r#","presentedForm":[{"contentType":"application/pdf","data":"JVBERg=="}],"conclusion":"CT HEAD""#)),
        ["CT HEAD"]
    );
    // an order that the report carries along, R5
    let carried = report(
        r##","conclusion":"x","basedOn":[{"reference":"#o"}],"subject":{"reference":"#p"},"contained":[{"resourceType":"ServiceRequest","id":"o",
        "code":{"concept":{"coding":[{"code":"A"},{"code":"B","userSelected":true,"display":"CT"}]}}}]"##,
    );
    assert_eq!(one(&carried), ":1 item 1 1 Final ordered=B/CT\n  conclusion: \"x\"\n");
    // Bundles one a line keep their orders apart
    let bundle = |id: &str, name: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{{"resourceType":"ServiceRequest","id":"{id}","code":{{"text":"{name}"}}}}}},
            {{"resource":{{"resourceType":"DiagnosticReport","id":"r{id}","basedOn":[{{"reference":"http://x/ServiceRequest/1/_history/2"}}],"conclusion":"x"}}}}]}}"#
        )
        .replace('\n', "")
    };
    assert_eq!(
        one(&format!("{}\n{}\n", bundle("1", "CT"), bundle("2", "MR"))),
        ":1 entry[1] r1 ordered=-/CT\n  DiagnosticReport/r1.conclusion: \"x\"\n:2 entry[1] r2\n  DiagnosticReport/r2.conclusion: \"x\"\n"
    );
}

/// Counts what is taken from it.
struct Counted(Box<dyn Read + Send>, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(into)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

#[test]
fn a_large_bundle_is_not_held() {
    let entry = format!(r#"{{"resource":{{"resourceType":"DiagnosticReport","conclusion":"{}"}}}}"#, "CT HEAD. ".repeat(100));
    let mut from: Box<dyn Read + Send> = Box::new(Cursor::new(r#"{"resourceType":"Bundle","entry":["#));
    for i in 0..40 {
        let entries = vec![entry.as_str(); 500].join(",");
        from = Box::new(from.chain(Cursor::new(if i == 0 { entries } else { format!(",{entries}") })));
    }
    let taken = Arc::new(AtomicU64::new(0));
    let from = Counted(Box::new(from.chain(Cursor::new("]}"))), taken.clone());
    let options = InputOptions { format: Some(Format::Fhir), ..InputOptions::default() };
    let mut records = open(from, "stem", "x.json", &options).expect("FHIR opens");
    assert!(records.next().is_some_and(|r| r.is_ok()));
    let before_the_first = taken.load(Ordering::Relaxed);
    assert!(before_the_first < 5 << 20, "{before_the_first} bytes before the first record");
    let rest = std::iter::from_fn(|| records.next()).flatten().count();
    assert_eq!(rest, 19_999);
    assert!(taken.load(Ordering::Relaxed) > 18 << 20);
}

#[test]
fn the_examples_of_the_specification() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/fhir");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert_eq!(detect(&bytes, "x"), Format::Fhir, "{name}");
        let seen = read(&bytes, 4096);
        let [one] = seen.as_slice() else { panic!("{name}: {} records", seen.len()) };
        let from = one.as_ref().map(|r| (r.parts[0].from.clone(), r.day.map(|d| d.to_string())));
        let wanted = match name.as_str() {
            "diagnosticreport-example-dxa" => Some(("text.div", "2008-06-17")),
            "diagnosticreport-example-f201-brainct" | "diagnosticreport-example-ultrasound" => Some(("conclusion", "2012-12-01")),
            _ => None,
        };
        assert_eq!(from.ok(), wanted.map(|(from, day)| (from.to_owned(), Some(day.to_owned()))), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever becomes of a document: no panic, the same by pieces of any size, nothing silently lost, no words told.
    #[test]
    fn changed_documents_are_read_or_named(name in prop::sample::select(&SAMPLES[..]), changes in changes(4_500)) {
        let whole = sample(name);
        let bytes = changed(&whole, &changes);
        let seen = read(&bytes, 4096);
        for few in [1, 7] {
            prop_assert_eq!(&read(&bytes, few), &seen);
        }
        // a resource of another type holds no report, and a result or entry that is gone can't be missed
        let told = |bytes: &[u8]| ["resource", "\"DiagnosticReport\"", "\"Composition\"", "\"DocumentReference\"", "LAB"]
            .map(|word| String::from_utf8_lossy(bytes).matches(word).count());
        let before = read(&whole, 4096);
        let given = |seen: &[Result<Record, Unusable>]| seen.iter().filter(|r| r.is_ok()).count();
        if told(&bytes) == told(&whole) && given(&seen) < given(&before) {
            let known: Vec<&String> = before.iter().filter_map(|r| r.as_ref().err()).map(|u| &u.what).collect();
            prop_assert!(seen.iter().filter_map(|r| r.as_ref().err()).any(|u| !known.contains(&&u.what)), "{:?}", seen);
        }
        prop_assert!(!seen.is_empty());
        for why in seen.iter().filter_map(|r| r.as_ref().err()) {
            let message = format!("{}{why}", why.place);
            for word in ["knee", "Liver", "haemorrhage", "iohexol", "Menisci", "metacarpal", "ACC", "Patient/", "Encounter/", "urn:", "Lungs"] {
                prop_assert!(!message.contains(word), "{}", message);
            }
        }
    }

    /// In a file of lines a broken line costs itself.
    #[test]
    fn a_broken_line_costs_no_other(line in 0..8usize, changes in changes(300)) {
        let whole = sample("fhir/bulk.ndjson");
        let mut lines: Vec<Vec<u8>> = whole.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let intact = |skip: &str, seen: &[Result<Record, Unusable>]| -> Vec<String> {
            seen.iter().filter_map(|r| r.as_ref().ok()).map(|r| r.id.clone()).filter(|id| *id != skip).collect()
        };
        let own = ["", "hand", "", "", "r5", "", "doc", ""][line];
        let before = intact(own, &read(&whole, 4096));
        lines[line] = changed(&lines[line], &changes);
        let seen = intact(own, &read(&lines.join(&b'\n'), 4096));
        for id in before {
            prop_assert!(seen.contains(&id), "{} is lost", id);
        }
    }
}
