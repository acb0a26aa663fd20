//! Whether the tables of a lexicon hold together, told from the tables alone: every code is reached or excused, every
//! condition can be met, no study belongs to two families. What needs reports to be read is proved in `analysis`.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Lexicon;
use super::model::{AxisKind, Effect, Family, RegionId, Values};
use super::place::EntryKind;
use super::problem::Problem;

impl Lexicon {
    /// How many entries there are, of all kinds.
    #[must_use]
    pub fn entry_count(&self) -> usize {
        self.places.len()
    }

    /// How many proof lines there are, hits and misses.
    #[must_use]
    pub fn proof_count(&self) -> usize {
        self.proofs.len()
    }

    /// All mistakes that the tables show by themselves.
    pub(crate) fn check_tables(&self) -> Vec<Problem> {
        let mut out = Vec::new();
        self.check_codes(&mut out);
        self.check_conditions(&mut out);
        self.check_twins(&mut out);
        out
    }

    /// A problem at the place where an entry is declared.
    pub(crate) fn problem_at(&self, kind: EntryKind, id: &str, message: String, help: &str) -> Problem {
        let place = self.places.iter().find(|p| p.kind == kind && &*p.id == id);
        let (file, span) = place.map_or_else(|| (String::new(), 0..0), |p| (p.file.to_string(), p.span.clone()));
        Problem { file, span, message, help: help.to_owned() }
    }

    fn check_codes(&self, out: &mut Vec<Problem>) {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        for f in &self.families {
            reached.extend(f.rows.iter().chain(&f.adds).map(|r| &*r.code));
        }
        for r in &self.rules {
            if let Effect::Becomes { to, .. } = &r.effect {
                reached.insert(to);
            }
        }
        // a code of a payer may say so in its excuse as well
        let by_policy: BTreeSet<&str> = self.billing.codes().collect();
        for c in &self.codes {
            match (reached.contains(&*c.code), &c.excuse) {
                (false, None) if !by_policy.contains(&*c.code) => out.push(self.problem_at(
                    EntryKind::Code,
                    &c.code,
                    format!("no family and no rule reaches the code {}", c.code),
                    "give it a row in a family, or write in its last cell why no text reaches it",
                )),
                (true, Some(_)) => out.push(self.problem_at(
                    EntryKind::Code,
                    &c.code,
                    format!("the code {} is reached, and excused as well", c.code),
                    "write `-` in its last cell, or take it out of the family",
                )),
                _ => {}
            }
            if c.from.zip(c.until).is_some_and(|(a, b)| a > b) {
                out.push(self.problem_at(
                    EntryKind::Code,
                    &c.code,
                    format!("the code {} ends before it begins", c.code),
                    "correct one of the two dates",
                ));
            }
        }
    }

    fn check_conditions(&self, out: &mut Vec<Problem>) {
        for f in &self.families {
            let mut problem = |message: String, help: &str| out.push(self.problem_at(EntryKind::Family, &f.id, message, help));
            if f.from.zip(f.until).is_some_and(|(a, b)| a > b) {
                problem(format!("the family `{}` ends before it begins", f.id), "correct one of the two dates");
            }
            if !f.any.is_empty() && !f.all.is_empty() {
                problem(format!("the family `{}` has both `any` and `all`", f.id), "use one of them");
            }
            if let Some(axis) = self.contradiction(&f.when, &f.unless) {
                problem(
                    format!("no study can meet `{}`: `unless` forbids what `when` wants on the axis `{axis}`", f.id),
                    "take the value out of one of them",
                );
            }
            for row in f.rows.iter().chain(&f.adds) {
                let clash = row.values.iter().find(|(a, bits)| {
                    let when = f.when.get(*a);
                    self.axis(*a).kind == AxisKind::Enum && ((when != 0 && when & bits == 0) || bits & !f.unless.get(*a) == 0)
                });
                if let Some((axis, _)) = clash {
                    let message = format!(
                        "no study can reach the row {} of `{}`: its value on the axis `{}` is ruled out",
                        row.code,
                        f.id,
                        self.axis(axis).id
                    );
                    problem(message, "correct the row, or `when` and `unless` of the family");
                }
                if let Some(code) = self.code(&row.code)
                    && !overlap((code.from, code.until), (f.from, f.until))
                {
                    problem(
                        format!("the code {} is never valid while `{}` is", row.code, f.id),
                        "correct the dates of the family, or those in codes.tsv",
                    );
                }
            }
        }
    }

