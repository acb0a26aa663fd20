//! One report, folded and searched: every stage reads from here.

use std::borrow::Cow;

use super::section::Part;
use crate::lexicon::Lexicon;
use crate::lexicon::model::{ConceptId, CueId, Means, Role, SectionId, Sense};
use crate::text::{Folded, Span, Stretches, sentences};

/// A term that stands in the folded text, on word borders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) span: Span,
    pub(crate) pattern: u32,
}

/// A concept read at a place of the folded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mention {
    pub(crate) span: Span,
    pub(crate) concept: ConceptId,
}

/// What a term may stand for besides most concepts and cues. Each is the matter of a stage or two, and rare: their hits are
/// kept apart, so that no stage goes through all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Heading,
    /// Of a kind of document.
    Sign,
    Organ,
    Circumstance,
    /// A word of a checklist.
    Listed,
    /// An agent, a measure, waste.
    Supply,
    /// A concept that raises a query.
    Raising,
}

impl Kind {
    const ALL: usize = 7;

    fn of(sense: Sense, lexicon: &Lexicon) -> Option<Self> {
        match sense {
            Sense::Concept(id) => lexicon.raising[id.0 as usize].then_some(Self::Raising),
            Sense::Cue(_) => None,
            Sense::Section(_) => Some(Self::Heading),
            Sense::Sign(..) => Some(Self::Sign),
            Sense::Organ(_) => Some(Self::Organ),
            Sense::Circumstance(_) => Some(Self::Circumstance),
            Sense::Listed(..) => Some(Self::Listed),
            Sense::Supply(_) | Sense::Measure(_) | Sense::Waste(_) => Some(Self::Supply),
        }
    }
}

