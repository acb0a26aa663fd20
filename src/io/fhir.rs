//! FHIR resources in, R4 and R5: alone, in Bundles of any type, in arrays, one a line.
//!
//! `DiagnosticReport`, `Composition` and `DocumentReference` are reports. In a Bundle a report finds its order
//! (`ServiceRequest`), the strings of its results (`Observation`) and its `Composition`, wherever they stand; for that
//! its reports wait for its end, a few megabytes of them at most.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fhir_text::{self, Attached, Told, attached, no_text};
use super::fhir_wire::{
    Composition, Concept, Context, DiagnosticReport, DocumentReference, Entry, Head, Observation, Reference, Section, ServiceRequest, Some1,
};
use super::items::{Item, Items, Kind};
use super::json::{item_limit, item_text};
use super::{Input, InputOptions, Ordered, Record, Records, Unusable, text};
use crate::analysis::ReportStatus;

/// Bytes of reports that wait for the end of their Bundle; and of orders and results that are remembered in it.
const WAITING: usize = 4 << 20;

/// The reports of resources.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    Box::new(Resources {
        items: Items::new(from, item_limit(options), true),
        options: options.clone(),
        bundle: Bundle::default(),
        in_bundle: false,
        ready: VecDeque::new(),
        passed: 0,
        reports: 0,
        ended: false,
    })
}

struct Resources {
    items: Items,
    options: InputOptions,
    bundle: Bundle,
    in_bundle: bool,
    /// What can be given.
    ready: VecDeque<Result<Record, Unusable>>,
    /// Resources that hold no report.
    passed: u64,
    reports: u64,
    ended: bool,
}

impl Records for Resources {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.ended {
                return None;
            }
            match self.items.next() {
                Some(Ok(item)) => {
                    let inside = item.kind == Kind::Entry;
                    let began = std::mem::replace(&mut self.in_bundle, inside);
                    let place = item.place.clone();
                    let found = resource(&item, &self.options);
                    // a Bundle whose end could not be read
                    if began && !inside && !matches!(found, Ok(Found::End(_))) {
                        self.bundle.end(false, &mut self.ready);
                    }
                    match found {
                        Ok(Found::Nothing) => {}
                        Ok(Found::Passed) => self.passed += 1,
                        Ok(Found::End(document)) => self.bundle.end(document, &mut self.ready),
                        Ok(Found::Order(names, order)) => {
                            self.passed += 1;
                            self.bundle.remember_order(&names, &order);
                        }
                        Ok(Found::Words(names, words)) => {
                            self.passed += 1;
                            self.bundle.remember_words(&names, &words);
                        }
                        Ok(Found::Report(report)) => self.found(Ok(*report), inside),
                        Err(why) => self.found(Err(why.at(place)), inside),
                    }
                }
                // a mistake among entries takes its turn
                Some(Err(why)) => self.found(Err(why), self.in_bundle),
                None => {
                    self.ended = true;
                    self.bundle.end(false, &mut self.ready);
                    if self.reports == 0 {
                        let what = format!("no report among {} FHIR resources", self.passed);
                        let help = "radcode reads DiagnosticReport, Composition and DocumentReference";
                        self.ready.push_back(Err(Unusable::new(what, help)));
                    }
                }
            }
        }
    }

    fn at_hand(&self) -> bool {
        !self.ready.is_empty() || self.items.at_hand()
    }
}

impl Resources {
    /// A report, or what is none; inside a Bundle it waits.
    fn found(&mut self, report: Result<Report, Unusable>, inside: bool) {
        self.reports += 1;
        self.bundle.add(report);
        if inside {
            self.bundle.spill(&mut self.ready);
        } else {
            self.bundle.end(false, &mut self.ready);
        }
    }
}

/// What an item holds.
enum Found {
    /// No resource: an entry that tells of a deletion, for instance.
    Nothing,
    /// A resource that holds no report.
    Passed,
    /// The end of a Bundle, and whether it was a document.
    End(bool),
    /// An order and the names that refer to it.
    Order(Names, Ordered),
    /// A result in words, and the names that refer to it.
    Words(Names, String),
    Report(Box<Report>),
}

/// What may refer to a resource: its full URL, its type and id.
#[derive(Default)]
struct Names {
    url: Option<String>,
    local: Option<String>,
}

impl Names {
    fn of(resource: &str, id: Option<&String>, url: Option<String>) -> Self {
        Self { url, local: id.map(|id| format!("{resource}/{id}")) }
    }

    fn each(&self) -> impl Iterator<Item = &String> {
        self.url.iter().chain(&self.local)
    }
}

