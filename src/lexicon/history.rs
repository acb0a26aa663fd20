//! What changed in the set of codes between two days.

use jiff::civil::Date;

use super::Lexicon;
use super::model::Code;

/// What became of a code between two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Valid on the later day only.
    Added,
    /// Valid on the earlier day only; no code came after it.
    Ended,
    /// Valid on the earlier day only; others came after it.
    Replaced,
}

/// A code that is valid on one of two days and not on the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChange {
    /// The code.
    pub code: String,
    /// What became of it.
    pub change: Change,
    /// The first day of a code that was added, the last day of one that ended.
    pub day: Date,
    /// Codes that came after it; of one that was added, those that it came after.
    pub others: Vec<String>,
    /// Whether all of the others came together (`true`) or the text decides which.
    pub together: bool,
    /// The exam in our own words; empty where no family gives the code.
    pub label: String,
}

impl Lexicon {
    /// The codes that are valid on one of two days and not on the other, those added first, each list by code. Of two
    /// days in the wrong order the earlier one counts as the first.
    #[must_use]
    pub fn code_changes(&self, first: Date, second: Date) -> Vec<CodeChange> {
        let (before, after) = (first.min(second), first.max(second));
        let mut out: Vec<CodeChange> = self.codes.iter().filter_map(|c| self.code_change(c, before, after)).collect();
        out.sort_by(|a, b| (a.change, &a.code).cmp(&(b.change, &b.code)));
        out
    }

    fn code_change(&self, c: &Code, before: Date, after: Date) -> Option<CodeChange> {
        let (change, day, others, together) = match (c.in_force(before), c.in_force(after)) {
            (false, true) => {
                let old = self.codes.iter().filter(|o| successors(o).any(|s| s == &*c.code)).map(|o| o.code.to_string()).collect();
                (Change::Added, c.from?, old, true)
            }
            (true, false) => {
                let others: Vec<String> = successors(c).map(str::to_owned).collect();
                let change = if others.is_empty() { Change::Ended } else { Change::Replaced };
                (change, c.until?, others, c.successor.as_deref().is_some_and(|s| s.contains('+')))
            }
            _ => return None,
        };
        let label = self.code_card(&c.code).map_or_else(String::new, |card| card.label());
        Some(CodeChange { code: c.code.to_string(), change, day, others, together, label })
    }
}

/// The codes that came after one.
fn successors(c: &Code) -> impl Iterator<Item = &str> {
    c.successor.as_deref().unwrap_or_default().split(['|', '+']).filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_2019: Date = Date::constant(2019, 6, 1);
    const DAY_2022: Date = Date::constant(2022, 6, 1);

    #[test]
    fn codes_come_and_go() {
        let lexicon = Lexicon::embedded().expect("the lexicon is whole");
        let changes = lexicon.code_changes(DAY_2019, DAY_2022);
        let find = |code: &str| changes.iter().find(|c| c.code == code);
        let added = find("71271").expect("lung screening got a code of its own in 2021");
        assert_eq!(
            (added.change, added.day, added.others.as_slice()),
            (Change::Added, Date::constant(2021, 1, 1), &["G0297".to_owned()][..])
        );
        let ended = find("G0297").expect("its code before ended");
        assert_eq!((ended.change, ended.day), (Change::Replaced, Date::constant(2020, 12, 31)));
        assert!(find("72125").is_none(), "valid on both days");
        assert_eq!(changes, lexicon.code_changes(DAY_2022, DAY_2019), "the order of the days does not matter");
        assert!(lexicon.code_changes(DAY_2019, DAY_2019).is_empty());
    }
}
