//! Edits between codes of one day, and most units a day: tables with an edition, ours and those that CMS publishes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use jiff::civil::Date;

/// Which release of a table answers, and the days that it is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditEdition {
    /// Its name: `practitioner 2024-07-01`, or the name of a loaded file.
    pub name: String,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl EditEdition {
    /// Whether the release is that of the day.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Two codes of which the second is not paid beside the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Pair {
    first: Box<str>,
    second: Box<str>,
    from: Option<Date>,
    until: Option<Date>,
    /// Whether a modifier lifts the edit.
    lifts: bool,
}

/// What an edit says of two codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Never both.
    Never,
    /// Both with a modifier that the record proves.
    Modifier,
}

/// A line of a table that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Pairs of codes and unit limits, frozen. Immutable, `Send + Sync`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Edits {
    pairs: Vec<Pair>,
    limits: BTreeMap<Box<str>, u32>,
    /// Release of the pairs; `None` without pairs.
    pub pairs_edition: Option<EditEdition>,
    /// Release of the unit limits; `None` without limits.
    pub limits_edition: Option<EditEdition>,
}

impl Edits {
    /// Reads pairs in the form in which CMS publishes them, practitioner or hospital: lines of column 1, column 2, a
    /// mark, first day, last day or `*`, modifier indicator, reason, with tabs or commas between. Lines above the first
    /// pair are headings. Pairs of codes that `known` does not want are passed over.
    ///
    /// # Errors
    /// Every line that is none.
    pub fn ncci(name: &str, text: &str, known: impl Fn(&str) -> bool) -> Result<Self, Vec<BadLine>> {
        let (mut pairs, mut bad) = (Vec::new(), Vec::new());
        let (mut earliest, mut latest, mut begun) = (None::<Date>, None::<Date>, false);
        for (n, line) in rows(text) {
            let cells = cells(line);
            if !begun && !cells.first().is_some_and(|c| is_code(c)) {
                continue;
            }
            begun = true;
            match pair(&cells) {
                Ok(p) => {
                    earliest = earliest.into_iter().chain(p.from).min();
                    latest = latest.into_iter().chain(p.from).chain(p.until.and_then(|d| d.tomorrow().ok())).max();
                    if cells[5].trim() != "9" && known(&p.first) && known(&p.second) {
                        pairs.push(p);
                    }
                }
                Err(what) => bad.push(BadLine { line: n, what }),
            }
        }
        if !begun {
            bad.push(BadLine { line: 1, what: "there is no pair of codes in this file".to_owned() });
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        pairs.sort();
        let edition = earliest.zip(latest).map(|(first, latest)| EditEdition { name: name.to_owned(), first, last: quarter_end(latest) });
        Ok(Self { pairs, pairs_edition: edition, ..Self::default() })
    }

    /// Reads unit limits in the form in which CMS publishes them: lines of code, most units, adjudication indicator,
    /// reason, with tabs or commas between. A day in the name or in the heading, as in `Eff_07-01-2024`, is the first
    /// day of the release; without one it is taken for that of `day`.
    ///
    /// # Errors
    /// Every line that is none.
    pub fn mue(name: &str, text: &str, day: Date, known: impl Fn(&str) -> bool) -> Result<Self, Vec<BadLine>> {
        let (mut limits, mut bad) = (BTreeMap::new(), Vec::new());
        let (mut begun, mut first) = (false, day_in(name));
        for (n, line) in rows(text) {
            let cells = cells(line);
            if !begun && !cells.first().is_some_and(|c| is_code(c)) {
                first = first.or_else(|| day_in(line));
                continue;
            }
            begun = true;
            let code = cells[0].trim();
            match cells.get(1).and_then(|c| c.trim().parse().ok()) {
                Some(limit) if is_code(code) => {
                    if known(code) {
                        limits.insert(code.into(), limit);
                    }
                }
                _ => bad.push(BadLine { line: n, what: "a code and its most units are wanted".to_owned() }),
            }
        }
        if !begun {
            bad.push(BadLine { line: 1, what: "there is no unit limit in this file".to_owned() });
        }
        if !bad.is_empty() {
            return Err(bad);
        }
        let first = first.unwrap_or(day);
        let edition = EditEdition { name: name.to_owned(), first, last: quarter_end(first) };
        Ok(Self { limits, limits_edition: Some(edition), ..Self::default() })
    }

    /// The same tables, replaced by those that the other has.
    #[must_use]
    pub fn replaced_by(mut self, other: Self) -> Self {
        if other.pairs_edition.is_some() {
            (self.pairs, self.pairs_edition) = (other.pairs, other.pairs_edition);
        }
        if other.limits_edition.is_some() {
            (self.limits, self.limits_edition) = (other.limits, other.limits_edition);
        }
        self
    }

    /// The pairs of both, for a table that comes in several files.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.pairs.extend(other.pairs);
        self.pairs.sort();
        self.pairs.dedup();
        self.pairs_edition = match (self.pairs_edition, other.pairs_edition) {
            (Some(a), Some(b)) => Some(EditEdition { name: a.name, first: a.first.min(b.first), last: a.last.max(b.last) }),
            (a, b) => a.or(b),
        };
        self
    }

