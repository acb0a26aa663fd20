//! Tables: which column holds what, and a row's cells as a record.

use jiff::civil::Date;

use super::{InputOptions, Ordered, Place, Record, Unusable};
use crate::analysis::{Part, ReportStatus};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Text,
    Id,
    Day,
    Encounter,
    Visit,
    Patient,
    Ordered,
    OrderedCode,
    Billed,
    Status,
}

/// Fields by name, and the names that hospitals give their columns: in lower case, letters and digits alone. The first
/// name of a field is its own and goes before the others.
const NAMES: [(Field, &str, &[&str]); 10] = [
    (
        Field::Text,
        "text",
        &[
            "text",
            "report",
            "reporttext",
            "reporttxt",
            "reportbody",
            "reportnarrative",
            "fullreport",
            "fulltext",
            "radiologyreport",
            "radreport",
            "narrative",
            "resulttext",
            "notetext",
            "documenttext",
            "dictation",
            "transcription",
        ],
    ),
    (
        Field::Id,
        "id",
        &[
            "id",
            "reportid",
            "accession",
            "accessionnumber",
            "accessionno",
            "accessionnum",
            "accessionid",
            "accno",
            "accnum",
            "examid",
            "studyid",
            "documentid",
            "noteid",
        ],
    ),
    (
        Field::Day,
        "date_of_service",
        &[
            "dateofservice",
            "dos",
            "servicedate",
            "servicedt",
            "svcdate",
            "examdate",
            "examdt",
            "examdatetime",
            "studydate",
            "studydt",
            "studydatetime",
            "proceduredate",
            "proceduredt",
            "proceduredatetime",
            "performeddate",
            "date",
        ],
    ),
    (Field::Encounter, "encounter", &["encounter", "encounterid", "encounternumber", "encounterno", "csn"]),
    (Field::Visit, "visit", &["visit", "visitid", "visitnumber", "visitno", "account", "accountnumber", "accountno"]),
    (
        Field::Patient,
        "patient",
        &["patient", "patientid", "patientmrn", "mrn", "medicalrecordnumber", "medicalrecordno", "subjectid", "personid"],
    ),
    (
        Field::Ordered,
        "ordered",
        &[
            "ordered",
            "orderedexam",
            "orderedprocedure",
            "ordername",
            "orderdescription",
            "orderdesc",
            "procedure",
            "procedurename",
            "proceduredescription",
            "proceduredesc",
            "exam",
            "examname",
            "examdescription",
            "examdesc",
            "study",
            "studyname",
            "studydescription",
            "studydesc",
        ],
    ),
    (Field::OrderedCode, "ordered_code", &["orderedcode", "ordercode", "procedurecode", "proccode", "examcode", "studycode"]),
    (
        Field::Billed,
        "billed",
        &[
            "billed",
            "billedcode",
            "billedcodes",
            "billedcpt",
            "billedcpts",
            "billedcptcode",
            "billedcptcodes",
            "cpt",
            "cpts",
            "cptcode",
            "cptcodes",
            "cpt4",
            "hcpcs",
            "hcpcscode",
            "hcpcscodes",
            "chargedcode",
            "chargedcodes",
        ],
    ),
    (Field::Status, "status", &["status", "reportstatus", "resultstatus"]),
];

impl Field {
    /// Its name, as options and messages have it.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(f, ..)| *f == self).map_or("", |(_, name, _)| name)
    }
}

/// A name in lower case, letters and digits alone.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The field that a column's name tells.
fn field(name: &str) -> Option<(Field, bool)> {
    let folded = fold(name);
    NAMES.iter().find_map(|(field, _, names)| names.iter().position(|n| *n == folded).map(|at| (*field, at == 0)))
}

/// Whether these names are those of a table of reports: one is of the text, and another is known too.
pub(super) fn of_reports<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let known: Vec<Field> = names.filter_map(|n| field(n).map(|(f, _)| f)).collect();
    known.contains(&Field::Text) && known.len() > 1
}

/// Which columns hold what.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Of each column that is read: where it stands, and what it holds; columns of text in the order asked for.
    pub read: Vec<(usize, Field)>,
    /// The names, of the columns of text where there are several.
    texts: Vec<String>,
}

