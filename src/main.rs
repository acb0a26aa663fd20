//! The radcode program.
use std::io::{BufRead, Write};
use radcode::*;
fn main() {
    let lexicon = match Lexicon::embedded() { Ok(l) => l, Err(e) => { eprintln!("{e}"); std::process::exit(2) } };
    let analyzer = Analyzer::new(lexicon);
    let stdin = std::io::stdin();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for line in stdin.lock().lines() {
        let v: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = v["text"].as_str().unwrap();
        let options = Options { date_of_service: v["date_of_service"].as_str().map(|d| d.parse().unwrap()), ..Options::default() };
        let a = analyzer.analyze(text, &options);
        serde_json::to_writer(&mut out, &answer(v["id"].as_str().unwrap(), text, analyzer.lexicon(), &a, JsonOptions { text: true })).unwrap();
        out.write_all(b"\n").unwrap();
    }
}
