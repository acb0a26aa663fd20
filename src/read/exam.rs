//! Finds the exam statements of a report: titles, own headings, sentences of performance, order lines; and the exams
//! that are named and are not this one.

use jiff::civil::Date;

use super::context::{self, Reason, Verdict, judge, section_reason};
use super::count;
use super::section::{Part, counts_views, names_exam};
use super::statement::{Atom, Facet, Item, Piece, Proof, parse};
use super::text::{Mention, Text};
use super::title::{self, Line, Reading};
use crate::lexicon::Lexicon;
use crate::lexicon::model::{AxisKind, Counts, CueId, Means, Reach, RegionId, Role, SectionKind, Sense};
use crate::text::{Span, TokenKind, tokens};

/// Where an exam statement stands, the more trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// A sentence that says it was done, in the technique, the opening or the findings.
    Performed,
    /// A title.
    Title,
    /// A heading in the body that names an exam.
    Heading,
    /// The line of the order.
    Order,
    /// The subject of a sentence of the findings.
    Findings,
}

/// An exam statement of this report.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) source: Source,
    pub(crate) atoms: Vec<Atom>,
    /// Where it stands, folded.
    pub(crate) span: Span,
    /// For headings: the text that stands under it, folded.
    pub(crate) scope: Span,
    /// Whether it heads a report of its own, of several in one text: all in its scope is of its exams.
    pub(crate) apart: bool,
    pub(crate) unexplained: u16,
    pub(crate) repaired: u16,
    pub(crate) supplied: bool,
}

/// An exam that is named and is not this one.
#[derive(Debug)]
pub(crate) struct Other {
    pub(crate) atoms: Vec<Atom>,
    pub(crate) reason: Reason,
    pub(crate) span: Span,
    /// The section that it stands in.
    pub(crate) kind: SectionKind,
}

/// All exams that a report names.
#[derive(Debug, Default)]
pub(crate) struct Exams {
    pub(crate) ours: Vec<Statement>,
    pub(crate) others: Vec<Other>,
    /// Whether the whole text is a charge line.
    pub(crate) charge_line: bool,
    /// Projections that are said not to have been obtained.
    pub(crate) denied_projections: u64,
}

impl Exams {
    /// Whether so many exams are named that more would tell nothing new: a text of this kind is no report, and what it
    /// names is held against each other.
    fn is_full(&self) -> bool {
        const MOST: usize = 512;
        self.ours.len() + self.others.len() >= MOST
    }
}

/// Most exams that one sentence names; the words of one of them are no more than twice as many.
const IN_SENTENCE: usize = 32;

/// A line longer than this in words is a sentence, not a title.
const TITLE_WORDS: usize = 26;

/// Reads all exam statements. `day` picks the families that titles are weighed by.
pub(crate) fn exams(text: &Text<'_>, parts: &[Part], day: Date) -> Exams {
    let mut out = Exams { charge_line: is_charge_line(text, parts), ..Exams::default() };
    if out.charge_line {
        let reading = title::read(text, text.whole(), day, Line::Charge);
        push(&mut out, Source::Title, reading, text.whole(), text.whole());
        return out;
    }
    let titled = parts
        .iter()
        .filter(|p| p.kind == SectionKind::Title)
        .any(|p| text.sentences(p.body).next().is_some_and(|s| names_exam(text, s) && !(is_sentence(text, s) && words_in(text, s) > 5)));
    let mut buffers = Buffers::default();
    let mut aside = false;
    for (i, part) in parts.iter().enumerate() {
        if out.is_full() {
            break;
        }
        aside = part.entry.is_none() && (aside || is_history(parts, i)) && runs_on(text, part);
        if aside && part.names_exam {
            let whole = part.head.join(part.body);
            sentence(text, whole, SectionKind::History, &mut out, &mut buffers);
            continue;
        }
        if part.names_exam && !part.head.is_empty() {
            let head = own_words(text, part.head, &mut out, &mut buffers);
            let headline = i == 0 && is_headline(text, head);
            let reading = title::read(text, head, day, if headline { Line::Headline } else { Line::Title });
            let end =
                parts[i + 1..].iter().find(|p| p.names_exam || p.kind == SectionKind::Title).map_or(text.whole().end, |p| p.head.start);
            if undone_below(text, part).is_some() {
                let Reading { atoms, .. } = reading;
                out.others.push(Other { atoms, reason: Reason::NotPerformed, span: part.head, kind: SectionKind::Title });
                continue;
            }
            if told_result(text, part, &reading, &out) {
                let Reading { atoms, .. } = reading;
                out.others.push(Other { atoms, reason: Reason::Comparison, span: part.head, kind: part.kind });
                continue;
            }
            let source = if i == 0 || (part.entry.is_none() && out.ours.is_empty() && !titled) { Source::Title } else { Source::Heading };
            if section_reason(part.kind).is_none()
                && !(headline && reading.supplied && !is_film(text.lexicon, &reading))
                && !judged_away(text, part.head, &mut out, &reading, &mut buffers)
            {
                push(&mut out, source, reading, part.head, Span::new(part.body.start, end.max(part.body.start)));
            }
        }
        if part.kind == SectionKind::Technique {
            number_under_views(text, part, &mut out);
        }
        match part.kind {
            SectionKind::Title | SectionKind::Order => {
                let source = if part.kind == SectionKind::Title { Source::Title } else { Source::Order };
                title_lines(text, part.body, source, day, &mut out, &mut buffers);
            }
            SectionKind::Body if part.entry.is_none() && part.body.start == 0 => {
                opening(text, part.body, titled, day, &mut out, &mut buffers);
            }
            kind => prose(text, part.body, kind, &mut out, &mut buffers),
        }
    }
    closing_title(text, parts, day, &mut out);
    set_apart(text, parts, &mut out);
    out
}