impl Columns {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// A column that is asked for is not there, two hold one field, or none holds the text.
    pub(super) fn new(names: &[String], options: &InputOptions) -> Result<Self, Unusable> {
        let mut read: Vec<(usize, Field)> = Vec::new();
        for (asked, column) in &options.columns {
            let Some((field, ..)) = NAMES.iter().find(|(_, own, _)| fold(own) == fold(asked)) else {
                let fields: Vec<&str> = NAMES.iter().map(|(_, own, _)| *own).collect();
                return Err(Unusable::new(
                    "a column is asked for a field that there is not",
                    format!("the fields are {}", fields.join(", ")),
                ));
            };
            let mut same = (0..names.len()).filter(|i| fold(&names[*i]) == fold(column));
            // of several that fold alike the one that is written alike
            let at = names.iter().position(|n| n.trim() == column).or_else(|| same.next());
            let Some(at) = at else {
                return Err(Unusable::new(format!("there is no column `{column}` for `{asked}`"), listed(names)));
            };
            read.push((at, *field));
        }
        let asked: Vec<Field> = read.iter().map(|(_, f)| *f).collect();
        for (wanted, own, _) in NAMES.iter().filter(|(f, ..)| !asked.contains(f)) {
            let known: Vec<(usize, bool)> = (0..names.len())
                .filter(|i| !read.iter().any(|(at, _)| at == i))
                .filter_map(|i| field(&names[i]).filter(|(f, _)| f == wanted).map(|(_, own)| (i, own)))
                .collect();
            let owns: Vec<usize> = known.iter().filter(|(_, own)| *own).map(|(i, _)| *i).collect();
            let of = if owns.is_empty() { known.iter().map(|(i, _)| *i).collect() } else { owns };
            match of[..] {
                [] => {}
                [at] => read.push((at, *wanted)),
                [a, b, ..] => {
                    let (a, b) = (names[a].trim(), names[b].trim());
                    return Err(Unusable::new(
                        format!("the columns `{a}` and `{b}` both are for `{own}`"),
                        format!("say which one it is: --column {own}={a}"),
                    ));
                }
            }
        }
        let texts: Vec<usize> = read.iter().filter(|(_, f)| *f == Field::Text).map(|(at, _)| *at).collect();
        if texts.is_empty() {
            return Err(Unusable::new("no column is known for the text of reports", listed(names)));
        }
        let texts = if texts.len() > 1 { texts.iter().map(|at| names[*at].trim().to_owned()).collect() } else { Vec::new() };
        Ok(Self { read, texts })
    }
}

/// The names of the columns, as help. A first line may hold words of a report, where it is no line of names or lost its
/// end: without any known name nothing of it is shown, and of the others what looks like a name.
fn listed(names: &[String]) -> String {
    const MOST: usize = 40;
    if names.iter().all(|n| field(n).is_none()) {
        let n = names.len();
        return format!(
            "none of the {n} names of columns, which stand in a table's first line, is known: --column text=NAME says which it is"
        );
    }
    let is_name = |n: &str| n.len() <= MOST && n.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.'));
    let shown: Vec<String> = names
        .iter()
        .map(|n| n.trim())
        .enumerate()
        .take(MOST)
        .map(|(i, n)| if field(n).is_some() || (is_name(n) && !n.is_empty()) { n.to_owned() } else { format!("(column {})", i + 1) })
        .collect();
    let more = if names.len() > MOST { ", ..." } else { "" };
    format!("the columns are {}{more}; say which one it is: --column text=NAME", shown.join(", "))
}

/// A row on its way to a record.
pub(super) struct Cells<'a> {
    columns: &'a Columns,
    limit: u64,
    record: Record,
    ordered: Ordered,
    texts: usize,
}

impl<'a> Cells<'a> {
    pub(super) fn new(columns: &'a Columns, limit: u64, id: String, place: Place) -> Self {
        Self { columns, limit, record: Record { id, place, ..Record::default() }, ordered: Ordered::default(), texts: 0 }
    }

