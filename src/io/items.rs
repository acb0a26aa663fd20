//! Cuts a JSON document into its items, one at a time, so that a large one is never held.
//!
//! Items are the elements of a top-level array, objects behind each other (parted by line breaks, commas or nothing), and
//! on request the elements of `entry` of an object, which then comes last, without them. Only brackets and strings are
//! looked at; whether an item is JSON through and through is seen by who parses it.

use std::io::{self, BufRead};

use super::{Input, Place, Unusable, nothing};

/// Levels of brackets in a document: what the parser of items takes, and more than any format needs.
const DEPTH: u32 = 128;

/// What an item is to its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A top-level object, or an element of a top-level array.
    Whole,
    /// An element of `entry`.
    Entry,
}

/// An item.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) kind: Kind,
    /// Its bytes, line breaks kept.
    pub(super) bytes: &'a [u8],
    /// From 1.
    pub(super) number: u64,
    pub(super) place: Place,
}

/// The items of a document.
pub(super) struct Items {
    from: Input,
    scan: Scan,
    /// Whether nothing follows.
    ended: bool,
}

impl Items {
    /// `limit`: bytes of an item. `entries`: whether the elements of `entry` are items.
    pub(super) fn new(from: Input, limit: usize, entries: bool) -> Self {
        Self { from, scan: Scan { limit, entries, line: 1, line_start: true, ..Scan::default() }, ended: false }
    }

    /// The next item, or what is none.
    pub(super) fn next(&mut self) -> Option<Result<Item<'_>, Unusable>> {
        loop {
            if self.ended {
                return None;
            }
            let bytes = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    self.ended = true;
                    let place = Place::line(self.scan.line);
                    self.from = nothing();
                    return Some(Err(Unusable::unreadable(&e).at(place)));
                }
            };
            if bytes.is_empty() {
                self.ended = true;
                return self.scan.end().map(Err);
            }
            let (used, found) = self.scan.run(bytes);
            self.from.consume(used);
            match found {
                None => {}
                Some(Found::Wrong(why)) => return Some(Err(why)),
                Some(Found::Item(kind, open)) => {
                    let place = open.place(kind);
                    if open.too_long {
                        return Some(Err(Unusable::new(
                            format!("an item longer than {} bytes", self.scan.limit),
                            "raise --max-report-bytes, from which the limit comes, if it is a report",
                        )
                        .at(place)));
                    }
                    let bytes = match kind {
                        Kind::Whole => &self.scan.whole,
                        Kind::Entry => &self.scan.entry,
                    };
                    return Some(Ok(Item { kind, bytes, number: open.number, place }));
                }
            }
        }
    }

    /// Whether an item, or a part of one, is at hand without waiting.
    pub(super) fn at_hand(&self) -> bool {
        self.from.buffer().iter().any(|b| !b.is_ascii_whitespace())
    }
}

/// An item that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    number: u64,
    /// The line that it begins on.
    line: u64,
    too_long: bool,
}

impl Open {
    fn place(self, kind: Kind) -> Place {
        let item = match kind {
            Kind::Whole => format!("item {}", self.number),
            Kind::Entry => format!("entry[{}]", self.number - 1),
        };
        Place::item(item, Some(self.line))
    }
}

enum Found {
    Item(Kind, Open),
    Wrong(Unusable),
}

/// The state between two bytes.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "they don't exclude each other")]
struct Scan {
    limit: usize,
    entries: bool,
    /// Bytes passed, to know the first.
    passed: u64,
    line: u64,
    /// Whether no byte of the line has come.
    line_start: bool,
    /// Brackets that are open; a bit each, 1 for `{`.
    depth: u32,
    objects: u128,
    in_string: bool,
    escaped: bool,
    /// The last byte outside strings that is no white space.
    last: u8,
    /// Whether a top-level array is open.
    array: bool,
    /// Depth of the elements of `entry` while they are read.
    entry_depth: Option<u32>,
    /// The last string that began where keys of an item stand, as far as needed.
    word: Vec<u8>,
    /// The item that is open.
    item: Option<Open>,
    /// The object whose `entry` is read.
    shell: Option<Open>,
    whole: Vec<u8>,
    entry: Vec<u8>,
    wholes: u64,
    entered: u64,
    /// Whether the first object ended on its first line: then each line is by itself, however broken.
    lines: bool,
    /// Whether that is known.
    shaped: bool,
    /// Looking for the next line that begins with `{`.
    skipping: bool,
}

