//! Bytes of inputs: handed out a few at a time, and changed as files are changed by accident.
#![allow(dead_code, reason = "each test crate takes what it needs")]

use std::io::{Read, Result};
use std::path::Path;

use proptest::prelude::*;

/// Hands out a few bytes at a time.
pub struct Few {
    bytes: Vec<u8>,
    at: usize,
    at_once: usize,
}

impl Few {
    pub fn new(bytes: &[u8], few: usize) -> Self {
        Self { bytes: bytes.to_vec(), at: 0, at_once: few }
    }
}

impl Read for Few {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let n = self.at_once.min(into.len()).min(self.bytes.len() - self.at);
        into[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// A file under `tests/data`.
pub fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A change of bytes: at a place, or from one place to another.
#[derive(Clone, Debug)]
pub enum Change {
    Flip(usize, u8),
    Cut(usize, usize),
    Insert(usize, u8),
    Double(usize, usize),
    Swap(usize, usize),
    SwapLines(usize, usize),
    End(usize),
}

/// Changes of a text of so many bytes.
pub fn changes(length: usize) -> impl Strategy<Value = Vec<Change>> {
    let at = move || 0..length;
    let near = move || (0..length, 0..200usize).prop_map(move |(a, n)| (a, (a + n).min(length)));
    // bytes that mean something to formats, and any
    let byte = || prop_oneof![prop::sample::select(&b"{}[]\",:\\\n\r |^~&<>\x00\xff"[..]), any::<u8>()];
    let change = prop_oneof![
        (at(), byte()).prop_map(|(a, b)| Change::Flip(a, b)),
        near().prop_map(|(a, b)| Change::Cut(a, b)),
        (at(), byte()).prop_map(|(a, b)| Change::Insert(a, b)),
        near().prop_map(|(a, b)| Change::Double(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        at().prop_map(Change::End),
    ];
    prop::collection::vec(change, 1..4)
}

/// The bytes, changed. Places beyond their end change nothing.
pub fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        let end = bytes.len();
        match *change {
            Change::Flip(a, b) if a < end => bytes[a] = b,
            Change::Cut(a, b) => drop(bytes.drain(a.min(end)..b.min(end))),
            Change::Insert(a, b) => bytes.insert(a.min(end), b),
            Change::Double(a, b) => {
                let stretch = bytes[a.min(end)..b.min(end)].to_vec();
                let at = a.min(end);
                bytes.splice(at..at, stretch);
            }
            Change::Swap(a, b) if a < end && b < end => bytes.swap(a, b),
            Change::SwapLines(a, b) => {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                let count = lines.len();
                if count > 1 {
                    lines.swap(a % count, b % count);
                }
                bytes = lines.concat();
            }
            Change::End(a) => bytes.truncate(a),
            Change::Flip(..) | Change::Swap(..) => {}
        }
    }
    bytes
}
