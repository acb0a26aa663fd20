//! The reports of a message.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use jiff::civil::Date;

use super::super::{Ordered, Place, Record, Unusable, rtf};
use super::escape::switches;
use super::message::{Message, Segment};
use super::{Cut, InputOptions, data};
use crate::analysis::{Part, ReportStatus};

/// Messages that carry no report, by their type; others are called unknown, so that no word of a slipped field is shown.
const OTHER_TYPES: [&str; 24] = [
    "ACK", "ADT", "BAR", "CRM", "DFT", "EHC", "MFN", "MFK", "OMB", "OMD", "OMN", "OMP", "OMS", "ORG", "ORI", "ORL", "ORR", "PPR", "QBP",
    "RAS", "RDE", "RSP", "SIU", "VXU",
];

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// ORU: results.
    Result,
    /// MDM: one document.
    Document,
    /// ORM, OMG, OMI: orders, which some systems send reports with.
    Order,
}

/// An OBR and what belongs to it.
#[derive(Clone, Default)]
struct Group<'a> {
    obr: Option<Segment<'a>>,
    /// Its number among the groups of the message, from 1.
    number: usize,
    patient: usize,
    pid: Option<Segment<'a>>,
    pv1: Option<Segment<'a>>,
    /// With their numbers among the OBX of the message, from 1.
    obx: Vec<(usize, Segment<'a>)>,
    /// FT1 and PR1.
    billed: Vec<Segment<'a>>,
}

/// What the OBX of a group hold.
struct Content {
    text: String,
    parts: Vec<Part>,
    status: Vec<ReportStatus>,
}

/// Gives the records of a message, or says why there are none; every group is answered by one of the two.
pub(super) fn records(cut: Cut, options: &InputOptions, out: &mut VecDeque<Result<Record, Unusable>>) {
    let (place, number) = (cut.place(), cut.number);
    let read = Message::of(cut, options.encoding).and_then(|message| Reader::of(&message, number, &place, options)?.records(out));
    if let Err(unusable) = read {
        out.push_back(Err(unusable.at(place)));
    }
}

struct Reader<'a> {
    message: &'a Message,
    header: Segment<'a>,
    kind: Kind,
    txa: Option<Segment<'a>>,
    groups: Vec<Group<'a>>,
    /// The number of the message in its input.
    number: u64,
    place: &'a Place,
    limit: u64,
}

impl<'a> Reader<'a> {
    fn of(message: &'a Message, number: u64, place: &'a Place, options: &InputOptions) -> Result<Self, Unusable> {
        let header = message.header();
        let kind = match header.component(9, 1).as_str() {
            "ORU" => Kind::Result,
            "MDM" => Kind::Document,
            "ORM" | "OMG" | "OMI" => Kind::Order,
            other => {
                let name = OTHER_TYPES
                    .iter()
                    .find(|t| **t == other)
                    .map_or("a message of an unknown type".to_owned(), |t| format!("a message of type {t}"));
                return Err(Unusable::new(name, "reports come in ORU, MDM, ORM, OMG and OMI; leave others out"));
            }
        };
        if !header.field(14).is_empty() || message.segments().any(|s| s.name() == "DSC" && !s.field(1).is_empty()) {
            let help = "the pieces (MSH-14, DSC) are not put together here: have the message sent in one";
            return Err(Unusable::new("a message that goes on in another", help));
        }
        let txa = message.segments().find(|s| s.name() == "TXA");
        let groups = groups(message, kind);
        Ok(Self { message, header, kind, txa, groups, number, place, limit: options.max_report_bytes })
    }

    fn records(&self, out: &mut VecDeque<Result<Record, Unusable>>) -> Result<(), Unusable> {
        if self.kind == Kind::Document && matches!(self.txa.map(|t| t.component(19, 1)).as_deref(), Some("CA" | "OB")) {
            return Err(Unusable::new("a document that has been withdrawn (TXA-19)", "nothing to do: it replaces what was sent before"));
        }
        let contents: Vec<Result<Option<Content>, Unusable>> = self.groups.iter().map(|g| self.content(g)).collect();
        // the exams that are read in the report of a group, by its index: exams that were linked carry the same text
        let mut with: Vec<Vec<&Group<'a>>> = vec![Vec::new(); self.groups.len()];
        let mut firsts: HashMap<(usize, &str), usize> = HashMap::new();
        let mut told = Vec::new();
        for (i, (group, content)) in self.groups.iter().zip(&contents).enumerate() {
            match content {
                Ok(Some(content)) => match firsts.entry((group.patient, content.text.as_str())) {
                    Entry::Occupied(first) => with[*first.get()].push(group),
                    Entry::Vacant(none) => {
                        none.insert(i);
                        told.push(i);
                    }
                },
                Ok(None) => {}
                Err(_) => told.push(i),
            }
        }
        let only = match told[..] {
            [] => return Err(self.no_text()),
            [only] => Some(only),
            _ => None,
        };
        if let Some(only) = only {
            // or they carry it once for all
            with[only] = self.groups.iter().filter(|g| g.number != self.groups[only].number).collect();
        }
        for (i, content) in contents.into_iter().enumerate() {
            let group = &self.groups[i];
            let record = match content {
                Ok(Some(content)) if told.binary_search(&i).is_ok() => self.record(group, &with[i], content, told.len() > 1),
                Ok(None) if only.is_none() => {
                    Err(Unusable::new("no text", "its OBR has no OBX that holds some; the other reports of the message are answered"))
                }
                Ok(_) => continue,
                Err(unusable) => Err(unusable),
            };
            out.push_back(record.map_err(|u| u.at(self.place_of(group))));
        }
        Ok(())
    }

