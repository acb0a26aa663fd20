//! A lexicon as a list and as cards to read: what is known under which name, and everything about one entry.

use std::collections::HashMap;
use std::ops::Range;

use jiff::civil::Date;

use super::model::{
    Allows, AxisId, Checklist, ChecklistId, Concept, ConceptId, CueId, DocumentId, Effect, Family, FamilyId, RegionId, RegionSet, Role,
    Row, SectionId, Sense, SignWeight, Told, Values,
};
use super::place::{EntryKind, Place};
use super::terms::Scope;
use super::{Lexicon, Owner};

/// One line of the list of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLine {
    /// Its kind.
    pub kind: EntryKind,
    /// Its id.
    pub id: String,
    /// How many terms lead to it; 0 for entries without words of their own.
    pub terms: usize,
    /// Our words for it; empty where it has none.
    pub label: String,
}

/// Everything about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its kind.
    pub kind: EntryKind,
    /// Its id.
    pub id: String,
    /// Our words for it; empty where it has none.
    pub label: String,
    /// The file it is declared in.
    pub file: String,
    /// Bytes of its id in that file.
    pub span: Range<usize>,
    /// What it says, heading by heading, in reading order.
    pub facts: Vec<(&'static str, Vec<String>)>,
}

impl Lexicon {
    /// All entries, of one kind or of all, in the order of the files.
    #[must_use]
    pub fn entries(&self, kind: Option<EntryKind>) -> Vec<EntryLine> {
        let mut counts: HashMap<Sense, usize> = HashMap::new();
        for pattern in 0..self.terms.len() as u32 {
            for (sense, _) in self.terms.senses(pattern) {
                *counts.entry(*sense).or_default() += 1;
            }
        }
        let mut places: Vec<&Place> = self.places.iter().filter(|p| kind.is_none_or(|k| p.kind == k)).collect();
        places.sort_by_key(|p| p.kind);
        places
            .into_iter()
            .map(|p| EntryLine {
                kind: p.kind,
                id: p.id.to_string(),
                terms: self.senses_of(p).iter().map(|(_, s)| counts.get(s).copied().unwrap_or(0)).sum(),
                label: self.label_of(p),
            })
            .collect()
    }

    /// The entries of that id, whatever their kind; a region also by `region.ID`. Empty where there is none.
    #[must_use]
    pub fn entry(&self, id: &str) -> Vec<Entry> {
        self.places
            .iter()
            .filter(|p| &*p.id == id || id.split_once('.').is_some_and(|(kind, rest)| kind == p.kind.name() && rest == &*p.id))
            .map(|p| Entry {
                kind: p.kind,
                id: p.id.to_string(),
                label: self.label_of(p),
                file: p.file.to_string(),
                span: p.span.clone(),
                facts: self.facts(p).into_iter().filter(|(_, list)| !list.is_empty()).collect(),
            })
            .collect()
    }

    /// Our words for values of an axis, `+` between them, as answers name them: `contrast`, `pre+post`. For an axis or
    /// value that is not declared: the value itself.
    #[must_use]
    pub fn value_label(&self, axis: &str, value: &str) -> String {
        if axis == "region" {
            let label = |id: &str| self.region_named(id).map_or_else(|| id.to_owned(), |r| self.region(r).label.to_string());
            return value.split('+').map(label).collect::<Vec<_>>().join(" and ");
        }
        let Some(axis) = self.axis_named(axis).map(|a| self.axis(a)) else { return value.to_owned() };
        axis.label(value.split('+').filter_map(|v| axis.bit(v)).fold(0, |a, b| a | b))
    }

    pub(crate) fn region_named(&self, id: &str) -> Option<RegionId> {
        self.regions.iter().position(|r| &*r.id == id).map(|i| RegionId(i as u8))
    }

    pub(crate) fn family_named(&self, id: &str) -> Option<FamilyId> {
        self.families.iter().position(|f| &*f.id == id).map(|i| FamilyId(i as u16))
    }

    fn concept_of(&self, p: &Place) -> Option<ConceptId> {
        let at = match p.kind {
            EntryKind::Region => self.concepts.iter().position(|c| c.region.is_some_and(|r| self.region(r).id == p.id)),
            EntryKind::Concept => self.concepts.iter().position(|c| c.region.is_none() && c.id == p.id),
            _ => None,
        };
        at.map(|i| ConceptId(i as u16))
    }

