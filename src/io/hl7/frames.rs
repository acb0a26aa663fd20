//! Cuts the bytes of an input into messages: MLLP frames, batches, messages that follow each other or stand one a line.
//!
//! A line ends in CR, LF or CRLF. One that begins with the name of a segment and the field separator is a segment; any
//! other continues the field before it, which some systems break into lines. Bytes are looked at, never characters.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::super::{BUFFER, Input, Place, Unusable, nothing};

/// Segments that a message may have: real ones have some hundred, and each costs a little memory beside its bytes.
const SEGMENTS: usize = 100_000;

/// Begins an MLLP frame.
const FRAME: u8 = 0x0b;
/// Ends it.
const FRAME_END: u8 = 0x1c;

/// Marks UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A message as it was cut out.
#[derive(Debug)]
pub(super) struct Cut {
    /// Its segments, parted by CR; lines within a field are parted by LF.
    pub(super) bytes: Vec<u8>,
    /// Its number in the input, from 1.
    pub(super) number: u64,
    /// The line that it begins on.
    pub(super) line: u64,
}

impl Cut {
    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        place(self.number, self.line)
    }
}

fn place(number: u64, line: u64) -> Place {
    Place::item(format!("message {number}"), Some(line))
}

/// Whether the bytes begin a message or a batch: `MSH`, `FHS` or `BHS`, the field separator, and a field of separators.
pub(super) fn is_header(line: &[u8]) -> bool {
    [&b"MSH"[..], b"FHS", b"BHS"].iter().any(|n| line.starts_with(n)) && {
        let separator = separator(line);
        let others = &line[3 + separator.len()..];
        let end = others.windows(separator.len().max(1)).take(7).position(|w| w == separator).unwrap_or(others.len().min(6));
        let known = |b: u8| !b.is_ascii_alphanumeric() && b != b' ' && !b.is_ascii_control();
        separator.first().copied().is_some_and(known) && end > 0 && others[..end].iter().copied().all(known)
    }
}

/// A line without a mark before its header.
fn unmarked(line: &[u8]) -> &[u8] {
    line.strip_prefix(MARK).filter(|rest| is_header(rest)).unwrap_or(line)
}

/// The bytes of the field separator of a header: one, or those of one UTF-8 character.
fn separator(header: &[u8]) -> &[u8] {
    let rest = &header[3..];
    let long = (2..=4).find(|n| rest.len() >= *n && std::str::from_utf8(&rest[..*n]).is_ok_and(|s| s.chars().count() == 1));
    &rest[..if rest.first().is_none_or(u8::is_ascii) { rest.len().min(1) } else { long.unwrap_or(1) }]
}

/// Whether a line begins a segment; a name alone is one where the standard knows it.
fn is_segment(line: &[u8], separator: &[u8]) -> bool {
    const BARE: [&[u8; 3]; 12] = [b"NTE", b"OBX", b"OBR", b"ORC", b"PID", b"PD1", b"PV1", b"PV2", b"EVN", b"TXA", b"FT1", b"BTS"];
    let [a, b, c, rest @ ..] = line else { return false };
    let name = a.is_ascii_uppercase() && [b, c].iter().all(|x| x.is_ascii_uppercase() || x.is_ascii_digit());
    name && if rest.is_empty() { BARE.contains(&&[*a, *b, *c]) } else { rest.starts_with(separator) }
}

/// How a line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// CR, LF, CRLF, or the end of the input.
    Line,
    /// The end of an MLLP frame.
    Frame,
    /// The beginning of one.
    NextFrame,
}

/// Lines of an input, whatever they end in.
struct Lines {
    from: Input,
    /// The number of the next.
    number: u64,
    /// Whether an LF that follows belongs to the end before it.
    after_cr: bool,
}

