//! JSON in: arrays, objects behind each other, objects over several lines.

mod bytes;

use bytes::{Few, changed, changes, sample};
use proptest::prelude::*;
use radcode::io::{Format, InputOptions, detect, open};

/// Records as `place id text`, mistakes as `place! what; help`.
fn read_by(bytes: &[u8], few: usize) -> Vec<String> {
    let options = InputOptions { format: Some(Format::Json), max_report_bytes: 2_000, ..InputOptions::default() };
    let mut records = open(Few::new(bytes, few), "stem", "x.json", &options).expect("JSON opens");
    let mut seen = Vec::new();
    while let Some(record) = records.next() {
        seen.push(match record {
            Ok(r) => format!("{} {} {}", r.place, r.id, r.text),
            Err(u) => format!("{}! {u}", u.place),
        });
    }
    seen
}

#[test]
fn the_form_is_told_by_the_content() {
    for name in ["json/array.json", "json/pretty.json"] {
        assert_eq!(detect(&sample(name), "x"), Format::Json, "{name}");
    }
}

#[test]
fn objects_are_read_as_those_of_lines() {
    assert_eq!(
        read_by(&sample("json/array.json"), 4096),
        [
            ":2 item 1 head CT HEAD WITHOUT CONTRAST\n\nIMPRESSION: Normal.",
            ":9 item 2 2 XR CHEST 2 VIEWS \"PA and lateral\"\n\nFINDINGS: {clear} [lungs].",
            ":13 item 3! a field has the wrong form at its line 3, column 13; `text` and `date_of_service` are strings, `id` and \
             `encounter` a string or a number, `status` one of preliminary, final, corrected, addended; each once, inside one { }",
            ":17 item 4 mri MRI BRAIN WITH AND WITHOUT CONTRAST",
        ]
    );
    assert_eq!(read_by(&sample("json/pretty.json"), 4096), [":1 item 1 one XR LEFT FOOT 3 VIEWS", ":5 item 2 2 US RENAL COMPLETE"]);
}

#[test]
fn a_report_over_the_limit_is_named_and_the_rest_goes_on() {
    let array = format!(r#"[{{"text":"{}"}},{{"text":"{}"}},{{"text":"CT HEAD"}}]"#, "a".repeat(2_001), "b".repeat(90_000));
    let seen = read_by(array.as_bytes(), 4096);
    assert!(seen[0].starts_with(":1 item 1! longer than 2000 bytes; raise --max-report-bytes"), "{seen:?}");
    assert!(seen[1].starts_with(":1 item 2! an item longer than 77536 bytes; raise --max-report-bytes"), "{seen:?}");
    assert_eq!(seen[2..], [":1 item 3 3 CT HEAD"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever becomes of a document: no panic, the same by pieces of any size, nothing silently lost, no words told.
    #[test]
    fn changed_documents_are_read_or_named(
        name in prop::sample::select(vec!["json/array.json", "json/pretty.json"]),
        changes in changes(600),
    ) {
        let whole = sample(name);
        let bytes = changed(&whole, &changes);
        let seen = read_by(&bytes, 4096);
        for few in [1, 5] {
            prop_assert_eq!(&read_by(&bytes, few), &seen);
        }
        let (named, given): (Vec<&String>, Vec<&String>) = seen.iter().partition(|s| s.split(' ').take(3).any(|w| w.ends_with('!')));
        let known = read_by(&whole, 4096).len();
        prop_assert!(given.len() + named.len() >= known || !named.is_empty(), "{:?}", seen);
        for message in named {
            for word in ["CONTRAST", "lungs", "MRN1", "IMPRESSION", "RENAL", "FOOT"] {
                prop_assert!(!message.contains(word), "{}", message);
            }
        }
    }
}
