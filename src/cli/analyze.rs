//! `radcode analyze`: one report, for people or machines.

use std::io::Write as _;
use std::path::Path;

use radcode::{Analysis, Analyzer, JsonOptions, ReportText, answer};

use super::args::{AnalyzeArgs, AnswerFormat, Common};
use super::claim::{self, Report};
use super::failure::Failure;
use super::input::read_one;
use super::knowledge::load;
use super::layout::Page;
use super::marked;
use super::policy::{policy, with_edits};
use super::screen::Screen;

/// Reads one report and writes its answer.
pub fn run(args: &AnalyzeArgs, common: &Common) -> Result<u8, Failure> {
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let policy = policy(&args.reading.site, &analyzer, common)?;
    let record = read_one(args.file.as_deref(), &args.reading)?;
    let mut options = args.reading.options(&policy);
    options.date_of_service = options.date_of_service.or(record.day);
    options.status = record.status;
    let text = &record.text;
    let analysis = analyzer.analyze(text, &options);
    match args.format {
        AnswerFormat::Text => people(args, common, &analyzer, text, &analysis)?,
        AnswerFormat::Codes => {
            let mut out = std::io::stdout().lock();
            for s in &analysis.suggestions {
                writeln!(out, "{}", s.code)?;
            }
        }
        AnswerFormat::Claim => {
            let id = args.id.clone().unwrap_or_else(|| stem(args.file.as_deref()));
            let mut screen = Screen::new(common.color);
            let page = Page { text, lexicon: analyzer.lexicon(), width: screen.width, quote: !args.no_text };
            claim::write(&mut screen, &analysis.claim, &[Report { id: &id, page, analysis: &analysis }])?;
            screen.flush()?;
        }
        AnswerFormat::Json | AnswerFormat::Ndjson => {
            let id = args.id.clone().unwrap_or_else(|| stem(args.file.as_deref()));
            let json = answer(
                ReportText { id: &id, text, parts: &record.parts },
                analyzer.lexicon(),
                &analysis,
                JsonOptions { text: !args.no_text },
            );
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            if args.format == AnswerFormat::Json {
                serde_json::to_writer_pretty(&mut out, &json)?;
            } else {
                serde_json::to_writer(&mut out, &json)?;
            }
            writeln!(out)?;
            out.flush()?;
        }
    }
    Ok(0)
}

fn people(args: &AnalyzeArgs, common: &Common, analyzer: &Analyzer, text: &str, analysis: &Analysis) -> Result<(), Failure> {
    let mut screen = Screen::new(common.color);
    let page = Page { text, lexicon: analyzer.lexicon(), width: screen.width, quote: !args.no_text };
    page.write(&mut screen, analysis)?;
    if args.show_report || (screen.colored && !args.no_text && !text.trim().is_empty()) {
        let colored = screen.colored;
        marked::write(&mut screen, text, analysis, colored, args.show_report)?;
    }
    screen.flush()?;
    Ok(())
}

/// The name of a file without its ending; `stdin` for none.
fn stem(file: Option<&Path>) -> String {
    let stem = file.filter(|f| *f != Path::new("-")).and_then(Path::file_stem);
    stem.map_or_else(|| "stdin".to_owned(), |s| s.to_string_lossy().into_owned())
}
