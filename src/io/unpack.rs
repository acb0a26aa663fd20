//! gzip and zstd around any input, taken off once, with limits on what a small file may grow to and on what is held.

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{BUFFER, Input, nothing};

/// What may come out of a packing before its size is held against what went in: a small file of blanks is no bomb.
const FREE: u64 = 64 << 20;

/// Bytes that a zstd frame may ask to be held while it is unpacked: RFC 8878 wants 8 MiB of every decoder, and `zstd`
/// stays within them but for `--long` and `--ultra`.
const WINDOW: u64 = 8 << 20;

/// How an input is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several; the first may be one to skip.
    Zstd,
    /// One that is not read here, and the program that unpacks it.
    Other(&'static str),
}

impl Packing {
    /// The packing that the first bytes tell.
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Other("xz")),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Self::Other("bzip2")),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Other("lz4")),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Other(name) => name,
        }
    }
}

/// What is wrong with what is packed, as the error of a reader.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl Broken {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// The mistake that an error carries.
    pub(super) fn of(e: &io::Error) -> Option<&Self> {
        e.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Broken {}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        Self::new(io::ErrorKind::InvalidData, broken)
    }
}

/// What is inside an input that may be packed. Once unpacked it may be `expansion` times its size, after the first 64 MiB.
/// Its first line is at hand, however small the pieces that it comes in.
///
/// # Errors
/// The input can't be read, or is packed in another way or twice.
pub(super) fn unpack(from: Input, expansion: u64) -> io::Result<Input> {
    let mut from = primed(Box::new(from))?;
    let Some(packing) = Packing::of(from.fill_buf()?) else { return Ok(from) };
    let from = Source::new(from);
    let inside: Box<dyn Unpacker> = match packing {
        Packing::Gzip => Box::new(Gzip { inside: GzDecoder::new(from) }),
        Packing::Zstd => Box::new(Zstd::new(from)),
        Packing::Other(name) => {
            return Err(Broken::new(
                format!("packed by {name}, which is not read"),
                format!("unpack it into a pipe: {name} -dc FILE | radcode batch -"),
            )
            .into());
        }
    };
    let mut inside = primed(Box::new(Unpacked { inside, expansion, given: 0, broken: None }))?;
    match Packing::of(inside.fill_buf()?) {
        None => Ok(inside),
        Some(again) => Err(Broken::new(
            format!("packed twice: {} inside {}", again.name(), packing.name()),
            "unpack it once: what is packed again has often been sent wrong",
        )
        .into()),
    }
}

/// A reader that has enough in its buffer to tell a form by, or as much as its buffer takes.
///
/// # Errors
/// Nothing can be read.
pub(super) fn primed(mut from: Box<dyn Read + Send>) -> io::Result<Input> {
    let mut head = vec![0; BUFFER];
    let mut filled = 0;
    let mut later = None;
    while filled < head.len() {
        match from.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(n) => {
                filled += n;
                let lines = head[filled - n..filled].iter().any(|b| is_line_end(*b));
                if lines && enough(&head[..filled]) {
                    break;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if filled == 0 => return Err(e),
            Err(e) => {
                // comes up behind what could be read
                later = Some(e);
                break;
            }
        }
    }
    head.truncate(filled);
    Ok(BufReader::with_capacity(BUFFER, Box::new(Primed { head: Cursor::new(head), later, from })))
}

/// Whether a form can be told by these bytes, so that whoever feeds us line by line need not go on first: by the first
/// line that is not blank; where that opens an object or array and leaves it open, only by more.
fn enough(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Some(end) = head.iter().position(|b| is_line_end(*b)) else { return false };
    !matches!(head[0], b'{' | b'[') || head[..end].trim_ascii_end().ends_with(b"}")
}

fn is_line_end(b: u8) -> bool {
    matches!(b, b'\n' | b'\r')
}

/// What was read ahead, then what stopped that, then the rest.
struct Primed {
    head: Cursor<Vec<u8>>,
    later: Option<io::Error>,
    from: Box<dyn Read + Send>,
}

impl Read for Primed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.head.read(into)? {
            0 => match self.later.take() {
                Some(e) => Err(e),
                None => self.from.read(into),
            },
            n => Ok(n),
        }
    }
}

