//! Long tables of a frozen lexicon as plain bytes: read in one go, not number by number or word by word.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// The bytes of a table, as they stand in what is read.
fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<&'de [u8], D::Error> {
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
    from.deserialize_bytes(Bytes)
}

/// A table in serde's terms: `#[serde(with = "table")]`.
pub(super) mod table {
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    use super::Row;

    pub(in super::super) fn serialize<T: Row<N>, S: Serializer, const N: usize>(rows: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.pack()).flat_map(u32::to_le_bytes).collect();
        serializer.serialize_bytes(&bytes)
    }

    pub(in super::super) fn deserialize<'de, T: Row<N>, D: Deserializer<'de>, const N: usize>(from: D) -> Result<Vec<T>, D::Error> {
        let (words, cut) = super::bytes(from)?.as_chunks::<4>();
        let (rows, left) = words.as_chunks::<N>();
        if !(cut.is_empty() && left.is_empty()) {
            return Err(D::Error::custom("a table that is cut off"));
        }
        Ok(rows.iter().map(|row| T::unpack(row.map(u32::from_le_bytes))).collect())
    }
}

/// What no report needs: it is read from its bytes when it is asked for.
#[derive(Debug)]
pub(crate) struct Deferred<T> {
    bytes: Vec<u8>,
    value: OnceLock<T>,
}

impl<T> From<T> for Deferred<T> {
    fn from(value: T) -> Self {
        Self { bytes: Vec::new(), value: value.into() }
    }
}

impl<T: DeserializeOwned> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(|| postcard::from_bytes(&self.bytes).expect("what was written with the lexicon"))
    }
}

impl<T: Serialize + DeserializeOwned> Serialize for Deferred<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = postcard::to_allocvec(&**self).map_err(serde::ser::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de, T> Deserialize<'de> for Deferred<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self { bytes: bytes(from)?.to_vec(), value: OnceLock::new() })
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
