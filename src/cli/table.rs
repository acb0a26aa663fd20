//! Tables beside the reports: orders, billed codes, an exam dictionary. Columns are found by their names, whatever their
//! case, spaces and marks; a table is held in memory.

use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use radcode::io::{Encoding, Unusable, decode, read_all};

use super::failure::Failure;
use super::input::unreadable;

/// Largest table in bytes: it is held as it is.
const MOST: u64 = 1 << 30;

/// A field of a table: its name in `--column`, and what its column may be called, the likeliest first, in small letters
/// without spaces and marks.
pub type Field = (&'static str, &'static [&'static str]);

/// The id of a report.
pub const ID: Field = (
    "id",
    &[
        "id",
        "reportid",
        "accession",
        "accessionnumber",
        "accessionno",
        "accessionid",
        "accno",
        "accnum",
        "acc",
        "examid",
        "studyid",
        "report",
        "documentid",
        "messageid",
        "ordernumber",
        "fillerordernumber",
        "encounter",
        "encounterid",
    ],
);
/// The code of an exam.
pub const CODE: Field = (
    "code",
    &[
        "code",
        "cptcode",
        "cpt",
        "cpthcpcs",
        "cpthcpcscode",
        "hcpcs",
        "hcpcscode",
        "cptcodes",
        "procedurecode",
        "proccode",
        "chargecode",
        "billingcode",
        "examcode",
        "servicecode",
        "codes",
    ],
);
/// The name of an exam.
pub const NAME: Field = (
    "name",
    &[
        "name",
        "examname",
        "exam",
        "description",
        "examdescription",
        "desc",
        "procedurename",
        "proceduredescription",
        "procedure",
        "procname",
        "procdesc",
        "studydescription",
        "studyname",
        "study",
        "servicedescription",
        "itemdescription",
        "chargedescription",
        "title",
        "text",
    ],
);
/// The code of an exam that was ordered.
pub const ORDERED_CODE: Field =
    ("ordered-code", &["orderedcode", "ordercode", "orderedcpt", "ordercpt", "orderedprocedurecode", "orderedexamcode"]);
/// The name of an exam that was ordered.
pub const ORDERED_NAME: Field = (
    "ordered-name",
    &[
        "orderedname",
        "ordername",
        "orderedexam",
        "orderdescription",
        "ordereddescription",
        "orderedprocedure",
        "orderedexamname",
        "ordered",
        "order",
    ],
);
/// A code that was billed.
pub const BILLED_CODE: Field =
    ("billed-code", &["billedcode", "billedcpt", "billed", "billcode", "chargedcode", "chargedcpt", "billedcodes"]);
/// Its modifiers.
pub const MODIFIERS: Field = ("modifiers", &["modifiers", "modifier", "mods", "mod", "cptmodifier", "modifiercodes"]);
/// Its units.
pub const UNITS: Field = ("units", &["units", "unit", "quantity", "qty", "billedunits", "unitsbilled", "chargequantity", "count"]);

/// A table that is read row by row.
pub struct Table {
    /// Its name, as shown.
    pub shown: String,
    header: Vec<String>,
    rows: csv::Reader<Cursor<Vec<u8>>>,
    /// Columns that the command line names, by field.
    named: Vec<(String, usize)>,
    /// Columns that the command line names and the table does not have.
    pub missing: Vec<String>,
}

/// A row of a table.
pub struct Row {
    /// The line that it begins on.
    pub line: u64,
    cells: StringRecord,
}

impl Row {
    /// A cell without the space around it; nothing where the table has no such column or the row is shorter.
    pub fn cell(&self, column: Option<usize>) -> Option<&str> {
        column.and_then(|c| self.cells.get(c)).map(str::trim).filter(|c| !c.is_empty())
    }

    /// Whether nothing stands in the row.
    pub fn is_empty(&self) -> bool {
        self.cells.iter().all(|c| c.trim().is_empty())
    }
}

impl Table {
    /// Opens a table; `-` is standard input. `columns` are those of the command line: `FIELD=COLUMN`.
    pub fn open(path: &Path, encoding: Option<&'static Encoding>, columns: &[String]) -> Result<Self, Failure> {
        let stdin = path == Path::new("-");
        let shown = if stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes =
            if stdin { read_all(io::stdin(), MOST) } else { File::open(path).map_err(|e| unreadable(&e)).and_then(|f| read_all(f, MOST)) };
        let text = bytes.and_then(|b| decode(b, encoding)).map_err(|u| failure(&shown, &u))?;
        let delimiter = delimiter(&text);
        let mut rows = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(Cursor::new(ended(&text)));
        let header: Vec<String> = match rows.headers() {
            Ok(h) => h.iter().map(key).collect(),
            Err(_) => Vec::new(),
        };
        if header.iter().all(String::is_empty) {
            return Err(Failure::usage(&format!("{shown}:1: the table has no names of columns"), "write them in its first row"));
        }
        let mut table = Self { shown, header, rows, named: Vec::new(), missing: Vec::new() };
        for c in columns {
            let Some((field, name)) = c.split_once('=') else {
                return Err(Failure::usage(
                    &format!("`--column {c}` names no column"),
                    "write it as FIELD=COLUMN, for instance name=EXAM_DESC",
                ));
            };
            match table.header.iter().position(|h| *h == key(name)) {
                Some(at) => table.named.push((field.trim().to_lowercase(), at)),
                None => table.missing.push(c.clone()),
            }
        }
        Ok(table)
    }

    /// The column of a field.
    pub fn column(&self, (field, names): Field) -> Option<usize> {
        let given = self.named.iter().find(|(f, _)| f == field).map(|(_, at)| *at);
        given.or_else(|| names.iter().find_map(|n| self.header.iter().position(|h| h == n)))
    }

    /// The columns of a field that has several, with numbers behind its name: `modifier 1`, `mod2`.
    pub fn columns(&self, field: Field) -> Vec<usize> {
        let numbered = |h: &String| {
            let stem = h.trim_end_matches(|c: char| c.is_ascii_digit());
            stem.len() < h.len() && field.1.contains(&stem)
        };
        let more = self.header.iter().enumerate().filter(|(_, h)| numbered(h)).map(|(i, _)| i);
        self.column(field).into_iter().chain(more).collect()
    }

    /// A column that has to be there.
    pub fn need(&self, field: Field) -> Result<usize, Failure> {
        self.column(field).ok_or_else(|| self.lacks(&[field]))
    }

    /// That the table has none of some fields.
    pub fn lacks(&self, fields: &[Field]) -> Failure {
        let names: Vec<&str> = fields.iter().map(|f| f.0).collect();
        let known: Vec<&str> = fields.iter().flat_map(|f| f.1.iter().take(4)).copied().collect();
        Failure::usage(
            &format!("{}:1: no column holds the {}", self.shown, names.join(" or ")),
            &format!("call it {}, or name it: --column {}=COLUMN", known.join(", "), names[0]),
        )
    }

    /// The next row that is not empty.
    pub fn next(&mut self) -> Option<Result<Row, Unusable>> {
        loop {
            let mut cells = StringRecord::new();
            let line = self.rows.position().line();
            match self.rows.read_record(&mut cells) {
                Ok(false) => return None,
                Ok(true) => {
                    // counted from its end: the reader counts from the blank lines that it steps over
                    let inside = cells.iter().map(|c| c.matches('\n').count() as u64).sum::<u64>();
                    let row = Row { line: self.rows.position().line() - 1 - inside, cells };
                    if !row.is_empty() {
                        return Some(Ok(row));
                    }
                }
                // its words may quote the row
                Err(_) => {
                    return Some(Err(Unusable::new("a row that can't be read", "check its quotes").at(radcode::io::Place::line(line))));
                }
            }
        }
    }
}

fn failure(shown: &str, u: &Unusable) -> Failure {
    Failure::usage(&format!("{shown}: {}", u.what), &u.help)
}

/// A name of a column as it is compared.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What parts the cells: of the first row's marks outside quotes the most frequent.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0u32), (b'\t', 0), (b';', 0), (b'|', 0)];
    for b in text.lines().next().unwrap_or_default().bytes() {
        quoted ^= b == b'"';
        for (mark, n) in &mut counts {
            *n += u32::from(!quoted && b == *mark);
        }
    }
    // of equals the first: max_by_key keeps the last
    counts.iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(mark, _)| *mark)
}

