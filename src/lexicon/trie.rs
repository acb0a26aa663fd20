//! Words as numbers, and terms as paths of words: one pass over the words of a text finds every term.

use rustc_hash::FxHashMap;

use serde::{Deserialize, Serialize};

use super::packed::{Row, table};
use crate::text::Span;

/// The number of a word.
pub(crate) type WordId = u32;

/// Every word that terms are made of, numbered in the order in which they came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Words {
    /// Words that fit a key: nearly all of them are found without a look at another place of memory.
    short: FxHashMap<Key, WordId>,
    long: FxHashMap<Box<[u8]>, WordId>,
}

/// The bytes of a word of no more than 16, the others zero. No word but a lone NUL holds a zero byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Key(u64, u64);

impl Key {
    const MOST: usize = 16;

    /// Of a stretch of bytes.
    fn at(bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        if len > Self::MOST {
            return None;
        }
        let whole = match bytes[start..].first_chunk() {
            Some(ahead) => u128::from_le_bytes(*ahead) & (u128::MAX >> (8 * (Self::MOST - len))),
            None => bytes[start..end].iter().rev().fold(0, |key, b| key << 8 | u128::from(*b)),
        };
        Some(Self(whole as u64, (whole >> 64) as u64))
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.to_le_bytes().into_iter().chain(self.1.to_le_bytes()).take_while(|b| *b != 0)
    }
}

impl Words {
    /// The number of a word, which is given one if it has none.
    pub(super) fn add(&mut self, word: &str) -> WordId {
        let next = (self.short.len() + self.long.len()) as WordId;
        match Key::at(word.as_bytes(), 0, word.len()) {
            Some(key) => *self.short.entry(key).or_insert(next),
            None => *self.long.entry(word.as_bytes().into()).or_insert(next),
        }
    }

    pub(super) fn get(&self, word: &str) -> Option<WordId> {
        self.at(word.as_bytes(), 0, word.len())
    }

    /// The number of the word that a stretch of bytes spells.
    fn at(&self, bytes: &[u8], start: usize, end: usize) -> Option<WordId> {
        match Key::at(bytes, start, end) {
            Some(key) => self.short.get(&key),
            None => self.long.get(&bytes[start..end]),
        }
        .copied()
    }

    /// All words, by number.
    pub(super) fn all(&self) -> Vec<String> {
        let short = self.short.iter().map(|(key, id)| (key.bytes().collect(), *id));
        let long = self.long.iter().map(|(word, id)| (word.to_vec(), *id));
        let mut out: Vec<(Vec<u8>, WordId)> = short.chain(long).collect();
        out.sort_unstable_by_key(|(_, id)| *id);
        out.into_iter().map(|(word, _)| String::from_utf8_lossy(&word).into_owned()).collect()
    }
}

/// Paths of labels, frozen. The nodes behind a node stand side by side, by label.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Trie {
    #[serde(with = "table")]
    nodes: Vec<Node>,
    /// The nodes behind the root by label, or `NONE`: most steps of a search are first steps.
    #[serde(with = "table")]
    roots: Vec<u32>,
    /// A bit for every further step, at a place that it shares with few others: most steps that are tried lead nowhere,
    /// and are not searched for.
    #[serde(with = "table")]
    steps: Vec<u32>,
}

/// Bits to tell steps apart, and the place of a step among them: its word and bit.
const STEPS: u32 = 1 << 20;

const fn place(node: u32, label: u32) -> (usize, u32) {
    // two odd multipliers without a pattern in their bits
    let mixed = node.wrapping_mul(0x9e37_79b1) ^ label.wrapping_mul(0x85eb_ca6b);
    let bit = mixed.wrapping_mul(0xc2b2_ae35) >> (u32::BITS - STEPS.trailing_zeros());
    ((bit / u32::BITS) as usize, 1 << (bit % u32::BITS))
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// What leads here.
    label: u32,
    /// The first of the nodes behind; they reach up to the first of the next node's.
    first: u32,
    /// What ends here, or `NONE`.
    end: u32,
}

impl Row<3> for Node {
    fn pack(self) -> [u32; 3] {
        [self.label, self.first, self.end]
    }

    fn unpack([label, first, end]: [u32; 3]) -> Self {
        Self { label, first, end }
    }
}

const NONE: u32 = u32::MAX;

/// A trie as it grows.
pub(super) struct Growing {
    /// Label and node of each step on from a node.
    steps: Vec<FxHashMap<u32, u32>>,
    ends: Vec<u32>,
}

impl Growing {
    pub(super) fn new() -> Self {
        Self { steps: vec![FxHashMap::default()], ends: vec![NONE] }
    }