/// A report with all that its terms found.
pub(crate) struct Text<'a> {
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) source: &'a str,
    pub(crate) folded: Folded,
    /// By start, the longer first.
    hits: Vec<Hit>,
    /// The places that lie inside a hit, a bit each.
    inside: Vec<u64>,
    /// The hits of each kind.
    kinds: [Vec<Hit>; Kind::ALL],
    /// What the whole text reads as a title, as prose, and for cues: most ranges that are asked for are cut from these.
    titles: Vec<Mention>,
    prose: Vec<Mention>,
    cues: Vec<(Span, CueId)>,
    /// Folded offsets of the starts of source lines.
    line_starts: Vec<u32>,
    list_marks: MarkRuns,
    opening_marks: MarkRuns,
    /// Folded stretches between double quotes.
    quotes: Stretches,
    /// Folded stretches behind a box that is not ticked.
    unticked: Stretches,
    /// The sentences of all parts, and of each part its body and where its own begin and end.
    sentences: Vec<Span>,
    bodies: Vec<(Span, u32, u32)>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(lexicon: &'a Lexicon, source: &'a str) -> Self {
        let folded = Folded::new(source);
        let line_starts = std::iter::once(0)
            .chain(source.match_indices('\n').map(|(i, _)| i as u32 + 1))
            .map(|at| {
                let at = folded.from_source(at);
                let text = folded.text().as_bytes();
                let mut at = at as usize;
                while at < text.len() && matches!(text[at], b' ' | b'\n') {
                    at += 1;
                }
                at as u32
            })
            .collect();
        let [list_marks, opening_marks] = [MarkRuns::LIST, MarkRuns::OPENING].map(|marks| MarkRuns::new(marks, folded.text().as_bytes()));
        let quotes = quotes(folded.text());
        let unticked = unticked(folded.text());
        let mut text = Self {
            lexicon,
            source,
            hits: Vec::with_capacity(folded.text().len() / 8),
            inside: vec![0; folded.text().len() / 64 + 1],
            folded,
            kinds: Default::default(),
            titles: Vec::new(),
            prose: Vec::new(),
            cues: Vec::new(),
            line_starts,
            list_marks,
            opening_marks,
            quotes,
            unticked,
            sentences: Vec::new(),
            bodies: Vec::new(),
        };
        text.find();
        text
    }

    /// Finds all terms, and gives each to those who will ask for it.
    fn find(&mut self) {
        let Self { lexicon, folded, hits, inside, kinds, titles, prose, cues, unticked, .. } = self;
        lexicon.terms.find(folded.text(), |pattern, span| {
            if unticked.hold(span) {
                return;
            }
            let hit = Hit { span, pattern };
            hits.push(hit);
            for at in span.start + 1..span.end {
                inside[at as usize / 64] |= 1 << (at % 64);
            }
            let (mut in_title, mut in_prose) = (false, false);
            for &(sense, scope) in lexicon.terms.senses(pattern) {
                match sense {
                    // of the concepts of a term the first that may stand here
                    Sense::Concept(concept) => {
                        if scope.admits(true) && !std::mem::replace(&mut in_title, true) {
                            titles.push(Mention { span, concept });
                        }
                        if scope.admits(false) && !std::mem::replace(&mut in_prose, true) {
                            prose.push(Mention { span, concept });
                        }
                    }
                    Sense::Cue(cue) => push_cue(cues, span, cue),
                    _ => {}
                }
                if let Some(kind) = Kind::of(sense, lexicon) {
                    let list = &mut kinds[kind as usize];
                    if list.last().is_none_or(|last| last.span != span) {
                        list.push(hit);
                    }
                }
            }
        });
        longest(lexicon, titles);
        longest(lexicon, prose);
        cues.retain(|(_, c)| lexicon.cue(*c).means != Means::Pseudo);
    }

    /// Keeps the sentences of the parts that the text was cut into: all stages go through them.
    pub(crate) fn keep_sentences(&mut self, parts: &[Part]) {
        let mut all = Vec::with_capacity(self.text().len() / 32);
        let mut bodies = Vec::with_capacity(parts.len());
        for part in parts {
            let from = all.len() as u32;
            all.extend(sentences(self.text(), part.body));
            bodies.push((part.body, from, all.len() as u32));
        }
        (self.sentences, self.bodies) = (all, bodies);
    }

    /// The sentences of a range of the folded text.
    pub(crate) fn sentences(&self, range: Span) -> impl Iterator<Item = Span> + '_ {
        let from = self.bodies.partition_point(|(body, ..)| body.start < range.start);
        let kept = self.bodies[from..].iter().take_while(|(body, ..)| body.start == range.start).find(|(body, ..)| *body == range);
        let (own, other) = match kept {
            Some((_, from, to)) => (&self.sentences[*from as usize..*to as usize], None),
            None => (&[][..], Some(sentences(self.text(), range))),
        };
        own.iter().copied().chain(other.into_iter().flatten())
    }

    /// The folded text.
    pub(crate) fn text(&self) -> &str {
        self.folded.text()
    }

    /// The whole folded text.
    pub(crate) fn whole(&self) -> Span {
        Span::new(0, self.text().len() as u32)
    }

    /// The words of a folded span; nothing for an empty or a crossed one.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text().get(span.range()).unwrap_or_default()
    }

    /// The source span of a folded span.
    pub(crate) fn to_source(&self, span: Span) -> Span {
        self.folded.to_source(self.source, span)
    }

    /// Whether a folded offset lies between double quotes.
    pub(crate) fn is_quoted(&self, at: u32) -> bool {
        self.quotes.reach(at.saturating_sub(1)) > at && at > 0
    }

    /// Whether a folded offset lies behind an unticked box.
    pub(crate) fn is_unticked(&self, at: u32) -> bool {
        self.unticked.reach(at) > at
    }

    /// Whether a source line starts at this folded offset.
    pub(crate) fn starts_line(&self, at: u32) -> bool {
        self.line_starts.binary_search(&at).is_ok()
    }

    /// Whether a line starts at a folded offset that its writer, not the margin, began: behind list marks at most.
    pub(crate) fn starts_paragraph(&self, at: u32) -> bool {
        let bytes = self.text().as_bytes();
        let outer = self.list_marks.before(bytes, at as usize);
        let number = outer - bytes[..outer].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let inner = self.opening_marks.before(bytes, number);
        inner == 0 || bytes[inner - 1] == b'\n'
    }

    pub(crate) fn line_starts(&self) -> &[u32] {
        &self.line_starts
    }

    /// The hits that start in a folded range and end in it.
    pub(crate) fn hits(&self, range: Span) -> impl Iterator<Item = Hit> + '_ {
        inside(&self.hits, range)
    }

    /// Concepts read in a range, of a title or of prose: of overlapping terms the longest, earliest first; each word read
    /// once.
    pub(crate) fn read(&self, range: Span, title: bool) -> Cow<'_, [Mention]> {
        let all = if title { &self.titles } else { &self.prose };
        self.cut(all, |m| m.span, range).map_or_else(|| self.find_mentions(range, title).into(), Cow::Borrowed)
    }

    /// Cues in a range, each with its span; of overlapping cues the longest, and none of those that only look like one.
    pub(crate) fn judgements(&self, range: Span) -> Cow<'_, [(Span, CueId)]> {
        self.cut(&self.cues, |c| c.0, range).map_or_else(|| self.find_cues(range).into(), Cow::Borrowed)
    }

    /// [`Text::read`] into a buffer.
    pub(crate) fn mentions(&self, range: Span, title: bool, out: &mut Vec<Mention>) {
        out.clear();
        out.extend_from_slice(&self.read(range, title));
    }

    /// [`Text::judgements`] into a buffer.
    pub(crate) fn cues(&self, range: Span, out: &mut Vec<(Span, CueId)>) {
        out.clear();
        out.extend_from_slice(&self.judgements(range));
    }

    /// What of a reading of the whole text lies in a range; `None` if a term lies across one of its borders, since a
    /// shorter one may then be read inside.
    fn cut<'t, T>(&self, all: &'t [T], span: impl Fn(&T) -> Span, range: Span) -> Option<&'t [T]> {
        let crossed = |at: u32| self.inside.get(at as usize / 64).is_some_and(|bits| bits >> (at % 64) & 1 == 1);
        if range.is_empty() || crossed(range.start) || crossed(range.end) {
            return None;
        }
        let before = |at: u32| all.partition_point(|x| span(x).start < at);
        Some(&all[before(range.start)..before(range.end)])
    }

    fn find_mentions(&self, range: Span, title: bool) -> Vec<Mention> {
        let mut out = Vec::new();
        for hit in self.hits(range) {
            for &(sense, scope) in self.lexicon.terms.senses(hit.pattern) {
                let Sense::Concept(concept) = sense else { continue };
                if scope.admits(title) {
                    out.push(Mention { span: hit.span, concept });
                    break;
                }
            }
        }
        longest(self.lexicon, &mut out);
        out
    }

    fn find_cues(&self, range: Span) -> Vec<(Span, CueId)> {
        let mut out: Vec<(Span, CueId)> = Vec::new();
        for hit in self.hits(range) {
            for &(sense, _) in self.lexicon.terms.senses(hit.pattern) {
                let Sense::Cue(cue) = sense else { continue };
                push_cue(&mut out, hit.span, cue);
            }
        }
        out.retain(|(_, c)| self.lexicon.cue(*c).means != Means::Pseudo);
        out
    }

    /// The first meaning of each hit in a range that `pick` wants.
    pub(crate) fn senses<T: 'a>(&self, range: Span, pick: impl Fn(Sense) -> Option<T> + 'a) -> impl Iterator<Item = (Span, T)> + '_
    where
        'a: 'a,
    {
        self.pick(self.hits(range), pick)
    }

    /// [`Text::senses`] of one kind.
    pub(crate) fn of_kind<T: 'a>(
        &self,
        kind: Kind,
        range: Span,
        pick: impl Fn(Sense) -> Option<T> + 'a,
    ) -> impl Iterator<Item = (Span, T)> + '_
    where
        'a: 'a,
    {
        self.pick(inside(&self.kinds[kind as usize], range), pick)
    }

    fn pick<T>(&self, hits: impl Iterator<Item = Hit>, pick: impl Fn(Sense) -> Option<T>) -> impl Iterator<Item = (Span, T)> {
        let terms = &self.lexicon.terms;
        hits.filter_map(move |h| terms.senses(h.pattern).iter().find_map(|(s, _)| pick(*s)).map(|t| (h.span, t)))
    }

    /// [`Text::hits`] of one kind.
    pub(crate) fn hits_of(&self, kind: Kind, range: Span) -> impl Iterator<Item = Hit> + '_ {
        inside(&self.kinds[kind as usize], range)
    }

    /// The hits of one kind in the whole text.
    pub(crate) fn all_of(&self, kind: Kind) -> &[Hit] {
        &self.kinds[kind as usize]
    }

    /// Headings in a range.
    pub(crate) fn headings(&self, range: Span) -> impl Iterator<Item = (Span, SectionId)> + '_ {
        self.of_kind(Kind::Heading, range, |s| match s {
            Sense::Section(id) => Some(id),
            _ => None,
        })
    }
}

