//! Inputs in pieces, and what a reader makes of them.
#![allow(dead_code, reason = "each test crate has its own use of it")]

use std::io::{self, Read};

use radcode::io::{InputOptions, Record, Unusable, open};

/// Gives at most so many bytes at a time.
pub struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    size: usize,
}

impl Pieces {
    pub fn new(bytes: &[u8], size: usize) -> Self {
        Self { bytes: io::Cursor::new(bytes.to_vec()), size }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(self.size);
        self.bytes.read(&mut into[..n])
    }
}

/// All that a reader gives: records, and what it can't use.
pub fn read(from: impl Read + Send + 'static, name: &str, options: &InputOptions) -> Vec<Result<Record, Unusable>> {
    match open(from, "stem", name, options) {
        Ok(mut records) => {
            let all: Vec<_> = std::iter::from_fn(|| records.next()).take(10_000).collect();
            assert!(all.len() < 10_000, "a reader that never ends");
            all
        }
        Err(u) => vec![Err(u)],
    }
}

/// The texts, and `-- what` for what can't be used.
pub fn shown(read: &[Result<Record, Unusable>]) -> Vec<String> {
    read.iter().map(|r| r.as_ref().map_or_else(|u| format!("-- {}", u.what), |r| r.text.clone())).collect()
}

/// Changes to bytes, as files are damaged or edited.
#[derive(Clone, Debug)]
pub enum Change {
    Flip(usize, u8),
    Cut(usize, usize),
    Insert(usize, Vec<u8>),
    Double(usize, usize),
    Swap(usize, usize),
    SwapLines(usize, usize),
}

impl Change {
    pub fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = |n: usize| n % bytes.len();
        match self {
            Self::Flip(n, with) => {
                let n = at(*n);
                bytes[n] ^= with;
            }
            Self::Cut(n, many) => {
                let (n, end) = (at(*n), (at(*n) + many).min(bytes.len()));
                bytes.drain(n..end);
            }
            Self::Insert(n, more) => {
                let n = at(*n);
                bytes.splice(n..n, more.iter().copied());
            }
            Self::Double(n, many) => {
                let (n, end) = (at(*n), (at(*n) + many).min(bytes.len()));
                let piece = bytes[n..end].to_vec();
                bytes.splice(n..n, piece);
            }
            Self::Swap(a, b) => {
                let (a, b) = (at(*a), at(*b));
                bytes.swap(a, b);
            }
            Self::SwapLines(a, b) => {
                let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                let count = lines.len();
                lines.swap(a % count, b % count);
                *bytes = lines.concat();
            }
        }
    }
}