    /// The senses whose terms are an entry's words, with the name under which they stand.
    fn senses_of(&self, p: &Place) -> Vec<(&'static str, Sense)> {
        let mut out = Vec::new();
        match p.kind {
            EntryKind::Region | EntryKind::Concept => {
                if let Some(id) = self.concept_of(p) {
                    out.push(("terms", Sense::Concept(id)));
                    out.extend(self.concept(id).region.map(|r| ("organs", Sense::Organ(r))));
                }
            }
            EntryKind::Cue => out.extend(self.cues.iter().position(|c| c.id == p.id).map(|i| ("terms", Sense::Cue(CueId(i as u16))))),
            EntryKind::Section => {
                out.extend(self.sections.iter().position(|s| s.id == p.id).map(|i| ("terms", Sense::Section(SectionId(i as u16)))));
            }
            EntryKind::Document => {
                if let Some(i) = self.documents.iter().position(|d| d.id == p.id) {
                    let id = DocumentId(i as u8);
                    out.push(("headings", Sense::Sign(id, SignWeight::Heading)));
                    out.push(("signs", Sense::Sign(id, SignWeight::Sign)));
                    out.push(("against", Sense::Sign(id, SignWeight::Against)));
                    out.push(("names", Sense::Sign(id, SignWeight::Name)));
                }
            }
            EntryKind::Circumstance => {
                out.extend(self.billing.circumstance(&p.id).map(|id| ("terms", Sense::Circumstance(id))));
            }
            EntryKind::Checklist => {
                if let Some((id, list)) = self.checklist_named(&p.id) {
                    let named = (0..list.elements.len() as u8).flat_map(|i| [Told::Element(i), Told::Side(i)]);
                    out.extend(named.map(|told| ("elements", Sense::Listed(id, told))));
                    out.extend([("everything", Told::Whole), ("a part", Told::Part)].map(|(n, told)| (n, Sense::Listed(id, told))));
                    out.push(("unlike", Sense::Listed(id, Told::Unlike)));
                }
            }
            _ => {}
        }
        out
    }

    fn label_of(&self, p: &Place) -> String {
        match p.kind {
            EntryKind::Region => self.region_named(&p.id).map(|r| self.region(r).label.to_string()),
            EntryKind::Concept => self.concept_of(p).map(|c| self.says(&self.concept(c).sets, &self.concept(c).regions)),
            EntryKind::Family => self.family_named(&p.id).map(|f| self.family(f).label.to_string()),
            EntryKind::Cue => self.cues.iter().find(|c| c.id == p.id).map(|c| kebab(&format!("{:?}", c.means))),
            EntryKind::Section => self.sections.iter().find(|s| s.id == p.id).map(|s| kebab(&format!("{:?}", s.kind))),
            EntryKind::Document => self.documents.iter().find(|d| d.id == p.id).map(|d| d.label.to_string()),
            EntryKind::Checklist => self.checklist_named(&p.id).map(|(_, c)| c.label.to_string()),
            EntryKind::Rule => self.rules.iter().find(|r| r.id == p.id).map(|r| r.message.to_string()),
            EntryKind::Code => self.code_card(&p.id).map(|c| c.label()),
            _ => self.billing.about(p.kind, &p.id).map(|(message, ..)| message.to_owned()),
        }
        .unwrap_or_default()
    }

    /// Values and regions in one line: `contrast = pre, post; region = head`.
    pub(super) fn says(&self, values: &Values, regions: &RegionSet) -> String {
        let mut out: Vec<String> = Vec::new();
        for (axis, bits) in values.iter() {
            out.push(format!("{} = {}", self.axis(axis).id, self.axis(axis).names(bits).join(", ")));
        }
        if !regions.is_empty() {
            out.push(format!("region = {}", self.region_ids(regions).join(", ")));
        }
        out.join("; ")
    }

    fn region_ids(&self, regions: &RegionSet) -> Vec<String> {
        regions.iter().map(|r| self.region(r).id.to_string()).collect()
    }

