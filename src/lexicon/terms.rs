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
    /// Quick to build: for one report.
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
    automaton: AhoCorasick,
    pub(crate) vocabulary: Vocabulary,
}

impl Terms {
    /// Every occurrence of every term that stands on word borders of folded text: pattern and span. Overlapping.
    pub(crate) fn find<'a>(&'a self, folded: &'a str) -> impl Iterator<Item = (u32, Span)> + 'a {
        let bytes = folded.as_bytes();
        self.automaton.find_overlapping_iter(folded).filter_map(move |m| {
            let (start, end) = (m.start(), m.end());
            let inside = |i: usize| bytes[i].is_ascii_alphanumeric() || !bytes[i].is_ascii();
            let clipped = (start > 0 && inside(start) && inside(start - 1)) || (end < bytes.len() && inside(end) && inside(end - 1));
            (!clipped).then(|| (m.pattern().as_u32(), Span::new(start as u32, end as u32)))
        })
    }

    /// Number of raw, unfiltered automaton matches: the floor that a benchmark compares with.
    #[must_use]
    pub fn scan(&self, folded: &str) -> usize {
        self.automaton.find_overlapping_iter(folded).map(|m| m.start() & 1).sum()
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

    /// Rebuilds the automaton for the other trade-off of build time and speed.
    pub(crate) fn use_engine(&mut self, engine: Engine) {
        self.automaton = automaton(&self.patterns, engine);
    }
}

fn automaton(patterns: &[Box<str>], engine: Engine) -> AhoCorasick {
    AhoCorasick::builder()
        .kind(Some(match engine {
            Engine::Small => AhoCorasickKind::ContiguousNFA,
            Engine::Fast => AhoCorasickKind::DFA,
        }))
        .match_kind(MatchKind::Standard)
        .build(patterns.iter().map(|p| p.as_bytes()))
        .expect("patterns of a lexicon fit the automaton")
}

/// A sense of a term as it was declared: file and bytes.
type Declared = (Sense, Scope, usize, Range<usize>);

/// Collects terms while a lexicon is built.
#[derive(Default)]
pub(super) struct TermsBuilder {
    terms: HashMap<String, Vec<Declared>>,
    ambiguous: std::collections::HashSet<String>,
}

impl TermsBuilder {
    pub(super) fn add(&mut self, term: String, sense: Sense, scope: Scope, file: usize, span: Range<usize>) {
        let senses = self.terms.entry(term).or_default();
        if !senses.iter().any(|(s, c, ..)| *s == sense && *c == scope) {
            senses.push((sense, scope, file, span));
        }
    }

    pub(super) fn declare(&mut self, term: &str) {
        self.ambiguous.insert(term.to_owned());
    }

    /// Terms that stand under two concepts for one scope without being declared ambiguous: term, file, bytes, the
    /// other concept's id.
    pub(super) fn clashes(&self, concepts: &[Concept]) -> Vec<(String, usize, Range<usize>, String)> {
        let mut out = Vec::new();
        for (term, senses) in &self.terms {
            if self.ambiguous.contains(term) {
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
            automaton: AhoCorasick::new::<_, &str>([]).expect("an empty automaton"),
            vocabulary: Vocabulary::default(),
        };
        for (term, senses) in all {
            let in_titles = senses.iter().any(|(s, scope, ..)| matches!(s, Sense::Concept(_)) && scope.admits(true));
            if in_titles {
                terms.vocabulary.add(&term, terms.patterns.len() as u32);
            }
            terms.patterns.push(term.into());
            terms.senses.extend(senses.into_iter().map(|(s, scope, ..)| (s, scope)));
            terms.first.push(terms.senses.len() as u32);
        }
        terms.vocabulary.freeze();
        terms.automaton = automaton(&terms.patterns, Engine::Small);
        terms
    }
}
