//! Lines, tokens and sentences: where a text can be cut without knowing what it says.

use super::Span;

/// A place in a text as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
}

/// The position of a byte offset of `text`. Offsets past the end count as the end.
#[must_use]
pub fn position(text: &str, at: u32) -> Position {
    let before = &text[..(at as usize).min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    Position { line: before.bytes().filter(|&b| b == b'\n').count() as u32 + 1, column: before[line_start..].chars().count() as u32 + 1 }
}

/// The positions of many places of one text, each found without going through what stands before it.
#[derive(Debug)]
pub(crate) struct Positions<'t> {
    pub(crate) text: &'t str,
    /// Where lines start.
    lines: Vec<u32>,
    /// Characters before each block.
    blocks: Vec<u32>,
}

impl<'t> Positions<'t> {
    const BLOCK: usize = 256; // bytes

    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        let blocks = text.as_bytes().chunks(Self::BLOCK).scan(0, |before, block| {
            let own = characters(block);
            *before += own;
            Some(*before - own)
        });
        Self { text, lines: std::iter::once(0).chain(breaks).collect(), blocks: blocks.collect() }
    }

    /// As [`position`] has it.
    pub(crate) fn of(&self, at: u32) -> Position {
        let at = at.min(self.text.len() as u32);
        let line = self.lines.partition_point(|start| *start <= at);
        Position { line: line as u32, column: self.before(at) - self.before(self.lines[line - 1]) + 1 }
    }

    /// Characters before a place.
    fn before(&self, at: u32) -> u32 {
        let block = at as usize / Self::BLOCK;
        self.blocks.get(block).map_or_else(
            || self.blocks.last().map_or(0, |last| last + characters(&self.text.as_bytes()[(block - 1) * Self::BLOCK..])),
            |before| before + characters(&self.text.as_bytes()[block * Self::BLOCK..at as usize]),
        )
    }
}

/// Characters that begin among some bytes.
fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().map(|b| u32::from(*b & 0xc0 != 0x80)).sum()
}

/// What a token of folded text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters and digits.
    Word,
    /// One other character.
    Mark,
    /// A hard line break.
    Break,
}

/// A token of folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where it stands in the folded text.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
}

/// The tokens of `text[range]`, with spans in `text`.
pub(crate) fn tokens(text: &str, range: Span) -> impl Iterator<Item = Token> + '_ {
    let mut at = range.start as usize;
    let end = (range.end as usize).min(text.len());
    std::iter::from_fn(move || {
        while at < end && text.as_bytes()[at] == b' ' {
            at += 1;
        }
        if at >= end {
            return None;
        }
        let start = at;
        let mut chars = text[at..end].chars();
        let first = chars.next()?;
        at += first.len_utf8();
        let kind = if first == '\n' {
            TokenKind::Break
        } else if first.is_alphanumeric() {
            for c in chars {
                if !c.is_alphanumeric() {
                    break;
                }
                at += c.len_utf8();
            }
            TokenKind::Word
        } else {
            TokenKind::Mark
        };
        Some(Token { span: Span::new(start as u32, at as u32), kind })
    })
}

/// Bytes from which on a sentence ends at the next blank or mark: nobody writes one so long, and its words are weighed
/// against each other.
const LONGEST: usize = 4096;

/// The sentences of `text[range]` (folded text): cut at hard line breaks and at a stop that ends a word of two or
/// more letters, or a number, and has a blank, a comma or the end behind it.
pub(crate) fn sentences(text: &str, range: Span) -> impl Iterator<Item = Span> + '_ {
    let bytes = text.as_bytes();
    let mut at = range.start as usize;
    let end = range.end as usize;
    std::iter::from_fn(move || {
        while at < end && matches!(bytes[at], b' ' | b'\n') {
            at += 1;
        }
        if at >= end {
            return None;
        }
        let start = at;
        while at < end {
            match bytes[at] {
                b'\n' => break,
                b'.' | b'!' | b'?' if is_stop(bytes, start, at, end) => {
                    at += 1;
                    break;
                }
                b if at - start >= LONGEST && b.is_ascii() && !b.is_ascii_alphanumeric() => break,
                _ => at += 1,
            }
        }
        Some(Span::new(start as u32, at as u32))
    })
}

