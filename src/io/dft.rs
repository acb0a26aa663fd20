//! HL7 version 2 charges out: DFT^P03 of version 2.5.1, a message a claim.
//!
//! Nothing is taken from a clock: the times of a message are the day of service, and its control id is a digest of what
//! it says, so that the same reports give the same bytes.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Answered, Bill};
use crate::analysis::{ClaimLine, Evidence};

/// A message for the claim: segments end in CR, and an LF follows the last, so that each message is a line of its own.
/// A claim without lines has none.
pub(super) fn write(bill: &Bill<'_>, out: &mut Vec<u8>) {
    if bill.claim.lines.is_empty() {
        return;
    }
    let day = bill.claim.day.strftime("%Y%m%d").to_string();
    // a day that nobody has given is taken for the code set, never for the charge
    let given = bill.reports.iter().any(|r| r.record.day.is_some()) || bill.claim.day != bill.lexicon.default_date();
    let service = if given { day.as_str() } else { "" };
    let records = bill.reports.iter().map(|r| r.record);
    let patient = records.clone().find_map(|r| r.patient.as_deref()).map(identifier).unwrap_or_default();
    let visit = records.clone().find_map(|r| r.visit.as_deref()).map(escaped).unwrap_or_default();
    let control = control_id(bill, &[&day, &patient, &visit]);
    let head = [
        format!("MSH|^~\\&|RADCODE||||{day}||DFT^P03^DFT_P03|{control}|P|2.5.1||||||UNICODE UTF-8"),
        format!("EVN|P03|{day}"),
        format!("PID|1||{patient}||^^^^^^U"),
        format!("PV1|1|U{}{visit}", "|".repeat(17)),
    ];
    let charges = bill.claim.lines.iter().enumerate().flat_map(|(i, line)| {
        let transaction = format!("{}|{control}-{}", i + 1, i + 1);
        [Some(charge(bill, line, &transaction, service)), note(bill, line)]
    });
    for segment in head.into_iter().chain(charges.flatten()) {
        out.extend_from_slice(segment.as_bytes());
        out.push(b'\r');
    }
    out.push(b'\n');
}

/// A line of the claim.
fn charge(bill: &Bill<'_>, line: &ClaimLine, transaction: &str, service: &str) -> String {
    let system = if line.code.starts_with(|c: char| c.is_ascii_digit()) { "C4" } else { "HCPCS" };
    let code = format!("{}^{}^{system}", escaped(&line.code), escaped(&line.label));
    let filler = reports(line).first().and_then(|r| bill.reports.get(*r)).map(|r| escaped(&r.record.id)).unwrap_or_default();
    let modifiers: Vec<String> = line.modifiers.iter().map(|m| escaped(m)).collect();
    let (units, modifiers) = (line.units, modifiers.join("~"));
    format!("FT1|{transaction}||{service}||CG|{code}|||{units}{}{filler}||{code}|{modifiers}", "|".repeat(13))
}

/// Where the evidence of a line stands, a repetition a report: never its words, which are the report's.
fn note(bill: &Bill<'_>, line: &ClaimLine) -> Option<String> {
    let notes: Vec<String> = reports(line).iter().filter_map(|r| Some(places(bill.reports.get(*r)?, *r, line))).collect();
    (!notes.is_empty()).then(|| format!("NTE|1||{}", notes.join("~")))
}

/// The reports that a line comes from, in their order.
fn reports(line: &ClaimLine) -> Vec<usize> {
    let mut all: Vec<usize> = line.sources.iter().map(|s| s.report).chain(line.supplies.iter().map(|(r, _)| *r)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// `report ACC-1: contrast bytes 14-30 of OBX[1]-5, ...`: role and bytes of the report's text, and where those came from.
fn places(report: &Answered<'_>, index: usize, line: &ClaimLine) -> String {
    let analysis = report.analysis;
    let exams =
        line.sources.iter().filter(|s| s.report == index).filter_map(|s| analysis.suggestions.get(s.suggestion)).map(|s| &s.evidence);
    let agents = line.supplies.iter().filter(|(r, _)| *r == index).filter_map(|(_, s)| analysis.supplies.get(*s)).map(|s| &s.evidence);
    let places: Vec<String> = exams.chain(agents).flatten().map(|e| place(report, e)).collect();
    escaped(&format!("report {}: {}", report.record.id, places.join(", ")))
}

fn place(report: &Answered<'_>, evidence: &Evidence) -> String {
    let (start, end) = (evidence.span.start, evidence.span.end);
    let parts = &report.record.parts;
    let part = parts[..parts.partition_point(|p| p.start <= start)].last();
    let from = part.map_or_else(String::new, |p| format!(" of {}", p.from));
    format!("{} bytes {start}-{end}{from}", evidence.role)
}

/// The first sixteen digits of a SHA-256 over what the message says.
fn control_id(bill: &Bill<'_>, head: &[&str]) -> String {
    let mut digest = Sha256::new();
    let mut add = |part: &str| {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    };
    bill.encounter().into_iter().chain(head.iter().copied()).for_each(&mut add);
    bill.reports.iter().for_each(|r| add(&r.record.id));
    bill.claim.lines.iter().for_each(|line| add(&line.to_string()));
    digest.finalize().iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// A patient's identifier: `id^^^authority` as HL7 writes one, anything else as the id.
fn identifier(patient: &str) -> String {
    match patient.split_once("^^^") {
        Some((id, authority)) if !id.contains('^') && !authority.contains('^') => {
            let authority: Vec<String> = authority.split('&').map(escaped).collect();
            format!("{}^^^{}", escaped(id), authority.join("&"))
        }
        _ => escaped(patient),
    }
}

/// Text as a field holds it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '\\' => out.push_str("\\E\\"),
            c if c.is_ascii_control() => _ = write!(out, "\\X{:02X}\\", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_escaped() {
        assert_eq!(escaped("a|b^c&d~e\\f\rg\u{e9}"), "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\\X0D\\g\u{e9}");
        assert_eq!(identifier("P-1^^^NORTH&1.2&ISO"), "P-1^^^NORTH&1.2&ISO");
        assert_eq!(identifier("Patient/1^2"), "Patient/1\\S\\2");
        assert_eq!(identifier("a|b^^^c~d"), "a\\F\\b^^^c\\R\\d");
    }
}
