//! The text of FHIR resources: which of the places where a report can stand is read.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::Encoding;

use super::fhir_wire::{Attachment, Composition, DiagnosticReport, Narrative, Section};
use super::text::decode;
use super::{InputOptions, Unusable, html, rtf};
use crate::analysis::Part;

/// A text and where it came from.
#[derive(Default)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
    /// Whether it is the document itself: a form in which the report was presented.
    pub(super) form: bool,
}

impl Told {
    pub(super) fn one(text: String, from: String) -> Self {
        Self { text, parts: vec![Part { start: 0, from }], form: false }
    }

    /// Adds a stretch on a line of its own.
    pub(super) fn add(&mut self, text: &str, from: String, parted_by: &str) {
        if !self.text.is_empty() {
            self.text.push_str(parted_by);
        }
        self.parts.push(Part { start: self.text.len() as u32, from });
        self.text.push_str(text);
    }
}

/// The text of a report: the form that it was presented in, plain before HTML before RTF; else the narrative, unless that was
/// generated and repeats the elements of the resource; else the conclusion; else the notes. `of` stands before the path
/// of a part. `Err` where nothing of it can be read.
pub(super) fn report(report: &DiagnosticReport, of: &str, options: &InputOptions) -> Result<Told, Unusable> {
    let forms: Vec<&Attachment> = report.presented_form.iter().flatten().collect();
    let other = match attached(&forms, options)? {
        Attached::Text(i, text) => return Ok(Told { form: true, ..Told::one(text, format!("{of}presentedForm[{i}]")) }),
        Attached::Other(why) => why,
    };
    if let Some(text) = report.text.as_ref().and_then(narrative) {
        return Ok(Told::one(text, format!("{of}text.div")));
    }
    if let Some(text) = report.conclusion.as_deref().filter(|t| !t.trim().is_empty()) {
        return Ok(Told::one(text.to_owned(), format!("{of}conclusion")));
    }
    let mut notes = Told::default();
    for (i, note) in report.note.iter().flatten().enumerate() {
        if let Some(text) = note.text.as_deref().filter(|t| !t.trim().is_empty()) {
            notes.add(text, format!("{of}note[{i}].text"), "\n\n");
        }
    }
    if notes.text.is_empty() { Err(other.unwrap_or_else(no_text)) } else { Ok(notes) }
}

/// A resource without any text.
pub(super) fn no_text() -> Unusable {
    Unusable::new(
        "a report without text",
        "radcode reads `presentedForm`, `text.div`, `conclusion` and `note`, and strings among its results in a Bundle",
    )
}

/// The text of a composition: its title, then its sections, each under its title.
pub(super) fn composition(c: &Composition, of: &str) -> Result<Told, Unusable> {
    let mut told = Told::default();
    for (i, section) in c.section.iter().flatten().enumerate() {
        sections(&mut told, section, &format!("{of}section[{i}]"));
    }
    if told.text.is_empty() {
        let text = c.text.as_ref().and_then(narrative);
        let help = "radcode reads `section.text.div` and `text.div`";
        told = Told::one(text.ok_or_else(|| Unusable::new("a composition without text", help))?, format!("{of}text.div"));
    }
    match c.title.as_deref().map(str::trim) {
        Some(title) if !title.is_empty() => {
            let mut all = Told::default();
            all.add(title, format!("{of}title"), "");
            let shift = (title.len() + 2) as u32;
            all.parts.extend(told.parts.into_iter().map(|p| Part { start: p.start + shift, from: p.from }));
            all.text = format!("{title}\n\n{}", told.text);
            Ok(all)
        }
        _ => Ok(told),
    }
}

fn sections(told: &mut Told, section: &Section, path: &str) {
    if let Some(title) = section.title.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        let colon = if title.ends_with(':') { "" } else { ":" };
        told.add(&format!("{title}{colon}"), format!("{path}.title"), "\n\n");
    }
    if let Some(text) = section.text.as_ref().and_then(read) {
        told.add(&text, format!("{path}.text.div"), "\n");
    }
    for (i, inner) in section.inner.iter().flatten().enumerate() {
        sections(told, inner, &format!("{path}.section[{i}]"));
    }
}

/// What was found among attachments.
pub(super) enum Attached {
    /// A text, and its index.
    Text(usize, String),
    /// None that can be read, and what there is instead.
    Other(Option<Unusable>),
}

