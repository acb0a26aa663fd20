//! HL7 version 2 messages in.

mod data;
mod escape;
mod frames;
mod message;
mod report;
mod utf16;

use std::collections::VecDeque;

use self::frames::{Cut, Frames};
use super::{Input, InputOptions, Record, Records, Unusable};

/// The reports of messages.
pub(super) fn records(from: Input, options: &InputOptions) -> Box<dyn Records> {
    let (from, options) = match utf16::as_utf8(from, options.encoding) {
        (from, false) => (from, options.clone()),
        (from, true) => (from, InputOptions { encoding: Some(encoding_rs::UTF_8), ..options.clone() }),
    };
    // escapes and base64 make a text longer; the rest is room for the other segments
    let limit = options.max_report_bytes.saturating_mul(2).saturating_add(1 << 20);
    Box::new(Messages { frames: Frames::new(from, limit), found: VecDeque::new(), options })
}

/// Whether the first bytes are those of messages, or of segments that have lost their header.
pub(super) fn begins(head: &[u8]) -> bool {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let start = start.strip_prefix(b"\x0b").unwrap_or(start);
    let parts: [&[u8]; 7] = [b"OBR|", b"OBX|", b"ORC|", b"PID|", b"PV1|", b"EVN|", b"TXA|"];
    frames::is_header(start) || parts.iter().any(|p| start.starts_with(p)) || utf16::begins(head)
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
