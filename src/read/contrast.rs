//! What sentences say of contrast: images before, images after, agent given or not, and on which way.

use super::context::{Verdict, judge};
use super::exam::{Exams, Source, Statement};
use super::section::Part;
use super::statement::{Item, Piece, bind};
use super::text::{Mention, Text};
use super::title::pieces_of_prose;
use crate::lexicon::model::{ConceptId, CueId, Means, RegionSet, Role, SectionKind, Sense};
use crate::text::{Span, Stretches};

/// How a note proves what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Enhancement seen or looked for.
    Enhancement,
    /// An agent given; silent on images before it.
    Agent,
    /// Images said to be before or after contrast; silent on others.
    Phase,
    /// A state of the whole exam: "with", "without", "without and with".
    State,
    /// Contrast expressly not given.
    Withheld,
}

/// One thing that a sentence says of contrast.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) strength: Strength,
    /// `pre` and `post` bits.
    pub(crate) bits: u64,
    /// Ways other than a vein that count: joint, thecal sac.
    pub(crate) route: u64,
    /// Whether its words speak of a vein.
    pub(crate) venous: bool,
    pub(crate) span: Span,
    pub(crate) concept: ConceptId,
    pub(crate) sentence: Span,
    /// Regions and modalities that the sentence names; empty: all.
    pub(crate) regions: RegionSet,
    pub(crate) modalities: u64,
}

/// All notes of a report in order. Titles and headings are read as statements, not here.
pub(crate) fn notes(text: &Text<'_>, parts: &[Part], exams: &Exams) -> Vec<Note> {
    const MOST: usize = 512; // what more of them say is nothing new
    let mut out = Vec::new();
    let mut b = (Vec::new(), Vec::new(), Vec::new());
    if exams.charge_line {
        return out;
    }
    let is_title = |e: &&Statement| matches!(e.source, Source::Title | Source::Heading | Source::Order) && e.scope.len() != e.span.len();
    let titles = Stretches::new(exams.ours.iter().filter(is_title).map(|e| e.span).collect());
    for part in parts {
        use SectionKind as K;
        if !matches!(
            part.kind,
            K::Title | K::Technique | K::Contrast | K::Body | K::Findings | K::Impression | K::Addendum | K::Other | K::Dose
        ) {
            continue;
        }
        // "CONTRAST: none", "[x] without": a few words that need no noun
        let terse = part.kind == SectionKind::Contrast && text.slice(part.body).split_whitespace().count() <= 12;
        for s in text.sentences(part.body) {
            // a sentence that gives each of its exams a state of its own is read as a statement
            let is_split = |e: &Statement| {
                let mut states = e.atoms.iter().map(|a| a.values.get(text.lexicon.known.contrast)).filter(|b| *b != 0);
                let first = states.next();
                states.any(|b| Some(b) != first)
            };
            if titles.touch(s) || text.is_quoted(s.start) || exams.ours.iter().any(|e| e.span == s && is_split(e)) {
                continue;
            }
            if out.len() >= MOST {
                return out;
            }
            sentence(text, s, part.kind, terse, &mut out, &mut b);
        }
    }
    out
}

type Buffers = (Vec<Piece>, Vec<Mention>, Vec<(Span, CueId)>);

fn sentence(text: &Text<'_>, span: Span, kind: SectionKind, terse: bool, out: &mut Vec<Note>, (pieces, mentions, cues): &mut Buffers) {
    let lexicon = text.lexicon;
    text.mentions(span, terse, mentions);
    let speaks = mentions.iter().any(|m| {
        let c = lexicon.concept(m.concept);
        c.sets.get(lexicon.known.contrast) != 0
            || matches!(c.role, Role::Noun | Role::Agent | Role::Enhancement | Role::Only | Role::With | Role::After | Role::Without)
    });
    if !speaks {
        return;
    }
    pieces_of_prose(text, span, terse, pieces, mentions);
    text.cues(span, cues);
    let first = out.len();
    let route = pieces
        .iter()
        .filter_map(|p| match p.item {
            Item::Concept(id) if lexicon.concept(id).role == Role::Route => Some(lexicon.concept(id).sets.get(lexicon.known.route)),
            _ => None,
        })
        .fold(0, |a, b| a | b);
    let mut i = 0;
    while i < pieces.len() {
        let Item::Concept(id) = pieces[i].item else {
            i += 1;
            continue;
        };
        let (found, next) = at(text, pieces, i, id, cues, kind, terse);
        if let Some((strength, bits, words)) = found {
            let away = match judge(text, words, cues) {
                Verdict::Not(reason, _) => reason != super::context::Reason::NotPerformed && reason != super::context::Reason::Separate,
                _ => false,
            };
            if !away {
                let (regions, modalities) = named_near(text, pieces, i);
                let venous = venous(text, words);
                out.push(Note {
                    strength,
                    bits,
                    venous,
                    route: route & !lexicon.axis(lexicon.known.route).bit("iv").unwrap_or(0),
                    span: words,
                    concept: id,
                    sentence: span,
                    regions,
                    modalities,
                });
            }
        }
        i = next.max(i + 1);
    }
    // a sentence that withholds contrast gives none
    let withholds = |n: &Note| n.strength == Strength::Withheld && n.bits == lexicon.known.pre;
    if out[first..].iter().any(withholds) {
        let keep = out[first..].iter().filter(|n| withholds(n)).cloned().collect::<Vec<_>>();
        out.truncate(first);
        out.extend(keep);
    }
}

