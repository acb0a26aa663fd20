//! All terms of a lexicon in one automaton, and the words of titles in one table.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::model::{Concept, Sense};
use super::vocabulary::Vocabulary;
use crate::text::Span;

/// Where a term may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In titles and in sentences.
    Any,
    /// In exam titles and charge lines only.
    Title,
    /// In sentences only.
    Prose,
}

impl Scope {
    /// Whether a term of this scope is read in a title (`true`) or a sentence (`false`).
    #[must_use]
    pub const fn admits(self, title: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Title => title,
            Self::Prose => !title,
        }
    }
}

/// Which automaton to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Nothing to build: for one report.
    Small,
    /// Quick to search: for many reports, from about 4 MB on.
    Fast,
}

/// The terms, frozen.
#[derive(Debug)]
pub struct Terms {
    patterns: Vec<Box<str>>,
    /// Senses of pattern `i`: `senses[first[i]..first[i + 1]]`.
    first: Vec<u32>,
    senses: Vec<(Sense, Scope)>,
    /// First pattern that begins with a byte, and one past the last: patterns are sorted.
    buckets: Vec<(u32, u32)>,
    /// For many reports; one report is searched in the sorted patterns, which need no building.
    automaton: Option<AhoCorasick>,
    pub(crate) vocabulary: Vocabulary,
}

impl Terms {
    /// Every occurrence of every term that stands on word borders of folded text: pattern and span. Overlapping.
    pub(crate) fn find(&self, folded: &str, mut found: impl FnMut(u32, Span)) {
        let bytes = folded.as_bytes();
        if let Some(automaton) = &self.automaton {
            for m in automaton.find_overlapping_iter(folded) {
                if is_border(bytes, m.start()) && is_border(bytes, m.end()) {
                    found(m.pattern().as_u32(), Span::new(m.start() as u32, m.end() as u32));
                }
            }
            return;
        }
        for start in 0..bytes.len() {
            if bytes[start] == b' ' || !is_border(bytes, start) {
                continue;
            }
            let (mut low, mut high) = self.buckets[bytes[start] as usize];
            let mut end = start;
            while low < high {
                // to the next border that can end a term
                end += 1;
                while end < bytes.len() && (bytes[end - 1] == b' ' || !is_border(bytes, end)) {
                    end += 1;
                }
                if end > bytes.len() {
                    break;
                }
                let prefix = &bytes[start..end];
                (low, high) = self.narrow(low, high, prefix);
                if low < high && self.patterns[low as usize].len() == prefix.len() {
                    found(low, Span::new(start as u32, end as u32));
                    low += 1;
                }
            }
        }
    }

    /// The patterns of a sorted range that begin with `prefix`.
    fn narrow(&self, low: u32, high: u32, prefix: &[u8]) -> (u32, u32) {
        let range = &self.patterns[low as usize..high as usize];
        let head = |p: &str| p.len().min(prefix.len());
        let from = range.partition_point(|p| p.as_bytes()[..head(p)] < *prefix);
        let to = from + range[from..].partition_point(|p| p.as_bytes()[..head(p)] == *prefix);
        (low + from as u32, low + to as u32)
    }

    /// Number of raw, unfiltered matches of an automaton: the floor that a benchmark compares with. 0 without one.
    #[must_use]
    pub fn scan(&self, folded: &str) -> usize {
        self.automaton.as_ref().map_or(0, |a| a.find_overlapping_iter(folded).map(|m| m.start() & 1).sum())
    }

    /// The senses of a pattern.
    pub(crate) fn senses(&self, pattern: u32) -> &[(Sense, Scope)] {
        let (a, b) = (self.first[pattern as usize], self.first[pattern as usize + 1]);
        &self.senses[a as usize..b as usize]
    }

    /// A pattern's folded text.
    pub(crate) fn pattern(&self, pattern: u32) -> &str {
        &self.patterns[pattern as usize]
    }

