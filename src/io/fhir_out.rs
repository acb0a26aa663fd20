//! FHIR R4 charges out: `ChargeItem`, `Claim`.
//!
//! Ids are made from the id of the (first) report, so that a second run gives the same. Subjects, visits and reports are
//! named as the input names them: by reference where it has one, else by identifier.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Answered, Bill};
use crate::analysis::{ClaimLine, Evidence};

/// What HL7's terminology calls CPT, and its numeric modifiers.
const CPT: &str = "http://www.ama-assn.org/go/cpt";
/// What it calls HCPCS level II, and its modifiers with letters.
const HCPCS: &str = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets";
/// A modifier of a `ChargeItem`'s code, for which R4 and R5 have no element. A name alone: nothing is fetched there.
const MODIFIER: &str = "https://radcode.invalid/fhir/StructureDefinition/procedure-code-modifier";

/// A `ChargeItem` a line of the claim: `status` billable, `code` with our label as `text`, modifiers as extensions,
/// `subject`, `context`, `occurrenceDateTime` where the day of service is given, `quantity`, `service` (the reports), and
/// where words may be written a `note` for each that proves it.
pub(super) fn charge_items(bill: &Bill<'_>, out: &mut Vec<u8>) {
    for (i, line) in bill.claim.lines.iter().enumerate() {
        let mut item = Map::new();
        put(&mut item, "resourceType", json!("ChargeItem"));
        put(&mut item, "id", json!(id(bill, Some(i + 1))));
        put(&mut item, "extension", line.modifiers.iter().map(|m| json!({"url": MODIFIER, "valueCodeableConcept": modifier(m)})).collect());
        put(&mut item, "status", json!("billable"));
        put(&mut item, "code", code(line));
        put(&mut item, "subject", subject(bill));
        put(&mut item, "context", json!(visit(bill)));
        put(&mut item, "occurrenceDateTime", json!(day(bill)));
        put(&mut item, "quantity", json!({"value": line.units}));
        put(&mut item, "service", of_line(bill, line).map(|r| service(&bill.reports[r])).collect());
        if bill.words {
            put(&mut item, "note", notes(bill, line).map(|text| json!({"text": text})).collect());
        }
        write(&item, out);
    }
}

/// The `Claim`: an `item` a line, the reports as `supportingInfo`. What radcode can't know and FHIR requires says so:
/// `provider` and `insurance` are `not stated`, `priority` is normal.
pub(super) fn claim(bill: &Bill<'_>, out: &mut Vec<u8>) {
    if bill.claim.lines.is_empty() {
        return;
    }
    let terms =
        |system: &str, code: &str| json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code}]});
    let info =
        |(i, report)| json!({"sequence": i + 1, "category": terms("claiminformationcategory", "info"), "valueReference": service(report)});
    let mut claim = Map::new();
    put(&mut claim, "resourceType", json!("Claim"));
    put(&mut claim, "id", json!(id(bill, None)));
    put(&mut claim, "status", json!("active"));
    put(&mut claim, "type", terms("claim-type", kind(bill)));
    put(&mut claim, "use", json!("claim"));
    put(&mut claim, "patient", subject(bill));
    put(&mut claim, "created", json!(bill.claim.day.to_string()));
    put(&mut claim, "provider", json!({"display": "not stated"}));
    put(&mut claim, "priority", terms("processpriority", "normal"));
    put(&mut claim, "supportingInfo", bill.reports.iter().enumerate().map(info).collect());
    put(&mut claim, "insurance", json!([{"sequence": 1, "focal": true, "coverage": {"display": "not stated"}}]));
    let items = bill.claim.lines.iter().enumerate().map(|(i, line)| {
        let mut item = Map::new();
        put(&mut item, "sequence", json!(i + 1));
        put(&mut item, "informationSequence", of_line(bill, line).map(|r| json!(r + 1)).collect());
        put(&mut item, "productOrService", code(line));
        put(&mut item, "modifier", line.modifiers.iter().map(|m| modifier(m)).collect());
        put(&mut item, "servicedDate", json!(day(bill)));
        put(&mut item, "quantity", json!({"value": line.units}));
        put(&mut item, "encounter", visit(bill).into_iter().collect());
        Value::Object(item)
    });
    put(&mut claim, "item", items.collect());
    write(&claim, out);
}

/// Adds an element; FHIR has no empty ones.
fn put(to: &mut Map<String, Value>, name: &str, value: Value) {
    if !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty()) {
        to.insert(name.to_owned(), value);
    }
}

fn write(resource: &Map<String, Value>, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, resource).expect("memory takes what is written to it");
    out.push(b'\n');
}

