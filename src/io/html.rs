//! HTML and XHTML as the plain text of a report.

use html5gum::{DefaultEmitter, State, Token, Tokenizer};

/// The text of HTML as one reads it on a page: paragraphs, headings, tables and lists stand between blank lines, other
/// blocks and `br` on lines of their own, rows on a line each with their cells parted by a tab, list items behind `- ` or
/// their number. Entities are decoded, white space is collapsed outside `pre`; what a page doesn't show (scripts, styles,
/// the title of its window, comments) is left out. Any text is HTML of some kind, so nothing is an error; time is linear.
pub(super) fn text(html: &str) -> String {
    let mut page = Page { out: String::with_capacity(html.len() / 2), ..Page::default() };
    let mut hidden: Option<Vec<u8>> = None;
    let mut tokens = Tokenizer::new_with_emitter(html, DefaultEmitter::default());
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => {
                if !tag.self_closing && hidden.is_none() {
                    match &**tag.name {
                        b"script" => tokens.set_state(State::ScriptData),
                        b"style" => tokens.set_state(State::RawText),
                        b"title" => tokens.set_state(State::RcData),
                        _ => {}
                    }
                    hidden = matches!(&**tag.name, b"script" | b"style" | b"title").then(|| tag.name.to_vec());
                }
                page.opens(&tag.name);
            }
            Token::EndTag(tag) => {
                hidden.take_if(|name| **name == **tag.name);
                page.closes(&tag.name);
            }
            Token::String(s) if hidden.is_none() => page.words(&s),
            // XHTML may hold words in a marked section, which is a comment to HTML
            Token::Comment(c) => {
                if let Some(words) = c.strip_prefix(b"[CDATA[") {
                    page.words(words.strip_suffix(b"]]").unwrap_or(words));
                }
            }
            _ => {}
        }
    }
    page.out
}

/// What parts an element from what stands beside it, in line breaks.
fn breaks(element: &[u8]) -> usize {
    match element {
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"table" | b"ul" | b"ol" | b"dl" | b"pre" | b"blockquote" | b"hr" => 2,
        b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd" | b"details" | b"div" | b"dt" | b"fieldset"
        | b"figcaption" | b"figure" | b"footer" | b"form" | b"header" | b"legend" | b"li" | b"main" | b"nav" | b"option" | b"paragraph"
        | b"section" | b"summary" | b"tbody" | b"textarea" | b"tfoot" | b"thead" | b"tr" => 1,
        _ => 0,
    }
}

/// The text so far, and what stands before the next word.
#[derive(Default)]
struct Page {
    out: String,
    /// Line breaks, two at most.
    breaks: usize,
    /// Whether a row or table ended since the last word: cells don't join over it.
    row_ended: bool,
    /// Tabs of cells.
    tabs: usize,
    /// White space: one space, in `pre` as it stands.
    gap: String,
    /// `- ` or the number of a list item.
    marker: String,
    /// `pre` elements that are open.
    pre: usize,
    /// Whether the row has had a cell.
    row: bool,
    /// Whether the cell has had no word.
    cell: bool,
    /// Lists that are open: the number of the last item, in ordered ones.
    lists: Vec<Option<u32>>,
}