    /// Number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Terms of a sense, in order.
    pub(crate) fn of(&self, sense: Sense) -> impl Iterator<Item = (&str, Scope)> + '_ {
        (0..self.patterns.len() as u32)
            .flat_map(move |p| self.senses(p).iter().filter(move |(s, _)| *s == sense).map(move |(_, scope)| (self.pattern(p), *scope)))
    }

    /// Builds the automaton, or does without, for the other trade-off of start-up and speed.
    pub(crate) fn use_engine(&mut self, engine: Engine) {
        self.automaton = (engine == Engine::Fast).then(|| {
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::DFA))
                .match_kind(MatchKind::Standard)
                .build(self.patterns.iter().map(|p| p.as_bytes()))
                .expect("patterns of a lexicon fit the automaton")
        });
    }
}

/// Whether a place of folded text lies outside of words: a term may begin and end there.
fn is_border(bytes: &[u8], at: usize) -> bool {
    let inside = |i: usize| bytes[i].is_ascii_alphanumeric() || !bytes[i].is_ascii();
    at == 0 || at == bytes.len() || !(inside(at) && inside(at - 1))
}

/// A sense of a term as it was declared: file and bytes.
type Declared = (Sense, Scope, usize, Range<usize>);

/// Collects terms while a lexicon is built.
#[derive(Default)]
pub(super) struct TermsBuilder {
    terms: HashMap<String, Vec<Declared>>,
    /// Terms declared ambiguous, with their senses as ranked by the declaration.
    ambiguous: HashMap<String, Vec<Sense>>,
}

impl TermsBuilder {
    pub(super) fn add(&mut self, term: String, sense: Sense, scope: Scope, file: usize, span: Range<usize>) {
        let senses = self.terms.entry(term).or_default();
        if !senses.iter().any(|(s, c, ..)| *s == sense && *c == scope) {
            senses.push((sense, scope, file, span));
        }
    }

    /// Declares that a term is ambiguous; where nothing else decides, the first sense is read.
    pub(super) fn declare(&mut self, term: &str, senses: Vec<Sense>) {
        self.ambiguous.insert(term.to_owned(), senses);
    }

    /// Terms that stand under two concepts for one scope without being declared ambiguous: term, file, bytes, the
    /// other concept's id.
    pub(super) fn clashes(&self, concepts: &[Concept]) -> Vec<(String, usize, Range<usize>, String)> {
        let mut out = Vec::new();
        for (term, senses) in &self.terms {
            if self.ambiguous.contains_key(term) {
                continue;
            }
            let mut of_concepts = senses.iter().filter_map(|(s, scope, file, span)| match s {
                Sense::Concept(c) => Some((c, scope, *file, span)),
                _ => None,
            });
            let Some(first) = of_concepts.next() else { continue };
            for other in of_concepts {
                let apart = matches!((first.1, other.1), (Scope::Title, Scope::Prose) | (Scope::Prose, Scope::Title));
                if first.0 != other.0 && !apart {
                    out.push((term.clone(), other.2, other.3.clone(), concepts[first.0.0 as usize].id.to_string()));
                }
            }
        }
        out.sort_by_key(|a| (a.1, a.2.start));
        out
    }

    pub(super) fn build(self) -> Terms {
        let mut all: Vec<(String, Vec<Declared>)> = self.terms.into_iter().collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        let mut terms = Terms {
            patterns: Vec::with_capacity(all.len()),
            first: vec![0],
            senses: Vec::new(),
            buckets: vec![(0, 0); 256],
            automaton: None,
            vocabulary: Vocabulary::default(),
        };
        for (term, mut senses) in all {
            if let Some(order) = self.ambiguous.get(&term) {
                senses.sort_by_key(|(s, ..)| order.iter().position(|o| o == s).unwrap_or(order.len()));
            }
            let in_titles = senses.iter().any(|(s, scope, ..)| matches!(s, Sense::Concept(_)) && scope.admits(true));
            if in_titles {
                terms.vocabulary.add(&term, terms.patterns.len() as u32);
            }
            let bucket = &mut terms.buckets[term.as_bytes()[0] as usize];
            let n = terms.patterns.len() as u32;
            *bucket = (if bucket.1 == 0 { n } else { bucket.0 }, n + 1);
            terms.patterns.push(term.into());
            terms.senses.extend(senses.into_iter().map(|(s, scope, ..)| (s, scope)));
            terms.first.push(terms.senses.len() as u32);
        }
        terms.vocabulary.freeze();
        terms
    }
}