impl Lines {
    /// Reads a line without its end; past `limit` bytes the rest of it is dropped. The line's number, whether it was
    /// longer, how it ended; `None` at the end.
    fn next(&mut self, line: &mut Vec<u8>, limit: usize) -> io::Result<Option<(u64, bool, End)>> {
        line.clear();
        let number = self.number;
        let (mut any, mut long) = (false, false);
        loop {
            let bytes = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            let Some(&first) = bytes.first() else {
                return Ok(any.then_some((number, long, End::Line)));
            };
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                self.from.consume(1);
                continue;
            }
            // a frame's first byte is the first of its line
            let skip = usize::from(!any && first == FRAME);
            let end = bytes[skip..].iter().position(|b| matches!(*b, b'\n' | b'\r' | FRAME | FRAME_END)).map(|e| e + skip);
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            let fits = piece.len().min(limit.saturating_sub(line.len()));
            line.extend_from_slice(&piece[..fits]);
            long |= fits < piece.len();
            any = true;
            let ended = end.map(|e| bytes[e]);
            let used = end.map_or(bytes.len(), |e| e + usize::from(bytes[e] != FRAME));
            self.from.consume(used);
            match ended {
                None => {}
                Some(FRAME) => return Ok(Some((number, long, End::NextFrame))),
                Some(FRAME_END) => return Ok(Some((number, long, End::Frame))),
                Some(b) => {
                    self.after_cr = b == b'\r';
                    self.number += 1;
                    return Ok(Some((number, long, End::Line)));
                }
            }
        }
    }
}

/// A message that is being read.
struct Open {
    cut: Cut,
    separator: Vec<u8>,
    segments: usize,
    /// Blank lines since its last one that was not.
    blank: usize,
    too_large: bool,
}

/// The messages of an input.
pub(super) struct Frames {
    lines: Lines,
    line: Vec<u8>,
    /// Bytes that a message may have.
    limit: usize,
    open: Option<Open>,
    found: VecDeque<Result<Cut, Unusable>>,
    messages: u64,
    /// Whether an MLLP frame has begun and not ended.
    framed: bool,
    /// The first line of those that belong to no message, and whether it looks like a segment.
    stray: Option<(u64, bool)>,
    /// Whether any header has been seen.
    headed: bool,
    batch: Batch,
    /// The batches of a file, `FHS` to `FTS`.
    file: Batch,
    done: bool,
}

/// What stands between two marks of a batch.
#[derive(Default)]
struct Batch {
    /// The line of its header.
    open: Option<u64>,
    /// What it has of messages or batches.
    count: u64,
    separator: Vec<u8>,
}