    /// The axis on which a study cannot have all that is wanted and nothing that is forbidden.
    fn contradiction(&self, when: &Values, unless: &Values) -> Option<&str> {
        let clash = when.iter().find(|(axis, bits)| match self.axis(*axis).kind {
            AxisKind::Enum | AxisKind::Count => bits & !unless.get(*axis) == 0,
            AxisKind::Set | AxisKind::Flags => bits & unless.get(*axis) != 0,
        });
        clash.map(|(axis, _)| &*self.axis(axis).id)
    }

    /// Two families of single regions that take one study on one day with the same rank.
    fn check_twins(&self, out: &mut Vec<Problem>) {
        let single: Vec<&Family> = self.families.iter().filter(|f| f.all.is_empty() && !f.companion).collect();
        for (i, f) in single.iter().enumerate() {
            for g in &single[i + 1..] {
                // one takes only studies of no region, the other only studies of some
                let apart = |a: &Family, b: &Family| a.nowhere && !b.any.is_empty();
                if !overlap((f.from, f.until), (g.from, g.until)) || !self.meet(f, g) || apart(f, g) || apart(g, f) {
                    continue;
                }
                let tied = if f.any.is_empty() && g.any.is_empty() {
                    (self.wanted(f) == self.wanted(g) && f.nowhere == g.nowhere).then(|| "no region".to_owned())
                } else {
                    let same = |r: &RegionId| matches!((self.rank(f, *r), self.rank(g, *r)), (Some(a), Some(b)) if a == b);
                    (0..self.regions.len() as u8).map(RegionId).find(same).map(|r| format!("the region `{}`", self.region(r).id))
                };
                if let Some(place) = tied {
                    out.push(self.problem_at(
                        EntryKind::Family,
                        &g.id,
                        format!("`{}` and `{}` take the same study of {place}, and neither is more particular", f.id, g.id),
                        "give one of them a value in `when` or `unless` that the other has not, or dates that do not overlap",
                    ));
                }
            }
        }
    }

    /// Whether a study exists that has all that both want and nothing that either forbids.
    fn meet(&self, f: &Family, g: &Family) -> bool {
        (0..self.axes.len() as u8).map(super::model::AxisId).all(|axis| {
            let (a, b) = (f.when.get(axis), g.when.get(axis));
            let forbidden = f.unless.get(axis) | g.unless.get(axis);
            match self.axis(axis).kind {
                AxisKind::Set | AxisKind::Flags => (a | b) & forbidden == 0,
                AxisKind::Enum | AxisKind::Count => match (a, b) {
                    (0, 0) => true,
                    (0, one) | (one, 0) => one & !forbidden != 0,
                    (a, b) => a & b & !forbidden != 0,
                },
            }
        })
    }

    /// How particularly a family takes a region, values apart; as `code::family` ranks them.
    fn rank(&self, f: &Family, region: RegionId) -> Option<u32> {
        let near = if f.any.is_empty() {
            u32::from(f.nowhere)
        } else {
            let up = std::iter::successors(Some(region), |r| self.region(*r).parent);
            2 + u32::from(self.region(up.into_iter().find(|r| f.any.contains(*r))?).depth)
        };
        Some(4 * self.wanted(f) + near)
    }
}

/// Whether two spans of days, both ends inclusive, share a day.
fn overlap(a: (Option<Date>, Option<Date>), b: (Option<Date>, Option<Date>)) -> bool {
    let starts_in_time = |from: Option<Date>, until: Option<Date>| from.zip(until).is_none_or(|(f, u)| f <= u);
    starts_in_time(a.0, b.1) && starts_in_time(b.0, a.1)
}