/// The best readable attachment: plain text before HTML, then what doesn't say what it is, then RTF. `Err` where there is such a one
/// and it is broken.
pub(super) fn attached(list: &[&Attachment], options: &InputOptions) -> Result<Attached, Unusable> {
    let mut ranked: Vec<(Kind, usize)> = list.iter().enumerate().map(|(i, a)| (kind(a), i)).collect();
    ranked.sort_by_key(|(kind, i)| (*kind as u8, *i));
    let (mut broken, mut other) = (None, None);
    for (kind, i) in ranked {
        let attachment = list[i];
        let Some(data) = attachment.data.as_deref().filter(|d| !d.trim().is_empty()) else {
            if attachment.url.is_some() {
                let help = "radcode reads no network: put the text into `data`";
                other.get_or_insert_with(|| Unusable::new("a report that is a link only", help));
            }
            continue;
        };
        if let Some(name) = kind.unreadable() {
            other.get_or_insert_with(|| {
                Unusable::new(format!("a report that is {name} only"), "send its text: text/plain, text/html or text/rtf")
            });
            continue;
        }
        match attachment_text(data, kind, attachment, options) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) if text.len() as u64 > options.max_report_bytes => return Err(Unusable::too_long(options.max_report_bytes)),
            Ok(text) => return Ok(Attached::Text(i, text)),
            Err(why) => drop(broken.get_or_insert(why)),
        }
    }
    broken.map_or(Ok(Attached::Other(other)), Err)
}

/// What an attachment is, best first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Markdown,
    Html,
    Unsaid,
    Rtf,
    Pdf,
    Word,
    Image,
    Xml,
    Unknown,
}

impl Kind {
    /// What it is called where it is no text that is read here.
    fn unreadable(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Markdown | Self::Html | Self::Unsaid | Self::Rtf => None,
            Self::Pdf => Some("PDF"),
            Self::Word => Some("a word processor's file"),
            Self::Image => Some("an image"),
            Self::Xml => Some("XML"),
            Self::Unknown => Some("of an unknown content type"),
        }
    }
}

fn kind(attachment: &Attachment) -> Kind {
    let Some(said) = attachment.content_type.as_deref() else { return Kind::Unsaid };
    let media = said.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match media.as_str() {
        "" => Kind::Unsaid,
        "text/plain" | "text" => Kind::Plain,
        "text/markdown" | "text/x-markdown" => Kind::Markdown,
        "text/html" | "application/xhtml+xml" | "text/xhtml" => Kind::Html,
        "text/rtf" | "application/rtf" | "text/richtext" => Kind::Rtf,
        "application/pdf" | "application/x-pdf" => Kind::Pdf,
        "application/msword" | "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Kind::Word,
        "text/xml" | "application/xml" | "application/hl7-cda+xml" | "application/cda+xml" => Kind::Xml,
        _ if media.starts_with("image/") => Kind::Image,
        _ => Kind::Unknown,
    }
}

/// FHIR allows white space in base64; padding that was lost says nothing about the bytes.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

fn attachment_text(data: &str, kind: Kind, attachment: &Attachment, options: &InputOptions) -> Result<String, Unusable> {
    let packed: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(&packed).map_err(|_| Unusable::new("`data` is not base64", "encode the bytes of the text in base64"))?;
    if kind == Kind::Rtf || rtf::begins(&bytes) {
        return rtf::text(&bytes);
    }
    let charset = attachment.content_type.as_deref().and_then(charset);
    let encoding = match charset {
        Some(name) => Some(Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            Unusable::new("`contentType` names an unknown charset", "use one of the names of the WHATWG Encoding Standard, or UTF-8")
        })?),
        // what holds for the input holds for texts inside that say nothing, unless they are UTF-8
        None if std::str::from_utf8(&bytes).is_err() => options.encoding,
        None => None,
    };
    let text = decode(bytes, encoding)?;
    let page = match kind {
        Kind::Html => true,
        Kind::Unsaid => text.trim_start().starts_with('<'),
        _ => false,
    };
    Ok(if page { html::text(&text) } else { text })
}

/// The `charset` parameter of a content type.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|p| {
        let (name, value) = p.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}

/// The words of a narrative, if it has any of its own.
fn narrative(narrative: &Narrative) -> Option<String> {
    read(narrative).filter(|text| narrative.status.as_deref() == Some("additional") || !repeats(text))
}

fn read(narrative: &Narrative) -> Option<String> {
    narrative.div.as_deref().map(html::text).filter(|text| !text.trim().is_empty())
}

/// Whether a narrative was made of the elements of its resource: it says so, or three of its lines begin with names of
/// elements that no report begins lines with. Its conclusion, if it has one, is then read where it stands.
fn repeats(text: &str) -> bool {
    const NAMES: [&str; 14] = [
        "id",
        "identifier",
        "status",
        "category",
        "code",
        "subject",
        "effective",
        "issued",
        "performer",
        "resultsinterpreter",
        "imagingstudy",
        "basedon",
        "conclusioncode",
        "presentedform",
    ];
    if text.trim_start().starts_with("Generated Narrative") {
        return true;
    }
    let names = text.lines().filter_map(|line| line.split([':', '\t']).next().filter(|head| head.len() < line.len() && head.len() < 32));
    let mut seen = [false; NAMES.len()];
    for name in names {
        let name: String = name.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        if let Some(i) = NAMES.iter().position(|n| *n == name) {
            seen[i] = true;
        }
    }
    seen.iter().filter(|s| **s).count() >= 3
}