/// The hits that start in a range and end in it, of some that are sorted by start.
fn inside(hits: &[Hit], range: Span) -> impl Iterator<Item = Hit> + '_ {
    let from = hits.partition_point(|h| h.span.start < range.start);
    hits[from..].iter().copied().take_while(move |h| h.span.start < range.end).filter(move |h| h.span.end <= range.end)
}

/// Adds a cue unless it lies inside the one before.
fn push_cue(cues: &mut Vec<(Span, CueId)>, span: Span, cue: CueId) {
    if cues.last().is_none_or(|(last, _)| !last.contains(span)) {
        cues.push((span, cue));
    }
}

/// Long runs of marks, each from its first to its end: what stands before them is found without going through all of
/// them once for every place in them.
struct MarkRuns {
    marks: &'static [u8],
    runs: Vec<(usize, usize)>,
}

impl MarkRuns {
    const LONG: usize = 64;
    /// What may stand before the words of a list, and of that what may stand before its number.
    const LIST: &'static [u8] = b" *#>-_().";
    const OPENING: &'static [u8] = b" *#>-_(";

    fn new(marks: &'static [u8], bytes: &[u8]) -> Self {
        let mut runs = Vec::new();
        let mut at = 0;
        // a long run has a mark at one of every so many places
        while at < bytes.len() {
            if marks.contains(&bytes[at]) {
                let start = at - bytes[..at].iter().rev().take_while(|b| marks.contains(b)).count();
                at += bytes[at..].iter().take_while(|b| marks.contains(b)).count();
                runs.push((start, at));
            }
            at += Self::LONG;
        }
        runs.retain(|(start, end)| end - start >= Self::LONG);
        Self { marks, runs }
    }