impl Scan {
    /// Reads on until something is found: how many bytes were used, and what it is.
    fn run(&mut self, bytes: &[u8]) -> (usize, Option<Found>) {
        let mut at = 0;
        while let Some(&b) = bytes.get(at) {
            if self.in_string && !self.escaped && !self.skipping {
                // a stretch of a string at once
                let stretch = bytes[at..].iter().position(|b| matches!(b, b'"' | b'\\' | b'\n')).unwrap_or(bytes.len() - at);
                if stretch > 0 {
                    self.keep(&bytes[at..at + stretch]);
                    at += stretch;
                    continue;
                }
            }
            let (used, found) = self.step(b);
            if used {
                at += 1;
                self.passed += 1;
                self.line += u64::from(b == b'\n');
                self.line_start = b == b'\n';
            }
            if found.is_some() {
                return (at, found);
            }
        }
        (at, None)
    }

    /// One byte: whether it is used up, and what it completes.
    fn step(&mut self, b: u8) -> (bool, Option<Found>) {
        if self.skipping {
            self.skipping = !(self.line_start && b == b'{');
            return (self.skipping, None);
        }
        if self.in_string {
            return self.step_in_string(b);
        }
        if self.lines && self.line_start && b == b'{' && self.depth > 0 {
            return (false, Some(self.wrong("it ends in the middle", self.line - 1)));
        }
        let base = self.base();
        if b.is_ascii_whitespace() {
            self.keep(&[b]);
            return (true, None);
        }
        if self.depth == base && self.item.is_none() && !self.begins(b) {
            return self.between(b);
        }
        // a number or word among elements ends where the next thing begins
        if self.depth == base
            && !matches!(self.last, 0 | b',' | b'[')
            && self.item.is_some()
            && matches!(b, b',' | b']' | b'{' | b'[' | b'"')
        {
            return (false, self.ended());
        }
        let in_object = self.depth > 0 && self.objects >> (self.depth - 1) & 1 == 1;
        let inside = self.depth > base;
        match b {
            b'"' | b'{' | b'[' if inside && !self.may_begin(b, in_object) => {
                (false, Some(self.wrong("a comma or a bracket is missing", self.line)))
            }
            b'"' => {
                if self.depth == base + 1 {
                    self.word.clear();
                }
                self.in_string = true;
                self.keep(&[b]);
                (true, None)
            }
            b'{' | b'[' => {
                if self.depth == DEPTH {
                    return (false, Some(self.wrong("nested deeper than 128 brackets", self.line)));
                }
                self.keep(&[b]);
                let cut = self.entries
                    && b == b'['
                    && self.last == b':'
                    && self.entry_depth.is_none()
                    && self.depth == base + 1
                    && self.word == b"entry";
                self.objects = self.objects & !(1 << self.depth) | u128::from(b == b'{') << self.depth;
                self.depth += 1;
                self.last = b;
                if cut {
                    self.shell = self.item.take();
                    self.entry_depth = Some(self.depth);
                    self.entered = 0;
                }
                (true, None)
            }
            b'}' | b']' => {
                if !inside || in_object != (b == b'}') {
                    return (false, Some(self.wrong("a bracket closes what is not open", self.line)));
                }
                self.keep(&[b]);
                self.depth -= 1;
                self.last = b;
                (true, if self.depth == base { self.ended() } else { None })
            }
            _ => {
                self.keep(&[b]);
                self.last = b;
                (true, None)
            }
        }
    }

    fn step_in_string(&mut self, b: u8) -> (bool, Option<Found>) {
        if b == b'\n' {
            return (false, Some(self.wrong("a string is not closed on its line", self.line)));
        }
        self.keep(&[b]);
        if !self.escaped && b == b'"' {
            self.in_string = false;
            self.last = b;
            if self.depth == self.base() {
                return (true, self.ended());
            }
        }
        self.escaped = !self.escaped && b == b'\\';
        (true, None)
    }

    /// Depth of the items.
    fn base(&self) -> u32 {
        self.entry_depth.unwrap_or(u32::from(self.array))
    }

    /// Begins an item, if the byte begins one.
    fn begins(&mut self, b: u8) -> bool {
        let begins = match b {
            b'{' => true,
            b',' | b':' | b'}' | b']' => false,
            _ => self.array || self.entry_depth.is_some(),
        };
        if begins {
            let (count, buffer) = match self.kind() {
                Kind::Whole => (&mut self.wholes, &mut self.whole),
                Kind::Entry => (&mut self.entered, &mut self.entry),
            };
            *count += 1;
            buffer.clear();
            self.item = Some(Open { number: *count, line: self.line, too_long: false });
            self.last = 0;
        }
        begins
    }