/// Where a text holds several reports, each with a title and findings of its own ("EXAM 1: ... FINDINGS: ... EXAM 2: ..."),
/// what stands under a title is of its exams alone.
fn set_apart(text: &Text<'_>, parts: &[Part], out: &mut Exams) {
    let titles: Vec<u32> = out
        .ours
        .iter()
        .filter(|e| match e.source {
            Source::Title => true,
            Source::Heading => text.starts_line(e.span.start),
            _ => false,
        })
        .map(|e| e.span.start)
        .collect();
    let ends = |at: u32| titles.iter().copied().filter(|t| *t > at).min().unwrap_or(text.whole().end);
    let read = |at: u32| {
        let own = Span::new(at, ends(at));
        let found = |p: &Part| p.kind == SectionKind::Findings && p.entry.is_some() && !p.names_exam && p.body.len() > 8;
        parts.iter().any(|p| found(p) && own.contains(p.head))
    };
    let heads: Vec<u32> = titles.iter().copied().filter(|at| read(*at)).collect();
    if heads.len() < 2 {
        return;
    }
    let next = |at: u32| heads.iter().copied().filter(|h| *h > at).min().unwrap_or(text.whole().end);
    for e in out.ours.iter_mut().filter(|e| heads.contains(&e.span.start)) {
        (e.source, e.scope, e.apart) = (Source::Title, Span::new(e.span.start, next(e.span.start)), true);
    }
}

/// A bare number under a heading that counts views: "Views: 3".
fn number_under_views(text: &Text<'_>, part: &Part, out: &mut Exams) {
    let Some(axis) = text.lexicon.known.views else { return };
    let unit = text.read(part.head, true).iter().any(|m| text.lexicon.concept(m.concept).role == Role::Unit);
    let first = tokens(text.text(), part.body).find(|t| t.kind == TokenKind::Word && !text.is_unticked(t.span.start));
    let Some((at, n)) = first.filter(|_| unit).and_then(|t| Some((t.span, text.slice(t.span).parse::<u32>().ok()?))) else { return };
    if (1..=Counts::MOST).contains(&n) {
        let mut atom = Atom { span: at, ..Atom::default() };
        atom.values.set(axis, Counts::new(Some(n), n).0);
        atom.proofs.push(Proof { facet: Facet::Axis(axis), span: at, concept: None });
        out.ours.push(Statement {
            source: Source::Performed,
            atoms: vec![atom],
            span: at,
            scope: at,
            apart: false,
            unexplained: 0,
            repaired: 0,
            supplied: false,
        });
    }
}

/// Whether the first sentence under a heading says that the exam was not done, and of nothing else that it was not:
/// "Modified barium swallow: patient too drowsy, not performed."
fn undone_below(text: &Text<'_>, part: &Part) -> Option<Span> {
    let first = text.sentences(part.body).next()?;
    let lexicon = text.lexicon;
    let names = |m: &Mention| {
        let c = lexicon.concept(m.concept);
        title::names(c.role) && (c.role != Role::Plain || !c.regions.is_empty() || c.sets.get(lexicon.known.modality) != 0)
            || lexicon.known.projections.is_some_and(|a| c.sets.get(a) != 0)
    };
    if text.read(first, false).iter().any(names) {
        return None;
    }
    text.judgements(first).iter().find(|(_, c)| lexicon.cue(*c).means == Means::NotPerformed).map(|(at, _)| *at)
}

/// Whether a heading names an exam of another kind than the title's and no more than its result stands under it:
/// "Radiographs of left foot 3 views: negative."
fn told_result(text: &Text<'_>, part: &Part, reading: &Reading, out: &Exams) -> bool {
    const RESULT: usize = 8; // words
    let modality = text.lexicon.known.modality;
    let of = |atoms: &[Atom]| atoms.iter().fold(0, |bits, a| bits | a.values.get(modality));
    let title = out.ours.iter().filter(|e| e.source == Source::Title).fold(0, |bits, e| bits | of(&e.atoms));
    let own = of(&reading.atoms);
    let body = text.slice(part.body);
    let paragraph = Span::new(part.body.start, part.body.start + body.find("\n\n").unwrap_or(body.len()) as u32);
    title != 0 && own != 0 && title & own == 0 && words_in(text, paragraph) <= RESULT
}

#[derive(Default)]
struct Buffers {
    pieces: Vec<Piece>,
    mentions: Vec<Mention>,
    cues: Vec<(Span, CueId)>,
}

fn push(out: &mut Exams, source: Source, reading: Reading, span: Span, scope: Span) {
    if reading.atoms.iter().any(|a| !a.values.is_empty() || a.region.is_some() || !a.implied.is_empty()) {
        let Reading { atoms, unexplained, repaired, supplied, .. } = reading;
        out.ours.push(Statement { source, atoms, span, scope, apart: false, unexplained, repaired, supplied });
    }
}

