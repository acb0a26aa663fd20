//! Contrast agents and radiopharmaceuticals: their names, their codes by concentration, and what one unit is.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

use super::Owner;
use super::build::Builder;
use super::load::Entries;
use super::model::Sense;
use super::terms::{Scope, TermsBuilder};
use super::wire::Words;

/// Index of a supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SupplyId(pub u16);

/// Index of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeasureId(pub u8);

/// A way to write an amount: `mL`, `cc`, `MBq`. So much of it is one of its base.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measure {
    /// Its name, the base of others.
    pub id: Box<str>,
    /// The measure that amounts are counted in; itself for a base.
    pub base: MeasureId,
    /// One of it is `times / parts` of the base.
    pub times: u32,
    /// See `times`.
    pub parts: u32,
}

/// A code of a supply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupplyRow {
    /// The code.
    pub code: Box<str>,
    /// Concentrations, both ends inclusive: mg of iodine per mL.
    pub concentration: Option<(u32, u32)>,
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub until: Option<Date>,
}

/// An agent that is billed beside the exam.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Supply {
    /// Its name in files and answers.
    pub id: Box<str>,
    /// Our words for it.
    pub label: Box<str>,
    /// Its codes.
    pub rows: Vec<SupplyRow>,
    /// What one unit is of: `None` is one dose of a study.
    pub unit: Option<(MeasureId, u32)>,
    /// Concentrations in which it is sold, mg of iodine per mL; empty where it has one only.
    pub sold: Vec<u32>,
}

/// Thousandths in which the size of a unit is held.
pub const THOUSAND: u32 = 1000;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct MeasureWire {
    pub(super) id: Spanned<String>,
    pub(super) base: Option<Spanned<String>>,
    /// `[times, parts]`
    pub(super) ratio: Option<(u32, u32)>,
    pub(super) terms: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SupplyRowWire {
    pub(super) code: String,
    pub(super) concentration: Option<(u32, u32)>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleWire {
    pub(super) id: Spanned<String>,
    pub(super) rows: Vec<SupplyRowWire>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SupplyWire {
    pub(super) id: Spanned<String>,
    pub(super) label: String,
    #[serde(default)]
    pub(super) rows: Vec<SupplyRowWire>,
    pub(super) scale: Option<Spanned<String>>,
    /// `"1 mL"`, `"0.1 mL"`; without it one dose.
    pub(super) unit: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) sold: Vec<u32>,
    pub(super) terms: Words,
    pub(super) hit: Words,
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct WasteWire {
    /// Whether the words say that nothing was thrown away.
    pub(super) none: bool,
    pub(super) terms: Words,
    pub(super) hit: Words,
    pub(super) miss: Words,
}

impl Builder<'_> {
    /// Measures and supplies, with their words and proof lines.
    pub(super) fn supplies(&mut self, entries: &Entries, terms: &mut TermsBuilder) -> (Vec<Measure>, Vec<Supply>) {
        let measure = |id: &str| entries.measures.iter().position(|m| m.entry.id.get_ref() == id).map(|i| MeasureId(i as u8));
        let mut measures = Vec::new();
        for (i, at) in entries.measures.iter().enumerate() {
            let w = &at.entry;
            let own = MeasureId(i as u8);
            let base = w.base.as_ref().map_or(Some(own), |b| measure(b.get_ref()));
            let (times, parts) = w.ratio.unwrap_or((1, 1));
            if base.is_none() || times == 0 || parts == 0 {
                let span = w.base.as_ref().map_or(w.id.span(), Spanned::span);
                self.problem(
                    at.file,
                    span,
                    "a measure is so much of another one",
                    "name a measure of this file, and a ratio of two numbers from 1 on",
                );
            }
            measures.push(Measure { id: w.id.get_ref().as_str().into(), base: base.unwrap_or(own), times, parts: parts.max(1) });
            self.words(at.file, terms, &w.terms, Sense::Measure(own), Scope::Prose);
        }
        for at in &entries.wastes {
            let sense = Sense::Waste(at.entry.none);
            self.words(at.file, terms, &at.entry.terms, sense, Scope::Prose);
            self.proofs(at.file, Owner::Sense(sense), &at.entry.hit, &at.entry.miss);
        }
        let mut supplies = Vec::new();
        for (i, at) in entries.supplies.iter().enumerate() {
            let (file, w) = (at.file, &at.entry);
            let mut rows: Vec<SupplyRow> = w.rows.iter().map(|r| self.supply_row(file, r)).collect();
            if let Some(name) = &w.scale {
                match entries.scales.iter().find(|s| s.entry.id.get_ref() == name.get_ref()) {
                    Some(scale) => rows.extend(scale.entry.rows.iter().map(|r| self.supply_row(scale.file, r))),
                    None => self.problem(file, name.span(), &format!("there is no scale `{}`", name.get_ref()), "name a [[scale]]"),
                }
            }
            if rows.is_empty() {
                self.problem(file, w.id.span(), "this supply has no code", "give it `rows` or a `scale`");
            }
            let unit = w.unit.as_ref().and_then(|u| {
                let parts = u.get_ref().split_once(' ').and_then(|(n, m)| Some((measure(m)?, u32::try_from(thousandths(n)?).ok()?)));
                if parts.is_none_or(|(_, n)| n == 0) {
                    self.problem(file, u.span(), "this is no size of a unit", "write a number and a measure, as in \"0.1 mL\"");
                }
                parts
            });
            let sense = Sense::Supply(SupplyId(i as u16));
            self.words(file, terms, &w.terms, sense, Scope::Prose);
            self.proofs(file, Owner::Sense(sense), &w.hit, &w.miss);
            supplies.push(Supply { id: w.id.get_ref().as_str().into(), label: w.label.as_str().into(), rows, unit, sold: w.sold.clone() });
        }
        (measures, supplies)
    }

    fn supply_row(&mut self, file: usize, w: &SupplyRowWire) -> SupplyRow {
        SupplyRow {
            code: w.code.as_str().into(),
            concentration: w.concentration,
            from: self.date(file, w.from.as_ref()),
            until: self.date(file, w.until.as_ref()),
        }
    }
}

/// A decimal number in thousandths: "0.1" is 100. Exact, or nothing.
#[must_use]
pub fn thousandths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let part = format!("{part:0<3}");
    Some(whole.parse::<u64>().ok()? * u64::from(THOUSAND) + part.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn decimals_are_exact() {
        for (text, n) in [("100", Some(100_000)), ("7.5", Some(7_500)), ("0.1", Some(100)), ("9.999", Some(9_999))] {
            assert_eq!(thousandths(text), n, "{text}");
        }
        for text in ["", ".5", "1.2345", "12345678", "1,000", "-1"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