/// An id of letters, digits, `-` and `.`, 64 at most: the report's where it is such a one, else what of it is with a hash
/// of the whole; and the line.
fn id(bill: &Bill<'_>, line: Option<usize>) -> String {
    let report = bill.reports.first().map_or("", |r| r.record.id.as_str());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut id: String = report.chars().filter(|c| legal(*c)).take(40).collect();
    if id != report || id.is_empty() {
        let hash = Sha256::digest(report.as_bytes());
        id.truncate(32);
        id.push('-');
        id.extend(hash.iter().take(8).map(|b| format!("{b:02x}")));
    }
    line.map_or(id.clone(), |n| format!("{id}-{n}"))
}

fn code(line: &ClaimLine) -> Value {
    // level II begins with a letter
    let system = if line.code.starts_with(|c: char| c.is_ascii_alphabetic()) { HCPCS } else { CPT };
    json!({"coding": [{"system": system, "code": line.code}], "text": line.label})
}

fn modifier(m: &str) -> Value {
    let system = if m.bytes().all(|b| b.is_ascii_digit()) { CPT } else { HCPCS };
    json!({"coding": [{"system": system, "code": m}]})
}

fn subject(bill: &Bill<'_>) -> Value {
    let patient = bill.reports.iter().find_map(|r| r.record.patient.as_deref());
    patient.and_then(|p| named(p, "Patient")).unwrap_or_else(|| json!({"display": "unknown"}))
}

fn visit(bill: &Bill<'_>) -> Option<Value> {
    let visit = bill.reports.iter().find_map(|r| r.record.visit.as_deref().or(r.record.encounter.as_deref()));
    visit.and_then(|v| named(v, "Encounter"))
}

/// A reference as the input has it, else an identifier; none where nothing is told.
fn named(name: &str, kind: &str) -> Option<Value> {
    let name = string(name);
    let reference = name.starts_with("urn:") || name.starts_with(&format!("{kind}/")) || name.contains(&format!("/{kind}/"));
    (!name.is_empty()).then(|| if reference { json!({"reference": name}) } else { json!({"type": kind, "identifier": {"value": name}}) })
}

/// As FHIR has strings: no controls, and no white space but four characters.
fn string(s: &str) -> String {
    let plain = |c: char| if (c.is_whitespace() || c.is_control()) && !matches!(c, '\t' | '\r' | '\n') { ' ' } else { c };
    s.trim().chars().map(plain).collect()
}

/// A report, by its id.
fn service(report: &Answered<'_>) -> Value {
    let id = string(&report.record.id);
    if id.is_empty() {
        return json!({"type": "DiagnosticReport", "display": "not stated"});
    }
    json!({"type": "DiagnosticReport", "identifier": {"value": id}})
}

/// The day of service; none where it was assumed.
fn day(bill: &Bill<'_>) -> Option<String> {
    bill.reports.iter().find_map(|r| r.record.day).map(|d| d.to_string())
}

/// Whether it is a claim of the one who reads or of the house: by policy, the house's where the setting is a hospital and
/// the component is not the reading alone.
fn kind(bill: &Bill<'_>) -> &'static str {
    let is = |option: &str, choice: &str| bill.claim.policy.iter().any(|(o, c, _)| o == option && c == choice);
    if is("setting", "hospital") && !is("component", "professional") { "institutional" } else { "professional" }
}

/// The reports that a line comes from, in their order.
fn of_line<'b>(bill: &'b Bill<'_>, line: &'b ClaimLine) -> impl Iterator<Item = usize> + 'b {
    let from = |r: &usize| line.sources.iter().any(|s| s.report == *r) || line.supplies.iter().any(|(report, _)| report == r);
    (0..bill.reports.len()).filter(from)
}

/// The words that prove a line: `contrast: "with contrast" (CT1, bytes 31-44)`.
fn notes<'b>(bill: &'b Bill<'_>, line: &'b ClaimLine) -> impl Iterator<Item = String> + 'b {
    let exams = line.sources.iter().filter_map(|s| {
        let report = bill.reports.get(s.report)?;
        Some((report, &report.analysis.suggestions.get(s.suggestion)?.evidence))
    });
    let agents = line.supplies.iter().filter_map(|(r, s)| {
        let report = bill.reports.get(*r)?;
        Some((report, &report.analysis.supplies.get(*s)?.evidence))
    });
    exams.chain(agents).flat_map(|(report, evidence)| evidence.iter().map(move |e| note(report, e)))
}

fn note(report: &Answered<'_>, e: &Evidence) -> String {
    let words = &report.record.text[e.span.range()];
    string(&format!("{}: \"{words}\" ({}, bytes {}-{})", e.role, report.record.id, e.span.start, e.span.end))
}
