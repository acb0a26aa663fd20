//! The parts of FHIR R4 and R5 resources that are read; all others are passed over.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Ordered;

/// A list that may be missing.
pub(super) type List<T> = Option<Vec<T>>;

/// One, or a list: what R4 and R5 differ in.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Some1<T> {
    /// A list.
    Many(Vec<T>),
    /// One.
    One(T),
}

impl<T> Some1<T> {
    pub(super) fn first(&self) -> Option<&T> {
        match self {
            Self::Many(list) => list.first(),
            Self::One(one) => Some(one),
        }
    }
}

/// What an object is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) resource_type: Option<String>,
    /// Of a Bundle a word; other resources have other things there.
    pub(super) r#type: Option<serde_json::Value>,
    /// Entries that were not cut out.
    pub(super) entry: List<IgnoredAny>,
}

/// An entry of a Bundle, its resource as far as it is wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<T> {
    pub(super) full_url: Option<String>,
    pub(super) resource: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DiagnosticReport {
    pub(super) id: Option<String>,
    pub(super) identifier: List<Identifier>,
    pub(super) status: Option<String>,
    pub(super) category: List<Concept>,
    pub(super) code: Option<Concept>,
    pub(super) subject: Option<Reference>,
    pub(super) encounter: Option<Reference>,
    pub(super) effective_date_time: Option<String>,
    pub(super) effective_period: Option<Period>,
    pub(super) based_on: List<Reference>,
    pub(super) result: List<Reference>,
    pub(super) presented_form: List<Attachment>,
    pub(super) text: Option<Narrative>,
    pub(super) conclusion: Option<String>,
    pub(super) note: List<Annotation>,
    /// R5.
    pub(super) composition: Option<Reference>,
    pub(super) contained: List<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Composition {
    pub(super) id: Option<String>,
    pub(super) identifier: Option<Some1<Identifier>>,
    pub(super) status: Option<String>,
    pub(super) subject: Option<Some1<Reference>>,
    pub(super) encounter: Option<Reference>,
    pub(super) event: List<Event>,
    pub(super) title: Option<String>,
    pub(super) section: List<Section>,
    pub(super) text: Option<Narrative>,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) period: Option<Period>,
}

#[derive(Deserialize)]
pub(super) struct Section {
    pub(super) title: Option<String>,
    pub(super) text: Option<Narrative>,
    pub(super) entry: List<Reference>,
    #[serde(rename = "section")]
    pub(super) inner: List<Section>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentReference {
    pub(super) id: Option<String>,
    pub(super) identifier: List<Identifier>,
    pub(super) status: Option<String>,
    pub(super) doc_status: Option<String>,
    pub(super) subject: Option<Reference>,
    pub(super) context: Option<Context>,
    /// R5.
    pub(super) period: Option<Period>,
    pub(super) content: List<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Context {
    /// R5: encounters.
    Of(Vec<Reference>),
    /// R4.
    In { encounter: List<Reference>, period: Option<Period> },
}

#[derive(Deserialize)]
pub(super) struct Content {
    pub(super) attachment: Option<Attachment>,
}

/// `ServiceRequest`, and its forerunner `ProcedureRequest`.
#[derive(Deserialize)]
pub(super) struct ServiceRequest {
    pub(super) id: Option<String>,
    pub(super) code: Option<Concept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observation {
    pub(super) id: Option<String>,
    pub(super) value_string: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Identifier {
    pub(super) value: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) reference: Option<String>,
    pub(super) identifier: Option<Identifier>,
}

impl Reference {
    /// What the reference says, unless that means something inside its resource only.
    pub(super) fn outward(&self) -> Option<String> {
        let outward = self.reference.as_deref().filter(|r| !r.is_empty() && !r.starts_with('#'));
        outward.or_else(|| self.identifier.as_ref()?.value.as_deref()).map(str::to_owned)
    }
}

#[derive(Deserialize)]
pub(super) struct Period {
    pub(super) start: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Annotation {
    pub(super) text: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Narrative {
    pub(super) status: Option<String>,
    pub(super) div: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    pub(super) content_type: Option<String>,
    pub(super) data: Option<String>,
    pub(super) url: Option<String>,
}

/// A `CodeableConcept`; R5 puts that of an order into a `CodeableReference`.
#[derive(Deserialize)]
pub(super) struct Concept {
    pub(super) coding: List<Coding>,
    pub(super) text: Option<String>,
    #[serde(rename = "concept")]
    pub(super) inner: Option<Box<Concept>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Coding {
    pub(super) system: Option<String>,
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
    pub(super) user_selected: Option<bool>,
}

impl Concept {
    /// As an exam that was ordered: its billing code, else the one that a user chose, else the first; the text, else the
    /// code's name.
    pub(super) fn ordered(&self) -> Option<Ordered> {
        if let Some(inner) = &self.inner {
            return inner.ordered();
        }
        let codings = || self.coding.iter().flatten().filter(|c| c.code.is_some());
        let rank = |c: &&Coding| match c.system.as_deref() {
            Some(system) if BILLING.iter().any(|s| system.trim_end_matches('/') == *s) => 0,
            _ if c.user_selected == Some(true) => 1,
            _ => 2,
        };
        let coding = codings().min_by_key(rank);
        let told = |s: &Option<String>| s.as_deref().map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned);
        let name = told(&self.text);
        let name = name.or_else(|| coding.and_then(|c| told(&c.display)));
        let name = name.or_else(|| self.coding.iter().flatten().find_map(|c| told(&c.display)));
        let code = coding.and_then(|c| told(&c.code));
        (code.is_some() || name.is_some()).then_some(Ordered { code, name })
    }
}

/// Systems of billing codes.
const BILLING: [&str; 5] = [
    "http://www.ama-assn.org/go/cpt",
    "urn:oid:2.16.840.1.113883.6.12",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "urn:oid:2.16.840.1.113883.6.285",
];
