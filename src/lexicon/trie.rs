//! Words as numbers, and terms as paths of words: one pass over the words of a text finds every term.

use rustc_hash::FxHashMap;

use serde::{Deserialize, Serialize};

use crate::text::Span;

/// The number of a word.
pub(crate) type WordId = u32;

/// Every word that terms are made of, numbered in the order in which they came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Words {
    ids: FxHashMap<Box<str>, WordId>,
}

impl Words {
    /// The number of a word, which is given one if it has none.
    pub(super) fn add(&mut self, word: &str) -> WordId {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.ids.len() as WordId;
        self.ids.insert(word.into(), id);
        id
    }

    pub(super) fn get(&self, word: &str) -> Option<WordId> {
        self.ids.get(word).copied()
    }

    /// All words, by number.
    pub(super) fn all(&self) -> Vec<&str> {
        let mut out = vec![""; self.ids.len()];
        for (word, id) in &self.ids {
            out[*id as usize] = word;
        }
        out
    }
}

/// Paths of labels, frozen: the edges of a node stand side by side, by label.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Trie {
    /// A label, and the node that it leads to.
    edges: Vec<(u32, u32)>,
    /// Edges of node `n`: `first[n]..first[n + 1]`.
    first: Vec<u32>,
    /// What ends at a node, or `NONE`.
    ends: Vec<u32>,
    /// The nodes behind the root by label, or `NONE`: most steps of a search are first steps.
    roots: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// A trie as it grows.
pub(super) struct Growing {
    nodes: FxHashMap<(u32, u32), u32>,
    ends: Vec<u32>,
}

impl Growing {
    pub(super) fn new() -> Self {
        Self { nodes: FxHashMap::default(), ends: vec![NONE] }
    }

    /// Adds a path and what ends there; of equal paths the last one holds.
    pub(super) fn add(&mut self, path: impl Iterator<Item = u32>, end: u32) {
        let mut node = 0;
        for label in path {
            let next = self.ends.len() as u32;
            node = *self.nodes.entry((node, label)).or_insert(next);
            if node == next {
                self.ends.push(NONE);
            }
        }
        self.ends[node as usize] = end;
    }

    pub(super) fn freeze(self) -> Trie {
        let Self { nodes, ends } = self;
        let mut first = vec![0; ends.len() + 1];
        for (from, _) in nodes.keys() {
            first[*from as usize + 1] += 1;
        }
        for node in 1..first.len() {
            first[node] += first[node - 1];
        }
        let mut next = first.clone();
        let mut edges = vec![(0, 0); nodes.len()];
        for ((from, label), to) in nodes {
            edges[next[from as usize] as usize] = (label, to);
            next[from as usize] += 1;
        }
        for node in first.windows(2) {
            edges[node[0] as usize..node[1] as usize].sort_unstable();
        }
        let of_root = &edges[..first[1] as usize];
        let mut roots = vec![NONE; of_root.last().map_or(0, |(label, _)| *label as usize + 1)];
        for (label, to) in of_root {
            roots[*label as usize] = *to;
        }
        Trie { edges, first, ends, roots }
    }
}

impl Trie {
    /// The node behind `node` by a label, if paths go on that way.
    pub(super) fn step(&self, node: u32, label: u32) -> Option<u32> {
        if node == 0 {
            return self.roots.get(label as usize).copied().filter(|n| *n != NONE);
        }
        let edges = &self.edges[self.first[node as usize] as usize..self.first[node as usize + 1] as usize];
        edges.binary_search_by_key(&label, |e| e.0).ok().map(|i| edges[i].1)
    }

    /// What ends at a node.
    pub(super) fn end(&self, node: u32) -> Option<u32> {
        Some(self.ends[node as usize]).filter(|e| *e != NONE)
    }
}

/// A word of folded text, a run of letters and digits or one mark, that the lexicon has.
#[derive(Clone, Copy)]
struct Known {
    span: Span,
    word: WordId,
    /// Place behind the word before it.
    before: u32,
}

