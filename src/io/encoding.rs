//! Inputs of any encoding as UTF-8, a piece at a time.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Input;
use super::unpack::primed;

/// A byte that is in no UTF-8: stands where bytes fit no character, so that what holds it is set aside like any other
/// text that is not UTF-8.
const UNFIT: u8 = 0xff;

/// An input in UTF-8, by its mark, which is taken off, else by the encoding asked for. Bytes that fit no character are no
/// UTF-8 in it; without a mark and an encoding it is passed on as it is.
///
/// # Errors
/// The input can't be read.
pub(super) fn as_utf8(mut from: Input, asked: Option<&'static Encoding>) -> io::Result<Input> {
    let (marked, skip) = Encoding::for_bom(from.fill_buf()?).map_or((None, 0), |(e, skip)| (Some(e), skip));
    from.consume(skip);
    match marked.or(asked) {
        None => Ok(from),
        Some(e) if e == UTF_8 => Ok(from),
        Some(e) => primed(Box::new(Decoded { from, decoder: e.new_decoder_without_bom_handling(), out: Vec::new(), at: 0, end: false })),
    }
}

/// The first bytes of an input as its form is told by: those of UTF-16 in UTF-8.
pub(super) fn head<'a>(bytes: &'a [u8], asked: Option<&'static Encoding>) -> Cow<'a, [u8]> {
    match Encoding::for_bom(bytes).map(|(e, _)| e).or(asked) {
        Some(e) if e == UTF_16LE || e == UTF_16BE => {
            // what was read ahead may stop in the midst of a line end
            let halved = (bytes.len() % 2 == 1 && e == UTF_16LE).then(|| [bytes, &[0]].concat());
            Cow::Owned(e.decode(halved.as_deref().unwrap_or(bytes)).0.into_owned().into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
}

struct Decoded {
    from: Input,
    decoder: Decoder,
    out: Vec<u8>,
    at: usize,
    end: bool,
}

impl Decoded {
    /// Decodes what is at hand.
    fn more(&mut self) -> io::Result<()> {
        let bytes = self.from.fill_buf()?;
        self.end = bytes.is_empty();
        let most = self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 4 + 16);
        self.out.resize(most, 0);
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.out, self.end);
        self.out.truncate(written);
        self.at = 0;
        self.from.consume(read);
        if matches!(result, DecoderResult::Malformed(..)) {
            self.out.push(UNFIT);
            // there may be more behind it, the decoder's own end too
            self.end = false;
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() && !self.end {
            self.more()?;
        }
        let n = (&self.out[self.at..]).read(into)?;
        self.at += n;
        Ok(n)
    }
}