/// A report on its way.
struct Report {
    record: Record,
    names: Names,
    what: What,
    /// Why it has no text, if it has none yet.
    lacks: Option<Unusable>,
    /// Whether its text is a form in which it was presented.
    form: bool,
    orders: Vec<String>,
    results: Vec<String>,
    composition: Option<String>,
    /// What the sections of a composition refer to.
    holds: Vec<String>,
}

/// What a report is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Report,
    Composition,
    Document,
}

impl Report {
    fn new(what: What, names: Names, told: Result<Told, Unusable>) -> Self {
        let mut report = Self {
            record: Record::default(),
            names,
            what,
            lacks: None,
            form: false,
            orders: Vec::new(),
            results: Vec::new(),
            composition: None,
            holds: Vec::new(),
        };
        report.takes(told);
        report
    }

    /// About how many bytes it holds.
    fn size(&self) -> usize {
        let lists = self.orders.iter().chain(&self.results).chain(&self.holds);
        512 + self.record.text.len() + lists.map(|r| r.len() + 24).sum::<usize>()
    }

    fn takes(&mut self, told: Result<Told, Unusable>) {
        match told {
            Ok(told) => {
                self.lacks = None;
                (self.record.text, self.record.parts, self.form) = (told.text, told.parts, told.form);
            }
            Err(why) => self.lacks = Some(why),
        }
    }

    fn given(self) -> Result<Record, Unusable> {
        match self.lacks {
            None => Ok(self.record),
            Some(why) => Err(why.at(self.record.place)),
        }
    }
}

/// What is known of the Bundle at hand.
#[derive(Default)]
struct Bundle {
    waiting: VecDeque<Result<Report, Unusable>>,
    /// Bytes of what waits.
    bytes: usize,
    orders: HashMap<String, Ordered>,
    words: HashMap<String, String>,
    /// Bytes of what is remembered.
    remembered: usize,
}

impl Bundle {
    fn add(&mut self, report: Result<Report, Unusable>) {
        self.bytes += size(&report);
        self.waiting.push_back(report);
    }

    fn remember_order(&mut self, names: &Names, order: &Ordered) {
        for name in names.each() {
            self.remembered += name.len() + 128 + order.name.as_ref().map_or(0, String::len);
            if self.remembered <= WAITING {
                self.orders.insert(name.clone(), order.clone());
            }
        }
    }

    fn remember_words(&mut self, names: &Names, words: &str) {
        for name in names.each() {
            self.remembered += name.len() + 128 + words.len();
            if self.remembered <= WAITING {
                self.words.insert(name.clone(), words.to_owned());
            }
        }
    }

    /// Gives what can't wait.
    fn spill(&mut self, ready: &mut VecDeque<Result<Record, Unusable>>) {
        while self.bytes > WAITING
            && let Some(report) = self.waiting.pop_front()
        {
            self.bytes -= size(&report);
            ready.push_back(self.resolved(report));
        }
    }

    /// Gives all, and forgets the Bundle.
    fn end(&mut self, document: bool, ready: &mut VecDeque<Result<Record, Unusable>>) {
        self.pair(document);
        let all = std::mem::take(&mut self.waiting);
        ready.extend(all.into_iter().map(|report| self.resolved(report)));
        *self = Self::default();
    }

    /// A report with what it refers to.
    fn resolved(&self, report: Result<Report, Unusable>) -> Result<Record, Unusable> {
        let mut report = report?;
        let orders: Vec<Ordered> = report.orders.iter().filter_map(|r| find(&self.orders, r)).cloned().collect();
        if !orders.is_empty() {
            report.record.ordered = orders;
        }
        if report.lacks.is_some() {
            let mut told = Told::default();
            for reference in &report.results {
                if let Some(words) = find(&self.words, reference) {
                    told.add(words, format!("{}.valueString", last_two(reference)), "\n");
                }
            }
            if !told.text.is_empty() {
                report.takes(Ok(told));
            }
        }
        report.given()
    }