/// Regions and modalities named in the clause of a piece; where it names none, in the sentence.
fn named_near(text: &Text<'_>, pieces: &[Piece], i: usize) -> (RegionSet, u64) {
    let from = pieces[..i].iter().rposition(|p| p.item == Item::Stop).map_or(0, |n| n + 1);
    let to = pieces[i..].iter().position(|p| p.item == Item::Stop).map_or(pieces.len(), |n| i + n);
    let named = |range: &[Piece]| {
        let (mut regions, mut modalities) = (RegionSet::default(), 0);
        for p in range {
            if let Item::Concept(id) = p.item {
                let c = text.lexicon.concept(id);
                if c.role == Role::Plain {
                    regions.extend(&c.regions);
                    modalities |= c.sets.get(text.lexicon.known.modality);
                }
            }
        }
        (regions, modalities)
    };
    let (mut regions, mut modalities) = named(&pieces[from..to]);
    let all = named(pieces);
    if regions.is_empty() {
        regions = all.0;
    }
    if modalities == 0 {
        modalities = all.1;
    }
    (regions, modalities)
}

/// Whether words of a vein stand in a span, inside longer terms too.
fn venous(text: &Text<'_>, span: Span) -> bool {
    text.hits(span).any(|h| {
        text.lexicon.terms.senses(h.pattern).iter().any(|(s, _)| {
            matches!(s, Sense::Concept(id) if {
                let c = text.lexicon.concept(*id);
                c.role == Role::Route && text.lexicon.has(&c.sets, "route", "iv")
            })
        })
    })
}

type Found = Option<(Strength, u64, Span)>;

fn at(
    text: &Text<'_>,
    pieces: &[Piece],
    i: usize,
    id: ConceptId,
    cues: &[(Span, CueId)],
    kind: SectionKind,
    terse: bool,
) -> (Found, usize) {
    let lexicon = text.lexicon;
    let known = &lexicon.known;
    let c = lexicon.concept(id);
    let span = pieces[i].span;
    let findings = matches!(kind, SectionKind::Impression);
    match c.role {
        Role::With | Role::After | Role::Without | Role::WithoutAndWith | Role::WithAndWithout if findings => (None, i + 1),
        Role::With | Role::After | Role::Without | Role::WithoutAndWith | Role::WithAndWithout => match bind(lexicon, pieces, i, terse) {
            Some(b) => {
                let strength = if c.role == Role::After
                    || (b.bits == known.pre && pieces[i..b.next].iter().any(|p| is_role(text, p, Role::OtherRoute)))
                {
                    Strength::Phase
                } else {
                    Strength::State
                };
                // "with oral contrast" says nothing of a vein
                let only_other = pieces[i..b.next].iter().any(|p| is_role(text, p, Role::OtherRoute))
                    && !pieces[i..b.next].iter().any(|p| is_role(text, p, Role::Route));
                if only_other {
                    return (None, b.next);
                }
                if b.bits == 0 {
                    return (None, b.next);
                }
                // "with no contrast", "with neither oral nor intravenous contrast"
                let denied = cues.iter().any(|(s, c)| {
                    text.lexicon.cue(*c).means == Means::Negated
                        && b.span.contains(*s)
                        && s.start > b.span.start
                        && !pieces[i..b.next].iter().any(|p| matches!(p.item, Item::Concept(_)) && p.span.contains(*s))
                });
                if matches!(c.role, Role::With | Role::After) && (denied || negated(text, pieces, i, cues, 3)) {
                    return (Some((Strength::Withheld, known.pre, b.span)), b.next);
                }
                (Some((strength, b.bits, b.span)), b.next)
            }
            None => (None, i + 1),
        },
        Role::Only if findings || other_way(text, span) => (None, i + 1),
        // "enhances in the arterial phase only" is a finding
        Role::Only if kind == SectionKind::Findings && c.sets.get(known.contrast) == known.post => (None, i + 1),
        Role::Only => (Some((Strength::Withheld, c.sets.get(known.contrast), span)), i + 1),
        Role::Enhancement => (Some((Strength::Enhancement, known.post, span)), i + 1),
        Role::Noun | Role::Agent => {
            if other_route(text, pieces, i) || findings {
                return (None, i + 1);
            }
            let near = pieces[i.saturating_sub(8)..(i + 9).min(pieces.len())]
                .iter()
                .any(|p| is_role(text, p, Role::Given) || is_role(text, p, Role::Route));
            if negated(text, pieces, i, cues, if near { 5 } else { 3 }) || withheld(text, span, cues) {
                // "no contrast was given", not "no entrance of contrast into the sac"
                let told = near || kind != SectionKind::Findings;
                return (told.then_some((Strength::Withheld, known.pre, span)), i + 1);
            }
            let given = near || kind == SectionKind::Contrast || (c.role == Role::Agent && !matches!(kind, SectionKind::Findings));
            if given { (Some((Strength::Agent, known.post, span)), i + 1) } else { (None, i + 1) }
        }
        Role::Plain if c.sets.get(known.contrast) != 0 && !findings => {
            let bits = c.sets.get(known.contrast);
            // "precontrast images were not acquired", "no unenhanced series": the member is not there
            if negated(text, pieces, i, cues, if c.sets.get(known.route) == 0 { 2 } else { 5 }) || withheld(text, span, cues) {
                let rest = (known.pre | known.post) & !bits;
                return ((rest != 0).then_some((Strength::Withheld, rest, span)), i + 1);
            }
            let state = c.sets.get(known.route) != 0 || bits == known.pre | known.post;
            (Some((if state { Strength::State } else { Strength::Phase }, bits, span)), i + 1)
        }
        _ => (None, i + 1),
    }
}