    /// Takes the cell of a field.
    pub(super) fn take(&mut self, field: Field, cell: &str) -> Result<(), Unusable> {
        let trimmed = cell.trim();
        let said = || (!trimmed.is_empty()).then(|| trimmed.to_owned());
        let record = &mut self.record;
        match field {
            Field::Text => {
                let name = self.columns.texts.get(self.texts);
                self.texts += 1;
                if trimmed.is_empty() {
                    return Ok(());
                }
                if !record.text.is_empty() {
                    record.text.push_str("\n\n");
                }
                if (record.text.len() + cell.len()) as u64 > self.limit {
                    return Err(Unusable::too_long(self.limit));
                }
                if let Some(name) = name {
                    record.parts.push(Part { start: record.text.len() as u32, from: name.clone() });
                }
                record.text.push_str(cell);
            }
            Field::Id => {
                if let Some(id) = said() {
                    record.id = id;
                }
            }
            Field::Day => {
                record.day = (!trimmed.is_empty())
                    .then(|| day(trimmed))
                    .transpose()
                    .map_err(|(what, help)| Unusable::new(format!("`date_of_service` {what}"), help))?;
            }
            Field::Encounter => record.encounter = said(),
            Field::Visit => record.visit = said(),
            Field::Patient => record.patient = said(),
            Field::Ordered => self.ordered.name = said(),
            Field::OrderedCode => self.ordered.code = said(),
            Field::Billed => {
                let codes = cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|')).filter(|c| !c.is_empty());
                record.billed.extend(codes.map(str::to_owned));
            }
            Field::Status => record.status = status(trimmed),
        }
        Ok(())
    }

    /// The record.
    pub(super) fn done(mut self) -> Result<Record, Unusable> {
        if self.record.text.is_empty() {
            return Err(Unusable::new("the text is empty", "give the report, or take the row out"));
        }
        if self.ordered != Ordered::default() {
            self.record.ordered.push(self.ordered);
        }
        Ok(self.record)
    }
}

/// How far a report is, in the words of worklists; others say nothing of it.
fn status(said: &str) -> Option<ReportStatus> {
    Some(match fold(said).as_str() {
        "preliminary" | "prelim" | "p" | "unsigned" | "draft" => ReportStatus::Preliminary,
        "final" | "finalized" | "finalised" | "f" | "signed" => ReportStatus::Final,
        "corrected" | "c" | "amended" | "revised" => ReportStatus::Corrected,
        "addended" | "addendum" | "appended" => ReportStatus::Addended,
        _ => return None,
    })
}