    /// A report and the composition that frames it are one: the text is the report's where it was presented in a form of its
    /// own, else that of the composition. They name each other, or are the only ones of a document.
    fn pair(&mut self, document: bool) {
        let of = |what: What| {
            let all = self.waiting.iter().enumerate();
            all.filter_map(move |(i, r)| r.as_ref().ok().filter(|r| r.what == what).map(|r| (i, r)))
        };
        let by_name = |what: What| of(what).flat_map(|(i, r)| r.names.each().map(move |n| (n.as_str(), i))).collect::<HashMap<_, _>>();
        let (reports, compositions) = (by_name(What::Report), by_name(What::Composition));
        let named = of(What::Report).filter_map(|(r, report)| Some((*find(&compositions, report.composition.as_deref()?)?, r)));
        let held =
            of(What::Composition).filter_map(|(c, composition)| Some((c, *composition.holds.iter().find_map(|h| find(&reports, h))?)));
        let mut pairs: Vec<(usize, usize)> = named.chain(held).collect();
        if let ([(c, _)], [(r, _)], true) = (&*of(What::Composition).collect::<Vec<_>>(), &*of(What::Report).collect::<Vec<_>>(), document)
        {
            pairs.push((*c, *r));
        }
        pairs.sort_unstable();
        pairs.dedup_by_key(|(c, _)| *c);
        for &(c, r) in &pairs {
            let composition = std::mem::replace(&mut self.waiting[c], Err(no_text()));
            if let (Ok(composition), Ok(report)) = (composition, &mut self.waiting[r])
                && !report.form
                && composition.lacks.is_none()
            {
                report.lacks = None;
                (report.record.text, report.record.parts) = (composition.record.text, composition.record.parts);
            }
        }
        let mut at = 0..;
        let framing: HashSet<usize> = pairs.iter().map(|(c, _)| *c).collect();
        self.waiting.retain(|_| at.next().is_none_or(|i| !framing.contains(&i)));
    }
}

fn size(report: &Result<Report, Unusable>) -> usize {
    report.as_ref().map_or(512, Report::size)
}

/// Looks a reference up among names: by its URL, else by type and id.
fn find<'m, K: Borrow<str> + Eq + Hash, V>(map: &'m HashMap<K, V>, reference: &str) -> Option<&'m V> {
    map.get(reference).or_else(|| map.get(last_two(reference)))
}

/// A reference without its version.
fn plain(reference: &Reference) -> Option<String> {
    let said = reference.reference.as_deref()?;
    Some(said.split("/_history/").next().unwrap_or(said).to_owned())
}

fn plains(references: Option<&Vec<Reference>>) -> Vec<String> {
    references.into_iter().flatten().filter_map(plain).collect()
}

/// Type and id at the end of a URL.
fn last_two(reference: &str) -> &str {
    let mut slashes = reference.rmatch_indices('/').map(|(at, _)| at);
    slashes.nth(1).map_or(reference, |at| &reference[at + 1..])
}

