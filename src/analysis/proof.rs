//! Runs the proof lines of a lexicon: each hit has to fire on its very words, each miss must not fire at all.

use jiff::civil::Date;

use super::{Analysis, Analyzer, Claim, Options, Reason};
use crate::lexicon::model::{CueId, DocumentId, SectionKind, Sense};
use crate::lexicon::{EntryKind, Lexicon, Owner, Place, Problem, Proof};
use crate::read::exam::exams;
use crate::read::gate::admit;
use crate::read::section::parts;
use crate::read::text::Text;
use crate::read::title;
use crate::text::Span;

/// Whether a lexicon holds together.
#[derive(Clone, Debug)]
pub struct Check {
    /// Entries of all kinds.
    pub entries: usize,
    /// Different terms.
    pub terms: usize,
    /// Proof lines, hits and misses.
    pub proofs: usize,
    /// What does not hold, in the order of files and lines.
    pub problems: Vec<Problem>,
}

impl Analyzer {
    /// Checks the lexicon: every proof line, every code reached or excused, every condition possible, no two families
    /// for one study. A lexicon that holds has no problems.
    #[must_use]
    pub fn check(&self) -> Check {
        let lexicon = self.lexicon();
        let mut problems = lexicon.check_tables();
        for p in &*lexicon.proofs {
            if let Err((message, help)) = prove(self, p) {
                problems.push(Problem { file: p.file.to_string(), span: p.span.clone(), message, help: help.to_owned() });
            }
        }
        problems.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
        Check { entries: lexicon.entry_count(), terms: lexicon.terms().len(), proofs: lexicon.proof_count(), problems }
    }
}

/// What is wrong, and what to do.
type Wrong = (String, &'static str);

const MEND: &str = "correct the line, or the entry that it stands under";

/// A proof line taken apart: `date: text {marked words} text -> codes`.
struct Line<'a> {
    day: Option<Date>,
    text: String,
    marks: Vec<Span>,
    /// Codes wanted, sorted; `Some` and empty for `-> none`.
    codes: Option<Vec<&'a str>>,
}

fn take_apart(line: &str) -> Result<Line<'_>, Wrong> {
    let (day, rest) = match line.split_once(": ").map(|(head, rest)| (head.parse::<Date>(), rest)) {
        Some((Ok(day), rest)) => (Some(day), rest),
        _ => (None, line),
    };
    let (rest, codes) = match rest.rsplit_once(" -> ") {
        Some((text, list)) => {
            let mut codes: Vec<&str> = list.split_whitespace().filter(|c| *c != "none").collect();
            codes.sort_unstable();
            (text, Some(codes))
        }
        None => (rest, None),
    };
    let mut text = String::with_capacity(rest.len());
    let mut marks = Vec::new();
    let mut open = None;
    for c in rest.chars() {
        let at = text.len() as u32;
        match (c, open) {
            ('{', None) => open = Some(at),
            ('}', Some(start)) => {
                marks.push(Span::new(start, at));
                open = None;
            }
            ('{' | '}', _) => return Err(("the braces of this line do not pair".into(), "write each marked stretch as {words}")),
            _ => text.push(c),
        }
    }
    if open.is_some() {
        return Err(("a brace is not closed".into(), "write each marked stretch as {words}"));
    }
    Ok(Line { day, text, marks, codes })
}