/// The packed bytes in blocks of one size, so that what comes out before a damage depends on the bytes alone. Counts them,
/// and keeps the error of the input apart from what a decoder makes of it.
struct Source {
    from: Input,
    block: Vec<u8>,
    /// Where in the block the next byte stands.
    at: usize,
    taken: u64,
    /// Whether more was wanted than there is.
    ended: bool,
    failed: Option<io::Error>,
}

impl Source {
    fn new(from: Input) -> Self {
        Self { from, block: Vec::new(), at: 0, taken: 0, ended: false, failed: None }
    }

    /// What is left of the block.
    fn rest(&self) -> &[u8] {
        &self.block[self.at..]
    }

    /// Whether nothing is left; what can't be read is told.
    fn at_end(&mut self) -> io::Result<bool> {
        let end = self.fill_buf().map(<[u8]>::is_empty);
        self.ended = false;
        end.map_err(|e| self.failed.take().unwrap_or(e))
    }

    /// The error of a decoder: of the input, or of what is packed in it.
    fn told(&mut self, packing: &str) -> io::Error {
        if let Some(e) = self.failed.take() {
            return e;
        }
        if !self.ended {
            return self.damaged(packing);
        }
        let what = format!("the {packing} data stops before its end: the file was cut short");
        Broken::new(what, "get the file again; what came before has been answered").into()
    }

    fn damaged(&self, packing: &str) -> io::Error {
        let what = format!("the {packing} data is damaged at or before byte {} of the file", self.taken);
        Broken::new(what, "get the file again; what came before has been answered, the last of it perhaps from damaged text").into()
    }

    /// The error of what stands behind the last of a packing, from byte `at`.
    fn junk(at: u64, packing: &str) -> io::Error {
        let what = format!("byte {at} of the file and what follows it is no {packing} data");
        Broken::new(what, "what came before has been answered; cut off or unpack the rest").into()
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.block.len() {
            if let Some(e) = &self.failed {
                return Err(e.kind().into());
            }
            self.at = 0;
            self.block.clear();
            // what was read before an error comes first
            let read = (&mut self.from).take(BUFFER as u64).read_to_end(&mut self.block);
            if let Err(e) = read {
                let kind = e.kind();
                self.failed = Some(e);
                if self.block.is_empty() {
                    return Err(kind.into());
                }
            }
            self.ended = self.block.is_empty();
        }
        Ok(self.rest())
    }

    fn consume(&mut self, n: usize) {
        self.taken += n as u64;
        self.at += n;
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

/// Takes a packing off.
trait Unpacker: Read + Send {
    /// Bytes that have gone in.
    fn taken(&self) -> u64;
}

/// What comes out of a packing, measured against what went in.
struct Unpacked {
    inside: Box<dyn Unpacker>,
    expansion: u64,
    given: u64,
    /// What was wrong; nothing comes after it.
    broken: Option<Broken>,
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone().into());
        }
        let n = match self.inside.read(into) {
            Ok(n) => n,
            Err(e) => {
                self.broken = Broken::of(&e).cloned();
                return Err(e);
            }
        };
        self.given += n as u64;
        let taken = self.inside.taken();
        if self.given > FREE && self.given > taken.saturating_mul(self.expansion) {
            let what =
                format!("{taken} bytes of it unpack to over {} bytes, more than {} times as many", self.given - n as u64, self.expansion);
            let help = "a file made to fill memory; if it is what you expect, raise --max-expansion, or unpack it into a pipe";
            let broken = self.broken.insert(Broken::new(what, help));
            return Err(broken.clone().into());
        }
        Ok(n)
    }
}

/// gzip: members one behind the other, perhaps zeros behind the last (tapes and block devices leave them).
struct Gzip {
    inside: GzDecoder<Source>,
}