/// What an item holds.
fn resource(item: &Item<'_>, options: &InputOptions) -> Result<Found, Unusable> {
    let json = item_text(item.bytes, options)?;
    let source = Source { json: &json, item, options };
    let (url, head) = source.parsed::<Head>()?;
    let Some(head) = head else { return Ok(Found::Nothing) };
    let Some(kind) = head.resource_type.as_deref() else {
        return Err(Unusable::new("an object without `resourceType`", "give FHIR resources, or name the form: --input-format json"));
    };
    match (kind, item.kind) {
        ("DiagnosticReport", _) => source.report(),
        ("Composition", _) => source.composition(),
        ("DocumentReference", _) => source.document(),
        ("ServiceRequest" | "ProcedureRequest", Kind::Entry) => {
            let order = source.parsed::<ServiceRequest>()?.1.and_then(|r| Some((Names::of(kind, r.id.as_ref(), url), r.code?.ordered()?)));
            Ok(order.map_or(Found::Passed, |(names, order)| Found::Order(names, order)))
        }
        ("Observation", Kind::Entry) => {
            let words = source.parsed::<Observation>()?.1.and_then(|o| Some((Names::of(kind, o.id.as_ref(), url), o.value_string?)));
            Ok(words.map_or(Found::Passed, |(names, words)| Found::Words(names, words)))
        }
        ("Bundle", Kind::Entry) => Err(Unusable::new("a Bundle inside a Bundle", "give it as an input of its own")),
        ("Bundle", Kind::Whole) if head.entry.is_some_and(|e| !e.is_empty()) => {
            Err(Unusable::new("a Bundle whose `entry` is written in an unusual way", "write the name without escapes"))
        }
        ("Bundle", Kind::Whole) => Ok(Found::End(head.r#type.is_some_and(|t| t.as_str() == Some("document")))),
        _ => Ok(Found::Passed),
    }
}

/// An item on its way to a report.
struct Source<'a> {
    json: &'a str,
    item: &'a Item<'a>,
    options: &'a InputOptions,
}

impl Source<'_> {
    /// The resource as far as it is wanted, and its full URL.
    fn parsed<T: DeserializeOwned>(&self) -> Result<(Option<String>, Option<T>), Unusable> {
        let parsed = match self.item.kind {
            Kind::Whole => serde_json::from_str(self.json).map(|resource| (None, Some(resource))),
            Kind::Entry => serde_json::from_str(self.json).map(|e: Entry<T>| (e.full_url, e.resource)),
        };
        parsed.map_err(|e| mistake(&e))
    }

    fn report(&self) -> Result<Found, Unusable> {
        let (url, Some(r)) = self.parsed::<DiagnosticReport>()? else { return Ok(Found::Nothing) };
        let status = status(r.status.as_deref())?;
        let told = self.within_limit(fhir_text::report(&r, &self.path("DiagnosticReport", r.id.as_ref()), self.options));
        if told.is_err() && r.presented_form.is_none() && laboratory(&r) {
            return Ok(Found::Passed);
        }
        let mut report = Report::new(What::Report, Names::of("DiagnosticReport", r.id.as_ref(), url), told);
        let when = r.effective_date_time.as_deref().or(r.effective_period.as_ref().and_then(|p| p.start.as_deref()));
        let identifier = r.identifier.iter().flatten().find_map(|i| i.value.clone());
        report.record = self.record(report.record, &report.names, [r.id, identifier], when)?;
        report.record.status = status;
        report.record.ordered = r.code.as_ref().and_then(Concept::ordered).into_iter().collect();
        (report.record.patient, report.record.encounter) = (who(r.subject.as_ref()), who(r.encounter.as_ref()));
        report.record.visit.clone_from(&report.record.encounter);
        report.orders = plains(r.based_on.as_ref());
        report.results = plains(r.result.as_ref());
        report.composition = r.composition.as_ref().and_then(plain);
        // an order that the report carries along
        let carried = report.orders.iter().filter_map(|o| contained(r.contained.as_ref()?, o.strip_prefix('#')?));
        let carried: Vec<Ordered> = carried.filter_map(|r| r.code?.ordered()).collect();
        if !carried.is_empty() {
            report.record.ordered = carried;
        }
        Ok(Found::Report(Box::new(report)))
    }

    fn composition(&self) -> Result<Found, Unusable> {
        let (url, Some(c)) = self.parsed::<Composition>()? else { return Ok(Found::Nothing) };
        let status = status(c.status.as_deref())?;
        let told = fhir_text::composition(&c, &self.path("Composition", c.id.as_ref()));
        let mut report = Report::new(What::Composition, Names::of("Composition", c.id.as_ref(), url), self.within_limit(told));
        let when = c.event.iter().flatten().find_map(|e| e.period.as_ref()?.start.as_deref());
        let identifier = c.identifier.as_ref().and_then(Some1::first).and_then(|i| i.value.clone());
        report.record = self.record(report.record, &report.names, [c.id, identifier], when)?;
        report.record.status = status;
        (report.record.patient, report.record.encounter) = (who(c.subject.as_ref().and_then(Some1::first)), who(c.encounter.as_ref()));
        report.record.visit.clone_from(&report.record.encounter);
        let mut sections: Vec<&Section> = c.section.iter().flatten().collect();
        while let Some(section) = sections.pop() {
            report.holds.extend(plains(section.entry.as_ref()));
            sections.extend(section.inner.iter().flatten());
        }
        Ok(Found::Report(Box::new(report)))
    }

    fn document(&self) -> Result<Found, Unusable> {
        let (url, Some(d)) = self.parsed::<DocumentReference>()? else { return Ok(Found::Nothing) };
        status(d.status.as_deref())?;
        let status = status(d.doc_status.as_deref())?;
        let forms: Vec<_> = d.content.iter().flatten().filter_map(|c| c.attachment.as_ref()).collect();
        let path = self.path("DocumentReference", d.id.as_ref());
        let told = attached(&forms, self.options).and_then(|found| match found {
            Attached::Text(i, text) => Ok(Told::one(text, format!("{path}content[{i}].attachment"))),
            Attached::Other(why) => {
                Err(why.unwrap_or_else(|| Unusable::new("a document without text", "radcode reads `content.attachment`")))
            }
        });
        let mut report = Report::new(What::Document, Names::of("DocumentReference", d.id.as_ref(), url), told);
        let (encounter, period) = match &d.context {
            Some(Context::Of(list)) => (list.first(), d.period.as_ref()),
            Some(Context::In { encounter, period }) => (encounter.iter().flatten().next(), period.as_ref()),
            None => (None, d.period.as_ref()),
        };
        let when = period.and_then(|p| p.start.as_deref());
        let identifier = d.identifier.iter().flatten().find_map(|i| i.value.clone());
        report.record = self.record(report.record, &report.names, [d.id, identifier], when)?;
        report.record.status = status;
        (report.record.patient, report.record.encounter) = (who(d.subject.as_ref()), who(encounter));
        report.record.visit.clone_from(&report.record.encounter);
        Ok(Found::Report(Box::new(report)))
    }

    /// Place, id and day of a record.
    fn record(&self, mut record: Record, names: &Names, ids: [Option<String>; 2], when: Option<&str>) -> Result<Record, Unusable> {
        let [id, identifier] = ids.map(|id| id.filter(|id| !id.is_empty()));
        let id = id.or(identifier).or_else(|| names.url.clone());
        record.id = id.unwrap_or_else(|| self.item.number.to_string());
        record.place = self.item.place.clone();
        record.day = when.map_or(Ok(None), day).map_err(|help| Unusable::new("the time of service is no day of the calendar", help))?;
        Ok(record)
    }

    /// What stands before the path of a part: the resource, where there are others.
    fn path(&self, kind: &str, id: Option<&String>) -> String {
        match (self.item.kind, id) {
            (Kind::Whole, _) => String::new(),
            (Kind::Entry, Some(id)) => format!("{kind}/{id}."),
            (Kind::Entry, None) => format!("entry[{}].resource.", self.item.number - 1),
        }
    }

    fn within_limit(&self, told: Result<Told, Unusable>) -> Result<Told, Unusable> {
        let limit = self.options.max_report_bytes;
        told.and_then(|told| if told.text.len() as u64 > limit { Err(Unusable::too_long(limit)) } else { Ok(told) })
    }
}

