//! Long tables of a frozen lexicon as plain bytes: read in one go, not number by number or word by word.

use serde::{Deserialize, Serialize};

/// A row of a table that is kept as bytes.
pub(super) trait Row<const N: usize>: Copy {
    fn pack(self) -> [u32; N];
    fn unpack(row: [u32; N]) -> Self;
}

impl Row<1> for u32 {
    fn pack(self) -> [u32; 1] {
        [self]
    }

    fn unpack([n]: [u32; 1]) -> Self {
        n
    }
}

/// A table in serde's terms: `#[serde(with = "table")]`.
pub(super) mod table {
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    use super::Row;

    pub(in super::super) fn serialize<T: Row<N>, S: Serializer, const N: usize>(rows: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.pack()).flat_map(u32::to_le_bytes).collect();
        serializer.serialize_bytes(&bytes)
    }

    pub(in super::super) fn deserialize<'de, T: Row<N>, D: Deserializer<'de>, const N: usize>(from: D) -> Result<Vec<T>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = &'de [u8];

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a table")
            }

            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(bytes)
            }
        }
        let (words, cut) = from.deserialize_bytes(Bytes)?.as_chunks::<4>();
        let (rows, left) = words.as_chunks::<N>();
        if !(cut.is_empty() && left.is_empty()) {
            return Err(D::Error::custom("a table that is cut off"));
        }
        Ok(rows.iter().map(|row| T::unpack(row.map(u32::from_le_bytes))).collect())
    }
}

/// A list of strings in one piece of text.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Strings {
    all: Box<str>,
    /// Where each ends.
    #[serde(with = "table")]
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn get(&self, i: usize) -> &str {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start as usize..self.ends[i] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.get(i))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let (mut all, mut ends) = (String::new(), Vec::new());
        for s in strings {
            all.push_str(s.as_ref());
            ends.push(all.len() as u32);
        }
        Self { all: all.into(), ends }
    }
}