/// One or two short lines without a heading and without a sentence.
fn is_charge_line(text: &Text<'_>, parts: &[Part]) -> bool {
    let all = text.text();
    all.len() <= 160
        && text.source.trim().lines().count() <= 2
        && parts.iter().all(|p| p.entry.is_none())
        && text.sentences(text.whole()).filter(|s| tokens(all, *s).filter(|t| t.kind == TokenKind::Word).count() > 1).count() <= 2
        && !ends_in_stop(text.source.trim())
        && !is_sentence(text, text.whole())
        && !is_told(text)
}

/// Whether a text of several sentences or lines ends in a stop: a charge line does not.
fn ends_in_stop(source: &str) -> bool {
    source.ends_with('.') && (source.contains('\n') || source.contains(". "))
}

/// Whether most words of a short text, or of what stands behind its colon, tell something else than an exam:
/// "CT sinus wo: pansinusitis with fluid levels, worse on the left".
fn is_told(text: &Text<'_>) -> bool {
    const SHORTEST: usize = 4; // words that can tell anything
    let whole = text.whole();
    let behind = text.text().find(": ").map(|at| Span::new(at as u32 + 2, whole.end));
    let read = |span: Span, counts: fn(Role) -> bool| -> usize {
        text.read(span, true).iter().filter(|m| counts(text.lexicon.concept(m.concept).role)).map(|m| words_in(text, m.span)).sum()
    };
    let tells =
        |span: Span, counts: fn(Role) -> bool, least: usize| words_in(text, span) >= least && read(span, counts) * 2 < words_in(text, span);
    let found = |span: Span| {
        let mut mentions = Vec::new();
        text.mentions(span, false, &mut mentions);
        mentions.iter().filter(|m| text.lexicon.concept(m.concept).role == Role::Hint).count() > 1
    };
    tells(whole, |_| true, 2 * SHORTEST) || behind.is_some_and(|span| found(span) || tells(span, title::names, SHORTEST))
}

/// Whether a range reads as a sentence: it has a cue of performance, advice or plan.
fn is_sentence(text: &Text<'_>, range: Span) -> bool {
    text.judgements(range).iter().any(|(s, c)| {
        let means = text.lexicon.cue(*c).means;
        matches!(means, Means::Performed | Means::Recommendation | Means::Planned | Means::Ordered | Means::NotPerformed) && s.len() > 5
    }) || text.slice(range).split(' ').any(|w| {
        matches!(
            w,
            "thank"
                | "dear"
                | "is"
                | "was"
                | "were"
                | "are"
                | "had"
                | "has"
                | "have"
                | "shows"
                | "showed"
                | "would"
                | "should"
                | "could"
                | "may"
                | "might"
        )
    })
}

/// A title section: lines that name exams are read as one; a line that is a sentence describes what was done.
fn title_lines(text: &Text<'_>, body: Span, source: Source, day: Date, out: &mut Exams, b: &mut Buffers) {
    const TOGETHER: usize = 48; // words of a title that are read as one
    let list: Vec<Span> = text.sentences(body).collect();
    let mut run: Option<Span> = None;
    let flush = |run: &mut Option<Span>, out: &mut Exams, b: &mut Buffers| {
        let Some(span) = run.take() else { return };
        let own = own_words(text, span, out, b);
        let headline = source == Source::Title && is_headline(text, own);
        let mut reading = title::read(text, own, day, if headline { Line::Headline } else { Line::Title });
        if headline && reading.supplied && !is_film(text.lexicon, &reading) {
            reading = title::read(text, own, day, Line::Title);
        }
        if !judged_away(text, span, out, &reading, b) {
            push(out, source, reading, span, text.whole());
        }
    };
    for s in list {
        if out.is_full() {
            break;
        }
        let n = words_in(text, s);
        // behind the first line only what names an exam, or a region or contrast in a few words
        let goes_on = run.is_none() || is_title(text, s, true) || (n <= 6 && names_something(text, s));
        if (is_sentence(text, s) && n > 5) || (n > 12 && !is_title(text, s, true)) || !goes_on {
            flush(&mut run, out, b);
            sentence(text, s, SectionKind::Technique, out, b);
            continue;
        }
        let joined = run.map_or(s, |r| r.join(s));
        if words_in(text, joined) > TOGETHER {
            flush(&mut run, out, b);
        }
        run = Some(run.map_or(s, |r| r.join(s)));
    }
    flush(&mut run, out, b);
}

/// Whether a range names a region, a side or contrast; "no AS" tells a finding.
fn names_something(text: &Text<'_>, range: Span) -> bool {
    text.read(range, true).iter().filter(|m| text.slice(m.span) != "no").any(|m| {
        let c = text.lexicon.concept(m.concept);
        title::names(c.role) && (c.role != Role::Plain || !c.regions.is_empty() || c.sets.get(text.lexicon.known.side) != 0)
    })
}

fn words_in(text: &Text<'_>, span: Span) -> usize {
    tokens(text.text(), span).filter(|t| t.kind == TokenKind::Word).count()
}