    fn facts(&self, p: &Place) -> Vec<(&'static str, Vec<String>)> {
        let mut out: Vec<(&'static str, Vec<String>)> = Vec::new();
        match p.kind {
            EntryKind::Region | EntryKind::Concept => self.concept_facts(p, &mut out),
            EntryKind::Cue => {
                if let Some(c) = self.cues.iter().find(|c| c.id == p.id) {
                    out.push(("means", vec![kebab(&format!("{:?}", c.means))]));
                    out.push(("reach", vec![kebab(&format!("{:?}", c.reach))]));
                }
            }
            EntryKind::Section => {
                out.extend(self.sections.iter().find(|s| s.id == p.id).map(|s| ("heading of", vec![kebab(&format!("{:?}", s.kind))])));
            }
            EntryKind::Document => {
                if let Some(d) = self.documents.iter().find(|d| d.id == p.id) {
                    out.push(("needs", vec![format!("{} different signs", d.needs)]));
                    let allows = match d.allows {
                        Allows::None => "no code",
                        Allows::Reported => "an exam section with findings of its own",
                        Allows::All => "all codes",
                    };
                    out.push(("allows", vec![allows.to_owned()]));
                    out.push(("reason", d.reason.split('\n').filter(|s| !s.is_empty()).map(str::to_owned).collect()));
                }
            }
            EntryKind::Family => {
                if let Some(id) = self.family_named(&p.id) {
                    self.family_facts(self.family(id), &mut out);
                }
            }
            EntryKind::Checklist => self.checklist_facts(&p.id, &mut out),
            EntryKind::Rule => self.rule_facts(&p.id, &mut out),
            EntryKind::Code => {}
            _ => {
                if let Some((_, source, choices)) = self.billing.about(p.kind, &p.id) {
                    out.push(("choices", choices));
                    out.push(("source", text(source.to_owned())));
                }
            }
        }
        for (name, sense) in self.senses_of(p) {
            for (heading, scope) in [(name, Scope::Any), ("titles only", Scope::Title), ("sentences only", Scope::Prose)] {
                let words: Vec<String> = self.terms.of(sense).filter(|(_, s)| *s == scope).map(|(t, _)| t.to_owned()).collect();
                out.push((heading, words));
            }
        }
        for (heading, is_hit) in [("hit", true), ("miss", false)] {
            out.push((
                heading,
                self.proofs.iter().filter(|x| x.is_hit == is_hit && self.owns(x.owner, p)).map(|x| x.line.to_string()).collect(),
            ));
        }
        out
    }

    fn owns(&self, owner: Owner, p: &Place) -> bool {
        match owner {
            Owner::Sense(sense) => self.senses_of(p).iter().any(|(_, s)| *s == sense),
            Owner::Line => false,
            Owner::Document(d) => p.kind == EntryKind::Document && self.documents[d.0 as usize].id == p.id,
            Owner::Family(f) => p.kind == EntryKind::Family && self.family(f).id == p.id,
            Owner::Claim(place) => self.places[place as usize].kind == p.kind && self.places[place as usize].id == p.id,
            Owner::Checklist(c) => p.kind == EntryKind::Checklist && self.checklists[c.0 as usize].id == p.id,
            Owner::Rule(r) => p.kind == EntryKind::Rule && self.rules[r as usize].id == p.id,
        }
    }

    fn concept_facts(&self, p: &Place, out: &mut Vec<(&'static str, Vec<String>)>) {
        let Some(id) = self.concept_of(p) else { return };
        let c = self.concept(id);
        if let Some(r) = c.region {
            let region = self.region(r);
            out.push(("stands under", region.parent.map(|u| self.region(u).id.to_string()).into_iter().collect()));
            out.push(("holds", self.regions.iter().filter(|x| x.parent == Some(r)).map(|x| x.id.to_string()).collect()));
            out.push(("sides", if region.paired { vec!["left and right".to_owned()] } else { Vec::new() }));
            out.push(("sets", text(self.says(&c.sets, &RegionSet::default()))));
        } else {
            out.push(("word class", vec![kebab(&format!("{:?}", c.role))]));
            out.push(("sets", text(self.says(&c.sets, &c.regions))));
        }
        out.push(("implies", text(self.says(&c.implies, &c.implied_regions))));
        if let Some(r) = c.region {
            let near = |f: &&Family| f.any.contains(r) || f.all.contains(&r) || self.region(r).ancestors.iter().any(|a| f.any.contains(a));
            out.push(("families", self.families.iter().filter(near).map(|f| f.id.to_string()).collect()));
        }
    }

    fn family_facts(&self, f: &Family, out: &mut Vec<(&'static str, Vec<String>)>) {
        let none = RegionSet::default();
        out.push(("when", text(self.says(&f.when, &none))));
        out.push(("unless", text(self.says(&f.unless, &none))));
        out.push(("any region of", self.region_ids(&f.any)));
        out.push(("no region", if f.nowhere { vec!["only where none is named".to_owned()] } else { Vec::new() }));
        out.push(("companion", if f.companion { vec!["of any study that has it".to_owned()] } else { Vec::new() }));
        out.push(("all regions of", f.all.iter().map(|r| self.region(*r).id.to_string()).collect()));
        let rows =
            |rows: &[Row]| rows.iter().map(|r| format!("{}  {}", r.code, self.says(&r.values, &none)).trim_end().to_owned()).collect();
        out.push(("codes", rows(&f.rows)));
        out.push(("adds", rows(&f.adds)));
        out.push(("brings", f.brings.iter().map(|id| self.family(*id).id.to_string()).collect()));
        out.push(("units", f.each.iter().map(|a| format!("one for each of {}", self.axis(*a).id)).collect()));
        out.push(("silence means", text(self.says(&f.assume, &none))));
        out.push(("per side", if f.per_side { vec!["one unit a side".to_owned()] } else { Vec::new() }));
        out.push(("valid", text(days(f.from, f.until))));
        out.push(("note", f.note.iter().map(ToString::to_string).collect()));
    }

    fn checklist_named(&self, id: &str) -> Option<(ChecklistId, &Checklist)> {
        self.checklists.iter().enumerate().find(|(_, c)| &*c.id == id).map(|(i, c)| (ChecklistId(i as u8), c))
    }

    fn checklist_facts(&self, id: &str, out: &mut Vec<(&'static str, Vec<String>)>) {
        let Some((_, list)) = self.checklist_named(id) else { return };
        out.push(("settles", list.of.iter().map(|f| self.family(*f).id.to_string()).collect()));
        let names = |way: &Vec<u8>| way.iter().map(|e| &*list.elements[*e as usize]).collect::<Vec<_>>().join(", ");
        out.push(("complete", list.ways.iter().map(names).collect()));
    }

    fn rule_facts(&self, id: &str, out: &mut Vec<(&'static str, Vec<String>)>) {
        let Some(rule) = self.rules.iter().find(|r| &*r.id == id) else { return };
        let name = |f: &FamilyId| self.family(*f).id.to_string();
        match &rule.effect {
            Effect::Absorbs(pairs) => {
                out.push(("absorbs", pairs.iter().map(|(a, b)| format!("{} takes in {}", name(a), name(b))).collect()));
            }
            Effect::Downgrades(pairs) => {
                out.push(("downgrades", pairs.iter().map(|(a, b)| format!("{} becomes {}", name(a), name(b))).collect()));
            }
            Effect::Becomes { from, to, beside, taking } => {
                let list: Vec<String> = beside.iter().map(name).collect();
                out.push((
                    "becomes",
                    vec![format!(
                        "{from} becomes {to} beside {}{}",
                        list.join(", "),
                        taking.iter().fold(String::new(), |_, code| format!(", and takes in {code}"))
                    )],
                ));
            }
        }
        out.push(("when", text(self.says(&rule.when, &RegionSet::default()))));
        out.push((
            "unless",
            if rule.unless_own_findings { vec!["the exam taken in has findings of its own".to_owned()] } else { Vec::new() },
        ));
        out.push(("valid", text(days(rule.from, rule.until))));
        out.push(("source", vec![rule.source.to_string()]));
        out.push(("asks", rule.query.iter().map(ToString::to_string).collect()));
    }

    /// Terms that say just these values of an axis and nothing else, the shortest first, `limit` at most.
    pub(super) fn words_for(&self, axis: AxisId, bits: u64, limit: usize) -> Vec<String> {
        self.shortest(limit, |c| {
            let says = !matches!(c.role, Role::Anti | Role::Filler | Role::Hint | Role::Only);
            says && c.regions.is_empty() && c.sets.get(axis) == bits && c.sets.iter().all(|(a, _)| a == axis)
        })
    }

    /// Terms of a region, the shortest first, `limit` at most.
    pub(super) fn words_for_region(&self, region: RegionId, limit: usize) -> Vec<String> {
        self.shortest(limit, |c| c.region == Some(region))
    }

    fn shortest(&self, limit: usize, wanted: impl Fn(&Concept) -> bool) -> Vec<String> {
        let mut words: Vec<String> = self
            .concepts
            .iter()
            .enumerate()
            .filter(|(_, c)| wanted(c))
            .flat_map(|(i, _)| self.terms.of(Sense::Concept(ConceptId(i as u16))))
            .filter(|(_, scope)| *scope == Scope::Any)
            .map(|(t, _)| t.to_owned())
            .collect();
        words.sort_by_key(String::len);
        words.truncate(limit);
        words
    }
}

fn text(s: String) -> Vec<String> {
    if s.is_empty() { Vec::new() } else { vec![s] }
}

/// First and last day of validity in words; empty for always.
pub(super) fn days(from: Option<Date>, until: Option<Date>) -> String {
    match (from, until) {
        (None, None) => String::new(),
        (Some(a), None) => format!("from {a}"),
        (None, Some(b)) => format!("until {b}"),
        (Some(a), Some(b)) => format!("from {a} until {b}"),
    }
}

/// `NotPerformed` as files have it: `not-performed`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