    fn no_text(&self) -> Unusable {
        match (self.kind, self.groups.iter().any(|g| g.obr.is_some())) {
            (Kind::Order, _) => {
                Unusable::new("an order without a report", "nothing to do: the report of the exam comes in another message")
            }
            (Kind::Result, false) if self.groups.is_empty() => {
                Unusable::new("no OBR and no OBX", "see that every segment of the message begins on a line of its own")
            }
            _ => Unusable::new("no text", "the report is read from OBX-5 of the types TX, FT, ST, CE, CWE and ED; no OBX holds some"),
        }
    }

    fn place_of(&self, group: &Group<'_>) -> Place {
        let item = self.place.item.clone().unwrap_or_default();
        let item = if self.groups.len() > 1 { format!("{item} OBR[{}]", group.number) } else { item };
        Place { item: Some(item), ..self.place.clone() }
    }

    /// The text of a group, from its text; without any, from the documents that stand in it.
    fn content(&self, group: &Group<'a>) -> Result<Option<Content>, Unusable> {
        if group.obr.is_some_and(|o| matches!(o.component(25, 1).to_ascii_uppercase().as_str(), "X" | "CANCELED" | "CANCELLED")) {
            return Err(Unusable::new("an exam that was cancelled (OBR-25)", "nothing to do: there is nothing to code"));
        }
        let mut content = Content { text: String::new(), parts: Vec::new(), status: Vec::new() };
        let mut documents = Vec::new();
        let mut withdrawn = false;
        for (number, obx) in &group.obx {
            let kind = obx.component(2, 1).to_ascii_uppercase();
            if kind == "ED" {
                documents.push((*number, *obx));
                continue;
            }
            if !matches!(kind.as_str(), "TX" | "FT" | "ST" | "CE" | "CWE" | "") {
                continue;
            }
            if matches!(obx.component(11, 1).as_str(), "D" | "W") {
                withdrawn = true;
                continue;
            }
            if switches(obx.field(5), &self.message.separators) {
                let help = "convert the message to UTF-8, with MSH-18 saying UNICODE UTF-8";
                return Err(Unusable::new("a field that switches to another character set (\\C..\\ or \\M..\\)", help));
            }
            let value: Vec<String> = obx.repetitions(5).map(|r| if kind.starts_with('C') { coded(*obx, r) } else { obx.text(r) }).collect();
            content.add(*number, "", &value.join("\n"), status(&obx.component(11, 1)));
        }
        if rtf::begins(content.text.as_bytes()) {
            content.text = rtf::text(content.text.as_bytes())?;
            content.parts.truncate(1);
        }
        if content.text.trim().is_empty() {
            let mut problem = None;
            for (number, obx) in documents {
                match data::text(obx, obx.field(5), self.message.encoding) {
                    Ok(text) => content.add(number, ".5", &text, status(&obx.component(11, 1))),
                    Err(unusable) => _ = problem.get_or_insert(unusable),
                }
            }
            if let (true, Some(unusable)) = (content.text.trim().is_empty(), problem) {
                return Err(unusable);
            }
        }
        if content.text.trim().is_empty() {
            let gone = Unusable::new("a report that has been withdrawn (OBX-11)", "nothing to do: it replaces what was sent before");
            return if withdrawn { Err(gone) } else { Ok(None) };
        }
        if content.text.len() as u64 > self.limit { Err(Unusable::too_long(self.limit)) } else { Ok(Some(content)) }
    }

