//! How fast radcode reads, and what the floor is: `cargo bench`.
//!
//! `analyze`, and the way from a line of NDJSON to a line of NDJSON, are measured against a bare scan for the same terms
//! over the same folded text by an overlapping Aho-Corasick automaton, in the same run and in turns, so that the ratios
//! do not depend on the machine or on its load. Then the cost of a byte in a text of 1 kB against that in one of 8 MB:
//! of a report, and of texts that were made to be costly.

use std::borrow::Cow;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use radcode::{Analyzer, Folded, JsonOptions, Lexicon, Options, ReportText, answer};
use serde::Deserialize;

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(300);
const STARTS: usize = 7;

/// Sizes between which the cost of a byte is to stay the same: a short report, and the longest that is taken.
const SMALL: usize = 1_000;
const LARGE: usize = 8_000_000;

/// A line of input.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// What texts are made of whose cost might grow with the square of their length: a name, and what is said over and over.
const SHAPES: [(&str, &str); 16] = [
    ("commas", ","),
    ("one line", "the liver is normal and the spleen is normal "),
    ("titles", "CT HEAD WITHOUT CONTRAST\n"),
    ("headings", "CT ABDOMEN: normal\n"),
    ("short lines", "liver\n"),
    ("list marks", "-\n"),
    ("brackets", "(["),
    ("boxes", "[ ] with ( ) "),
    ("names", "CT HEAD "),
    ("comparisons", "compared with MRI of the brain, "),
    ("advice", "recommend CT of the chest and MRI of the brain and "),
    ("contrast", "with contrast 100 mL of Omnipaque 350 "),
    ("sections", "FINDINGS: HISTORY: pain "),
    ("views", "2 or 3 views, AP and lateral "),
    ("quotes", "\"a b c d e\" > x\n\n"),
    ("marks", "c\u{304} \u{e9}"),
];

fn repeated(what: &str, size: usize) -> String {
    what.chars()
        .cycle()
        .scan(0, |len, c| {
            (*len < size).then(|| {
                *len += c.len_utf8();
                c
            })
        })
        .collect()
}

/// The reports of `benches/mix.txt`: a line each, `path` or `N path` for N copies, `#` opens a remark.
fn mix() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("benches/mix.txt")).expect("benches/mix.txt");
    let mut out = Vec::new();
    for line in list.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (copies, path) = match line.split_once(' ') {
            Some((n, path)) => (n.parse().expect("the number of copies in benches/mix.txt"), path),
            None => (1, line),
        };
        let file = fs::read_to_string(root.join("corpus").join(path)).unwrap_or_else(|e| panic!("corpus/{path}: {e}"));
        let (_, report) = file.split_once("\n---\n").unwrap_or_else(|| panic!("corpus/{path}: no line `---`"));
        out.extend(std::iter::repeat_n(report.to_owned(), copies));
    }
    assert!(!out.is_empty(), "benches/mix.txt names no report");
    out
}

/// Seconds a pass, over as many passes as fill a round.
fn round(passes: usize, mut pass: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..passes {
        pass();
    }
    began.elapsed().as_secs_f64() / passes as f64
}

/// Passes that fill about one round.
fn passes(mut pass: impl FnMut()) -> usize {
    pass();
    let began = Instant::now();
    let mut n = 0;
    while began.elapsed() < ROUND {
        pass();
        n += 1;
    }
    n
}

fn best_and_median(mut seconds: Vec<f64>) -> (f64, f64) {
    seconds.sort_by(f64::total_cmp);
    (seconds[0], seconds[seconds.len() / 2])
}

fn start() -> f64 {
    let began = Instant::now();
    black_box(Analyzer::new(Lexicon::embedded().expect("the embedded lexicon")));
    began.elapsed().as_secs_f64()
}