    /// A lexicon's own table of pairs: `first second modifier`, tabs between.
    pub(super) fn own(edition: EditEdition, list: impl Iterator<Item = (String, String, bool)>) -> Self {
        let mut pairs: Vec<Pair> = list
            .map(|(first, second, lifts)| Pair { first: first.into(), second: second.into(), from: None, until: None, lifts })
            .collect();
        pairs.sort();
        Self { pairs, pairs_edition: Some(edition), ..Self::default() }
    }

    pub(super) fn limit(&mut self, edition: &EditEdition, code: &str, units: u32) {
        self.limits.insert(code.into(), units);
        self.limits_edition.get_or_insert_with(|| edition.clone());
    }

    /// What the pairs say of a code beside another on a day. Pairs that carry no days hold on every day.
    #[must_use]
    pub fn between(&self, first: &str, second: &str, day: Date) -> Option<Edit> {
        let at = self.pairs.partition_point(|p| (&*p.first, &*p.second) < (first, second));
        self.pairs[at..]
            .iter()
            .take_while(|p| &*p.first == first && &*p.second == second)
            .find(|p| p.from.is_none_or(|d| d <= day) && p.until.is_none_or(|d| day <= d))
            .map(|p| if p.lifts { Edit::Modifier } else { Edit::Never })
    }

    /// All pairs: first and second code, and what holds between them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str, Edit)> {
        self.pairs.iter().map(|p| (&*p.first, &*p.second, if p.lifts { Edit::Modifier } else { Edit::Never }))
    }

    /// Most units of a code on one day.
    #[must_use]
    pub fn most_units(&self, code: &str) -> Option<u32> {
        self.limits.get(code).copied()
    }
}

fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, l)| (i + 1, l.trim_end_matches('\r'))).filter(|(_, l)| !l.trim().is_empty())
}