impl Unpacker for Gzip {
    fn taken(&self) -> u64 {
        self.inside.get_ref().taken
    }
}

impl Read for Gzip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match self.inside.read(into) {
                Ok(0) => {}
                Ok(n) => return Ok(n),
                Err(_) => return Err(self.inside.get_mut().told("gzip")),
            }
            let from = self.inside.get_mut();
            if from.at_end()? {
                return Ok(0);
            }
            match from.rest() {
                [0x1f, ..] => {
                    let from = std::mem::replace(from, Source::new(nothing()));
                    self.inside.reset(from);
                }
                [0, ..] => padding(from)?,
                _ => return Err(Source::junk(from.taken, "gzip")),
            }
        }
    }
}

/// Steps over zeros up to the end.
fn padding(from: &mut Source) -> io::Result<()> {
    while !from.at_end()? {
        let rest = from.rest();
        let zeros = rest.iter().take_while(|b| **b == 0).count();
        let all = zeros == rest.len();
        from.consume(zeros);
        if !all {
            return Err(Source::junk(from.taken, "gzip"));
        }
    }
    Ok(())
}

/// zstd: frames one behind the other, some of them to skip. What the frame still may refer to comes out when it ends, so
/// that of a frame cut short the last bytes, as many as its window has, are not given.
struct Zstd {
    from: Source,
    frame: FrameDecoder,
    /// Bytes given of the frame at hand; `None` between frames.
    given: Option<u64>,
}

impl Zstd {
    fn new(from: Source) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW);
        Self { from, frame, given: None }
    }

    /// Begins the next frame; `false` at the end.
    fn begin(&mut self) -> io::Result<bool> {
        if self.from.at_end()? {
            return Ok(false);
        }
        match self.frame.init(&mut self.from) {
            Ok(()) => self.given = Some(0),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let skipped = io::copy(&mut (&mut self.from).take(length.into()), &mut io::sink());
                if skipped.ok() != Some(length.into()) {
                    return Err(self.from.told("zstd"));
                }
            }
            Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                return Err(Broken::new(
                    format!("a zstd frame wants {requested} bytes held, more than the {WINDOW} that are"),
                    "pack it without --long and --ultra, or unpack it into a pipe: zstd -dc --long=31 FILE | radcode batch -",
                )
                .into());
            }
            Err(FrameDecoderError::DictNotProvided { .. }) => {
                return Err(Broken::new(
                    "a zstd frame was packed with a dictionary of its own, which is not at hand",
                    "unpack it into a pipe: zstd -dc -D DICTIONARY FILE | radcode batch -",
                )
                .into());
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_))) => {
                return Err(Source::junk(self.from.taken - 4, "zstd"));
            }
            Err(_) => return Err(self.from.told("zstd")),
        }
        Ok(true)
    }

    /// Ends a frame of so many bytes: it has to be what its header and its checksum say.
    fn end(&mut self, given: u64) -> io::Result<()> {
        self.given = None;
        let size = self.frame.content_size();
        let sum = self.frame.get_checksum_from_data();
        if (size != 0 && size != given) || sum.is_some_and(|s| self.frame.get_calculated_checksum() != Some(s)) {
            return Err(self.from.damaged("zstd"));
        }
        Ok(())
    }
}

impl Unpacker for Zstd {
    fn taken(&self) -> u64 {
        self.from.taken
    }
}

impl Read for Zstd {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(given) = self.given else {
                if self.begin()? {
                    continue;
                }
                return Ok(0);
            };
            let n = self.frame.read(into)?;
            if n > 0 {
                self.given = Some(given + n as u64);
                return Ok(n);
            }
            if self.frame.is_finished() {
                self.end(given)?;
            } else if self.frame.decode_blocks(&mut self.from, BlockDecodingStrategy::UptoBlocks(1)).is_err() {
                return Err(self.from.told("zstd"));
            }
        }
    }
}
