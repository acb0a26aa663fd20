//! What is known of one billing code: its families, its neighbours in them, its dates. Never a descriptor.

use jiff::civil::Date;

use super::Lexicon;
use super::model::{AxisKind, Effect, Family, FamilyId, Row, Values};
use super::show::days;

/// A billing code as a fact, with the ways that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCard {
    /// The code.
    pub code: String,
    /// `CPT` or `HCPCS`.
    pub system: String,
    /// First day, inclusive; `None` is before 2010.
    pub from: Option<Date>,
    /// Last day, inclusive; `None` is open.
    pub until: Option<Date>,
    /// The codes that came after.
    pub successors: Vec<String>,
    /// Whether the successors came together (`true`) or one of them takes its place.
    pub all_successors: bool,
    /// Why no text of a report reaches it.
    pub excuse: Option<String>,
    /// Families that give it.
    pub ways: Vec<Way>,
    /// Rules that give it or take it away: id and message.
    pub rules: Vec<(String, String)>,
}

/// One way to a code: a row of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The family's id.
    pub family: String,
    /// The exam in our own words.
    pub label: String,
    /// What a report has to say.
    pub needs: Vec<Need>,
    /// What a complete study has to describe or excuse, where the code is of one: lists of which one has to be met.
    pub elements: Vec<Vec<String>>,
    /// The family's other codes.
    pub neighbours: Vec<Neighbour>,
    /// Whether it comes beside another code of the family.
    pub added: bool,
    /// First day of the family, inclusive.
    pub from: Option<Date>,
    /// Last day of the family, inclusive.
    pub until: Option<Date>,
    /// A remark of the family.
    pub note: Option<String>,
}

/// Another code of a family, and what would have to be documented for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The code.
    pub code: String,
    /// What would have to be documented.
    pub needs: String,
}

/// How a need is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedKind {
    /// By one of the values on an axis of one value, by all on an axis of several.
    Is,
    /// By all of the values and no other.
    Exactly,
    /// By none of the values.
    IsNot,
    /// By one of the regions, or one inside them.
    AnyRegion,
    /// By all of the regions together.
    AllRegions,
}

/// What a report has to say for a code, on one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The axis.
    pub axis: String,
    /// How it is met.
    pub kind: NeedKind,
    /// Values, as answers name them.
    pub values: Vec<String>,
    /// The values in our own words.
    pub words: String,
    /// Some of the terms that say it.
    pub terms: Vec<String>,
    /// Whether silence counts as this value.
    pub default: bool,
}

/// Terms shown for one value.
const TERMS: usize = 8;

impl CodeCard {
    /// The exam in our own words; empty for a code that no family gives.
    #[must_use]
    pub fn label(&self) -> String {
        self.ways.first().map_or_else(String::new, |w| w.label.clone())
    }

    /// Whether the code may be billed for a day.
    #[must_use]
    pub fn in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|d| d <= day) && self.until.is_none_or(|d| day <= d)
    }

    /// Its validity in words.
    #[must_use]
    pub fn validity(&self) -> String {
        let days = days(self.from, self.until);
        if days.is_empty() { "before 2010, with no end".to_owned() } else { days }
    }
}

impl Lexicon {
    /// The edition's date for a report without a date of service.
    #[must_use]
    pub fn default_date(&self) -> Date {
        self.edition.default_date
    }

    /// What is known of a code; `None` for one that has no line in `codes.tsv`.
    #[must_use]
    pub fn code_card(&self, code: &str) -> Option<CodeCard> {
        let c = self.code(code)?;
        let successor = c.successor.as_deref().unwrap_or_default();
        let mut ways = self.ways(&c.code);
        if ways.is_empty() {
            // a code that only a rule gives needs what the code needs that it is made from
            let source = self.rules.iter().find_map(|r| match &r.effect {
                Effect::Becomes { from, to, .. } if *to == c.code => Some((from, &r.message)),
                _ => None,
            });
            if let Some((from, message)) = source {
                ways = self.ways(from);
                for way in &mut ways {
                    way.note = Some(message.to_string());
                }
            }
        }
        let rules =
            self.rules.iter().filter(|r| self.concerns(&r.effect, &c.code)).map(|r| (r.id.to_string(), r.message.to_string())).collect();
        Some(CodeCard {
            code: c.code.to_string(),
            system: c.system.to_string(),
            from: c.from,
            until: c.until,
            successors: successor.split(['|', '+']).filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            all_successors: successor.contains('+'),
            excuse: c.excuse.as_deref().map(str::to_owned),
            ways,
            rules,
        })
    }