    /// The id of the exam or the document, by whoever did it, else by whoever ordered it.
    fn order(&self, group: &Group<'_>) -> Option<String> {
        let txa = self.txa.filter(|_| self.kind == Kind::Document);
        first_of(&[(group.obr, 3), (txa, 15), (group.obr, 2), (txa, 14), (txa, 12)])
    }

    fn record(&self, group: &Group<'a>, with: &[&Group<'a>], content: Content, several: bool) -> Result<Record, Unusable> {
        let (obr, txa) = (group.obr, self.txa.filter(|_| self.kind == Kind::Document));
        let control = self.header.component(10, 1);
        let id = self.order(group).unwrap_or_else(|| {
            let message = if control.is_empty() { self.number.to_string() } else { control.clone() };
            if self.groups.len() > 1 { format!("{message}/{}", group.number) } else { message }
        });
        // control ids begin anew with some senders, so an exam stands beside it
        let of_patient = self.groups.iter().filter(|g| g.patient == group.patient);
        let exam = of_patient.clone().find_map(|g| self.order(g)).unwrap_or_else(|| group.patient.to_string());
        let encounter = if control.is_empty() { exam } else { format!("{control}/{exam}") };
        let (day_field, written) = match (obr.map(|o| o.component(7, 1)).unwrap_or_default(), txa) {
            (written, Some(txa)) if written.is_empty() => ("TXA-4", txa.component(4, 1)),
            (written, _) => ("OBR-7", written),
        };
        let day = day(&written).ok_or_else(|| {
            Unusable::new(format!("{day_field} is no day of the calendar"), "write the time of the exam as YYYYMMDD and what follows")
        })?;
        let exams = || std::iter::once(group).chain(with.iter().copied());
        let mut states = content.status;
        states.extend(exams().filter_map(|g| status(&g.obr?.component(25, 1))));
        states.extend(txa.and_then(|t| completion(&t.component(17, 1))));
        states.extend(txa.and_then(|_| event(&self.header.component(9, 2))));
        Ok(Record {
            id,
            text: content.text,
            parts: content.parts,
            day,
            encounter: several.then_some(encounter),
            status: states.into_iter().min_by_key(|s| settled(*s)),
            ordered: exams().filter_map(|g| ordered(g.obr?)).collect(),
            billed: exams().flat_map(|g| &g.billed).map(|s| billed(*s)).filter(|c| !c.is_empty()).collect(),
            patient: group.pid.and_then(patient),
            visit: first_of(&[(group.pv1, 19), (group.pv1, 50)]),
            place: self.place_of(group),
        })
    }
}