    /// Where the run of marks that ends at a place begins.
    fn before(&self, bytes: &[u8], at: usize) -> usize {
        match self.runs.partition_point(|(start, _)| *start < at).checked_sub(1).map(|i| self.runs[i]) {
            Some((start, end)) if at <= end => start,
            _ => at - bytes[..at].iter().rev().take_while(|b| self.marks.contains(b)).count(),
        }
    }
}

/// Stretches of several words between double quotes of one paragraph; a quote behind a digit is a mark of inches.
fn quotes(text: &str) -> Stretches {
    let mut out = Vec::new();
    let mut open: Option<usize> = None;
    for (at, _) in text.match_indices('"') {
        if at > 0 && text.as_bytes()[at - 1].is_ascii_digit() {
            continue;
        }
        match open.take() {
            Some(from) if !text[from..at].contains("\n\n") => {
                if text[from..at].split_whitespace().count() > 3 {
                    out.push(Span::new(from as u32, at as u32));
                }
            }
            _ => open = Some(at),
        }
    }
    // a block quotation: lines that begin with ">"
    if !text.contains('>') {
        return Stretches::new(out);
    }
    let mut at = 0;
    for paragraph in text.split_inclusive("\n\n") {
        if paragraph.trim_start_matches('\n').starts_with('>') {
            out.push(Span::new(at.max(1) - 1, at + paragraph.len() as u32));
        }
        at += paragraph.len() as u32;
    }
    Stretches::new(out)
}

