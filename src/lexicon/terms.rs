//! All terms of a lexicon with their senses.

use std::collections::HashMap;
use std::ops::Range;

use super::model::{Concept, Sense};
use super::trie::Matcher;
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

/// The terms, frozen.
#[derive(Debug)]
pub struct Terms {
    patterns: Vec<Box<str>>,
    /// Senses of pattern `i`: `senses[first[i]..first[i + 1]]`.
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
        self.patterns.iter().map(|p| &**p)
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
        let (mut patterns, mut first, mut frozen) = (Vec::with_capacity(all.len()), vec![0], Vec::new());
        let mut titles = Vec::new();
        for (term, mut senses) in all {
            if let Some(order) = self.ambiguous.get(&term) {
                senses.sort_by_key(|(s, ..)| order.iter().position(|o| o == s).unwrap_or(order.len()));
            }
            let in_titles = senses.iter().any(|(s, scope, ..)| matches!(s, Sense::Concept(_)) && scope.admits(true));
            if in_titles {
                titles.push(patterns.len() as u32);
            }
            patterns.push(term.into_boxed_str());
            frozen.extend(senses.into_iter().map(|(s, scope, ..)| (s, scope)));
            first.push(frozen.len() as u32);
        }
        let vocabulary = Vocabulary::new(titles.into_iter().map(|i| (&*patterns[i as usize], i)), &patterns);
        Terms { matcher: Matcher::new(&vocabulary.words, &patterns), patterns, first, senses: frozen, vocabulary }
    }
}