/// The first of some fields that holds a value: its first component.
fn first_of(fields: &[(Option<Segment<'_>>, usize)]) -> Option<String> {
    fields.iter().filter_map(|(segment, field)| segment.map(|s| s.component(*field, 1))).find(|value| !value.is_empty())
}

impl Content {
    fn add(&mut self, number: usize, component: &str, text: &str, status: Option<ReportStatus>) {
        if !self.text.is_empty() || !self.parts.is_empty() {
            self.text.push('\n');
        }
        self.parts.push(Part { start: self.text.len() as u32, from: format!("OBX[{number}]-5{component}") });
        self.text.push_str(text);
        self.status.extend(status);
    }
}

/// The groups of a message. A document is one, whatever the orders that it names.
fn groups(message: &Message, kind: Kind) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let (mut pid, mut pv1, mut patient, mut count) = (None, None, 0, 0);
    let mut billed = Vec::new();
    let of_document = |groups: &[Group<'_>]| kind == Kind::Document && !groups.is_empty();
    for segment in message.segments() {
        match segment.name() {
            "PID" => {
                (pid, pv1) = (Some(segment), None);
                patient += 1;
            }
            "PV1" => pv1 = Some(segment),
            "OBR" => groups.push(Group { obr: Some(segment), number: groups.len() + 1, patient, pid, pv1, ..Group::default() }),
            "OBX" => {
                count += 1;
                if groups.is_empty() || groups.last().is_some_and(|g| g.patient != patient) {
                    groups.push(Group { number: groups.len() + 1, patient, pid, pv1, ..Group::default() });
                }
                let group = if of_document(&groups) { groups.first_mut() } else { groups.last_mut() };
                group.expect("one has been pushed").obx.push((count, segment));
            }
            "FT1" | "PR1" => groups.last_mut().map_or(&mut billed, |g| &mut g.billed).push(segment),
            _ => {}
        }
    }
    if let Some(first) = groups.first_mut() {
        billed.append(&mut first.billed);
        first.billed = billed;
    }
    groups
}

/// The text of a coded value: its own, that of the alternate, the original, else the code.
fn coded(obx: Segment<'_>, value: &str) -> String {
    let parts: Vec<String> = obx.components(value).map(|c| obx.text(c)).collect();
    let text = [1, 4, 8, 0].into_iter().filter_map(|i| parts.get(i)).find(|t| !t.trim().is_empty());
    text.cloned().unwrap_or_default()
}

/// The exam of an OBR: of OBR-4, its alternate and OBR-44 the code that is a billing code, else the first; the first name.
fn ordered(obr: Segment<'_>) -> Option<Ordered> {
    let triplets = [(4, 1), (4, 4), (44, 1)].map(|(field, at)| [0, 1, 2].map(|i| obr.component(field, at + i)));
    let shaped = |code: &str| {
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        code.len() == 5 && digits >= 4 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    };
    let bills = |system: &str| ["C4", "C5", "CPT", "HCPC", "HPC"].iter().any(|s| system.to_ascii_uppercase().starts_with(s));
    let billing = triplets.iter().enumerate().find(|(i, [code, _, system])| shaped(code) && (*i == 2 || bills(system)));
    let first = |part: usize| triplets.iter().map(|t| &t[part]).find(|t| !t.is_empty()).cloned();
    let exam = Ordered { code: billing.map(|(_, t)| t[0].clone()).or_else(|| first(0)), name: first(1) };
    (exam != Ordered::default()).then_some(exam)
}

/// The code of a charge or procedure.
fn billed(segment: Segment<'_>) -> String {
    if segment.name() == "PR1" {
        return segment.component(3, 1);
    }
    let procedure = segment.component(25, 1);
    if procedure.is_empty() { segment.component(7, 1) } else { procedure }
}

/// The first identifier of a PID as the field writes one: `id`, or `id^^^authority`.
fn patient(pid: Segment<'_>) -> Option<String> {
    let (field, id) = [3, 2].map(|f| (f, pid.component(f, 1))).into_iter().find(|(_, id)| !id.is_empty())?;
    let authority = pid.subcomponents(field, 4).join("&");
    Some(if authority.is_empty() { id } else { format!("{id}^^^{authority}") })
}

/// The day that a time begins with; `None` where none is told, or only a month.
#[allow(clippy::option_option, reason = "no day told and no day of the calendar are different answers")]
fn day(time: &str) -> Option<Option<Date>> {
    let Some(digits) = time.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit())) else {
        let short = time.len() < 8 && time.bytes().all(|b| b.is_ascii_digit());
        return short.then_some(None);
    };
    let number = |range| digits.get(range).and_then(|d: &str| d.parse().ok()).unwrap_or_default();
    let year = digits[..4].parse().ok()?;
    Date::new(year, number(4..6), number(6..8)).ok().map(Some)
}

/// The status that a code of OBR-25 or OBX-11 tells, or a word that sites write there.
fn status(code: &str) -> Option<ReportStatus> {
    let code = code.to_ascii_uppercase();
    let begins = |words: &[&str]| words.iter().any(|w| code.starts_with(w));
    match code.as_str() {
        "P" | "R" | "S" | "I" => Some(ReportStatus::Preliminary),
        "F" | "U" => Some(ReportStatus::Final),
        "C" => Some(ReportStatus::Corrected),
        "A" => Some(ReportStatus::Addended),
        _ if begins(&["PRELIM", "WET", "DRAFT", "DICTATED", "TRANSCRIBED", "UNSIGNED", "UNVERIFIED"]) => Some(ReportStatus::Preliminary),
        _ if begins(&["CORRECT", "AMEND", "REVISED"]) => Some(ReportStatus::Corrected),
        _ if begins(&["ADDEN"]) => Some(ReportStatus::Addended),
        _ if begins(&["FINAL", "SIGNED", "VERIFIED"]) => Some(ReportStatus::Final),
        _ => None,
    }
}

/// The status that TXA-17 tells.
fn completion(code: &str) -> Option<ReportStatus> {
    match code {
        "DI" | "DO" | "IN" | "IP" | "PA" => Some(ReportStatus::Preliminary),
        "AU" | "LA" => Some(ReportStatus::Final),
        _ => None,
    }
}

/// The status that the event of a document tells: addendum, edit, replacement.
fn event(event: &str) -> Option<ReportStatus> {
    match event {
        "T05" | "T06" => Some(ReportStatus::Addended),
        "T07" | "T08" | "T09" | "T10" => Some(ReportStatus::Corrected),
        _ => None,
    }
}

/// The least settled of several holds.
const fn settled(status: ReportStatus) -> u8 {
    match status {
        ReportStatus::Preliminary => 0,
        ReportStatus::Corrected => 1,
        ReportStatus::Addended => 2,
        ReportStatus::Final => 3,
    }
}