/// What stands behind an empty box, up to the next box or the end of the line: "[ ] with  [x] without". Boxes that
/// follow their words instead are left alone.
fn unticked(text: &str) -> Stretches {
    const BOXES: [char; 4] = ['[', '\u{2610}', '\u{2611}', '\u{2612}'];
    let mut out: Vec<Span> = Vec::new();
    let bytes = text.as_bytes();
    // start of the line, whether there was a box in it, and where the stretch behind the last mark ends
    let (mut line, mut boxed, mut end) = (0, false, 0);
    // 0xe2 begins the drawn box
    for (at, byte) in bytes.iter().enumerate().filter(|(_, b)| matches!(b, b'[' | b'(' | b'\n' | 0xe2)) {
        if *byte == b'\n' {
            (line, boxed) = (at + 1, false);
            continue;
        }
        // the first box of a line has no label before it
        let first = !boxed;
        boxed |= matches!(bytes[at..], [b'[', ..] | [0xe2, 0x98, 0x90..=0x92, ..]);
        let start = match bytes[at..] {
            [b'[', b' ' | b'_', b']', ..] | [b'(', b' ', b')', ..] | [0xe2, 0x98, 0x90, ..] => at + 3,
            [b'[', b']', ..] => at + 2,
            _ => continue,
        };
        if end < start {
            end = text[start..].find(|c| c == '\n' || BOXES.contains(&c)).map_or(text.len(), |n| start + n);
        }
        let before = text[..at].trim_end_matches(' ').chars().next_back();
        let leads = !first || matches!(before, None | Some(':' | '\n' | ',' | '*' | '-')) || text[line..at].trim().is_empty();
        if leads {
            out.push(Span::new(start as u32, end as u32));
        }
    }
    Stretches::new(out)
}

/// Keeps of overlapping mentions the longest, words that name something before words that only surround it; `all` is
/// sorted by start, the longer first.
fn longest(lexicon: &Lexicon, all: &mut Vec<Mention>) {
    let modality = lexicon.known.modality;
    let rank = |c: ConceptId| match lexicon.concept(c).role {
        // a hint that tells more than its modality names something: "fetal heart rate"
        Role::Hint if lexicon.concept(c).sets.iter().any(|(axis, _)| axis != modality) => 1,
        Role::Acquisition
        | Role::Hint
        | Role::Coverage
        | Role::Given
        | Role::Unit
        | Role::Number
        | Role::AtLeast
        | Role::AtMost
        | Role::LessThan
        | Role::Or => 0,
        // "before and after the injection" holds "after the injection"
        Role::WithoutAndWith | Role::WithAndWithout => 2,
        _ => 1,
    };
    let weight = |m: &Mention| (rank(m.concept), m.span.len());
    let mut kept = 0;
    for i in 0..all.len() {
        let m = all[i];
        while kept > 0 && all[kept - 1].span.overlaps(m.span) && weight(&all[kept - 1]) < weight(&m) {
            kept -= 1;
        }
        if kept == 0 || !all[kept - 1].span.overlaps(m.span) {
            all[kept] = m;
            kept += 1;
        }
    }
    all.truncate(kept);
}