/// Cells between tabs, else between commas outside of quotes.
fn cells(line: &str) -> Vec<&str> {
    if line.contains('\t') {
        return line.split('\t').collect();
    }
    let (mut out, mut start, mut quoted) = (Vec::new(), 0, false);
    for (i, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(&line[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&line[start..]);
    out.into_iter().map(|c| c.trim().trim_matches('"')).collect()
}

/// Whether a word has the form of a code: five signs, digits and capitals, a digit among them.
pub(super) fn is_code(word: &str) -> bool {
    let word = word.trim();
    word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) && word.bytes().any(|b| b.is_ascii_digit())
}

fn pair(cells: &[&str]) -> Result<Pair, String> {
    let [first, second, _, from, until, modifier, ..] = cells else {
        return Err(format!("{} cells instead of six or more", cells.len()));
    };
    if !is_code(first) || !is_code(second) {
        return Err("two codes are wanted in the first two cells".to_owned());
    }
    let from = compact_day(from).ok_or("the first day is wanted as 20240701")?;
    let until = match until.trim() {
        "" | "*" => None,
        day => Some(compact_day(day).ok_or("the last day is wanted as 20240701, or `*`")?),
    };
    let lifts = match modifier.trim() {
        "0" => false,
        "1" | "9" => true,
        _ => return Err("the modifier indicator is 0, 1 or 9".to_owned()),
    };
    Ok(Pair { first: first.trim().into(), second: second.trim().into(), from: Some(from), until, lifts })
}

/// `20240701`.
fn compact_day(s: &str) -> Option<Date> {
    let s = s.trim();
    if s.len() != 8 || !s.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(s[..4].parse().ok()?, s[4..6].parse().ok()?, s[6..].parse().ok()?).ok()
}

/// A day inside a name: `07-01-2024` or `2024-07-01`.
fn day_in(name: &str) -> Option<Date> {
    let part = |s: &str| s.bytes().all(|b| b.is_ascii_digit()).then(|| s.parse::<i16>().ok()).flatten();
    (0..name.len()).filter_map(|i| name.get(i..i + 10)).find_map(|w| {
        let parts: Vec<i16> = w.split(['-', '/']).map(part).collect::<Option<_>>()?;
        let (year, month, day) = match parts[..] {
            [year, month, day] if year > 99 => (year, month, day),
            [month, day, year] => (year, month, day),
            _ => return None,
        };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    })
}

/// The last day of a day's quarter.
fn quarter_end(day: Date) -> Date {
    let month = (day.month() - 1) / 3 * 3 + 3;
    day.with().day(1).month(month).build().map_or(day, Date::last_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(s: &str) -> Date {
        s.parse().expect("a day")
    }

    #[test]
    fn pairs_in_the_published_form() {
        let text = "Copyright\n\nColumn 1\tColumn 2\t*=in existence\tEffective Date\tDeletion Date\tModifier\tRationale\n\
            72127\t72125\t\t20000605\t*\t1\tMore extensive procedure\r\n71260\t71250\t\t20000605\t20201231\t0\tx\n72127\t36000\t\t20000605\t*\t1\tx\n";
        let e = Edits::ncci("q3", text, |c| c != "36000").expect("well formed");
        assert_eq!(e.between("72127", "72125", day("2024-08-01")), Some(Edit::Modifier));
        assert_eq!(e.between("71260", "71250", day("2020-12-31")), Some(Edit::Never));
        assert_eq!(e.between("71260", "71250", day("2021-01-01")), None);
        assert_eq!(e.between("72125", "72127", day("2024-08-01")), None);
        assert_eq!(e.pairs().count(), 2);
        let edition = e.pairs_edition.expect("an edition");
        assert_eq!((edition.first, edition.last), (day("2000-06-05"), day("2021-03-31")));
    }

    #[test]
    fn malformed_lines_are_named() {
        let text = "Column 1\n72127\t72125\t\t20000605\t*\t1\n72127\t72125\t\t2000\t*\t1\n7212\t72125\t\t20000605\t*\t1\n71260\t71250\t\t20000605\t*\t2\nx\n";
        let bad: Vec<usize> = Edits::ncci("q", text, |_| true).expect_err("four bad lines").iter().map(|b| b.line).collect();
        assert_eq!(bad, [3, 4, 5, 6]);
        assert!(Edits::ncci("q", "no table\n", |_| true).is_err());
    }

    #[test]
    fn unit_limits_in_the_published_form() {
        let text = "\"HCPCS/CPT Code\",\"Practitioner Services MUE Values\",\"MAI\",\"Rationale\"\n\"72127\",\"1\",\"3 Date of Service Edit: Clinical\",\"a, b\"\n73562,3,2,c\n";
        let e = Edits::mue("MCR_MUE_PractitionerServices_Eff_07-01-2024.csv", text, day("2026-01-01"), |_| true).expect("well formed");
        assert_eq!((e.most_units("72127"), e.most_units("73562"), e.most_units("70450")), (Some(1), Some(3), None));
        let edition = e.limits_edition.expect("an edition");
        assert_eq!((edition.first, edition.last), (day("2024-07-01"), day("2024-09-30")));
        assert_eq!(Edits::mue("m", "72127,x\n72125\n", day("2026-01-01"), |_| true).expect_err("bad").len(), 2);
    }
}