fn is_stop(bytes: &[u8], start: usize, at: usize, end: usize) -> bool {
    let ends = at + 1 >= end || matches!(bytes[at + 1], b' ' | b'\n' | b',' | b')' | b'"' | b'*');
    if !ends || bytes[at] != b'.' {
        return ends;
    }
    let word_start = (start..at).rev().find(|&i| !bytes[i].is_ascii_alphanumeric()).map_or(start, |i| i + 1);
    let word = &bytes[word_start..at];
    let shortened = word_start > start && matches!(bytes[word_start - 1], b'\'' | 0x99); // "isn't."
    if word.len() == 1 && word[0].is_ascii_alphabetic() && !shortened {
        return false; // i.v., p.o., an initial
    }
    // "1. Normal": a list number opens a sentence, it does not end one
    if !word.is_empty() && word.len() <= 2 && word.iter().all(u8::is_ascii_digit) && word_start <= start + 1 {
        return false;
    }
    !matches!(word, b"dr" | b"vs" | b"approx" | b"no" | b"st" | b"mr" | b"mrs" | b"ms" | b"fig" | b"e.g" | b"i.e" | b"resp")
        || (word == b"no" && at + 1 >= end)
}

/// Source offsets of the line breaks that are borders: at a blank line, and at the end of a line into which the next
/// word would have fitted, so that the writer and not the margin broke it.
pub(crate) fn hard_breaks(source: &str) -> Vec<u32> {
    const NARROW: usize = 60; // a paragraph is taken to be filled to this width at most
    let mut breaks = Vec::new();
    let mut paragraph: Vec<(usize, &str)> = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        if line.trim().is_empty() {
            flush(&mut paragraph, &mut breaks, NARROW);
            if line.ends_with('\n') {
                breaks.push((start + line.len() - 1) as u32);
            }
        } else {
            paragraph.push((start, line));
        }
        start += line.len();
    }
    flush(&mut paragraph, &mut breaks, NARROW);
    breaks.sort_unstable();
    breaks
}

fn flush(paragraph: &mut Vec<(usize, &str)>, breaks: &mut Vec<u32>, narrow: usize) {
    if paragraph.len() > 1 {
        let lengths: Vec<usize> = paragraph.iter().map(|(_, l)| length(l, narrow)).collect();
        let width = lengths.iter().max().map_or(0, |l| *l);
        for (pair, length) in paragraph.windows(2).zip(&lengths) {
            let (start, line) = pair[0];
            let next = pair[1].1.split_whitespace().next().map_or(0, |w| w.chars().count());
            if length + 1 + next <= width {
                breaks.push((start + line.len() - 1) as u32);
            }
        }
    }
    paragraph.clear();
}

/// Length of a line in characters, with single blanks between its words; `most` for longer ones.
fn length(line: &str, most: usize) -> usize {
    let mut length = 0;
    for word in line.split_whitespace() {
        length += word.chars().count() + 1;
        if length > most {
            return most;
        }
    }
    length.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text, Span::new(0, text.len() as u32)).map(|s| &text[s.range()]).collect()
    }

    #[test]
    fn sentences_end_at_stops_not_at_abbreviations() {
        assert_eq!(cut("75 ml i.v., portal. next one"), ["75 ml i.v., portal.", "next one"]);
        assert_eq!(cut("it isn't. next one"), ["it isn't.", "next one"]);
        assert_eq!(cut("2.5 mm sections. 1. normal"), ["2.5 mm sections.", "1. normal"]);
        assert_eq!(cut("without contrast.,history:,none"), ["without contrast.", ",history:,none"]);
        assert_eq!(cut(&"no end ".repeat(2 * LONGEST / 7)).len(), 2);
        assert_eq!(cut(&"no,end,".repeat(2 * LONGEST / 7)).len(), 2);
    }

    #[test]
    fn filled_lines_flow_on_and_short_lines_end() {
        let wrapped = "EXAMINATION:  CT neck, without\nand with intravenous contrast\nmaterial.\n";
        assert!(hard_breaks(wrapped).is_empty());
        assert_eq!(hard_breaks("CT HEAD\nINDICATION: fall from a ladder at home\n").len(), 1);
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(position("é\nàb", 5), Position { line: 2, column: 2 });
        let text = "é\n\nà “b”\r\n".repeat(90);
        let positions = Positions::new(&text);
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(positions.of(at as u32), position(&text, at as u32), "{at}");
        }
    }
}
