//! A worker's part of a run: items in, the bytes of their answers out.

use anstream::adapter::strip_str;
use radcode::io::{Answered, Bill, OutputFormat, Place, Unusable};
use radcode::{Analysis, Analyzer, Options};
use serde::Serialize;

use super::super::claim;
use super::super::guarded;
use super::super::layout::Page;
use super::feeder::{Batch, Item, Mark, Read, at};
use super::tally::Tally;

/// How reports are answered.
pub struct Answerer<'a> {
    /// Reads them.
    pub analyzer: &'a Analyzer,
    /// How; the day is each report's own.
    pub options: Options,
    /// The form of the answers.
    pub form: Form,
    /// Whether the words of spans are written.
    pub words: bool,
}

/// The form of the answers.
#[derive(Clone, Copy)]
pub enum Form {
    /// For machines.
    Machine(OutputFormat),
    /// Claims as tables for people: width and whether they are coloured.
    Tables(usize, bool),
}

/// The answers of a batch.
#[derive(Default)]
pub struct Done {
    /// What is written to the output.
    pub output: Vec<u8>,
    /// What is written to the list of rejects.
    pub rejects: Vec<u8>,
    /// What is said on standard error, a line each.
    pub said: Vec<String>,
    /// The counts.
    pub tally: Tally,
    /// Where the run is with it.
    pub mark: Mark,
}

/// A line of the list of rejects.
#[derive(Serialize)]
struct Reject<'a> {
    source: &'a str,
    line: Option<u64>,
    item: Option<&'a str>,
    reason: &'a str,
    help: &'a str,
}

impl Answerer<'_> {
    /// Answers a batch.
    pub fn answer(&self, batch: Batch) -> Done {
        let mut done = Done { mark: batch.mark, ..Done::default() };
        for item in batch.items {
            match item {
                Item::Remark(what) => done.said.push(what),
                Item::Aside(source, why) => aside(&mut done, &source, &why),
                Item::Reports(reports) => self.reports(&reports, &mut done),
            }
        }
        done
    }

    fn reports(&self, reports: &[Read], done: &mut Done) {
        let mut options = self.options.clone();
        let mut answered: Vec<(&Read, Analysis)> = Vec::with_capacity(reports.len());
        for read in reports {
            options.date_of_service = read.record.day;
            options.status = read.record.status;
            match guarded(|| self.analyzer.analyze(&read.record.text, &options)) {
                Some(analysis) => {
                    done.tally.count(&read.record.text, &analysis);
                    answered.push((read, analysis));
                }
                None => aside(done, &read.source, &fault(&read.record.place)),
            }
        }
        let Some((first, _)) = answered.first() else { return };
        let analyses: Vec<&Analysis> = answered.iter().map(|(_, a)| a).collect();
        let whole = (analyses.len() > 1).then(|| self.analyzer.claim(&analyses));
        let claim = whole.as_ref().unwrap_or(&analyses[0].claim);
        let lexicon = self.analyzer.lexicon();
        match self.form {
            Form::Machine(format) => {
                let reports: Vec<Answered<'_>> =
                    answered.iter().map(|(read, analysis)| Answered { source: &read.source, record: &read.record, analysis }).collect();
                format.write(&Bill { reports: &reports, claim, lexicon, words: self.words }, &mut done.output);
            }
            Form::Tables(width, colored) => {
                let page = |text| Page { text, lexicon, width, quote: self.words };
                let reports: Vec<claim::Report<'_>> = answered
                    .iter()
                    .map(|(read, analysis)| claim::Report { id: &read.record.id, page: page(&read.record.text), analysis })
                    .collect();
                let record = &first.record;
                let name = record.encounter.as_ref().map_or_else(|| record.id.clone(), |e| format!("encounter {e}"));
                let mut table = format!("{name}\n").into_bytes();
                claim::write(&mut table, claim, &reports).expect("memory takes what is written to it");
                table.push(b'\n');
                let table = String::from_utf8(table).expect("words of a report are text");
                done.output.extend_from_slice(if colored { table } else { strip_str(&table).to_string() }.as_bytes());
            }
        }
    }
}

fn fault(place: &Place) -> Unusable {
    let help = "tell the maintainers the place above; the report itself is not needed";
    Unusable::new("the report met a fault of the program", help).at(place.clone())
}

fn aside(done: &mut Done, source: &str, why: &Unusable) {
    done.tally.aside += 1;
    done.said.push(format!("{}: set aside: {why}", at(source, &why.place)));
    let (line, item) = (why.place.line, why.place.item.as_deref());
    let reject = Reject { source, line, item, reason: &why.what, help: &why.help };
    serde_json::to_writer(&mut done.rejects, &reject).expect("memory takes what is written to it");
    done.rejects.push(b'\n');
}