/// How far a report is; one that does not stand is none.
fn status(said: Option<&str>) -> Result<Option<ReportStatus>, Unusable> {
    Ok(Some(match said {
        Some("registered" | "partial" | "preliminary" | "modified") => ReportStatus::Preliminary,
        Some("final") => ReportStatus::Final,
        Some("amended" | "corrected") => ReportStatus::Corrected,
        Some("appended") => ReportStatus::Addended,
        Some("entered-in-error") => return Err(Unusable::new("a report that was entered in error", "there is nothing to bill")),
        Some("cancelled") => return Err(Unusable::new("a report that was cancelled", "there is nothing to bill")),
        Some("superseded" | "deprecated") => {
            return Err(Unusable::new("a report that a later version replaces", "give the later version"));
        }
        _ => return Ok(None),
    }))
}

/// Whether a report says that it is one of a laboratory: it has no text because its results are its content.
fn laboratory(report: &DiagnosticReport) -> bool {
    const CODES: [&str; 22] = [
        "laboratory",
        "LAB",
        "CH",
        "HM",
        "MB",
        "SR",
        "BLB",
        "CP",
        "CY",
        "GE",
        "IMM",
        "MYC",
        "PAT",
        "SP",
        "TX",
        "VR",
        "URN",
        "PCP",
        "BG",
        "OSL",
        "HLA",
        "TOX",
    ];
    let codings = || report.category.iter().flatten().flat_map(|c| c.coding.iter().flatten()).filter_map(|c| c.code.as_deref());
    codings().next().is_some() && codings().all(|code| CODES.contains(&code) || code == "LP29693-6")
}

/// A reference to somebody or something outside of the resource, as an identifier.
fn who(reference: Option<&Reference>) -> Option<String> {
    reference.and_then(Reference::outward)
}

/// An order inside its report.
fn contained(resources: &[serde_json::Value], id: &str) -> Option<ServiceRequest> {
    let wanted =
        |r: &&serde_json::Value| r["id"] == id && matches!(r["resourceType"].as_str(), Some("ServiceRequest" | "ProcedureRequest"));
    ServiceRequest::deserialize(resources.iter().find(wanted)?).ok()
}

/// The day of a FHIR time, where it was; a year or month is none.
fn day(time: &str) -> Result<Option<Date>, &'static str> {
    match time.len() {
        4 | 7 if time.bytes().all(|b| b.is_ascii_digit() || b == b'-') => Ok(None),
        _ => {
            let date = time.split('T').next().unwrap_or(time);
            text::day(date).map(Some)
        }
    }
}

/// A mistake in JSON, without its words.
fn mistake(e: &serde_json::Error) -> Unusable {
    let (what, help) = match e.classify() {
        serde_json::error::Category::Data => ("an element has the wrong form", "write it as FHIR R4 or R5 has it, each element once"),
        _ => ("malformed JSON", "write the resource as JSON"),
    };
    Unusable::new(format!("{what} at {}", super::ndjson::spot(e)), help)
}