    /// A byte between items.
    fn between(&mut self, b: u8) -> (bool, Option<Found>) {
        match b {
            b',' => {}
            b'[' => {
                // at the top: elements begin
                (self.array, self.depth, self.objects) = (true, 1, 0);
            }
            b']' if self.entry_depth.is_some() => {
                self.entry_depth = None;
                self.entry.clear();
                self.depth -= 1;
                self.item = self.shell.take();
                self.last = b;
                self.keep(b"]");
            }
            b']' if self.array => (self.array, self.depth) = (false, 0),
            // the mark of UTF-8 before all
            0xef | 0xbb | 0xbf if self.passed < 3 => {}
            _ => return (false, Some(self.wrong("there is something outside of any object", self.line))),
        }
        (true, None)
    }

    /// Whether a value or key may stand behind the last byte.
    fn may_begin(&self, b: u8, in_object: bool) -> bool {
        match (in_object, b) {
            (true, b'"') => matches!(self.last, b'{' | b',' | b':'),
            (true, _) => self.last == b':',
            (false, _) => matches!(self.last, b'[' | b','),
        }
    }

    fn kind(&self) -> Kind {
        if self.entry_depth.is_some() { Kind::Entry } else { Kind::Whole }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.in_string && self.depth == self.base() + 1 && self.word.len() < 8 {
            // quotes aside; eight bytes tell `entry` from all else
            self.word.extend(bytes.iter().filter(|b| **b != b'"').take(8));
        }
        let both = self.whole.len() + self.entry.len();
        let buffer = if self.entry_depth.is_some() { &mut self.entry } else { &mut self.whole };
        let Some(item) = &mut self.item else { return };
        if item.too_long || both + bytes.len() > self.limit {
            item.too_long = true;
            buffer.clear();
        } else {
            buffer.extend_from_slice(bytes);
        }
    }

    /// The item is complete.
    fn ended(&mut self) -> Option<Found> {
        let (kind, item) = (self.kind(), self.item.take()?);
        if !self.shaped && kind == Kind::Whole {
            (self.shaped, self.lines) = (true, self.depth == 0 && item.line == self.line);
        }
        Some(Found::Item(kind, item))
    }

    /// The item, or what stands between items, is no JSON. In lines by themselves, and mostly elsewhere, the next line that
    /// begins with `{` begins the next item.
    fn wrong(&mut self, what: &str, line: u64) -> Found {
        let help = "mend it; what follows is read from the next line that begins with {";
        let why = Unusable::new(format!("malformed JSON on line {line}: {what}"), help).at(self.open_place());
        self.begin_anew();
        self.skipping = true;
        Found::Wrong(why)
    }

    /// At the end of the input: what is missing, if anything is.
    fn end(&mut self) -> Option<Unusable> {
        let place = self.open_place();
        (self.depth > 0 || self.in_string || self.item.is_some()).then(|| {
            let what =
                if self.item.is_some() { "the document ends in the middle of it" } else { "the document ends before its last bracket" };
            self.begin_anew();
            Unusable::new(format!("malformed JSON on line {}: {what}", self.line), "it may have been cut off: get it whole").at(place)
        })
    }

    fn open_place(&self) -> Place {
        self.item.map_or(Place::line(self.line), |item| item.place(self.kind()))
    }

    fn begin_anew(&mut self) {
        (self.depth, self.in_string, self.escaped, self.array) = (0, false, false, false);
        (self.entry_depth, self.item, self.shell) = (None, None, None);
        self.entry.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Read};

    /// Hands out a few bytes at a time.
    struct Few(Vec<u8>, usize, usize);

    impl Read for Few {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.2.min(into.len()).min(self.0.len() - self.1);
            into[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
            self.1 += n;
            Ok(n)
        }
    }

    /// Items as `place bytes`, mistakes as `place! what`, read `few` bytes at a time.
    fn cut_by(document: &str, limit: usize, few: usize) -> Vec<String> {
        let from: Box<dyn Read + Send> = Box::new(Few(document.as_bytes().to_vec(), 0, few));
        let mut items = Items::new(BufReader::with_capacity(64, from), limit, true);
        let mut seen = Vec::new();
        while let Some(item) = items.next() {
            seen.push(match item {
                Ok(item) => format!("{} {}", item.place, String::from_utf8_lossy(item.bytes)),
                Err(why) => format!("{}! {}", why.place, why.what),
            });
        }
        seen
    }