    /// Adds a path and what ends there; of equal paths the last one holds.
    pub(super) fn add(&mut self, path: impl Iterator<Item = u32>, end: u32) {
        let mut node = 0;
        for label in path {
            let next = self.ends.len() as u32;
            node = *self.steps[node as usize].entry(label).or_insert(next);
            if node == next {
                self.steps.push(FxHashMap::default());
                self.ends.push(NONE);
            }
        }
        self.ends[node as usize] = end;
    }

    pub(super) fn freeze(self) -> Trie {
        // breadth first, so that what stands behind a node stands side by side
        let mut order = vec![(NONE, 0)];
        let mut nodes = Vec::with_capacity(self.ends.len() + 1);
        while let Some(&(label, node)) = order.get(nodes.len()) {
            nodes.push(Node { label, first: order.len() as u32, end: self.ends[node as usize] });
            let mut behind: Vec<(u32, u32)> = self.steps[node as usize].iter().map(|(label, to)| (*label, *to)).collect();
            behind.sort_unstable();
            order.extend(behind);
        }
        nodes.push(Node { label: NONE, first: order.len() as u32, end: NONE });
        let mut trie = Trie { nodes, roots: Vec::new(), steps: vec![0; (STEPS / u32::BITS) as usize] };
        for node in 1..trie.nodes.len() as u32 - 1 {
            for label in trie.behind(node).iter().map(|n| n.label).collect::<Vec<_>>() {
                let (word, bit) = place(node, label);
                trie.steps[word] |= bit;
            }
        }
        let labels: Vec<u32> = trie.behind(0).iter().map(|n| n.label).collect();
        trie.roots = vec![NONE; labels.last().map_or(0, |last| *last as usize + 1)];
        for (label, node) in labels.into_iter().zip(trie.nodes[0].first..) {
            trie.roots[label as usize] = node;
        }
        trie
    }
}

impl Trie {
    /// The nodes behind a node.
    fn behind(&self, node: u32) -> &[Node] {
        &self.nodes[self.nodes[node as usize].first as usize..self.nodes[node as usize + 1].first as usize]
    }

    /// The node behind `node` by a label, if paths go on that way.
    pub(super) fn step(&self, node: u32, label: u32) -> Option<u32> {
        if node == 0 {
            return self.roots.get(label as usize).copied().filter(|n| *n != NONE);
        }
        let (word, bit) = place(node, label);
        if self.steps[word] & bit == 0 {
            return None;
        }
        let i = self.behind(node).binary_search_by_key(&label, |n| n.label).ok()?;
        Some(self.nodes[node as usize].first + i as u32)
    }

    /// What ends at a node.
    pub(super) fn end(&self, node: u32) -> Option<u32> {
        Some(self.nodes[node as usize].end).filter(|e| *e != NONE)
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
        (blanks < 2).then_some(label(self.word, blanks))
    }
}

/// What leads to a word behind another one, with a blank between the two or none. To a first word its number leads.
fn label(word: WordId, blanks: u32) -> u32 {
    word | blanks << (u32::BITS - 1)
}

/// The words of folded text, `None` for one that the lexicon does not have.
fn cut(words: &Words, text: &str) -> impl Iterator<Item = Option<Known>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let before = at as u32;
        let (start, end) = next_word(text.as_bytes(), at)?;
        at = end;
        let span = Span::new(start as u32, end as u32);
        Some(words.at(text.as_bytes(), start, end).map(|word| Known { span, word, before }))
    })
}

/// The word at a place of folded text or behind blanks: where it begins and ends.
fn next_word(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at + bytes.get(at..)?.iter().position(|b| *b != b' ')?;
    let rest = &bytes[start + 1..];
    let inside = |b: u8| INSIDE[b as usize];
    let more = if inside(bytes[start]) { rest.iter().position(|b| !inside(*b)).unwrap_or(rest.len()) } else { 0 };
    Some((start, start + 1 + more))
}

/// Whether a byte of folded text belongs to a word of several: a term may not begin or end between two such bytes.
const fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// [`is_inside`], looked up.
const INSIDE: [bool; 256] = {
    let mut inside = [false; 256];
    let mut byte = 0;
    while byte < inside.len() {
        inside[byte] = is_inside(byte as u8);
        byte += 1;
    }
    inside
};

/// The terms of a lexicon, to be found in folded text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Matcher(Trie);

impl Matcher {
    /// Of folded terms, whose words are given numbers; the place of a term is its pattern.
    pub(super) fn new<'t>(words: &mut Words, terms: impl Iterator<Item = &'t str>) -> Self {
        let mut trie = Growing::new();
        for (term, pattern) in terms.zip(0..) {
            let mut at = 0;
            let path = std::iter::from_fn(|| {
                let (start, end) = next_word(term.as_bytes(), at)?;
                let blanks = (start - at) as u32;
                at = end;
                Some(label(words.add(&term[start..end]), blanks))
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
            let mut node = self.0.step(0, first.word);
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
        let mut out = Vec::new();
        Matcher::new(&mut words, terms.iter().copied()).find(&words, text, |pattern, span| {
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