/// The part of a title that names this exam: "Head CT, compared with MRI of May" ends at the comparison, whose exams are
/// read as a sentence.
fn own_words(text: &Text<'_>, span: Span, out: &mut Exams, b: &mut Buffers) -> Span {
    text.mentions(span, true, &mut b.mentions);
    let Some(first) = b.mentions.iter().find(|m| title::names(text.lexicon.concept(m.concept).role)).map(|m| m.span.end) else {
        return span;
    };
    text.cues(span, &mut b.cues);
    let turn = b.cues.iter().find(|(s, c)| {
        let cue = text.lexicon.cue(*c);
        s.start >= first
            && s.len() > 4
            && cue.reach == Reach::After
            && matches!(cue.means, Means::Comparison | Means::History | Means::Recommendation | Means::Planned | Means::Outside)
    });
    let Some(&(cue, _)) = turn else { return span };
    let rest = Span::new(cue.start, span.end);
    if !names_exam(text, rest) {
        return span;
    }
    sentence(text, rest, SectionKind::Comparison, out, b);
    Span::new(span.start, cue.start)
}

/// A title can say that it was not done ("ESOPHAGRAM - NOT DONE").
fn judged_away(text: &Text<'_>, range: Span, out: &mut Exams, reading: &Reading, b: &mut Buffers) -> bool {
    let Some(phrase) = reading.atoms.iter().map(|a| phrase(text, a)).reduce(Span::join) else { return false };
    text.cues(range, &mut b.cues);
    let Verdict::Not(reason, cue) = judge(text, phrase, &b.cues) else { return false };
    // a title may hold words that only look like judgements ("FOLLOW UP", "ANNUAL"); before its name, or telling that
    // nothing was done, they count
    let counts = match reason {
        Reason::NotPerformed | Reason::Planned | Reason::Outside => true,
        Reason::Comparison => cue.start <= range.start + 2,
        _ => false,
    };
    if !counts {
        return false;
    }
    out.others.push(Other { atoms: reading.atoms.clone(), reason, span: range, kind: SectionKind::Title });
    true
}

/// The text before the first heading: titles first, then the dictated opening.
fn opening(text: &Text<'_>, body: Span, titled: bool, day: Date, out: &mut Exams, b: &mut Buffers) {
    let list: Vec<Span> = text.sentences(body).collect();
    let mut still_titles = true;
    let mut seen = 0;
    let mut i = 0;
    while i < list.len() && !out.is_full() {
        // lines of a title that names several exams are read together
        let mut span = list[i];
        let headline = i == 0 && is_headline(text, span);
        let title_like = still_titles && (headline || is_title(text, span, seen > 0));
        if title_like {
            while i + 1 < list.len() && is_title(text, list[i + 1], true) && tokens(text.text(), span.join(list[i + 1])).count() <= 48 {
                i += 1;
                span = span.join(list[i]);
            }
            let source = if titled { Source::Order } else { Source::Title };
            let own = own_words(text, span, out, b);
            let reading = title::read(text, own, day, if headline { Line::Headline } else { Line::Title });
            let foreign = headline && reading.supplied && !is_film(text.lexicon, &reading);
            if !judged_away(text, span, out, &reading, b) && !foreign {
                push(out, source, reading, span, text.whole());
            }
            seen += 1;
        } else {
            if seen > 0 || i > 8 || out.ours.iter().any(|e| e.source == Source::Performed) {
                still_titles = false;
            }
            sentence(text, span, SectionKind::Body, out, b);
        }
        i += 1;
    }
}

/// Whether a sentence or line of the opening names an exam and says nothing else.
fn is_title(text: &Text<'_>, span: Span, strict: bool) -> bool {
    let words = tokens(text.text(), span).filter(|t| t.kind == TokenKind::Word).count();
    if words == 0 || words > TITLE_WORDS || !names_exam(text, span) {
        return false;
    }
    if is_sentence(text, span) && words > 4 {
        return false;
    }
    let cues = text.judgements(span);
    let mentions = text.read(span, true);
    let first = mentions.first().map_or(span.end, |m| m.span.start);
    let leads = |s: &Span, means: Means| {
        s.start < first && matches!(means, Means::Comparison | Means::History | Means::Recommendation | Means::Conditional)
    };
    let tells = |means: Means| strict && matches!(means, Means::Comparison | Means::History);
    if cues.iter().any(|(s, c)| leads(s, text.lexicon.cue(*c).means) || tells(text.lexicon.cue(*c).means)) {
        return false;
    }
    let count = |wanted: fn(Role) -> bool| -> usize {
        mentions.iter().filter(|m| wanted(text.lexicon.concept(m.concept).role)).map(|m| words_in(text, m.span)).sum()
    };
    let films = counts_views(text, span, &mentions);
    let digits = tokens(text.text(), span).filter(|t| text.slice(t.span).bytes().all(|b| b.is_ascii_digit())).count();
    let counted = if films { count(|r| matches!(r, Role::Unit | Role::Number)) + digits } else { 0 };
    let naming = count(title::names) + counted;
    let idle = count(|r| matches!(r, Role::Filler | Role::Includes | Role::Join));
    let other = words_in(text, span).saturating_sub(naming + idle);
    // behind the first title a line has to begin with the exam
    let concept = |m: &Mention| text.lexicon.concept(m.concept);
    // "No pulmonary embolism." and "Pulmonary embolism." are findings; "PULMONARY EMBOLISM PROTOCOL" is a title
    let known = &text.lexicon.known;
    let plain = films || mentions.iter().any(|m| (concept(m).sets.get(known.modality) | concept(m).sets.get(known.method)) != 0);
    let denies = mentions.iter().find(|m| title::names(concept(m).role)).is_some_and(|m| concept(m).role == Role::Without);
    if strict && (is_patient(text, span) || tells_dose(text, span)) {
        return false;
    }
    // "No drainable abscess.", also before any title
    let no = text.slice(span).starts_with("no ");
    if no || strict && (denies || (!plain && (other > 0 || text.slice(span).ends_with('.')))) {
        return false;
    }
    let opens = !strict
        || mentions.iter().find(|m| title::names(text.lexicon.concept(m.concept).role)).is_some_and(|m| m.span.start - span.start <= 14);
    // one word may name all of an exam: "Echocardiogram for repaired tetralogy"
    let whole = mentions.first().filter(|m| m.span.start == span.start).is_some_and(|m| {
        let c = concept(m);
        c.sets.get(known.modality) != 0 && !(c.regions.is_empty() && c.implied_regions.is_empty())
    });
    (opens && naming >= other) || (!strict && words <= 14 && (naming >= 2 || whole))
}