    fn cut(document: &str) -> Vec<String> {
        let seen = cut_by(document, 40, 64);
        for few in [1, 2, 3, 7] {
            assert_eq!(cut_by(document, 40, few), seen, "{document} by {few} bytes");
        }
        seen
    }

    #[test]
    fn documents_fall_into_their_items() {
        for (document, items) in [
            ("", &[][..]),
            ("\u{feff} [ ]", &[]),
            ("{}", &[":1 item 1 {}"]),
            ("{\"a\":1}\n\n{\"b\":\n[2]}", &[":1 item 1 {\"a\":1}", ":3 item 2 {\"b\":\n[2]}"]),
            ("{\"a\":1},{\"b\":2}{}", &[":1 item 1 {\"a\":1}", ":1 item 2 {\"b\":2}", ":1 item 3 {}"]),
            ("[{\"a\":[{}]},\n {\"b\":\"]}\\\"{\"}]\n", &[":1 item 1 {\"a\":[{}]}", ":2 item 2 {\"b\":\"]}\\\"{\"}"]),
            ("[1, null,\"x,\",[2]]", &[":1 item 1 1", ":1 item 2 null", ":1 item 3 \"x,\"", ":1 item 4 [2]"]),
            (
                "{\"entry\":[{\"a\":1},\n{\"b\":{}}],\"z\":[3]}",
                &[":1 entry[0] {\"a\":1}", ":2 entry[1] {\"b\":{}}", ":1 item 1 {\"entry\":[],\"z\":[3]}"],
            ),
            (
                "[{\"x\":{\"entry\":[1]}},{\"entry\" : [4, 5] }]",
                &[":1 item 1 {\"x\":{\"entry\":[1]}}", ":1 entry[0] 4", ":1 entry[1] 5", ":1 item 2 {\"entry\" : [] }"],
            ),
        ] {
            assert_eq!(cut(document), items, "{document}");
        }
    }

    #[test]
    fn what_is_broken_is_named_and_the_rest_goes_on_where_it_can() {
        let wrong = |place: &str, line: u64, what: &str| format!("{place}! malformed JSON on line {line}: {what}");
        let missing = "a comma or a bracket is missing";
        for (document, seen) in [
            // lines by themselves
            (
                "{}\n{\"a\":[1,\n{\"b\":1}",
                vec![":1 item 1 {}".into(), wrong(":2 item 2", 2, "it ends in the middle"), ":3 item 3 {\"b\":1}".into()],
            ),
            (
                "{}\n{\"a\":\"x\n{\"b\":1}",
                vec![":1 item 1 {}".into(), wrong(":2 item 2", 2, "a string is not closed on its line"), ":3 item 3 {\"b\":1}".into()],
            ),
            (
                "{}\nwords\n{}",
                vec![":1 item 1 {}".into(), wrong(":2", 2, "there is something outside of any object"), ":3 item 2 {}".into()],
            ),
            // objects behind each other
            ("{\n\"a\":[1\n}\n{\n}", vec![wrong(":1 item 1", 3, "a bracket closes what is not open"), ":4 item 2 {\n}".into()]),
            ("{\n\"a\":1\n{\n}", vec![wrong(":1 item 1", 3, missing), ":3 item 2 {\n}".into()]),
            // arrays
            (
                "[{},\n{\"a\":[}},\n{}]",
                vec![
                    ":1 item 1 {}".into(),
                    wrong(":2 item 2", 2, "a bracket closes what is not open"),
                    ":3 item 3 {}".into(),
                    wrong(":3", 3, "there is something outside of any object"),
                ],
            ),
            ("[{}]\n]", vec![":1 item 1 {}".into(), wrong(":2", 2, "there is something outside of any object")]),
            ("[{}\n", vec![":1 item 1 {}".into(), wrong(":2", 2, "the document ends before its last bracket")]),
            ("{\"entry\":[{},{\"a\":", vec![":1 entry[0] {}".into(), wrong(":1 entry[1]", 1, "the document ends in the middle of it")]),
            ("{\"entry\":[{}]", vec![":1 entry[0] {}".into(), wrong(":1 item 1", 1, "the document ends in the middle of it")]),
            // limits
            (
                "[{\"a\":\"0123456789012345678901234567890123456789\"},{}]",
                vec![":1 item 1! an item longer than 40 bytes".into(), ":1 item 2 {}".into()],
            ),
        ] {
            assert_eq!(cut(document), seen, "{document}");
        }
        assert_eq!(cut(&"[".repeat(200)), [wrong(":1 item 1", 1, "nested deeper than 128 brackets")]);
    }
}
