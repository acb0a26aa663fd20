//! One report, folded and searched: every stage reads from here.

use std::borrow::Cow;

use crate::lexicon::model::{ConceptId, CueId, Means, Role, SectionId, Sense};
use crate::lexicon::{Lexicon, Scope};
use crate::text::{Folded, Span};

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

/// A report with all that its terms found.
pub(crate) struct Text<'a> {
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) source: &'a str,
    pub(crate) folded: Folded,
    /// By start, the longer first.
    hits: Vec<Hit>,
    /// Furthest end of the hits up to each.
    reach: Vec<u32>,
    /// What the whole text reads as a title, as prose, and for cues: most ranges that are asked for are cut from these.
    titles: Vec<Mention>,
    prose: Vec<Mention>,
    cues: Vec<(Span, CueId)>,
    /// Folded offsets of the starts of source lines.
    line_starts: Vec<u32>,
    /// Folded stretches between double quotes.
    quotes: Vec<Span>,
    /// Folded stretches behind a box that is not ticked.
    unticked: Vec<Span>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(lexicon: &'a Lexicon, source: &'a str) -> Self {
        let folded = Folded::new(source);
        let mut hits: Vec<Hit> = Vec::with_capacity(folded.text().len() / 8);
        lexicon.terms.find(folded.text(), |pattern, span| hits.push(Hit { span, pattern }));
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
        let quotes = quotes(folded.text());
        let unticked = unticked(folded.text());
        hits.retain(|h| !unticked.iter().any(|u| u.contains(h.span)));
        let reach = hits
            .iter()
            .scan(0, |reach: &mut u32, h| {
                *reach = h.span.end.max(*reach);
                Some(*reach)
            })
            .collect();
        let mut text = Self {
            lexicon,
            source,
            folded,
            hits,
            reach,
            titles: Vec::new(),
            prose: Vec::new(),
            cues: Vec::new(),
            line_starts,
            quotes,
            unticked,
        };
        text.titles = text.find_mentions(text.whole(), true);
        text.prose = text.find_mentions(text.whole(), false);
        text.cues = text.find_cues(text.whole());
        text
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
        self.quotes.iter().any(|q| q.start < at && at < q.end)
    }

    /// Whether a folded offset lies behind an unticked box.
    pub(crate) fn is_unticked(&self, at: u32) -> bool {
        self.unticked.iter().any(|u| u.start <= at && at < u.end)
    }

    /// Whether a source line starts at this folded offset.
    pub(crate) fn starts_line(&self, at: u32) -> bool {
        self.line_starts.binary_search(&at).is_ok()
    }

    /// Whether a line starts at a folded offset that its writer, not the margin, began: behind list marks at most.
    pub(crate) fn starts_paragraph(&self, at: u32) -> bool {
        let before = self.text()[..at as usize]
            .trim_end_matches([' ', '*', '#', '>', '-', '_', '(', ')', '.'])
            .trim_end_matches(|c: char| c.is_ascii_digit());
        let before = before.trim_end_matches([' ', '*', '#', '>', '-', '_', '(']);
        before.is_empty() || before.ends_with('\n')
    }

    pub(crate) fn line_starts(&self) -> &[u32] {
        &self.line_starts
    }

    /// The hits that start in a folded range and end in it.
    pub(crate) fn hits(&self, range: Span) -> impl Iterator<Item = Hit> + '_ {
        let from = self.hits.partition_point(|h| h.span.start < range.start);
        self.hits[from..].iter().copied().take_while(move |h| h.span.start < range.end).filter(move |h| h.span.end <= range.end)
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
        let crossed = |at: u32| self.hits.partition_point(|h| h.span.start < at).checked_sub(1).is_some_and(|i| self.reach[i] > at);
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
                if scope.admits(title) && (title || scope != Scope::Title) {
                    out.push(Mention { span: hit.span, concept });
                    break;
                }
            }
        }
        let modality = self.lexicon.known.modality;
        longest(&mut out, |c| match self.lexicon.concept(c).role {
            // a hint that tells more than its modality names something: "fetal heart rate"
            Role::Hint if self.lexicon.concept(c).sets.iter().any(|(axis, _)| axis != modality) => 1,
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
        });
        out
    }

    fn find_cues(&self, range: Span) -> Vec<(Span, CueId)> {
        let mut out: Vec<(Span, CueId)> = Vec::new();
        for hit in self.hits(range) {
            for &(sense, _) in self.lexicon.terms.senses(hit.pattern) {
                let Sense::Cue(cue) = sense else { continue };
                if out.last().is_none_or(|(last, _)| !last.contains(hit.span)) {
                    out.push((hit.span, cue));
                }
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
        self.hits(range).filter_map(move |h| self.lexicon.terms.senses(h.pattern).iter().find_map(|(s, _)| pick(*s)).map(|t| (h.span, t)))
    }

    /// Headings in a range.
    pub(crate) fn headings(&self, range: Span) -> impl Iterator<Item = (Span, SectionId)> + '_ {
        self.senses(range, |s| match s {
            Sense::Section(id) => Some(id),
            _ => None,
        })
    }
}

/// Stretches of several words between double quotes of one paragraph; a quote behind a digit is a mark of inches.
fn quotes(text: &str) -> Vec<Span> {
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
        return out;
    }
    let mut at = 0;
    for paragraph in text.split_inclusive("\n\n") {
        if paragraph.trim_start_matches('\n').starts_with('>') {
            out.push(Span::new(at.max(1) - 1, at + paragraph.len() as u32));
        }
        at += paragraph.len() as u32;
    }
    out
}

/// What stands behind an empty box, up to the next box or the end of the line: "[ ] with  [x] without". Boxes that
/// follow their words instead are left alone.
fn unticked(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    // 0xe2 begins the drawn box
    for (at, _) in text.bytes().enumerate().filter(|(_, b)| matches!(b, b'[' | b'(' | 0xe2)) {
        let mark = ["[ ]", "[_]", "[]", "( )", "\u{2610}"].into_iter().find(|mark| text[at..].starts_with(mark));
        let Some(start) = mark.map(|m| at + m.len()) else { continue };
        let before = text[..at].trim_end_matches(' ').chars().next_back();
        let end = text[start..].find(['[', '\n', '\u{2610}', '\u{2611}', '\u{2612}']).map_or(text.len(), |n| start + n);
        // the first box of a line has no label before it
        let line = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let first = !text[line..at].contains(['[', '\u{2610}', '\u{2611}', '\u{2612}']);
        let leads = !first || matches!(before, None | Some(':' | '\n' | ',' | '*' | '-')) || text[line..at].trim().is_empty();
        if leads {
            out.push(Span::new(start as u32, end as u32));
        }
    }
    out
}

/// Keeps of overlapping mentions the longest, words that name something before words that only surround it; `all` is
/// sorted by start, the longer first.
fn longest(all: &mut Vec<Mention>, rank: impl Fn(ConceptId) -> u8) {
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