impl Frames {
    pub(super) fn new(from: Input, limit: u64) -> Self {
        Self {
            lines: Lines { from, number: 1, after_cr: false },
            line: Vec::new(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            open: None,
            found: VecDeque::new(),
            messages: 0,
            framed: false,
            stray: None,
            headed: false,
            batch: Batch::default(),
            file: Batch::default(),
            done: false,
        }
    }

    /// The next message, or what can't be one.
    pub(super) fn next(&mut self) -> Option<Result<Cut, Unusable>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            if self.done {
                return None;
            }
            let mut line = std::mem::take(&mut self.line);
            match self.lines.next(&mut line, self.limit) {
                Ok(Some((number, long, end))) => {
                    self.physical(&line, number, long);
                    if end == End::Frame {
                        self.frame_ends();
                    }
                }
                Ok(None) => self.finish(),
                Err(e) => self.fail(&e),
            }
            // a line that was long once costs no memory for ever
            line.clear();
            line.shrink_to(BUFFER);
            self.line = line;
        }
    }

    /// Whether more can be had without waiting.
    pub(super) fn at_hand(&self) -> bool {
        !self.found.is_empty() || !self.lines.from.buffer().is_empty()
    }

    /// A line as it stands in the input: one segment, or a whole message whose segments are parted by a written `\r`.
    fn physical(&mut self, line: &[u8], number: u64, long: bool) {
        let line = match line {
            [FRAME, rest @ ..] => {
                // in a text it parts lines
                let rest = unmarked(rest);
                if is_header(rest) || is_segment(rest, b"|") || rest.is_empty() && self.open.is_none() {
                    self.frame_begins();
                }
                rest
            }
            _ if number == 1 && !self.headed => line.strip_prefix(MARK).unwrap_or(line),
            _ => unmarked(line),
        };
        if !is_header(line) {
            return self.one(line, number, long);
        }
        let separator = separator(line).to_vec();
        let mut start = 0;
        let mut at = 0;
        while let Some(found) = line[at..].windows(2).position(|w| w == b"\\r") {
            let end = at + found;
            let next = end + 2 + if line[end + 2..].starts_with(b"\\n") { 2 } else { 0 };
            if next == line.len() || is_segment(&line[next..], &separator) {
                self.one(&line[start..end], number, false);
                start = next;
            }
            at = next;
        }
        if start < line.len() || start == 0 {
            self.one(&line[start..], number, long);
        }
    }

    /// A segment, or a line that continues one.
    fn one(&mut self, line: &[u8], number: u64, long: bool) {
        if line.iter().all(u8::is_ascii_whitespace) {
            if let Some(open) = &mut self.open {
                open.blank += 1;
            }
            return;
        }
        if is_header(line) {
            self.stray_ends();
            self.headed = true;
            self.message_ends(false);
            return if line.starts_with(b"MSH") { self.begin(line, number, long) } else { self.batch_begins(line, number) };
        }
        let known = [self.open.as_ref().map(|o| &o.separator), Some(&self.batch.separator), Some(&self.file.separator)];
        let known: Vec<&Vec<u8>> = known.into_iter().flatten().filter(|s| !s.is_empty()).collect();
        let segment = is_segment(line, known.first().map_or(b"|", |s| s.as_slice()));
        // the end of a batch may have other separators than its messages
        let ends = self.headed && (line.starts_with(b"BTS") || line.starts_with(b"FTS"));
        if let Some(separator) = known.into_iter().find(|s| ends && is_segment(line, s)).cloned() {
            self.stray_ends();
            self.message_ends(false);
            return self.batch_ends(line, &separator, number);
        }
        match &mut self.open {
            Some(open) => open.add(line, segment, long, self.limit),
            None => _ = self.stray.get_or_insert((number, segment)),
        }
    }

    fn begin(&mut self, line: &[u8], number: u64, long: bool) {
        self.messages += 1;
        self.batch.count += 1;
        let cut = Cut { bytes: line.to_vec(), number: self.messages, line: number };
        self.open = Some(Open { cut, separator: separator(line).to_vec(), segments: 1, blank: 0, too_large: long });
    }

    /// The message that is open is whole, or `cut_off` by the end of its frame that never came.
    fn message_ends(&mut self, cut_off: bool) {
        let Some(open) = self.open.take() else { return };
        let place = open.cut.place();
        self.found.push_back(if cut_off {
            let help = "its end (bytes 1C 0D) is missing, so the report may be cut off: have the message sent again";
            Err(Unusable::new("an MLLP frame that does not end", help).at(place))
        } else if open.segments > SEGMENTS {
            Err(Unusable::new(format!("more than {SEGMENTS} segments"), "split the message: a report needs some hundred").at(place))
        } else if open.too_large {
            let help = "raise --max-report-bytes, or have documents and images sent apart from the report";
            Err(Unusable::new(format!("a message of more than {} bytes", self.limit), help).at(place))
        } else {
            Ok(open.cut)
        });
    }

    fn frame_begins(&mut self) {
        self.stray_ends();
        self.message_ends(self.framed);
        self.framed = true;
    }

    fn frame_ends(&mut self) {
        self.framed = false;
        self.message_ends(false);
    }

    fn stray_ends(&mut self) {
        let Some((line, segment)) = self.stray.take() else { return };
        let (what, help) = if segment {
            ("segments without MSH before them", "each message begins with its MSH segment, which names its separators and its kind")
        } else if self.headed {
            ("lines outside of a message", "what follows the end of a frame or of a batch has to begin with MSH, FHS or BHS")
        } else {
            (
                "no HL7 version 2 message: there is no MSH segment",
                "a message begins with MSH and its separators; or say another --input-format",
            )
        };
        self.found.push_back(Err(Unusable::new(what, help).at(Place::line(line))));
    }

    fn batch_begins(&mut self, line: &[u8], number: u64) {
        let of_file = line.starts_with(b"FHS");
        self.batch_unended();
        if of_file {
            self.file_unended();
            self.file.open = Some(number);
            self.file.count = 0;
        } else {
            self.batch.open = Some(number);
            self.file.count += 1;
        }
        self.batch.count = 0;
        let separator = separator(line).to_vec();
        if of_file { &mut self.file } else { &mut self.batch }.separator = separator;
    }

    fn batch_ends(&mut self, line: &[u8], separator: &[u8], number: u64) {
        let of_file = line.starts_with(b"FTS");
        if of_file {
            self.batch_unended();
        }
        let (batch, name, item) = if of_file { (&mut self.file, "FTS", "batch") } else { (&mut self.batch, "BTS", "message") };
        let told = line.get(3 + separator.len()..).unwrap_or_default();
        let told: Vec<u8> = told.iter().copied().take_while(|b| b.is_ascii_digit() || *b == b' ').filter(|b| *b != b' ').collect();
        let told = String::from_utf8(told).ok().and_then(|t| t.parse::<u64>().ok());
        let count = std::mem::take(&mut batch.count);
        batch.open = None;
        if let Some(told) = told.filter(|t| *t != count) {
            let what = format!(
                "{name}-1 tells {told} {item}{}, {count} {}",
                plural(told, item),
                if count == 1 { "is there" } else { "are there" }
            );
            let help = "what is there has been answered; the rest may be missing: have the batch sent again";
            self.found.push_back(Err(Unusable::new(what, help).at(Place::item(name, Some(number)))));
        }
    }

    fn batch_unended(&mut self) {
        if let Some(line) = self.batch.open.take() {
            self.unended("a batch without its end, BTS", "BHS", line);
        }
    }

    fn file_unended(&mut self) {
        if let Some(line) = self.file.open.take() {
            self.unended("a file of batches without its end, FTS", "FHS", line);
        }
    }

    fn unended(&mut self, what: &str, item: &str, line: u64) {
        let help = "what is there has been answered; the rest may be missing: have it sent again";
        self.found.push_back(Err(Unusable::new(what, help).at(Place::item(item, Some(line)))));
    }

    fn finish(&mut self) {
        self.done = true;
        self.message_ends(self.framed);
        self.stray_ends();
        self.batch_unended();
        self.file_unended();
    }

    /// Nothing comes after what can't be read; the message that is open is not whole.
    fn fail(&mut self, e: &io::Error) {
        self.done = true;
        self.lines.from = nothing();
        self.stray_ends();
        let place = self.open.take().map_or(Place::line(self.lines.number), |o| o.cut.place());
        self.found.push_back(Err(Unusable::unreadable(e).at(place)));
    }
}

fn plural(n: u64, item: &str) -> &'static str {
    match (n, item) {
        (1, _) => "",
        (_, "batch") => "es",
        _ => "s",
    }
}

impl Open {
    fn add(&mut self, line: &[u8], segment: bool, long: bool, limit: usize) {
        let blank = std::mem::take(&mut self.blank);
        let breaks = if segment { 1 } else { blank + 1 };
        self.segments += usize::from(segment);
        self.too_large |= long || self.cut.bytes.len() + breaks + line.len() > limit;
        if self.too_large || self.segments > SEGMENTS {
            self.cut.bytes = Vec::new();
            return;
        }
        self.cut.bytes.extend(std::iter::repeat_n(if segment { b'\r' } else { b'\n' }, breaks));
        self.cut.bytes.extend_from_slice(line);
    }
}