/// A day as tables write it: `2026-01-31`, `2026/01/31`, `20260131`, `01/31/2026`, perhaps with a time behind.
///
/// # Errors
/// What is wrong and what to do.
pub(super) fn day(said: &str) -> Result<Date, (&'static str, &'static str)> {
    const HELP: &str = "write the day as YYYY-MM-DD; YYYYMMDD and MM/DD/YYYY are read too";
    const NO_DAY: (&str, &str) = ("is no day", HELP);
    let digits = said.bytes().take_while(u8::is_ascii_digit).count();
    let (day, time) = if digits >= 8 && matches!(digits, 8 | 10 | 12 | 14) {
        said.split_at(8)
    } else {
        said.split_at(said.find([' ', 'T']).unwrap_or(said.len()))
    };
    let is_time = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | '-' | 'T' | 'Z' | ' ' | 'A' | 'a' | 'P' | 'p' | 'M' | 'm');
    if !time.chars().all(is_time) {
        return Err(NO_DAY);
    }
    let number = |s: &str, most: usize| {
        let fits = (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| s.parse::<i16>().ok()).flatten().ok_or(NO_DAY)
    };
    let (year, month, date) = if day.len() == 8 && digits >= 8 {
        (number(&day[..4], 4)?, number(&day[4..6], 2)?, number(&day[6..], 2)?)
    } else {
        let parts: Vec<&str> = day.split(['-', '/']).collect();
        let [a, b, c] = parts[..] else { return Err(NO_DAY) };
        if a.len() == 4 {
            (number(a, 4)?, number(b, 2)?, number(c, 2)?)
        } else if c.len() == 4 && day.contains('/') {
            let (month, date) = (number(a, 2)?, number(b, 2)?);
            if month > 12 {
                return Err(("has no such month", "days with a slash are read as MM/DD/YYYY; write YYYY-MM-DD"));
            }
            (number(c, 4)?, month, date)
        } else if c.len() == 2 && a.len() <= 2 {
            return Err(("has a year of two digits", HELP));
        } else {
            return Err(NO_DAY);
        }
    };
    let part = |n: i16| i8::try_from(n).map_err(|_| NO_DAY);
    Date::new(year, part(month)?, part(date)?).map_err(|_| ("is a day that no calendar has", HELP))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str], asked: &[(&str, &str)]) -> Result<Vec<(usize, Field)>, String> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let columns = asked.iter().map(|(f, c)| ((*f).to_owned(), (*c).to_owned())).collect();
        let options = InputOptions { columns, ..InputOptions::default() };
        Columns::new(&names, &options).map(|c| c.read).map_err(|u| u.to_string())
    }

    #[test]
    fn columns_are_found_by_their_names() {
        use Field::{Billed, Day, Id, Text};
        assert_eq!(columns(&["ID", "Report Text"], &[]), Ok(vec![(1, Text), (0, Id)]));
        assert_eq!(
            columns(&["accession_number", "REPORT", "exam-date", "CPT Code(s)", "x"], &[]),
            Ok(vec![(1, Text), (0, Id), (2, Day), (3, Billed)])
        );
        assert_eq!(columns(&["id", "accession", "text"], &[]), Ok(vec![(2, Text), (0, Id)]), "its own name goes first");
        assert_eq!(columns(&["report", "narrative"], &[("text", "NARRATIVE")]), Ok(vec![(1, Text)]));
        assert_eq!(columns(&["a", "text"], &[("id", "a")]), Ok(vec![(0, Id), (1, Text)]));
    }

    #[test]
    fn columns_that_leave_it_open_are_named() {
        for (names, asked, what) in [
            (
                &["report", "narrative"][..],
                &[][..],
                "the columns `report` and `narrative` both are for `text`; say which one it is: --column text=report",
            ),
            (
                &["id", "x"],
                &[],
                "no column is known for the text of reports; the columns are id, x; say which one it is: --column text=NAME",
            ),
            (
                &["id", "text"],
                &[("text", "REPORT_TXT")],
                "there is no column `REPORT_TXT` for `text`; the columns are id, text; say which one it is: --column text=NAME",
            ),
            (
                &["CT HEAD", "2026"],
                &[],
                "no column is known for the text of reports; none of the 2 names of columns, which stand in a table's first line, is known: --column text=NAME says which it is",
            ),
            (
                &["text"],
                &[("words", "text")],
                "a column is asked for a field that there is not; the fields are text, id, date_of_service, encounter, visit, patient, ordered, ordered_code, billed, status",
            ),
        ] {
            assert_eq!(columns(names, asked), Err(what.to_owned()));
        }
    }

    #[test]
    fn days_are_read_as_tables_write_them() {
        for said in [
            "2026-01-31",
            "2026/01/31",
            "20260131",
            "01/31/2026",
            "1/31/2026",
            "2026-01-31T08:15:00Z",
            "2026-01-31 08:15:00.000+01:00",
            "202601310815",
            "20260131081500",
            "20260131 0815",
            "1/31/2026 8:15 AM",
        ] {
            assert_eq!(day(said).map(|d| d.to_string()).as_deref(), Ok("2026-01-31"), "{said}");
        }
        for (said, what) in [
            ("2026-02-30", "is a day that no calendar has"),
            ("31/01/2026", "has no such month"),
            ("01/02/26", "has a year of two digits"),
            ("31-01-2026", "is no day"),
            ("2026-01-31 (today)", "is no day"),
            ("January 31", "is no day"),
            ("2026013", "is no day"),
            ("202601311", "is no day"),
            ("2026-é-1", "is no day"),
            ("46053", "is no day"),
        ] {
            assert_eq!(day(said).map_err(|e| e.0), Err(what), "{said}");
        }
    }
}
