//! `radcode explain`: why a code stands or does not, and what the text would have to say for it.

use std::io::{self, Write};

use radcode::{Analyzer, CodeCard, Explanation, HeldWay, Standing, Suggestion};

use super::args::{Common, ExplainArgs};
use super::codes::{card, head, line, need};
use super::failure::Failure;
use super::input::read_one;
use super::knowledge::load;
use super::layout::Page;
use super::policy::{policy, with_edits};
use super::screen::{CARE, FAINT, NOT, STRONG, Screen};

/// Explains a code, with a report or in general.
pub fn run(args: &ExplainArgs, common: &Common) -> Result<u8, Failure> {
    let analyzer = with_edits(Analyzer::new(load(common)?), &args.reading.site)?;
    let known = card(analyzer.lexicon(), &args.code)?;
    let Some(file) = &args.file else {
        let mut screen = Screen::new(common.color);
        let width = screen.width;
        general(&mut screen, &known, width)?;
        screen.flush()?;
        return Ok(0);
    };
    let text = read_one(Some(file), &args.reading)?.text;
    let Some(explanation) = analyzer.explain(&known.code, &text, &args.reading.options(&policy(&args.reading.site, &analyzer, common)?))
    else {
        return Ok(2);
    };
    let mut screen = Screen::new(common.color);
    let page = Page { text: &text, lexicon: analyzer.lexicon(), width: screen.width, quote: !args.no_text };
    with_report(&mut screen, &page, &explanation)?;
    screen.flush()?;
    Ok(0)
}

/// What a report has to say for a code, its neighbours, its dates.
fn general(out: &mut impl Write, card: &CodeCard, width: usize) -> io::Result<()> {
    head(out, card, width)?;
    for way in &card.ways {
        writeln!(out, "{STRONG}a report has to say{STRONG:#}  {FAINT}{}{FAINT:#}", way.family)?;
        for n in &way.needs {
            line(out, &n.axis, &need(n), width)?;
            if !n.terms.is_empty() {
                line(out, "", &format!("words: {}", n.terms.join(", ")), width)?;
            }
        }
        if !way.elements.is_empty() {
            let lists: Vec<String> = way.elements.iter().map(|l| l.join(", ")).collect();
            line(out, "describes", &format!("{}; each described, or why it could not be", lists.join(" or ")), width)?;
        }
        for n in &way.neighbours {
            line(out, &format!("not {}", n.code), &format!("would need {}", n.needs), width)?;
        }
    }
    for (id, message) in &card.rules {
        line(out, "rule", &format!("{id}: {message}"), width)?;
    }
    Ok(())
}

fn with_report(out: &mut impl Write, page: &Page<'_>, e: &Explanation) -> io::Result<()> {
    let code = &e.card.code;
    let title = e.analysis.document.kind == "charge_line";
    let mut open = false;
    for standing in &e.standings {
        match standing {
            Standing::Suggested(i) => {
                writeln!(out, "{code} stands:")?;
                let s = &e.analysis.suggestions[*i];
                page.suggestion(out, s)?;
                checklist(out, page, s, title)?;
                writeln!(out, "{STRONG}all evidence{STRONG:#}")?;
                page.places(out, &s.evidence, usize::MAX)?;
            }
            Standing::Neighbour { of, needs } => {
                let s = &e.analysis.suggestions[*of];
                writeln!(out, "{code} does not stand: the report says {}. It would need {needs}.", s.code)?;
                page.suggestion(out, s)?;
                checklist(out, page, s, title)?;
            }
            Standing::Rejected(i) => {
                let r = &e.analysis.rejected[*i];
                writeln!(out, "{code} was seen and is not coded: {}.", r.message)?;
                page.places(out, &r.evidence, 8)?;
            }
            Standing::Elsewhere(i) => {
                let r = &e.analysis.rejected[*i];
                writeln!(out, "{code} does not stand: {} is named, and is not coded: {}.", r.label, r.message)?;
                page.places(out, &r.evidence, 8)?;
            }
            Standing::Absent => {
                open = true;
                let coded: Vec<&str> = e.analysis.suggestions.iter().map(|s| s.code.as_str()).collect();
                let coded = if coded.is_empty() { "no code".to_owned() } else { coded.join(", ") };
                writeln!(out, "{code} does not stand: nothing in the report leads to it. The report gives {coded}.")?;
                if let Some(reason) = &e.analysis.document.reason {
                    page.note(out, "document", CARE, &format!("{}: {reason}", e.analysis.document.label))?;
                }
            }
        }
    }
    if !e.in_force {
        let then = if e.card.successors.is_empty() { String::new() } else { format!("; after it came {}", e.card.successors.join(", ")) };
        writeln!(out, "{CARE}{code} is not valid on {}: it stands {}{then}.{CARE:#}", e.day, e.card.validity())?;
    } else if let Some(excuse) = &e.card.excuse {
        writeln!(out, "{CARE}No report is coded {code} by radcode: {excuse}.{CARE:#}")?;
    }
    if open {
        for way in &e.ways {
            needs(out, page, way)?;
        }
    }
    Ok(())
}

/// What a complete study addresses, held against the report.
fn checklist(out: &mut impl Write, page: &Page<'_>, s: &Suggestion, title: bool) -> io::Result<()> {
    let Some(list) = &s.checklist else { return Ok(()) };
    let verdict = match (list.judged, list.missing.is_empty()) {
        (false, _) if title => "can't be told from a title".to_owned(),
        (false, _) => "can't be told here: none of it is described".to_owned(),
        (true, true) => "all of it is described, or it is said why not".to_owned(),
        (true, false) => format!("{} not mentioned", list.missing.join(", ")),
    };
    page.note(out, "checklist", FAINT, &format!("{}: {verdict}", list.label))?;
    if list.judged && !list.described.is_empty() {
        page.note(out, "", FAINT, &format!("described: {}", list.described.join(", ")))?;
    }
    Ok(())
}

/// What the report would have had to say, held against what it says.
fn needs(out: &mut impl Write, page: &Page<'_>, way: &HeldWay) -> io::Result<()> {
    writeln!(out, "{STRONG}the report would have to say{STRONG:#}  {FAINT}{}{FAINT:#}", way.family)?;
    for h in &way.needs {
        let has = if h.has.is_empty() { "nothing".to_owned() } else { h.has.clone() };
        let (style, verdict) = if h.met { (FAINT, "as it does".to_owned()) } else { (NOT, format!("it says {has}")) };
        page.note(out, &h.need.axis, style, &format!("{}: {verdict}", need(&h.need)))?;
    }
    if !way.missing.is_empty() {
        page.note(out, "describes", NOT, &format!("{}, or why they could not be: not mentioned", way.missing.join(", ")))?;
    }
    Ok(())
}
