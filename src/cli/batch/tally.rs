//! What a run has come to: counted with the answers, told at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use radcode::{Analysis, AxisValue};
use serde::{Deserialize, Serialize};

/// Counts of a run or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Reports that were answered.
    pub reports: u64,
    /// Of them, those without any code.
    pub without_code: u64,
    /// Bytes of their text.
    pub bytes: u64,
    /// Suggestions by modality.
    pub codes: BTreeMap<String, u64>,
    /// Suggestions under the threshold.
    pub unsure: u64,
    /// Queries by their kind.
    pub queries: BTreeMap<String, u64>,
    /// Inputs that were set aside.
    pub aside: u64,
}

impl Tally {
    /// Counts an answer.
    pub fn count(&mut self, text: &str, analysis: &Analysis) {
        self.reports += 1;
        self.bytes += text.len() as u64;
        self.without_code += u64::from(analysis.suggestions.is_empty());
        for s in &analysis.suggestions {
            let modality = s.study.iter().find_map(|(axis, value)| match value {
                AxisValue::One(v) if axis == "modality" => Some(v.as_str()),
                _ => None,
            });
            let family = modality.unwrap_or_else(|| s.rule.split('.').next().unwrap_or(""));
            add(&mut self.codes, family, 1);
            self.unsure += u64::from(s.unsure);
        }
        for q in &analysis.queries {
            add(&mut self.queries, &q.kind, 1);
        }
    }

    /// Takes in the counts of another part.
    pub fn join(&mut self, other: &Self) {
        self.reports += other.reports;
        self.without_code += other.without_code;
        self.bytes += other.bytes;
        self.unsure += other.unsure;
        self.aside += other.aside;
        for (family, n) in &other.codes {
            add(&mut self.codes, family, *n);
        }
        for (kind, n) in &other.queries {
            add(&mut self.queries, kind, *n);
        }
    }

    /// The counts for people, a line each.
    pub fn lines(&self, others: u64, took: Duration) -> String {
        let mut out = String::new();
        let seconds = took.as_secs_f64().max(1e-6);
        let _ = writeln!(
            out,
            "{}, {:.1} MB of text in {seconds:.1} s: {:.1} MB/s, {:.0} a second",
            number(self.reports, "report", "reports"),
            self.bytes as f64 / 1e6,
            self.bytes as f64 / 1e6 / seconds,
            self.reports as f64 / seconds
        );
        let codes: u64 = self.codes.values().sum();
        let _ = write!(out, "  {}{}", number(codes, "code", "codes"), list(&self.codes));
        if self.unsure > 0 {
            let _ = write!(out, "; {} unsure", self.unsure);
        }
        let _ = writeln!(out, "\n  {} without a code", number(self.without_code, "report", "reports"));
        let queries: u64 = self.queries.values().sum();
        let _ = writeln!(out, "  {}{}", number(queries, "query", "queries"), list(&self.queries));
        let _ = writeln!(out, "  {} set aside", number(self.aside, "input", "inputs"));
        if others > 0 {
            let _ = writeln!(out, "  {} of folders left alone: no ending that is read", number(others, "file", "files"));
        }
        out
    }
}

fn add(counts: &mut BTreeMap<String, u64>, key: &str, n: u64) {
    if let Some(count) = counts.get_mut(key) {
        *count += n;
    } else {
        counts.insert(key.to_owned(), n);
    }
}

fn number(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `: ct 12, mr 3`, the largest first; nothing for nothing.
fn list(counts: &BTreeMap<String, u64>) -> String {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(key, n)| (std::cmp::Reverse(**n), *key));
    let words: Vec<String> = sorted.iter().map(|(key, n)| format!("{key} {n}")).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}