fn prove(analyzer: &Analyzer, p: &Proof) -> Result<(), Wrong> {
    let line = take_apart(&p.line)?;
    let lexicon = analyzer.lexicon();
    match p.owner {
        Owner::Sense(sense) => sense_holds(lexicon, sense, p.is_hit, &line),
        Owner::Document(id) => {
            let text = Text::new(lexicon, &line.text);
            let parts = parts(&text);
            let admission = admit(&text, &parts, &exams(&text, &parts, day(lexicon, &line)));
            let name = |k: Option<DocumentId>| k.map_or("a charge line or unknown", |k| &*lexicon.documents[k.0 as usize].id);
            match (p.is_hit, admission.kind == Some(id)) {
                (true, false) => Err((
                    format!("this text is taken for `{}`, not for `{}`", name(admission.kind), name(Some(id))),
                    "add signs or headings that tell the two apart",
                )),
                (false, true) => {
                    Err((format!("this text is taken for `{}`", name(Some(id))), "raise `needs`, or add headings under `against`"))
                }
                _ => Ok(()),
            }
        }
        Owner::Line => ambiguous_holds(analyzer, p.is_hit, &line),
        Owner::Family(id) => {
            let family = &*lexicon.family(id).id;
            coded(analyzer, p.is_hit, &line, &format!("the family `{family}`"), |a| a.suggestions.iter().any(|s| s.rule == family))
        }
        Owner::Claim(place) => claim_holds(analyzer, p.is_hit, &p.line, &lexicon.places[place as usize]),
        Owner::Checklist(id) => {
            let list = &*lexicon.checklists[id.0 as usize].id;
            coded(analyzer, p.is_hit, &line, &format!("the checklist `{list}`"), |a| {
                a.suggestions.iter().filter_map(|s| s.checklist.as_ref()).any(|c| c.judged && c.id == list)
            })
        }
        Owner::Rule(i) => {
            let rule = &lexicon.rules[i as usize];
            coded(analyzer, p.is_hit, &line, &format!("the rule `{}`", rule.id), |a| {
                a.suggestions.iter().any(|s| s.rule == *rule.id)
                    || a.rejected.iter().any(|r| r.reason == Reason::Bundled && r.message.contains(&*rule.message))
            })
        }
    }
}

fn day(lexicon: &Lexicon, line: &Line<'_>) -> Date {
    line.day.unwrap_or(lexicon.edition.default_date)
}

/// A line of a family or rule: the codes of a hit are the answer's codes and the entry took part; in a miss it did not.
fn coded(analyzer: &Analyzer, is_hit: bool, line: &Line<'_>, what: &str, used: impl Fn(&Analysis) -> bool) -> Result<(), Wrong> {
    let analysis = analyze(analyzer, line);
    if !is_hit {
        return if used(&analysis) { Err((format!("{what} is used on this line"), MEND)) } else { Ok(()) };
    }
    let Some(wanted) = &line.codes else {
        return Err(("this line does not say which codes it has to give".into(), "write `line -> code code`, or `line -> none`"));
    };
    answers(&analysis, wanted)?;
    if wanted.is_empty() || used(&analysis) { Ok(()) } else { Err((format!("the codes are right, but {what} gave none of them"), MEND)) }
}

/// A line of an entry of the claim: `option=choice day: exams of one report || exams of another -> lines`, a line of a
/// claim as code, modifiers and units, `73562-50 71046x2`. The entry takes part in the claim of a hit and not in that of
/// a miss; an option of policy makes no difference to a miss.
fn claim_holds(analyzer: &Analyzer, is_hit: bool, line: &str, place: &Place) -> Result<(), Wrong> {
    let lexicon = analyzer.lexicon();
    let (text, wanted) = match line.rsplit_once(" -> ") {
        Some((text, wanted)) => (text, Some(wanted)),
        None => (line, None),
    };
    let (mut options, text) = head(lexicon, text)?;
    let claim = claim_of(analyzer, text, &options);
    if let Some(wanted) = wanted {
        let mut wanted: Vec<&str> = wanted.split_whitespace().filter(|w| *w != "none").collect();
        let mut got = written(&claim);
        wanted.sort_unstable();
        got.sort_unstable();
        if got != wanted {
            let list = |l: &[String]| if l.is_empty() { "none".to_owned() } else { l.join(" ") };
            return Err((format!("this line is answered by {}, not by {}", list(&got), wanted.join(" ")), MEND));
        }
    } else if is_hit {
        return Err(("this line does not say which claim it has to give".into(), "write `line -> code-modifier code`, or `line -> none`"));
    }
    if place.kind == EntryKind::Policy {
        let Some(option) = lexicon.billing.policies.iter().find(|o| o.id == place.id) else { return Ok(()) };
        let differs = option.choices.iter().any(|(choice, _)| {
            let _ = lexicon.choose(&mut options.policy, &option.id, choice);
            let other = claim_of(analyzer, text, &options);
            written(&other) != written(&claim) || asked(&other) != asked(&claim)
        });
        return match (is_hit, differs) {
            (true, false) => Err((format!("no choice of `{}` makes a difference to this line", place.id), MEND)),
            (false, true) => Err((format!("`{}` makes a difference to this line", place.id), MEND)),
            _ => Ok(()),
        };
    }
    let all = claim.lines.iter().flat_map(|l| &l.reasons).chain(claim.removed.iter().map(|r| &r.reason));
    let used = all.into_iter().any(|r| *r.rule == *place.id);
    match (is_hit, used) {
        (true, false) => Err((format!("the claim is right, but `{}` takes no part in it", place.id), MEND)),
        (false, true) => Err((format!("`{}` takes part in the claim for this line", place.id), MEND)),
        _ => Ok(()),
    }
}

