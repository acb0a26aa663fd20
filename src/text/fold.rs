//! The comparison text: what all terms are matched on, with an exact way back to the source bytes.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::Span;
use super::layout::hard_breaks;

/// The folded text of a report and its map back to the source.
///
/// Lower case, marks dropped, typographic characters replaced by plain ones, runs of blanks and soft line breaks as
/// one blank, the end of a short line as `\n`, a blank line as two, a hyphen or underscore between two letters
/// or digits as a blank, no blanks around `/`, `&` and `+`.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    text: String,
    /// `(folded offset, source offset)` wherever the two stop running in step.
    steps: Vec<(u32, u32)>,
}

impl Folded {
    /// Folds a report. The source has to be shorter than 4 GiB.
    #[must_use]
    pub fn new(source: &str) -> Self {
        let mut folder = Folder::new(source.len());
        folder.run(source, &hard_breaks(source));
        Self { text: folder.out, steps: folder.steps }
    }

    /// The folded text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The source span of a folded span. `source` is the text that was folded.
    #[must_use]
    pub fn to_source(&self, source: &str, span: Span) -> Span {
        if span.is_empty() {
            let at = self.source_of(span.start);
            return Span::new(at, at);
        }
        let start = self.source_of(span.start);
        let mut end = self.source_of(span.end - 1) as usize + 1;
        while !source.is_char_boundary(end) {
            end += 1;
        }
        // combining marks belong to the character they follow
        while let Some(mark) = source[end..].chars().next().filter(|c| !c.is_ascii() && is_combining_mark(*c)) {
            end += mark.len_utf8();
        }
        Span::new(start, end as u32)
    }

    /// The first folded offset at or after a source offset.
    #[must_use]
    pub fn from_source(&self, at: u32) -> u32 {
        let i = self.steps.partition_point(|&(_, s)| s < at);
        let limit = self.steps.get(i).map_or(self.text.len() as u32, |&(f, _)| f);
        let (f, s) = i.checked_sub(1).and_then(|i| self.steps.get(i)).copied().unwrap_or((0, 0));
        (f + (at - s)).min(limit)
    }

    fn source_of(&self, at: u32) -> u32 {
        let i = self.steps.partition_point(|&(f, _)| f <= at);
        match i.checked_sub(1).and_then(|i| self.steps.get(i)) {
            Some(&(f, s)) => s + (at - f),
            None => at,
        }
    }
}

/// A lexicon term as it stands in folded text.
#[must_use]
pub fn fold_term(term: &str) -> String {
    let mut folder = Folder::new(term.len());
    folder.run(term, &[]);
    folder.out
}

struct Folder {
    out: String,
    steps: Vec<(u32, u32)>,
    /// Source offset that the next folded byte has while both run in step.
    expected: u32,
}

impl Folder {
    fn new(capacity: usize) -> Self {
        Self { out: String::with_capacity(capacity), steps: Vec::new(), expected: 0 }
    }

