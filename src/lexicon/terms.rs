//! All terms of a lexicon with their senses.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::model::{Concept, Sense};
use super::packed::{Strings, table};
use super::trie::Matcher;
use super::vocabulary::Vocabulary;
use crate::text::Span;

/// Where a term may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// The terms, frozen.
#[derive(Debug, Serialize, Deserialize)]
pub struct Terms {
    patterns: Strings,
    /// Senses of pattern `i`: `senses[first[i]..first[i + 1]]`.
    #[serde(with = "table")]
    first: Vec<u32>,
    senses: Vec<(Sense, Scope)>,
    matcher: Matcher,
    pub(crate) vocabulary: Vocabulary,
}

impl Terms {
    /// Every occurrence of every term that stands on word borders of folded text: pattern and span, by start, the
    /// longer first. Overlapping.
    pub fn find(&self, folded: &str, found: impl FnMut(u32, Span)) {
        self.matcher.find(&self.vocabulary.words, folded, found);
    }

    /// The terms, folded; the place of a term is its pattern.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter()
    }

    /// The senses of a pattern.
    pub(crate) fn senses(&self, pattern: u32) -> &[(Sense, Scope)] {
        let (a, b) = (self.first[pattern as usize], self.first[pattern as usize + 1]);
        &self.senses[a as usize..b as usize]
    }

    /// A pattern's folded text.
    pub(crate) fn pattern(&self, pattern: u32) -> &str {
        self.patterns.get(pattern as usize)
    }

    /// Number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.len() == 0
    }

    /// Terms of a sense, in order.
    pub(crate) fn of(&self, sense: Sense) -> impl Iterator<Item = (&str, Scope)> + '_ {
        (0..self.patterns.len() as u32)
            .flat_map(move |p| self.senses(p).iter().filter(move |(s, _)| *s == sense).map(move |(_, scope)| (self.pattern(p), *scope)))
    }
}

/// A sense of a term as it was declared: where, in file and bytes.
struct Declared {
    term: String,
    sense: Sense,
    scope: Scope,
    file: usize,
    span: Range<usize>,
}

/// Collects terms while a lexicon is built.
#[derive(Default)]
pub(super) struct TermsBuilder {
    declared: Vec<Declared>,
    /// Terms declared ambiguous, with their senses as ranked by the declaration.
    ambiguous: HashMap<String, Vec<Sense>>,
}

impl TermsBuilder {
    pub(super) fn add(&mut self, term: String, sense: Sense, scope: Scope, file: usize, span: Range<usize>) {
        self.declared.push(Declared { term, sense, scope, file, span });
    }

    /// Declares that a term is ambiguous; where nothing else decides, the first sense is read.
    pub(super) fn declare(&mut self, term: &str, senses: Vec<Sense>) {
        self.ambiguous.insert(term.to_owned(), senses);
    }

    /// Sorts the declarations by term, those of one term as they came, and calls for each term.
    fn each<'d>(declared: &'d mut [Declared], call: impl FnMut(&'d [Declared])) {
        declared.sort_by(|a, b| a.term.cmp(&b.term));
        declared.chunk_by(|a, b| a.term == b.term).for_each(call);
    }

    /// Terms that stand under two concepts for one scope without being declared ambiguous: term, file, bytes, the
    /// other concept's id.
    pub(super) fn clashes(&mut self, concepts: &[Concept]) -> Vec<(String, usize, Range<usize>, String)> {
        let mut out = Vec::new();
        Self::each(&mut self.declared, |declared| {
            let mut of_concepts = declared.iter().filter_map(|d| match d.sense {
                Sense::Concept(c) => Some((c, d)),
                _ => None,
            });
            let Some(first) = of_concepts.next() else { return };
            for (concept, d) in of_concepts {
                let apart = matches!((first.1.scope, d.scope), (Scope::Title, Scope::Prose) | (Scope::Prose, Scope::Title));
                if first.0 != concept && !apart && !self.ambiguous.contains_key(&d.term) {
                    out.push((d.term.clone(), d.file, d.span.clone(), concepts[first.0.0 as usize].id.to_string()));
                }
            }
        });
        out.sort_by_key(|a| (a.1, a.2.start));
        out
    }

    pub(super) fn build(mut self) -> Terms {
        let (mut patterns, mut first, mut senses) = (Vec::<&str>::new(), vec![0], Vec::<(Sense, Scope)>::new());
        let mut titles = Vec::new();
        Self::each(&mut self.declared, |declared| {
            let term = &declared[0].term;
            let from = senses.len();
            for d in declared {
                if !senses[from..].contains(&(d.sense, d.scope)) {
                    senses.push((d.sense, d.scope));
                }
            }
            if let Some(order) = self.ambiguous.get(term) {
                senses[from..].sort_by_key(|(s, _)| order.iter().position(|o| o == s).unwrap_or(order.len()));
            }
            if senses[from..].iter().any(|(s, scope)| matches!(s, Sense::Concept(_)) && scope.admits(true)) {
                titles.push(patterns.len() as u32);
            }
            patterns.push(term);
            first.push(senses.len() as u32);
        });
        let mut vocabulary = Vocabulary::new(titles.into_iter().map(|i| (patterns[i as usize], i)));
        let matcher = Matcher::new(&mut vocabulary.words, patterns.iter().copied());
        Terms { patterns: patterns.into_iter().collect(), first, senses, matcher, vocabulary }
    }
}
