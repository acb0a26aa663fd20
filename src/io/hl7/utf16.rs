//! Messages in UTF-16, which no separator could be looked for in, as UTF-8.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::super::{BUFFER, Input};

/// Whether the first bytes are those of messages in UTF-16.
pub(super) fn begins(head: &[u8]) -> bool {
    let Some((encoding, skip)) = told(head) else { return false };
    let (text, _) = encoding.decode_without_bom_handling(&head[skip..head.len().min(64)]);
    super::begins(text.as_bytes())
}

/// The encoding by its mark, or by the zeros of ASCII, and the bytes of the mark.
fn told(head: &[u8]) -> Option<(&'static Encoding, usize)> {
    match head {
        [0xff, 0xfe, ..] => Some((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => Some((UTF_16BE, 2)),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some((UTF_16LE, 0)),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// The input in UTF-8, where it is UTF-16 by its first bytes or by what is `said`; and whether it was.
pub(super) fn as_utf8(mut from: Input, said: Option<&'static Encoding>) -> (Input, bool) {
    let mut head = [0; 4];
    let mut read = 0;
    // an error comes again with the next read
    while read < head.len() {
        match from.fill_buf() {
            Ok([]) => break,
            Ok(bytes) if read == 0 && bytes.len() >= head.len() => {
                head.copy_from_slice(&bytes[..4]);
                if told(&head).is_none() && !said.is_some_and(is_utf16) {
                    return (from, false);
                }
                read = 4;
                from.consume(4);
            }
            Ok(bytes) => {
                head[read] = bytes[0];
                read += 1;
                from.consume(1);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let found = told(&head[..read]).or_else(|| said.filter(|e| is_utf16(e)).map(|e| (e, 0)));
    let skip = found.map_or(0, |(_, skip)| skip);
    let rest = Cursor::new(head[skip..read].to_vec()).chain(from);
    let inside: Box<dyn Read + Send> = match found {
        None => Box::new(rest),
        Some((encoding, _)) => Box::new(Utf8 {
            from: BufReader::with_capacity(BUFFER, Box::new(rest)),
            decoder: encoding.new_decoder_without_bom_handling(),
            text: Vec::new(),
            read: 0,
            ended: false,
        }),
    };
    (BufReader::with_capacity(BUFFER, inside), found.is_some())
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

struct Utf8 {
    from: Input,
    decoder: Decoder,
    /// What has been decoded, and how much of it has been read.
    text: Vec<u8>,
    read: usize,
    ended: bool,
}

impl Read for Utf8 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.text.len() && !self.ended {
            let bytes = self.from.fill_buf()?;
            let last = bytes.is_empty();
            self.text.resize(1 << 12, 0);
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
            self.from.consume(read);
            self.text.truncate(written);
            self.read = 0;
            self.ended = last && result == DecoderResult::InputEmpty;
            if let DecoderResult::Malformed(..) = result {
                self.ended = true;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "bytes that are not UTF-16"));
            }
        }
        let n = out.len().min(self.text.len() - self.read);
        out[..n].copy_from_slice(&self.text[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}
