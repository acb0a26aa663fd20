//! HL7 version 2 messages in.

mod data;
mod escape;
mod frames;
mod message;
mod report;

use std::collections::VecDeque;
use std::io::BufRead;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use self::frames::{Cut, Frames};
use super::encoding::as_utf8;
use super::{Input, InputOptions, Record, Records, Unusable, nothing};

/// The reports of messages.
pub(super) fn records(mut from: Input, options: &InputOptions) -> Box<dyn Records> {
    let mut options = options.clone();
    let mut found = VecDeque::new();
    // no separator can be looked for in UTF-16; what can't be read comes up again
    let wide = from.fill_buf().ok().and_then(sixteen_bits).or(options.encoding.filter(|e| [UTF_16LE, UTF_16BE].contains(e)));
    if wide.is_some() {
        options.encoding = Some(UTF_8);
        from = as_utf8(from, wide).unwrap_or_else(|e| {
            found.push_back(Err(Unusable::unreadable(&e)));
            nothing()
        });
    }
    // escapes and base64 make a text longer; the rest is room for the other segments
    let limit = options.max_report_bytes.saturating_mul(2).saturating_add(1 << 20);
    Box::new(Messages { frames: Frames::new(from, limit), found, options })
}

/// Whether the first bytes are those of messages, or of segments that have lost their header.
pub(super) fn begins(head: &[u8]) -> bool {
    if let Some(encoding) = sixteen_bits(head) {
        let (text, _, _) = encoding.decode(&head[..head.len().min(64)]);
        return is_begun(text.as_bytes());
    }
    is_begun(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head))
}

fn is_begun(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\x0b").unwrap_or(start).trim_ascii_start();
    let parts: [&[u8]; 7] = [b"OBR|", b"OBX|", b"ORC|", b"PID|", b"PV1|", b"EVN|", b"TXA|"];
    frames::is_header(start) || parts.iter().any(|p| start.starts_with(p))
}

/// UTF-16 by its mark, or by the zeros of ASCII.
fn sixteen_bits(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}

struct Messages {
    frames: Frames,
    /// Reports of the message that was read last.
    found: VecDeque<Result<Record, Unusable>>,
    options: InputOptions,
}

impl Records for Messages {
    fn next(&mut self) -> Option<Result<Record, Unusable>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Some(found);
            }
            match self.frames.next()? {
                Ok(cut) => report::records(cut, &self.options, &mut self.found),
                Err(unusable) => return Some(Err(unusable)),
            }
        }
    }

    fn at_hand(&self) -> bool {
        !self.found.is_empty() || self.frames.at_hand()
    }
}