    /// The rows of families that give a code.
    fn ways(&self, code: &str) -> Vec<Way> {
        let mut out = Vec::new();
        for f in &self.families {
            for (rows, added) in [(&f.rows, false), (&f.adds, true)] {
                out.extend(rows.iter().filter(|r| &*r.code == code).map(|r| self.way(f, r, added)));
            }
        }
        out
    }

    fn concerns(&self, effect: &Effect, code: &str) -> bool {
        let gives = |f: &FamilyId| self.family(*f).rows.iter().any(|r| &*r.code == code);
        match effect {
            Effect::Becomes { from, to, .. } => &**from == code || &**to == code,
            Effect::Absorbs(pairs) => pairs.iter().any(|(_, lost)| gives(lost)),
            Effect::Downgrades(pairs) => pairs.iter().any(|(a, _)| gives(a)),
        }
    }

    fn way(&self, f: &Family, row: &Row, added: bool) -> Way {
        let mut label = f.label.to_string();
        for (axis, bits) in row.values.iter() {
            label.push_str(", ");
            label.push_str(&self.axis(axis).label(bits));
        }
        let mut neighbours: Vec<Neighbour> = Vec::new();
        let rows = if added { &f.adds } else { &f.rows };
        for r in rows.iter().filter(|r| r.code != row.code) {
            let needs: Vec<String> = r
                .values
                .iter()
                .filter(|(axis, bits)| row.values.get(*axis) != *bits)
                .map(|(axis, bits)| self.axis(axis).need(bits))
                .collect();
            if !neighbours.iter().any(|n| *n.code == *r.code) {
                neighbours.push(Neighbour { code: r.code.to_string(), needs: needs.join("; ") });
            }
        }
        Way {
            family: f.id.to_string(),
            label,
            needs: self.needs(f, row),
            elements: self.elements(f, row),
            neighbours,
            added,
            from: f.from,
            until: f.until,
            note: f.note.as_deref().map(str::to_owned),
        }
    }

    /// Elements of the checklist that tells a family's complete study from a limited one.
    fn elements(&self, f: &Family, row: &Row) -> Vec<Vec<String>> {
        let complete = self.known.extent.and_then(|e| Some(row.values.get(e) & self.axis(e).bit("complete")?)).unwrap_or(0);
        let list = self.family_named(&f.id).and_then(|id| self.checklist_of(id)).filter(|_| complete != 0);
        let names = |way: &Vec<u8>, all: &[Box<str>]| way.iter().map(|e| all[*e as usize].to_string()).collect();
        list.map_or_else(Vec::new, |(_, c)| c.ways.iter().map(|w| names(w, &c.elements)).collect())
    }

    fn needs(&self, f: &Family, row: &Row) -> Vec<Need> {
        let mut out = Vec::new();
        let mut push = |values: &Values, kind: NeedKind, of_row: bool| {
            for (axis, bits) in values.iter() {
                let a = self.axis(axis);
                let each = (0..a.values.len()).map(|i| 1u64 << i).filter(|b| bits & b != 0);
                let whole = of_row && a.kind == AxisKind::Set;
                let terms = match kind {
                    NeedKind::IsNot => Vec::new(),
                    _ if whole => self.words_for(axis, bits, TERMS),
                    _ => each.clone().flat_map(|bit| self.words_for(axis, bit, TERMS)).collect(),
                };
                out.push(Need {
                    axis: a.id.to_string(),
                    kind: if whole { NeedKind::Exactly } else { kind },
                    values: a.names(bits),
                    words: if of_row { a.need(bits) } else { each.map(|bit| a.label(bit)).collect::<Vec<_>>().join(" or ") },
                    terms,
                    default: of_row && f.assume.get(axis) == bits,
                });
            }
        };
        push(&f.when, NeedKind::Is, false);
        let mut regions = Vec::new();
        let any: Vec<_> = f.any.iter().collect();
        for (list, kind, word) in [(&any, NeedKind::AnyRegion, " or "), (&f.all, NeedKind::AllRegions, " and ")] {
            if !list.is_empty() {
                regions.push(Need {
                    axis: "region".to_owned(),
                    kind,
                    values: list.iter().map(|r| self.region(*r).id.to_string()).collect(),
                    words: list.iter().map(|r| self.region(*r).label.to_string()).collect::<Vec<_>>().join(word),
                    terms: list.iter().flat_map(|r| self.words_for_region(*r, TERMS)).collect(),
                    default: false,
                });
            }
        }
        push(&row.values, NeedKind::Is, true);
        push(&f.unless, NeedKind::IsNot, false);
        let at = f.when.iter().count();
        out.splice(at..at, regions);
        out
    }
}