/// Whether the part before is one of history.
fn is_history(parts: &[Part], i: usize) -> bool {
    i.checked_sub(1).is_some_and(|before| matches!(parts[before].kind, SectionKind::History | SectionKind::Comparison))
}

/// Whether a part goes on behind a sentence of the part before, in a few words of its own: "Chest x-ray: normal." in a
/// history.
fn runs_on(text: &Text<'_>, part: &Part) -> bool {
    const SHORT: usize = 14; // words
    let before = &text.text().as_bytes()[..part.head.start as usize];
    before.ends_with(b". ") && words_in(text, part.body) <= SHORT
}

/// Whether a line tells how images were made by words that hint at a modality: `100 MBq of MAG3, furosemide 20 mg`.
fn tells_dose(text: &Text<'_>, span: Span) -> bool {
    let modality = text.lexicon.known.modality;
    let hints = text.senses(span, |s| match s {
        Sense::Concept(c) => Some(text.lexicon.concept(c)).filter(|c| c.role == Role::Hint && c.sets.get(modality) != 0).map(|_| ()),
        _ => None,
    });
    hints.into_iter().any(|(at, ())| text.text()[..at.start as usize].trim_end().ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether a line begins with an age and a sex: "52F biliary-type pain", "3 y/o male with ...".
fn is_patient(text: &Text<'_>, span: Span) -> bool {
    let line = text.slice(span).trim_start();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let word: &str = rest.trim_start().split([' ', ',', '.']).next().unwrap_or_default();
    rest.len() < line.len() && matches!(word, "f" | "m" | "yo" | "y/o" | "yof" | "yom" | "year" | "years" | "yr" | "yrs" | "y")
}

/// Whether a first line names parts of the body and nothing else, in a text that lists projections or numbers of views:
/// "HIPS AND PELVIS" over "Views: AP pelvis; frog-leg lateral of each hip" is the title of films.
pub(super) fn is_headline(text: &Text<'_>, span: Span) -> bool {
    const LONGEST: usize = 9; // words
    let lexicon = text.lexicon;
    let (Some(projections), modality) = (lexicon.known.projections, lexicon.known.modality) else { return false };
    let words = tokens(text.text(), span).filter(|t| t.kind == TokenKind::Word).take(LONGEST + 1).count();
    if words > LONGEST {
        return false;
    }
    let mut mentions = Vec::new();
    text.mentions(span, true, &mut mentions);
    let told: usize = mentions.iter().map(|m| words_in(text, m.span)).sum();
    let concept = |m: &Mention| lexicon.concept(m.concept);
    let places = mentions.iter().any(|m| !concept(m).regions.is_empty());
    let plain = mentions.iter().all(|m| {
        matches!(concept(m).role, Role::Plain | Role::Filler | Role::Includes | Role::Join | Role::With)
            && concept(m).sets.get(modality) == 0
    });
    // times and dates say nothing of the exam: "Chest, portable AP, 0612 hrs"
    let idle = tokens(text.text(), span)
        .filter(|t| t.kind == TokenKind::Word && !mentions.iter().any(|m| m.span.contains(t.span)))
        .filter(|t| t.span.len() < 4 || text.slice(t.span).bytes().any(|b| b.is_ascii_digit()))
        .count();
    if !places || !plain || told + idle < words {
        return false;
    }
    if mentions.iter().any(|m| concept(m).sets.get(projections) != 0) {
        return true;
    }
    text.mentions(text.whole(), false, &mut mentions);
    let named = mentions.iter().fold(0, |bits, m| bits | concept(m).sets.get(projections));
    lexicon.axis(projections).count(named) > 1 || mentions.iter().any(|m| concept(m).role == Role::Unit) || tells_film(text)
}

/// Whether what a text describes is seen on films, and no word speaks of another way of imaging: the title "LEFT KNEE"
/// over "No fracture or dislocation" is that of films.
fn tells_film(text: &Text<'_>) -> bool {
    let lexicon = text.lexicon;
    let modality = lexicon.known.modality;
    let film = lexicon.axis(modality).bit("xr").unwrap_or(0);
    let (mut mentions, mut cues) = (Vec::new(), Vec::new());
    let mut found = false;
    for s in text.sentences(text.whole()) {
        text.cues(s, &mut cues);
        let elsewhere = cues.iter().any(|(_, c)| {
            use Means as M;
            matches!(
                lexicon.cue(*c).means,
                M::Comparison | M::History | M::Recommendation | M::Conditional | M::Planned | M::Ordered | M::Outside | M::Separate
            )
        });
        if elsewhere {
            continue;
        }
        text.mentions(s, false, &mut mentions);
        for m in &mentions {
            let c = lexicon.concept(m.concept);
            let bits = c.sets.get(modality) | c.implies.get(modality);
            if bits != 0 && bits != film {
                return false;
            }
            // words of a person are hints too, and tell no finding
            found |= c.role == Role::Hint && c.implies.is_empty();
        }
    }
    found
}

/// Whether the modality that was supplied is that of films, for regions that films have codes for: not for the bladder,
/// which only lies in one.
fn is_film(lexicon: &Lexicon, reading: &Reading) -> bool {
    let modality = lexicon.known.modality;
    let film = lexicon.axis(modality).bit("xr").unwrap_or(0);
    let taken =
        |r: RegionId| lexicon.families.iter().any(|f| f.when.get(modality) & film != 0 && (f.any.contains(r) || f.all.contains(&r)));
    reading.atoms.iter().all(|a| a.implied.get(modality) == film && a.region.is_none_or(|r| taken(r) || lexicon.region(r).paired))
}

/// Sentences of any section that is not a title.
fn prose(text: &Text<'_>, body: Span, kind: SectionKind, out: &mut Exams, b: &mut Buffers) {
    for s in text.sentences(body) {
        sentence(text, s, kind, out, b);
    }
}

/// One sentence: cut where a cue turns to another exam ("..., compared with contrast-enhanced CT of May"), so that
/// attributes stay on their side.
fn sentence(text: &Text<'_>, span: Span, kind: SectionKind, out: &mut Exams, b: &mut Buffers) {
    text.cues(span, &mut b.cues);
    let turns: Vec<u32> = b
        .cues
        .iter()
        .filter(|(s, c)| {
            let cue = text.lexicon.cue(*c);
            s.start > span.start
                && s.len() > 4
                && cue.reach == Reach::After
                && matches!(cue.means, Means::Comparison | Means::Recommendation | Means::Outside)
        })
        .map(|(s, _)| s.start)
        .collect();
    let mut start = span.start;
    for turn in turns.into_iter().chain([span.end]) {
        if turn > start {
            clause(text, span, Span::new(start, turn), kind, out, b);
        }
        start = turn;
    }
}

/// A stretch of a sentence: the exams that it names, each judged by the cues of the whole sentence.
fn clause(text: &Text<'_>, whole: Span, span: Span, kind: SectionKind, out: &mut Exams, b: &mut Buffers) {
    if out.is_full() || !names_exam_prose(text, span, kind, b) {
        return;
    }
    let describes = matches!(kind, SectionKind::Technique | SectionKind::Body | SectionKind::Findings);
    let listed = describes && (lists_views(text, span, kind == SectionKind::Technique, &b.mentions) || takes_view(text, whole, b));
    title::pieces_of_prose(text, span, false, &mut b.pieces, &mut b.mentions);
    let chained = keep_chained(text.lexicon, &mut b.pieces);
    text.cues(whole, &mut b.cues);
    drop_denied(text, &mut b.pieces, &b.cues);
    let mut atoms = parse(text.lexicon, &b.pieces, false, true);
    atoms.truncate(IN_SENTENCE);
    for a in &mut atoms {
        a.proofs.truncate(2 * IN_SENTENCE);
    }
    let known = &text.lexicon.known;
    let mut ours: Vec<Atom> = Vec::new();
    let mut source = Source::Findings;
    for mut atom in atoms {
        atom.region_named &= chained;
        let kept = keep_obtained(text, &mut atom, out, &b.cues);
        let named = atom.values.get(known.modality) | atom.implied.get(known.modality) | atom.values.get(known.method);
        let views = known.projections.is_some_and(|a| atom.values.get(a) != 0) || known.views.is_some_and(|a| atom.values.get(a) != 0);
        // "Because the shoulders hid C7 a swimmer's view was added": no region of the film
        if views && listed && !chained && atom.region.is_some() {
            atom.region = None;
            atom.proofs.retain(|p| p.facet != Facet::Region);
        }
        if named == 0 && !(views && listed) {
            continue;
        }
        // the phrase is the words of modality and region, not the whole group
        let phrase = phrase(text, &atom);
        let mut verdict = if text.is_quoted(phrase.start) { Verdict::Not(Reason::Outside, phrase) } else { judge(text, phrase, &b.cues) };
        // "No chest films were exposed."
        if let Verdict::Performed(done) = verdict
            && b.cues.iter().any(|&(at, cue)| denies(text, at, cue, phrase))
        {
            verdict = Verdict::Not(Reason::NotPerformed, done);
        }
        if kept && matches!(verdict, Verdict::Not(Reason::NotPerformed, _)) {
            verdict = Verdict::Silent; // what was not done is the projection that was taken out
        }
        // the narrative of a procedure is no history of an image that guided it
        let guides = text.lexicon.has(&atom.values, "method", "guidance") || text.lexicon.has(&atom.values, "features", "fluoroscopic");
        let narrated = kind == SectionKind::Note && guides && matches!(verdict, Verdict::Performed(_));
        if let Some(reason) = section_reason(kind).filter(|_| !narrated) {
            let reason = match verdict {
                // what the history compares is the past all the same
                Verdict::Not(Reason::Comparison, _) | Verdict::Silent | Verdict::Performed(_) | Verdict::Ordered => reason,
                Verdict::Not(r, _) => r,
            };
            out.others.push(Other { span: phrase, atoms: vec![atom], reason, kind });
            continue;
        }
        match verdict {
            Verdict::Not(reason, _) => out.others.push(Other { span: phrase, atoms: vec![atom], reason, kind }),
            // findings tell of a needle that another session guided
            Verdict::Performed(cue)
                if kind != SectionKind::Impression
                    && !(kind == SectionKind::Findings && text.lexicon.has(&atom.values, "method", "guidance")) =>
            {
                atom.proofs.push(Proof { facet: Facet::Exam, span: cue, concept: None });
                source = source.min(Source::Performed);
                ours.push(atom);
            }
            Verdict::Performed(_) => ours.push(atom),
            Verdict::Ordered => {
                source = source.min(Source::Order);
                ours.push(atom);
            }
            Verdict::Silent => {
                if matches!(kind, SectionKind::Technique | SectionKind::Contrast)
                    || (views && listed)
                    || (kind == SectionKind::Body && acquires(text, span))
                {
                    source = source.min(Source::Performed);
                }
                ours.push(atom);
            }
        }
    }
    if !ours.is_empty() {
        out.ours.push(Statement {
            source,
            atoms: ours,
            span: whole,
            scope: whole,
            apart: false,
            unexplained: 0,
            repaired: 0,
            supplied: false,
        });
    }
}

/// Whether a "no" stands right before a phrase.
fn denies(text: &Text<'_>, at: Span, cue: CueId, phrase: Span) -> bool {
    const NEAR: u32 = 3; // bytes between
    text.lexicon.cue(cue).means == Means::Negated && at.end <= phrase.start && phrase.start - at.end < NEAR
}

/// Takes out what is there or not by itself and is denied right before: "SPECT of the kidneys, no planar views".
fn drop_denied(text: &Text<'_>, pieces: &mut Vec<Piece>, cues: &[(Span, CueId)]) {
    let lexicon = text.lexicon;
    let flags = |id| {
        let c = lexicon.concept(id);
        c.role == Role::Plain
            && c.regions.is_empty()
            && c.implies.is_empty()
            && c.sets.iter().all(|(axis, _)| lexicon.axis(axis).kind == AxisKind::Flags && !lexicon.axis(axis).read_in.is_empty())
    };
    let denied = |at: Span| cues.iter().any(|(s, c)| lexicon.cue(*c).means == Means::Negated && context::denies(text, *s, at));
    pieces.retain(|p| !matches!(p.item, Item::Concept(id) if flags(id) && denied(p.span)));
}

/// Takes projections out of an atom that were not obtained ("AP view; the patient refused the lateral"). Says whether
/// others are left.
fn keep_obtained(text: &Text<'_>, atom: &mut Atom, out: &mut Exams, cues: &[(Span, CueId)]) -> bool {
    let Some(axis) = text.lexicon.known.projections.filter(|a| atom.values.get(*a) != 0) else { return false };
    let mut denied = 0;
    atom.proofs.retain(|p| {
        let Some(concept) = p.concept.filter(|_| p.facet == Facet::Axis(axis)) else { return true };
        // "no patellar view was made"
        let no = cues.iter().any(|&(at, cue)| denies(text, at, cue, p.span));
        let not = no || matches!(judge(text, p.span, cues), Verdict::Not(Reason::NotPerformed, _));
        if not {
            denied |= text.lexicon.concept(concept).sets.get(axis);
        }
        !not
    });
    let left = atom.values.get(axis) & !denied;
    atom.values.set(axis, left);
    out.denied_projections |= denied;
    denied != 0 && left != 0
}

/// In a sentence only regions that hang on a modality word by short links are its own: "CT of the abdomen and pelvis",
/// not "... reviewed with the chest team" and not "from the skull base to the carina". Says whether there were any.
fn keep_chained(lexicon: &Lexicon, pieces: &mut Vec<Piece>) -> bool {
    const LINK: usize = 3; // unread words between two members of a chain
    let known = &lexicon.known;
    let concept = |p: &Piece| match p.item {
        Item::Concept(id) => Some(lexicon.concept(id)),
        _ => None,
    };
    let anchor = |p: &Piece| {
        matches!(p.item, Item::Count(_, Some(_)))
            || concept(p).is_some_and(|c| c.role == Role::Unit || known.projections.is_some_and(|a| c.sets.get(a) != 0))
            || concept(p).is_some_and(|c| {
                c.role == Role::Plain && (c.sets.get(known.modality) | c.sets.get(known.method) | c.implies.get(known.modality)) != 0
            })
    };
    let region = |p: &Piece| concept(p).is_some_and(|c| c.role == Role::Plain && !c.regions.is_empty());
    let mut keep = vec![true; pieces.len()];
    // forward from each anchor
    let mut gap = usize::MAX;
    let mut covered = false;
    for (i, p) in pieces.iter().enumerate() {
        if anchor(p) {
            (gap, covered) = (0, false);
        } else if p.item == Item::Stop {
            (gap, covered) = (usize::MAX, false);
        } else if concept(p).is_some_and(|c| c.role == Role::Coverage) {
            covered = true;
        } else if region(p) {
            keep[i] = gap <= LINK && !covered;
            if keep[i] {
                gap = 0;
            }
        } else if p.item == Item::Unknown {
            gap = gap.saturating_add(1);
        }
    }
    // "lumbar spine CT": a region right before an anchor
    let mut near = false;
    let mut links = 0;
    for i in (0..pieces.len()).rev() {
        if anchor(&pieces[i]) {
            (near, links) = (true, 0);
        } else if region(&pieces[i]) && near {
            keep[i] = true;
        } else if matches!(pieces[i].item, Item::Join) {
            links += 1;
            near &= links <= 1;
        } else if concept(&pieces[i]).is_none_or(|c| c.sets.get(known.side) == 0) {
            near = false;
        }
    }
    // a region named once stays the exam's: "CT chest and CT spine: chest with contrast; spine without"
    let mut own = crate::lexicon::model::RegionSet::default();
    for (i, p) in pieces.iter().enumerate() {
        if let Some(c) = concept(p).filter(|_| region(p)) {
            if keep[i] {
                own.extend(&c.regions);
            } else {
                keep[i] = c.regions.iter().all(|r| own.contains(r));
            }
        }
    }
    // where nothing else tells the region, how far the images reach does: "helical CT, top of kidneys to bladder base"
    if !pieces.iter().zip(&keep).any(|(p, k)| *k && region(p)) {
        return false;
    }
    let mut i = 0;
    pieces.retain(|_| {
        i += 1;
        keep[i - 1]
    });
    true
}

/// The words of an atom that name modality and region.
fn phrase(text: &Text<'_>, atom: &Atom) -> Span {
    let known = &text.lexicon.known;
    atom.proofs
        .iter()
        .filter(|p| p.facet == Facet::Axis(known.modality) || p.facet == Facet::Axis(known.method) || (p.facet == Facet::Region))
        .map(|p| p.span)
        .reduce(Span::join)
        .unwrap_or(atom.span)
}

fn names_exam_prose(text: &Text<'_>, span: Span, kind: SectionKind, b: &mut Buffers) -> bool {
    text.mentions(span, false, &mut b.mentions);
    let known = &text.lexicon.known;
    // in the technique a method may stand without its modality ("Elastography: passive driver ...")
    let technique = kind == SectionKind::Technique;
    let describes = matches!(kind, SectionKind::Technique | SectionKind::Body | SectionKind::Findings);
    (describes && (lists_views(text, span, technique, &b.mentions) || takes_view(text, span, b)))
        || b.mentions.iter().any(|m| {
            let c = text.lexicon.concept(m.concept);
            c.role == Role::Plain
                && ((c.sets.get(known.modality) | c.implies.get(known.modality)) != 0 || (technique && c.sets.get(known.method) != 0))
        })
}

/// Whether a sentence tells the views of this exam: a number with its unit, or projections and little else.
fn lists_views(text: &Text<'_>, span: Span, technique: bool, mentions: &[Mention]) -> bool {
    let lexicon = text.lexicon;
    let Some(projections) = lexicon.known.projections else { return false };
    let concept = |m: &Mention| lexicon.concept(m.concept);
    let named = mentions.iter().fold(0, |bits, m| bits | concept(m).sets.get(projections));
    let counted = mentions.iter().any(|m| concept(m).role == Role::Unit) && !count::of(text, span).is_empty();
    if technique && (counted || named != 0) {
        return true;
    }
    if named == 0 && !counted {
        return false;
    }
    let telling: usize = mentions
        .iter()
        .filter(|m| {
            let c = concept(m);
            matches!(c.role, Role::Unit | Role::Number | Role::Join | Role::Acquisition) || (c.role == Role::Plain)
        })
        .map(|m| words_in(text, m.span))
        .sum();
    // one projection by itself has to be all that the sentence says: "AP pelvis."
    let all = mentions.iter().map(|m| words_in(text, m.span)).sum::<usize>() >= words_in(text, span);
    ((counted || lexicon.axis(projections).count(named) > 1) && telling * 2 >= words_in(text, span)) || (named != 0 && all)
}

/// Whether a sentence says that a projection was taken: "a swimmer's view was added".
fn takes_view(text: &Text<'_>, whole: Span, b: &mut Buffers) -> bool {
    let lexicon = text.lexicon;
    let Some(projections) = lexicon.known.projections else { return false };
    if !b.mentions.iter().any(|m| lexicon.concept(m.concept).sets.get(projections) != 0) {
        return false;
    }
    text.cues(whole, &mut b.cues);
    b.cues.iter().any(|(_, c)| lexicon.cue(*c).means == Means::Performed)
}

/// Whether a sentence has a word of acquisition.
pub(crate) fn acquires(text: &Text<'_>, span: Span) -> bool {
    let mut mentions = Vec::new();
    text.mentions(span, false, &mut mentions);
    mentions.iter().any(|m| matches!(text.lexicon.concept(m.concept).role, Role::Acquisition))
}

/// A title in a line of its own behind the text, where no other stands.
fn closing_title(text: &Text<'_>, parts: &[Part], day: Date, out: &mut Exams) {
    if out.ours.iter().any(|s| s.source <= Source::Heading) {
        return;
    }
    let mut left: u32 = 64; // lines to try; the title stands in one of the last
    for part in parts.iter().rev().filter(|p| section_reason(p.kind).is_none() || p.kind == SectionKind::Signature) {
        let lines: Vec<Span> = text.sentences(part.body).filter(|s| text.starts_line(s.start) && is_title(text, *s, true)).collect();
        for line in lines.into_iter().rev() {
            let Some(fewer) = left.checked_sub(1) else { return };
            left = fewer;
            let reading = title::read(text, line, day, Line::Title);
            if reading.satisfied {
                push(out, Source::Title, reading, line, text.whole());
                return;
            }
        }
    }
}