fn main() {
    let reports = mix();
    let bytes: usize = reports.iter().map(String::len).sum();
    // a charge line is one short line
    let is_charge_line = |r: &&String| r.trim().lines().count() == 1 && r.len() < 120;
    let charge_lines: usize = reports.iter().filter(is_charge_line).map(String::len).sum();
    let mut sizes: Vec<usize> = reports.iter().filter(|r| !is_charge_line(r)).map(String::len).collect();
    sizes.sort_unstable();
    println!(
        "mix             {} texts, {:.1} kB, median report {} bytes, charge lines {:.1} % of the bytes",
        reports.len(),
        bytes as f64 / 1e3,
        sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        100.0 * charge_lines as f64 / bytes as f64
    );

    let lexicon = Lexicon::embedded().expect("the embedded lexicon");
    let automaton =
        AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(lexicon.terms().patterns()).expect("terms that fit an automaton");
    let folded: Vec<Folded> = reports.iter().map(|r| Folded::new(r)).collect();
    let analyzer = Analyzer::new(lexicon);
    let options = Options::default();
    let mut analyze = || {
        for report in &reports {
            black_box(analyzer.analyze(black_box(report), &options));
        }
    };
    let lines: Vec<String> =
        reports.iter().enumerate().map(|(i, r)| serde_json::json!({ "id": format!("report-{i}"), "text": r }).to_string()).collect();
    let mut out: Vec<u8> = Vec::new();
    let mut ndjson = || {
        out.clear();
        for line in &lines {
            let line: Line<'_> = serde_json::from_str(black_box(line)).expect("a line of JSON");
            let analysis = analyzer.analyze(&line.text, &options);
            let json = answer(ReportText::new(&line.id, &line.text), analyzer.lexicon(), &analysis, JsonOptions { text: true });
            serde_json::to_writer(&mut out, &json).expect("an answer that can be written");
            out.push(b'\n');
        }
        black_box(&out);
    };
    let mut scan = || {
        for text in &folded {
            black_box(automaton.find_overlapping_iter(black_box(text.text())).map(|m| m.start() & 1).sum::<usize>());
        }
    };
    let (n_analyze, n_ndjson, n_scan) = (passes(&mut analyze), passes(&mut ndjson), passes(&mut scan));
    let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(round(n_analyze, &mut analyze));
        b.push(round(n_scan, &mut scan));
        c.push(round(n_ndjson, &mut ndjson));
    }
    let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
    let [(a_best, a_median), (b_best, b_median), (c_best, c_median)] = [&a, &b, &c].map(|seconds| best_and_median(seconds.clone()));
    println!("analyze         {:.2} MB/s (median {:.2}), {:.0} reports/s", rate(a_best), rate(a_median), reports.len() as f64 / a_best);
    println!("ndjson          {:.2} MB/s (median {:.2}), {:.0} reports/s", rate(c_best), rate(c_median), reports.len() as f64 / c_best);
    println!("scan            {:.1} MB/s (median {:.1}), {} terms", rate(b_best), rate(b_median), analyzer.lexicon().terms().len());
    for (name, seconds, best) in [("analyze/scan", &a, a_best), ("ndjson/scan", &c, c_best)] {
        let (_, median) = best_and_median(seconds.iter().zip(&b).map(|(own, scan)| scan / own).collect());
        println!("ratio {name} {:.4} (median {median:.4})", b_best / best);
    }

    let (best, median) = best_and_median((0..STARTS).map(|_| start()).collect());
    println!("start-up        {:.1} ms (median {:.1})", best * 1e3, median * 1e3);

    println!("cost a byte at 1 kB / 8 MB");
    let report = reports.iter().find(|r| r.len() > 1_500).expect("a report of some length").as_str();
    for (name, what) in [("report", report)].into_iter().chain(SHAPES) {
        let cost = |size: usize, most: usize| {
            let text = repeated(what, size);
            let mut pass = || drop(black_box(analyzer.analyze(black_box(&text), &options)));
            let n = (most / size).max(1);
            let best = (0..3).map(|_| round(n, &mut pass)).fold(f64::MAX, f64::min);
            best * 1e9 / text.len() as f64
        };
        let (small, large) = (cost(SMALL, 200_000), cost(LARGE, 0));
        println!("  {name:<12}  {small:6.0} ns / {large:6.0} ns: ratio {:.2}", large / small);
    }
}