fn is_role(text: &Text<'_>, p: &Piece, role: Role) -> bool {
    matches!(p.item, Item::Concept(id) if text.lexicon.concept(id).role == role)
}

/// Whether words of a way that does not count lead into a span or stand in it ("Oral contrast was not used").
fn other_way(text: &Text<'_>, span: Span) -> bool {
    const LEAD: u32 = 24; // bytes before the span in which the way may stand
    let near = Span::new(span.start.saturating_sub(LEAD), span.end);
    text.hits(near).any(|h| {
        h.span.end + 1 >= span.start
            && text
                .lexicon
                .terms
                .senses(h.pattern)
                .iter()
                .any(|(s, _)| matches!(s, Sense::Concept(id) if text.lexicon.concept(*id).role == Role::OtherRoute))
    }) && !venous(text, span)
}

/// A way that does not count stands next to the noun, and no other way between them.
fn other_route(text: &Text<'_>, pieces: &[Piece], i: usize) -> bool {
    let near = |range: std::ops::Range<usize>| pieces[range].iter().any(|p| is_role(text, p, Role::OtherRoute));
    let route = |range: std::ops::Range<usize>| pieces[range].iter().any(|p| is_role(text, p, Role::Route));
    let (from, to) = (i.saturating_sub(3), (i + 6).min(pieces.len()));
    let before = near(from..i) && !route(from..i);
    let stop = pieces[i..to].iter().position(|p| matches!(p.item, Item::Stop | Item::Join)).map_or(to, |n| i + n);
    let after = near(i + 1..stop.max(i + 1)) && !route(i.saturating_sub(4)..stop);
    before || after
}

/// "no", "not", "never" at most `window` pieces before.
fn negated(text: &Text<'_>, pieces: &[Piece], i: usize, cues: &[(Span, CueId)], window: usize) -> bool {
    let first = i.saturating_sub(window);
    let stop = pieces[first..i].iter().rposition(|p| p.item == Item::Stop).map_or(first, |n| first + n + 1);
    let (from, at) = (pieces[stop.min(i)].span.start, pieces[i].span.start);
    cues.iter().any(|(s, c)| text.lexicon.cue(*c).means == Means::Negated && s.start >= from && s.end <= at)
}

/// A cue that something was not done reaches the words, or "not" stands right behind them.
fn withheld(text: &Text<'_>, span: Span, cues: &[(Span, CueId)]) -> bool {
    cues.iter().any(|(s, c)| {
        let cue = text.lexicon.cue(*c);
        if cue.means == Means::Negated && s.start >= span.end && s.start - span.end < 14 {
            return !text.slice(Span::new(span.end, s.start)).contains([',', ';', ':', '.']);
        }
        let near = if s.start >= span.end { s.start - span.end < 60 } else { span.start.saturating_sub(s.end) < 30 };
        near && matches!(cue.means, Means::NotPerformed)
            && !text.slice(Span::new(span.end.min(s.end), s.start.max(span.start))).contains([';', ','])
    })
}