/// The bytes of a table, each row with an end that the reader counts as a line: the last too, and none with a CR.
fn ended(text: &str) -> Vec<u8> {
    (text.replace("\r\n", "\n") + "\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_whatever_their_case_and_marks() {
        let text = "Accession #;CPT Code;Mod 1;mod_2;Qty\r\n1;73562;26;LT;1\r\n\r\n2;\"7;1\"";
        assert_eq!(delimiter(text), b';');
        assert_eq!(delimiter("id"), b',');
        assert_eq!(delimiter("a\tb,c\td"), b'\t');
        let rows = ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(Cursor::new(ended(text)));
        let mut t = Table {
            shown: String::new(),
            header: text.lines().next().unwrap_or_default().split(';').map(key).collect(),
            rows,
            named: Vec::new(),
            missing: Vec::new(),
        };
        assert_eq!((t.column(ID), t.column(CODE), t.columns(MODIFIERS), t.column(UNITS)), (Some(0), Some(1), vec![2, 3], Some(4)));
        let first = t.next().and_then(Result::ok).expect("a row");
        assert_eq!((first.line, first.cell(Some(1)), first.cell(Some(4)), first.cell(None)), (2, Some("73562"), Some("1"), None));
        let second = t.next().and_then(Result::ok).expect("a row");
        assert_eq!((second.line, second.cell(Some(1)), second.cell(Some(2))), (4, Some("7;1"), None));
        assert!(t.next().is_none());
    }
}
