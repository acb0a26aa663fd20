//! How fast radcode reads, and what the floor is: `cargo bench`.
//!
//! `analyze` is measured against a bare scan for the same terms over the same folded text by an overlapping Aho-Corasick
//! automaton, in the same run and in turns, so that the ratio does not depend on the machine or on its load.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use radcode::{Analyzer, Folded, Lexicon, Options};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(300);
const STARTS: usize = 7;

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
    let mut scan = || {
        for text in &folded {
            black_box(automaton.find_overlapping_iter(black_box(text.text())).map(|m| m.start() & 1).sum::<usize>());
        }
    };
    let (n_analyze, n_scan) = (passes(&mut analyze), passes(&mut scan));
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(round(n_analyze, &mut analyze));
        b.push(round(n_scan, &mut scan));
    }
    let mut ratios: Vec<f64> = a.iter().zip(&b).map(|(analyze, scan)| scan / analyze).collect();
    ratios.sort_by(f64::total_cmp);
    let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
    let ((a_best, a_median), (b_best, b_median)) = (best_and_median(a), best_and_median(b));
    println!("analyze         {:.2} MB/s (median {:.2}), {:.0} reports/s", rate(a_best), rate(a_median), reports.len() as f64 / a_best);
    println!("scan            {:.1} MB/s (median {:.1}), {} terms", rate(b_best), rate(b_median), analyzer.lexicon().terms().len());
    println!("ratio analyze/scan {:.4} (median {:.4})", b_best / a_best, ratios[ratios.len() / 2]);

    let (best, median) = best_and_median((0..STARTS).map(|_| start()).collect());
    println!("start-up        {:.1} ms (median {:.1})", best * 1e3, median * 1e3);
}