/// The options and the day before the colon of a line, and the rest.
fn head<'l>(lexicon: &Lexicon, line: &'l str) -> Result<(Options, &'l str), Wrong> {
    let mut options = Options::default();
    let Some((head, rest)) = line.split_once(": ") else { return Ok((options, line)) };
    let words: Vec<&str> = head.split(' ').collect();
    if !words.iter().all(|w| w.contains('=') || w.parse::<Date>().is_ok()) {
        return Ok((options, line));
    }
    for word in words {
        match word.split_once('=') {
            Some((option, choice)) => lexicon
                .choose(&mut options.policy, option, choice)
                .map_err(|(message, _)| (message, "name an option of policies.toml and one of its choices"))?,
            None => options.date_of_service = word.parse().ok(),
        }
    }
    Ok((options, rest))
}

fn claim_of(analyzer: &Analyzer, text: &str, options: &Options) -> Claim {
    let reports: Vec<Analysis> = text.split(" || ").map(|t| analyzer.analyze(&t.replace("\\n", "\n"), options)).collect();
    analyzer.claim(&reports.iter().collect::<Vec<_>>())
}

/// The lines of a claim as proof lines write them.
fn written(claim: &Claim) -> Vec<String> {
    claim.lines.iter().map(ToString::to_string).collect()
}

fn asked(claim: &Claim) -> Vec<&str> {
    claim.queries.iter().map(|q| &*q.kind).collect()
}

fn analyze(analyzer: &Analyzer, line: &Line<'_>) -> Analysis {
    analyzer.analyze(&line.text, &Options { date_of_service: line.day, ..Options::default() })
}

fn answers(analysis: &Analysis, wanted: &[&str]) -> Result<(), Wrong> {
    let mut got: Vec<&str> = analysis.suggestions.iter().map(|s| &*s.code).collect();
    got.sort_unstable();
    let list = |codes: &[&str]| if codes.is_empty() { "none".to_owned() } else { codes.join(" ") };
    if got == wanted { Ok(()) } else { Err((format!("this line is answered by {}, not by {}", list(&got), list(wanted)), MEND)) }
}

/// A line of an ambiguous term: by its codes, or by the words that have to be read as something.
fn ambiguous_holds(analyzer: &Analyzer, is_hit: bool, line: &Line<'_>) -> Result<(), Wrong> {
    if let Some(wanted) = &line.codes {
        let result = answers(&analyze(analyzer, line), wanted);
        return match (is_hit, result) {
            (true, r) => r,
            (false, Err(_)) => Ok(()),
            (false, Ok(())) => Err(("this line gives just these codes".into(), MEND)),
        };
    }
    if line.marks.is_empty() {
        return Err(("this line does not say what it proves".into(), "mark the words in braces, or write `line -> codes`"));
    }
    let read = readings(analyzer.lexicon(), line);
    for mark in &line.marks {
        let found = read.iter().any(|r| r.span.overlaps(*mark));
        if found != is_hit {
            let words = &line.text[mark.range()];
            return Err((format!("`{words}` is {}read as a concept", if found { "" } else { "not " }), MEND));
        }
    }
    Ok(())
}

/// A concept or cue that is read somewhere in a line; the span refers to the line's text.
struct ReadAs {
    span: Span,
    sense: Sense,
    /// Read word by word in a sentence, not as part of a title.
    prose: bool,
}

