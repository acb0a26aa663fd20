//! From files to wire entries: every mistake in shape is found, in every file, before anything is built.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::billing_wire::{AddOnWire, CircumstanceWire, JoinWire, ModifierWire, PairWire, RationaleWire, ReplacementWire};
use super::policy::PolicyWire;
use super::problem::Problem;
use super::supply::{MeasureWire, ScaleWire, SupplyWire, WasteWire};
use super::wire::{
    AmbiguousWire, AxisWire, ChecklistWire, ConceptWire, CueWire, DocumentWire, EditionWire, FamilyWire, MoreWire, QueryWire, RegionWire,
    RuleWire, SectionWire,
};

/// An entry and the file it stands in.
pub(super) struct At<T> {
    pub(super) file: usize,
    pub(super) entry: T,
}

/// All entries of a lexicon, by kind.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) edition: Vec<At<EditionWire>>,
    pub(super) axes: Vec<At<AxisWire>>,
    pub(super) regions: Vec<At<RegionWire>>,
    pub(super) concepts: Vec<At<ConceptWire>>,
    pub(super) ambiguous: Vec<At<AmbiguousWire>>,
    pub(super) cues: Vec<At<CueWire>>,
    pub(super) more: Vec<At<MoreWire>>,
    pub(super) sections: Vec<At<SectionWire>>,
    pub(super) documents: Vec<At<DocumentWire>>,
    pub(super) families: Vec<At<FamilyWire>>,
    pub(super) checklists: Vec<At<ChecklistWire>>,
    pub(super) rules: Vec<At<RuleWire>>,
    pub(super) queries: Vec<At<QueryWire>>,
    pub(super) policies: Vec<At<PolicyWire>>,
    pub(super) choices: Vec<At<ReplacementWire>>,
    pub(super) payers: Vec<At<ReplacementWire>>,
    pub(super) joins: Vec<At<JoinWire>>,
    pub(super) pairs: Vec<At<PairWire>>,
    pub(super) addons: Vec<At<AddOnWire>>,
    pub(super) modifiers: Vec<At<ModifierWire>>,
    pub(super) circumstances: Vec<At<CircumstanceWire>>,
    pub(super) rationales: Vec<At<RationaleWire>>,
    pub(super) measures: Vec<At<MeasureWire>>,
    pub(super) scales: Vec<At<ScaleWire>>,
    pub(super) supplies: Vec<At<SupplyWire>>,
    pub(super) wastes: Vec<At<WasteWire>>,
}

const KINDS: &str = "edition, axis, region, concept, ambiguous, cue, more, section, document, family, checklist, rule, query, measure, scale, supply, \
    waste, policy, choice, payer, join, pair, addon, modifier, circumstance, rationale";

/// Reads all `.toml` files of `(name, text)` pairs.
pub(super) fn load(files: &[(String, String)], problems: &mut Vec<Problem>) -> Entries {
    let mut all = Entries::default();
    for (i, (name, text)) in files.iter().enumerate() {
        if std::path::Path::new(name).extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for e in &errors {
            problems.push(Problem {
                file: name.clone(),
                span: e.span().unwrap_or(0..0),
                message: e.message().to_owned(),
                help: "mend the TOML syntax at this place".to_owned(),
            });
        }
        if !errors.is_empty() {
            continue;
        }
        for (key, value) in table.into_inner() {
            let mut reader = Reader { file: i, name, problems };
            match key.get_ref().as_ref() {
                "edition" => all.edition.extend(reader.one(value)),
                "axis" => reader.many(value, &mut all.axes),
                "region" => reader.many(value, &mut all.regions),
                "concept" => reader.many(value, &mut all.concepts),
                "ambiguous" => reader.many(value, &mut all.ambiguous),
                "cue" => reader.many(value, &mut all.cues),
                "more" => reader.many(value, &mut all.more),
                "section" => reader.many(value, &mut all.sections),
                "document" => reader.many(value, &mut all.documents),
                "family" => reader.many(value, &mut all.families),
                "checklist" => reader.many(value, &mut all.checklists),
                "rule" => reader.many(value, &mut all.rules),
                "query" => reader.many(value, &mut all.queries),
                "policy" => reader.many(value, &mut all.policies),
                "choice" => reader.many(value, &mut all.choices),
                "payer" => reader.many(value, &mut all.payers),
                "join" => reader.many(value, &mut all.joins),
                "pair" => reader.many(value, &mut all.pairs),
                "addon" => reader.many(value, &mut all.addons),
                "modifier" => reader.many(value, &mut all.modifiers),
                "circumstance" => reader.many(value, &mut all.circumstances),
                "rationale" => reader.many(value, &mut all.rationales),
                "measure" => reader.many(value, &mut all.measures),
                "scale" => reader.many(value, &mut all.scales),
                "supply" => reader.many(value, &mut all.supplies),
                "waste" => reader.many(value, &mut all.wastes),
                other => reader.problem(key.span(), format!("there is no kind of entry called `{other}`"), format!("use one of: {KINDS}")),
            }
        }
    }
    all
}

struct Reader<'a> {
    file: usize,
    name: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn many<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>, into: &mut Vec<At<T>>) {
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            self.problem(span, "a list of entries is wanted here".into(), "write `[[kind]]` with two brackets".into());
            return;
        };
        for item in items {
            into.extend(self.one(item));
        }
    }

    fn one<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Option<At<T>> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(entry) => Some(At { file: self.file, entry }),
            Err(e) => {
                let message = e.message().trim_end().to_owned();
                let help = if message.starts_with("missing field") {
                    "add the field to this entry"
                } else if message.starts_with("unknown field") {
                    "correct the name of the field, or take it out"
                } else {
                    "write the value in the form that lexicon/README.md shows"
                };
                self.problem(e.span().unwrap_or(span), message, help.to_owned());
                None
            }
        }
    }

    fn problem(&mut self, span: std::ops::Range<usize>, message: String, help: String) {
        self.problems.push(Problem { file: self.name.to_owned(), span, message, help });
    }
}