impl Known {
    /// What leads to it from the word before it: terms have no more than one blank in a place.
    fn label(self) -> Option<u32> {
        let blanks = self.span.start - self.before;
        (blanks < 2).then_some(self.word * 2 + blanks)
    }
}

/// The words of folded text, `None` for one that the lexicon does not have.
fn cut<'t>(words: &'t Words, text: &'t str) -> impl Iterator<Item = Option<Known>> + 't {
    let mut at = 0;
    std::iter::from_fn(move || {
        let before = at as u32;
        let (start, end) = next_word(text.as_bytes(), at)?;
        at = end;
        let span = Span::new(start as u32, end as u32);
        Some(words.get(&text[start..end]).map(|word| Known { span, word, before }))
    })
}

/// The word at a place of folded text or behind blanks: where it begins and ends.
fn next_word(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at + bytes.get(at..)?.iter().position(|b| *b != b' ')?;
    let rest = &bytes[start + 1..];
    let more = if is_inside(bytes[start]) { rest.iter().position(|b| !is_inside(*b)).unwrap_or(rest.len()) } else { 0 };
    Some((start, start + 1 + more))
}

/// Whether a byte of folded text belongs to a word of several: a term may not begin or end between two such bytes.
fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// The terms of a lexicon, to be found in folded text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Matcher(Trie);

impl Matcher {
    /// Of folded terms, whose words are given numbers; the place of a term is its pattern.
    pub(super) fn new(words: &mut Words, terms: &[Box<str>]) -> Self {
        let mut trie = Growing::new();
        for (term, pattern) in terms.iter().zip(0..) {
            let mut at = 0;
            let path = std::iter::from_fn(|| {
                let (start, end) = next_word(term.as_bytes(), at)?;
                let blanks = (start - at) as u32;
                at = end;
                Some(words.add(&term[start..end]) * 2 + blanks)
            });
            trie.add(path, pattern);
        }
        Self(trie.freeze())
    }

    /// Every occurrence of every term that stands on word borders: pattern and span, by start, the longer first.
    pub(super) fn find(&self, words: &Words, folded: &str, mut found: impl FnMut(u32, Span)) {
        let mut text: Vec<Option<Known>> = Vec::with_capacity(folded.len() / 4); // words are longer, marks shorter
        text.extend(cut(words, folded));
        let mut here: Vec<(u32, Span)> = Vec::new();
        for (i, first) in text.iter().enumerate() {
            let Some(first) = first else { continue };
            let mut node = self.0.step(0, first.word * 2);
            let mut last = first;
            let mut rest = text[i + 1..].iter();
            while let Some(at) = node {
                if let Some(pattern) = self.0.end(at) {
                    here.push((pattern, first.span.join(last.span)));
                }
                let Some(Some(next)) = rest.next() else { break };
                node = next.label().and_then(|label| self.0.step(at, label));
                last = next;
            }
            here.drain(..).rev().for_each(|(pattern, span)| found(pattern, span));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(terms: &[&str], text: &str) -> Vec<String> {
        let mut words = Words::default();
        let boxed: Vec<Box<str>> = terms.iter().map(|t| (*t).into()).collect();
        let mut out = Vec::new();
        Matcher::new(&mut words, &boxed).find(&words, text, |pattern, span| {
            assert_eq!(terms[pattern as usize], &text[span.range()]);
            out.push(terms[pattern as usize].to_owned());
        });
        out
    }

    #[test]
    fn terms_are_found_on_word_borders_with_their_own_blanks() {
        let terms = ["c spine", "spine", "w/o", "w", "c", "(c-)", "1½", "o 2"];
        assert_eq!(found(&terms, "c spine w/o"), ["c spine", "c", "spine", "w/o", "w"]);
        assert_eq!(found(&terms, "spines, c-spine c  spine w /o"), ["c", "spine", "c", "spine", "w"]);
        assert_eq!(found(&terms, "(c-) 1½ é1½"), ["(c-)", "c", "1½"]);
        assert_eq!(found(&terms, ""), [""; 0]);
    }
}