/// Everything read in a line, as a title and as a sentence.
fn readings(lexicon: &Lexicon, line: &Line<'_>) -> Vec<ReadAs> {
    let text = Text::new(lexicon, &line.text);
    let whole = text.whole();
    let mut out: Vec<ReadAs> = Vec::new();
    let mut mentions = Vec::new();
    for title in [true, false] {
        text.mentions(whole, title, &mut mentions);
        out.extend(mentions.iter().map(|m| ReadAs { span: text.to_source(m.span), sense: Sense::Concept(m.concept), prose: !title }));
    }
    for atom in title::read(&text, whole, day(lexicon, line), title::Line::Charge).atoms {
        let concepts = atom.proofs.iter().filter_map(|p| p.concept.map(|c| (p.span, c)));
        out.extend(concepts.map(|(span, c)| ReadAs { span: text.to_source(span), sense: Sense::Concept(c), prose: false }));
    }
    let mut cues: Vec<(Span, CueId)> = Vec::new();
    text.cues(whole, &mut cues);
    out.extend(cues.iter().map(|(span, c)| ReadAs { span: text.to_source(*span), sense: Sense::Cue(*c), prose: true }));
    out.extend(text.senses(whole, |s| matches!(s, Sense::Circumstance(_)).then_some(s)).map(|(span, sense)| ReadAs {
        span: text.to_source(span),
        sense,
        prose: true,
    }));
    // headings of organs end no section, so they are no parts
    let colon = |s: Span| text.text()[s.end as usize..].trim_start().starts_with(':');
    let organs = text.headings(whole).filter(|(s, id)| lexicon.section(*id).kind == SectionKind::Organ && colon(*s));
    out.extend(organs.map(|(span, id)| ReadAs { span: text.to_source(span), sense: Sense::Section(id), prose: true }));
    let agents = text.senses(whole, |s| matches!(s, Sense::Supply(_) | Sense::Waste(_)).then_some(s));
    out.extend(agents.map(|(span, sense)| ReadAs { span: text.to_source(span), sense, prose: true }));
    for part in parts(&text) {
        out.extend(part.entry.map(|id| ReadAs { span: text.to_source(part.head), sense: Sense::Section(id), prose: true }));
    }
    out
}

fn sense_holds(lexicon: &Lexicon, sense: Sense, is_hit: bool, line: &Line<'_>) -> Result<(), Wrong> {
    let read = readings(lexicon, line);
    let name = name(lexicon, sense);
    if !is_hit {
        // a miss that is a sentence is read as one: words of titles are not found in it
        let is_title = line.text.len() <= 160 && !line.text.trim_end().ends_with('.') && !line.text.contains('\n');
        let found = read.iter().find(|r| r.sense == sense && (r.prose || is_title));
        let Some(found) = found else { return Ok(()) };
        let words = &line.text[found.span.range()];
        return Err((
            format!("`{words}` is read as `{name}` here"),
            "take out the term that fires, or give the look-alike a term of its own",
        ));
    }
    if line.marks.is_empty() && !matches!(sense, Sense::Section(_)) {
        return Err(("this line does not mark the words that it proves".into(), "put the words in braces: {words}"));
    }
    if line.marks.is_empty() {
        return if read.iter().any(|r| r.sense == sense) {
            Ok(())
        } else {
            Err((format!("no heading of this text is read as `{name}`"), MEND))
        };
    }
    for mark in &line.marks {
        let heading = matches!(sense, Sense::Section(_));
        if read.iter().any(|r| r.sense == sense && (r.span == *mark || (heading && r.span.overlaps(*mark)))) {
            continue;
        }
        let words = &line.text[mark.range()];
        let near = read.iter().filter(|r| r.span.overlaps(*mark)).max_by_key(|r| (r.sense == sense, r.span.len()));
        let seen = near.map_or_else(String::new, |r| {
            let (words, name) = (&line.text[r.span.range()], self::name(lexicon, r.sense));
            format!("; `{words}` is read as `{name}`")
        });
        return Err((
            format!("`{words}` is not read as `{name}`{seen}"),
            "add the term, mark other words, or take out what stands in its way",
        ));
    }
    Ok(())
}

/// The id of what a sense stands for.
fn name(lexicon: &Lexicon, sense: Sense) -> String {
    match sense {
        Sense::Concept(c) => lexicon.concept(c).id.to_string(),
        Sense::Cue(c) => lexicon.cue(c).id.to_string(),
        Sense::Section(s) => lexicon.section(s).id.to_string(),
        Sense::Sign(d, _) => lexicon.documents[d.0 as usize].id.to_string(),
        Sense::Circumstance(c) => lexicon.billing.circumstances[c.0 as usize].id.to_string(),
        Sense::Supply(s) => lexicon.supplies[s.0 as usize].id.to_string(),
        Sense::Measure(m) => lexicon.measures[m.0 as usize].id.to_string(),
        Sense::Waste(none) => if none { "nothing thrown away" } else { "thrown away" }.to_owned(),
        Sense::Listed(c, _) => format!("word of the checklist {}", lexicon.checklists[c.0 as usize].id),
        Sense::Organ(r) => format!("organ of {}", lexicon.region(r).id),
    }
}
