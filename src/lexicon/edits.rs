//! Edits between codes of one day, and most units a day: tables with an edition, ours and those that CMS publishes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use jiff::civil::Date;

/// Whose services a table of edits or limits is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditKind {
    /// Physicians and offices.
    Practitioner,
    /// Outpatient departments of hospitals.
    Hospital,
}

impl EditKind {
    /// Words by which names and headings of tables tell it: our own, and those of the files of CMS.
    const WORDS: [(&str, Self); 7] = [
        ("practitioner", Self::Practitioner),
        ("ccipra", Self::Practitioner),
        ("-pra-", Self::Practitioner),
        ("hospital", Self::Hospital),
        ("outpatient", Self::Hospital),
        ("ccioph", Self::Hospital),
        ("-oph-", Self::Hospital),
    ];

    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Practitioner => "practitioner",
            Self::Hospital => "hospital",
        }
    }

    /// The kind that words tell, where they tell one.
    fn told(words: &str) -> Option<Self> {
        let words = words.to_ascii_lowercase();
        let mut kinds = Self::WORDS.iter().filter(|(w, _)| words.contains(w)).map(|(_, k)| *k);
        let first = kinds.next()?;
        kinds.all(|k| k == first).then_some(first)
    }
}

/// Which release of a table answers, and the days that it is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditEdition {
    /// Its name: `practitioner 2024-07-01`, or the name of a loaded file.
    pub name: String,
    /// Whose services it is made for, where name or heading tell.
    pub kind: Option<EditKind>,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl EditEdition {
    pub(super) fn new(name: &str, kind: Option<EditKind>, first: Date, last: Date) -> Self {
        Self { name: name.to_owned(), kind: kind.or_else(|| EditKind::told(name)), first, last }
    }

    /// Whether the table is made for services of a kind, as far as it tells.
    #[must_use]
    pub fn fits(&self, kind: EditKind) -> bool {
        self.kind.is_none_or(|k| k == kind)
    }

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
    /// pair are headings. Pairs of codes that `known` does not want are passed over. Whose services the table is made for
    /// stands in its name or heading, its quarter in its name: `ccioph-v302r0-f1` is of hospitals, from 2024-07-01.
    ///
    /// # Errors
    /// Every line that is none.
    pub fn ncci(name: &str, text: &str, known: impl Fn(&str) -> bool) -> Result<Self, Vec<BadLine>> {
        let (mut pairs, mut bad) = (Vec::new(), Vec::new());
        let (mut earliest, mut latest, mut begun) = (None::<Date>, None::<Date>, false);
        let mut kind = EditKind::told(name);
        for (n, line) in rows(text) {
            let cells = cells(line);
            if !begun && !cells.first().is_some_and(|c| is_code(c)) {
                kind = kind.or_else(|| EditKind::told(line));
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
        let latest = release(name).or_else(|| day_in(name)).or(latest);
        let edition = earliest.zip(latest).map(|(first, latest)| EditEdition::new(name, kind, first, quarter_end(latest)));
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
        let (mut begun, mut first, mut kind) = (false, day_in(name), EditKind::told(name));
        for (n, line) in rows(text) {
            let cells = cells(line);
            if !begun && !cells.first().is_some_and(|c| is_code(c)) {
                first = first.or_else(|| day_in(line));
                kind = kind.or_else(|| EditKind::told(line));
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
        let edition = EditEdition::new(name, kind, first, quarter_end(first));
        Ok(Self { limits, limits_edition: Some(edition), ..Self::default() })
    }

    /// The pairs of both, for a table that comes in several files.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.pairs.extend(other.pairs);
        self.pairs.sort();
        self.pairs.dedup();
        self.pairs_edition = match (self.pairs_edition, other.pairs_edition) {
            (Some(a), Some(b)) => {
                let name = format!("{}, {}", a.name, b.name);
                Some(EditEdition {
                    name,
                    kind: a.kind.filter(|k| Some(*k) == b.kind),
                    first: a.first.min(b.first),
                    last: a.last.max(b.last),
                })
            }
            (a, b) => a.or(b),
        };
        self
    }

    /// A pair of a lexicon's own table, in any order: `sorted` comes after the last.
    pub(super) fn pair(&mut self, edition: &EditEdition, first: &str, second: &str, lifts: bool) {
        self.pairs.push(Pair { first: first.into(), second: second.into(), from: None, until: None, lifts });
        self.pairs_edition.get_or_insert_with(|| edition.clone());
    }

    pub(super) fn sorted(mut self) -> Self {
        self.pairs.sort();
        self
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

/// Tables of edits and limits, each by whose services it is made for. A table that does not tell answers for both.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EditTables {
    practitioner: Edits,
    hospital: Edits,
}

impl EditTables {
    /// Takes over the tables that the other has, in the place of those of the same kind.
    #[must_use]
    pub fn replaced_by(mut self, other: &Edits) -> Self {
        for (kind, own) in [(EditKind::Practitioner, &mut self.practitioner), (EditKind::Hospital, &mut self.hospital)] {
            let fits = |e: &Option<EditEdition>| e.as_ref().is_some_and(|e| e.fits(kind));
            if fits(&other.pairs_edition) {
                (own.pairs, own.pairs_edition) = (other.pairs.clone(), other.pairs_edition.clone());
            }
            if fits(&other.limits_edition) {
                (own.limits, own.limits_edition) = (other.limits.clone(), other.limits_edition.clone());
            }
        }
        self
    }

    /// The pairs that answer for services of a kind: their own, else those of the other kind.
    #[must_use]
    pub fn pairs(&self, kind: EditKind) -> &Edits {
        self.of(kind, |e| e.pairs_edition.is_some())
    }

    /// The unit limits that answer for services of a kind: their own, else those of the other kind.
    #[must_use]
    pub fn limits(&self, kind: EditKind) -> &Edits {
        self.of(kind, |e| e.limits_edition.is_some())
    }

    fn of(&self, kind: EditKind, there: impl Fn(&Edits) -> bool) -> &Edits {
        let (own, other) = match kind {
            EditKind::Practitioner => (&self.practitioner, &self.hospital),
            EditKind::Hospital => (&self.hospital, &self.practitioner),
        };
        if there(own) || !there(other) { own } else { other }
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

/// The first day of the release that a file's name tells by its version: `-v302r0` is version 30.2, the third quarter of
/// the thirtieth year after 1994.
fn release(name: &str) -> Option<Date> {
    let at = name.to_ascii_lowercase().find("-v")? + 2;
    let digits = name.get(at..at + 3).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, quarter) = (digits[..2].parse::<i16>().ok()?, digits[2..].parse::<i8>().ok()?);
    Date::new(1994 + year, quarter * 3 + 1, 1).ok()
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
    fn releases_are_known_by_name_or_heading() {
        let text = "\"CPT only copyright.  All rights reserved.\"\t\t\t\t\t\t\n\t\t* = in existence\t\tDeletion\tModifier\t\n\
            Column 1\tColumn 2\tprior to 1996\tDate\t*=no data\t0=not allowed\tPTP Edit Rationale\n\t\t\t\t\t1=allowed\t\n\
            70496\t70450\t\t20260101\t*\t0\tx\n71260\t71250\t*\t19960101\t*\t9\tx\n";
        let edition = |name: &str| Edits::ncci(name, text, |_| true).expect("well formed").pairs_edition.expect("an edition");
        let hospital = edition("ccioph-v302r0-f1");
        assert_eq!((hospital.kind, hospital.first, hospital.last), (Some(EditKind::Hospital), day("1996-01-01"), day("2024-09-30")));
        let practitioner = edition("ccipra-v321r0-f2");
        assert_eq!((practitioner.kind, practitioner.last), (Some(EditKind::Practitioner), day("2026-06-30")));
        assert_eq!((edition("mine").kind, edition("mine").last), (None, day("2026-03-31")));
        let text = "HCPCS/CPT Code\tOutpatient Hospital Services MUE Values\tMAI\tRationale\n72127\t1\t3\tx\n";
        let limits = Edits::mue("m-Eff_07-01-2024", text, day("2026-01-01"), |_| true).expect("well formed");
        assert_eq!(limits.limits_edition.expect("an edition").kind, Some(EditKind::Hospital));
    }

    #[test]
    fn each_kind_of_service_has_its_table() {
        let pairs = |name: &str, lifts: &str| {
            Edits::ncci(name, &format!("72127\t72125\t\t20000605\t*\t{lifts}\tx\n"), |_| true).expect("well formed")
        };
        let between = |t: &EditTables, kind: EditKind| t.pairs(kind).between("72127", "72125", day("2024-08-01"));
        let one = EditTables::default().replaced_by(&pairs("ccipra-v302r0", "1"));
        assert_eq!(between(&one, EditKind::Hospital), Some(Edit::Modifier), "no table of hospitals is at hand");
        let both = one.clone().replaced_by(&pairs("ccioph-v302r0", "0"));
        assert_eq!(between(&both, EditKind::Hospital), Some(Edit::Never));
        assert_eq!(between(&both, EditKind::Practitioner), Some(Edit::Modifier));
        let untold = one.replaced_by(&pairs("mine", "0"));
        assert_eq!(between(&untold, EditKind::Practitioner), Some(Edit::Never), "a table that does not tell is for both");
        assert_eq!(between(&untold, EditKind::Hospital), Some(Edit::Never));
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