    fn run(&mut self, source: &str, hard: &[u32]) {
        let mut hard = hard.iter().copied().peekable();
        let bytes = source.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let run = plain_run(&bytes[at..]);
            if run > 0 {
                self.plain(&source[at..at + run], at);
                at += run;
                continue;
            }
            let c = if bytes[at].is_ascii() { bytes[at] as char } else { source[at..].chars().next().unwrap_or(' ') };
            let next = at + c.len_utf8();
            if is_blank(c) {
                let end = at + source[at..].find(|c| !is_blank(c)).unwrap_or(bytes.len() - at);
                let mut is_hard = false;
                while hard.next_if(|&h| (h as usize) < end).is_some() {
                    is_hard = true;
                }
                let lines = source[at..end].bytes().filter(|b| *b == b'\n').count();
                self.blank(at, if is_hard { lines.min(2) } else { 0 }, source[end..].chars().next());
                at = end;
                continue;
            }
            match c {
                '-' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}' => {
                    let joins =
                        self.out.ends_with(|c: char| c.is_alphanumeric()) && source[next..].starts_with(|c: char| c.is_alphanumeric());
                    // "pre- and post-contrast": the hyphen stands for a word to come
                    let hangs = source[next..].starts_with(is_blank) && self.ends_in_letters();
                    if c != '\u{ad}' && !hangs {
                        self.push(if joins { ' ' } else { '-' }, at);
                    }
                }
                '/' | '\\' | '&' | '+' => {
                    if self.out.ends_with(' ') {
                        self.out.pop();
                    }
                    self.push(if c == '\\' { '/' } else { c }, at);
                }
                _ => self.other(c, at),
            }
            at = next;
        }
        while self.out.ends_with(' ') {
            self.out.pop();
        }
    }

    /// Whether the last word has two letters or more.
    fn ends_in_letters(&self) -> bool {
        let mut last = self.out.bytes().rev();
        (0..2).all(|_| last.next().is_some_and(|b| b.is_ascii_lowercase()))
    }

    fn blank(&mut self, at: usize, breaks: usize, next: Option<char>) {
        if self.out.is_empty() {
            return;
        }
        if breaks > 0 {
            for _ in 0..breaks {
                self.push('\n', at);
            }
        } else if !(self.out.ends_with(['/', '&', '+', '\n']) || matches!(next, Some('/' | '\\' | '&' | '+'))) {
            self.push(' ', at);
        }
    }

    /// Everything outside ASCII.
    fn other(&mut self, c: char, at: usize) {
        if is_combining_mark(c) {
            self.mark(c);
            return;
        }
        let plain = match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' | '\u{b4}' => "'",
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => "\"",
            '\u{d7}' => "x",
            '\u{b5}' | '\u{3bc}' => "u",
            '\u{fb00}' => "ff",
            '\u{fb01}' => "fi",
            '\u{fb02}' => "fl",
            '\u{e6}' | '\u{c6}' => "ae",
            '\u{153}' | '\u{152}' => "oe",
            '\u{df}' => "ss",
            '\u{2026}' => "...",
            '\u{2022}' | '\u{b7}' | '\u{25cf}' | '\u{25aa}' => "*",
            '\u{200b}'..='\u{200d}' | '\u{feff}' => "",
            _ => {
                let mut marks_follow = false;
                decompose_canonical(c, |part| {
                    if is_combining_mark(part) {
                        marks_follow = true;
                    } else {
                        for lower in part.to_lowercase() {
                            if !is_combining_mark(lower) {
                                self.push(lower, at);
                            }
                        }
                    }
                });
                return;
            }
        };
        for c in plain.chars() {
            self.push(c, at);
        }
    }

    /// A bar over a lone c, s, p or a is the clinical shorthand for with, without, after and before.
    fn mark(&mut self, mark: char) {
        if !matches!(mark, '\u{304}' | '\u{305}') {
            return;
        }
        let Some(base) = self.out.chars().next_back() else { return };
        let at = self.out.len() - 1;
        if at > 0 && self.out.as_bytes()[at - 1].is_ascii_alphanumeric() {
            return;
        }
        let word = match base {
            'c' => "with",
            's' => "without",
            'p' => "post",
            'a' => "pre",
            _ => return,
        };
        let source = self.expected - 1;
        self.out.pop();
        self.steps.truncate(self.steps.partition_point(|&(f, _)| f < at as u32));
        for c in word.chars() {
            self.push(c, source as usize);
        }
    }

    /// A run of characters that fold to themselves or to their small letters, see [`plain_run`].
    fn plain(&mut self, run: &str, source: usize) {
        let here = self.out.len();
        self.step(source as u32);
        self.out.push_str(run);
        self.out[here..].make_ascii_lowercase();
        self.expected = (source + run.len()) as u32;
    }

    /// Notes where the next folded byte comes from, unless the two run in step.
    fn step(&mut self, source: u32) {
        let here = self.out.len() as u32;
        let in_step = match self.steps.last() {
            Some(&(f, s)) => s + (here - f) == source,
            None => here == source,
        };
        if !in_step {
            self.steps.push((here, source));
        }
    }

    fn push(&mut self, c: char, source: usize) {
        let source = source as u32;
        let here = self.out.len() as u32;
        self.step(source);
        self.out.push(c);
        self.expected = source + 1;
        // a folded character of several bytes stands on one source character
        for i in 1..c.len_utf8() as u32 {
            self.steps.push((here + i, source));
        }
    }
}

/// Length of the run of characters at the front that fold by themselves, whatever stands around them, and of single
/// blanks between them.
fn plain_run(bytes: &[u8]) -> usize {
    let is_plain = |at: usize| bytes.get(at).is_some_and(|b| PLAIN[*b as usize]);
    let mut at = 0;
    while is_plain(at) || (at > 0 && bytes.get(at) == Some(&b' ') && is_plain(at + 1)) {
        at += 1;
    }
    at
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte as usize] = !matches!(byte, 9..=13 | b' ' | b'-' | b'_' | b'/' | b'\\' | b'&' | b'+');
        byte += 1;
    }
    plain
};

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{a0}' | '\u{202f}' | '\u{2007}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_fold_to_one_form() {
        for (from, to) in [
            ("C-Spine", "c spine"),
            ("W / O", "w/o"),
            ("ABD & PELVIS", "abd&pelvis"),
            ("w + wo", "w+wo"),
            ("Œsophagus naïve", "oesophagus naive"),
            ("1½", "1½"),
            ("a\u{a0}b", "a b"),
            ("X\u{2013}ray", "x ray"),
            ("C\u{304} contrast", "with contrast"),
            ("s\u{304} contrast", "without contrast"),
            ("(C-)", "(c-)"),
            ("pre- and post-contrast", "pre and post contrast"),
        ] {
            assert_eq!(fold_term(from), to, "{from}");
        }
    }

    #[test]
    fn spans_lead_back_to_the_source() {
        let source = "é  “CT  C-SPINE” c\u{304} contrast – done";
        let folded = Folded::new(source);
        for word in ["ct", "c spine", "with", "contrast", "done"] {
            let at = folded.text().find(word).unwrap() as u32;
            let span = folded.to_source(source, Span::new(at, at + word.len() as u32));
            assert_eq!(fold_term(&source[span.range()]), word);
        }
    }

    #[test]
    fn a_blank_line_and_a_short_line_are_borders() {
        assert_eq!(Folded::new("CT HEAD\n\nno bleed").text(), "ct head\n\nno bleed");
        // the short line ends where its writer broke it; the long one may have been broken by the margin
        let listed = Folded::new("LIVER: normal\nSPLEEN: a rather long line that goes on\nKIDNEYS: ok");
        assert_eq!(listed.text(), "liver: normal\nspleen: a rather long line that goes on kidneys: ok");
    }
}