impl Page {
    fn opens(&mut self, name: &[u8]) {
        self.parts(name);
        match name {
            b"br" => self.breaks = (self.breaks + 1).min(2),
            b"pre" => self.pre += 1,
            b"ul" => self.lists.push(None),
            b"ol" => self.lists.push(Some(0)),
            b"li" => {
                self.marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number = number.saturating_add(1);
                        format!("{number}. ")
                    }
                    _ => "- ".to_owned(),
                }
            }
            b"tr" => self.row = false,
            b"td" | b"th" => {
                if self.row && !self.row_ended {
                    self.breaks = 0;
                    self.tabs += 1;
                }
                (self.row, self.cell) = (true, true);
            }
            _ => {}
        }
    }

    fn closes(&mut self, name: &[u8]) {
        self.parts(name);
        match name {
            b"pre" => self.pre = self.pre.saturating_sub(1),
            b"ul" | b"ol" => drop(self.lists.pop()),
            b"tr" | b"table" => (self.row, self.row_ended, self.cell) = (false, true, false),
            b"td" | b"th" => {
                self.cell = false;
                // rows of paragraphs stay rows
                if !self.row_ended {
                    self.breaks = self.breaks.min(1);
                }
            }
            _ => {}
        }
    }

    /// The first block of a cell stays on the line of its row.
    fn parts(&mut self, name: &[u8]) {
        if !self.cell {
            self.breaks = self.breaks.max(breaks(name));
        }
    }

    fn words(&mut self, bytes: &[u8]) {
        for c in String::from_utf8_lossy(bytes).chars() {
            match c {
                '\n' if self.pre > 0 => {
                    self.breaks = (self.breaks + 1).min(2);
                    self.gap.clear();
                }
                ' ' | '\t' | '\u{a0}' if self.pre > 0 => self.gap.push(if c == '\t' { c } else { ' ' }),
                ' ' | '\t' | '\n' | '\u{c}' | '\r' | '\u{a0}' => " ".clone_into(&mut self.gap),
                // seen by nobody: soft hyphen, zero width space, byte order mark; NUL is no text
                '\0' | '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
                _ => {
                    self.catch_up();
                    self.out.push(c);
                }
            }
        }
    }

    /// Writes what stands before a word.
    fn catch_up(&mut self) {
        let first = self.out.is_empty();
        if !first {
            self.out.extend(std::iter::repeat_n('\n', self.breaks));
        }
        let line_start = first || self.breaks > 0;
        if !line_start {
            self.out.extend(std::iter::repeat_n('\t', self.tabs));
        }
        self.out.push_str(&self.marker);
        if self.pre > 0 || !line_start && self.tabs == 0 {
            self.out.push_str(&self.gap);
        }
        (self.breaks, self.tabs, self.row_ended, self.cell) = (0, 0, false, false);
        self.marker.clear();
        self.gap.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pages_are_read_as_they_are_seen() {
        for (html, plain) in [
            ("CT HEAD", "CT HEAD"),
            ("<div>EXAM:<b> CT</b> HEAD<br/>without&nbsp;&amp; with</div>", "EXAM: CT HEAD\nwithout & with"),
            ("<h3>EXAM</h3><p>CT\n  HEAD </p>\n<p>FINDINGS: none</p>", "EXAM\n\nCT HEAD\n\nFINDINGS: none"),
            ("a<br><br><br>b<div>c<br></div><div>d</div>", "a\n\nb\nc\nd"),
            (
                "<table><tr><th>Exam</th><td><p>CT</p><p>HEAD</p></td></tr><tr><td>Side<td></td><td>left</table>x",
                "Exam\tCT\n\nHEAD\nSide\t\tleft\n\nx",
            ),
            ("<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>", "a\n\nb"),
            ("<ul><li>one<li>two</ul><ol><li><p>one</p></li><li>two</li></ol>end", "- one\n- two\n\n1. one\n\n2. two\n\nend"),
            ("<pre>\nA\r\n  B&lt;1\tC\n\n\n</pre>D", "A\n  B<1\tC\n\nD"),
            ("1 < 2 and <5 mm, 3 cm<sup>3</sup>, T&#x32;, &eacute;&bogus;", "1 < 2 and <5 mm, 3 cm3, T2, é&bogus;"),
            (
                "<?xml version='1.0'?><!DOCTYPE html><html><head><title>a<b></title><style>p{}</style></head><script>if(a<b){}</script>x",
                "x",
            ),
            ("<style/>a<!-- b --><![CDATA[c]]><o:p>d</o:p>", "acd"),
            ("a</p></table></pre></ul></script>b<td", "a\n\nb"),
            ("", ""),
        ] {
            assert_eq!(text(html), plain, "{html}");
        }
    }

    #[test]
    fn depth_and_soup_cost_no_more_than_length() {
        for soup in ["<div>", "<pre>", "<ol><li>", "<td>", "<a b=c ", "&", "<!--", "</", "<script>", "<![CDATA[", "&#"] {
            let _ = text(&soup.repeat(200_000));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_html(pieces in prop::collection::vec(prop_oneof![
            Just("<p>"), Just("</p>"), Just("<pre>"), Just("</pre>"), Just("<tr>"), Just("<td>"), Just("</table>"), Just("<li>"),
            Just("<script>"), Just("</script>"), Just("<"), Just("&"), Just("&#xd800;"), Just("&#0;"), Just("\u{1f600}"), Just(" \n"),
            Just("\""), Just("<a b='"), Just("<!-"), Just("word")], 0..40)) {
            let plain = text(&pieces.concat());
            prop_assert!(!plain.contains("\n\n\n") && !plain.contains('\0'));
            prop_assert_eq!(plain.trim_end(), &*plain);
        }
    }
}
