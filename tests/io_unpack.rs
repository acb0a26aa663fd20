//! gzip and zstd around an input: all that is packed comes out, in the pieces that it comes in, and what is damaged or
//! grows too large is named.
#![cfg(feature = "io")]

#[path = "common/pieces.rs"]
mod pieces;

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use pieces::{Change, Pieces, read, shown};
use proptest::prelude::*;
use radcode::io::InputOptions;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const GZIP: &[u8] = include_bytes!("data/packed/two.ndjson.gz");
const ZSTD: &[u8] = include_bytes!("data/packed/two.ndjson.zst");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).expect("memory takes it");
    out.finish().expect("memory takes it")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Lines of JSON with texts that say their number and do not pack too well.
fn lines(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let noise = |n: u32| u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(n % 64);
    numbers.flat_map(|n| format!("{{\"text\":\"report {n} of many {:016x}\"}}\n", noise(n + 1)).into_bytes()).collect()
}

fn unpacked(bytes: &[u8]) -> Vec<String> {
    shown(&read(Pieces::new(bytes, usize::MAX), "x", &InputOptions::default()))
}

/// What is wrong with the last of the input, and how many reports came before.
fn fails(bytes: &[u8]) -> (usize, String) {
    let all = unpacked(bytes);
    let (last, before) = all.split_last().expect("something is told");
    assert!(before.iter().all(|t| !t.starts_with("--")), "one thing is told: {all:?}");
    (before.len(), last.strip_prefix("-- ").unwrap_or_else(|| panic!("nothing is told: {all:?}")).to_owned())
}

#[test]
fn files_of_the_programs_come_out_whole() {
    for packed in [GZIP, ZSTD] {
        for size in [1, 2, 7, 64, usize::MAX] {
            let all = read(Pieces::new(packed, size), "two.ndjson.gz", &InputOptions::default());
            let ids: Vec<&str> = all.iter().flatten().map(|r| r.id.as_str()).collect();
            assert_eq!(ids, ["k1", "k2", "k3"], "in pieces of {size}");
        }
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let (a, b) = (lines(0..3000), lines(3000..3001));
    let skip = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let all = unpacked(&lines(0..3001));
    assert_eq!(unpacked(&[gzip(&a), gzip(b""), gzip(&b)].concat()), all);
    assert_eq!(unpacked(&[gzip(&a), gzip(&b), vec![0; 70_000]].concat()), all, "zeros behind the last member are no data");
    assert_eq!(unpacked(&[zstd(&a), skip.to_vec(), zstd(b""), zstd(&b), skip.to_vec()].concat()), all);
    assert_eq!(unpacked(&[skip.to_vec(), zstd(&a), zstd(&b)].concat()), all, "a frame to skip may come first");
    assert_eq!(unpacked(&gzip(b"")), [""; 1], "nothing is an empty text, as an empty file is");
}

#[test]
fn what_is_cut_short_is_told_after_what_came_before() {
    let text = lines(0..3000);
    for (packed, name) in [(gzip(&text), "gzip"), (zstd(&text), "zstd")] {
        let second = [packed.clone(), packed.clone()].concat();
        for (bytes, most) in [(&packed[..packed.len() - 1], 3000), (&packed[..packed.len() / 2], 2999), (&second[..packed.len() + 5], 3000)]
        {
            let (before, what) = fails(bytes);
            assert_eq!(
                what,
                format!("can't be read: the {name} data stops before its end: the file was cut short").replace("can't be read: ", "")
            );
            // zstd holds back what the frame may still refer to
            let least = if name == "gzip" { 1000 } else { most / 3000 * 3000 };
            assert!(before <= most && (before >= least || bytes.len() < packed.len()), "{name}: {before} of {most}");
        }
        assert_eq!(fails(&packed[..4]).0, 0);
    }
}

#[test]
fn what_is_damaged_is_told() {
    let text = lines(0..10);
    for (mut packed, name) in [(gzip(&text), "gzip"), (zstd(&text), "zstd")] {
        let last = packed.len();
        let junk = [packed.clone(), b"junk".to_vec()].concat();
        assert_eq!(fails(&junk), (10, format!("byte {last} of the file and what follows it is no {name} data")));
        packed[last - if name == "gzip" { 8 } else { 1 }] ^= 1;
        assert_eq!(fails(&packed), (10, format!("the {name} data is damaged at or before byte {last} of the file")), "the checksum tells");
    }
    let zeros_then = [gzip(&text), vec![0; 10], b"x".to_vec()].concat();
    assert!(fails(&zeros_then).1.ends_with("is no gzip data"));
}

#[test]
fn packings_of_other_kinds_are_named() {
    for (bytes, what) in [
        (&b"\xfd7zXZ\0abc"[..], "packed by xz, which is not read"),
        (b"BZh91AY&SYabc", "packed by bzip2, which is not read"),
        (b"\x04\x22\x4d\x18abc", "packed by lz4, which is not read"),
    ] {
        assert_eq!(fails(bytes), (0, what.to_owned()));
    }
    let once = gzip(&lines(0..3));
    assert_eq!(fails(&gzip(&once)).1, "packed twice: gzip inside gzip");
    assert_eq!(fails(&zstd(&once)).1, "packed twice: gzip inside zstd");
    assert_eq!(unpacked(b"BZh is how some begin"), ["BZh is how some begin"]);
}

#[test]
fn a_bomb_is_told_after_the_free_part() {
    let line = format!("{{\"text\":\"{}\"}}\n", "again ".repeat(20_000));
    let gzipped = gzip(line.repeat(600).as_bytes());
    // one frame of raw and run-length blocks: 128 KiB of blanks for each
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 0..600u32 {
        let header = (0x20000 << 3) | (1 << 1) | u32::from(block == 599);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'\n');
    }
    for (bytes, name) in [(gzipped, "gzip"), (frame, "zstd")] {
        let tight = InputOptions { max_expansion: 20, ..InputOptions::default() };
        let mut records = radcode::io::open(Pieces::new(&bytes, 65_536), "id", "x.ndjson", &tight).expect("it begins well");
        let (mut reports, mut told) = (0, Vec::new());
        while let Some(r) = records.next() {
            match r {
                Ok(_) => reports += 1,
                Err(u) => told.push(u.what),
            }
        }
        let [what] = &told[..] else { panic!("{name}: {told:?}") };
        assert!(what.contains("unpack to over 67") && what.ends_with("more than 20 times as many"), "{name}: {what}");
        assert!(name == "zstd" || reports > 550, "{name}: {reports} came before");
    }
}

#[test]
fn what_a_frame_may_hold_is_limited() {
    // a window of 16 MiB; a frame in one segment of 1 GiB; a dictionary
    let wide = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 1, 0, 0];
    let whole = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 1, 0, 0];
    let foreign = [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x38, 7, 1, 0, 0];
    assert_eq!(fails(&wide).1, "a zstd frame wants 16777216 bytes held, more than the 8388608 that are");
    assert_eq!(fails(&whole).1, "a zstd frame wants 1073741824 bytes held, more than the 8388608 that are");
    assert_eq!(fails(&foreign).1, "a zstd frame was packed with a dictionary of its own, which is not at hand");
}

/// Fails once, in the midst.
struct Failing(Pieces, bool);

impl Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 if !self.1 => {
                self.1 = true;
                Err(io::Error::other("the disk says no"))
            }
            n => Ok(n),
        }
    }
}

#[test]
fn an_input_that_fails_is_told_as_such() {
    let text = lines(0..3000);
    for packed in [text.clone(), gzip(&text), [zstd(&lines(0..1000)), zstd(&text)].concat()] {
        let half = Pieces::new(&packed[..packed.len() / 2], 1000);
        let all = shown(&read(Failing(half, false), "x", &InputOptions::default()));
        assert_eq!(all.last().map(String::as_str), Some("-- can't be read: the disk says no"));
        assert!(all.len() > 500);
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0..4096usize;
    let one = prop_oneof![
        4 => (at.clone(), 1..=255u8).prop_map(|(n, b)| Change::Flip(n, b)),
        1 => (at.clone(), 1..40usize).prop_map(|(n, m)| Change::Cut(n, m)),
        1 => (at.clone(), proptest::collection::vec(any::<u8>(), 1..20)).prop_map(|(n, b)| Change::Insert(n, b)),
        1 => (at.clone(), 1..40usize).prop_map(|(n, m)| Change::Double(n, m)),
        1 => (at.clone(), at).prop_map(|(a, b)| Change::Swap(a, b)),
    ];
    proptest::collection::vec(one, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_packings_neither_panic_nor_depend_on_pieces(zstd in any::<bool>(), changes in changes(), size in 1..50usize) {
        let mut bytes = if zstd { ZSTD } else { GZIP }.to_vec();
        for c in &changes {
            c.to(&mut bytes);
        }
        let options = InputOptions { format: Some(radcode::io::Format::Ndjson), ..InputOptions::default() };
        let whole = read(Pieces::new(&bytes, usize::MAX), "x", &options);
        prop_assert_eq!(&whole, &read(Pieces::new(&bytes, size), "x", &options));
        let told: Vec<&str> = whole.iter().filter_map(|r| r.as_ref().err()).map(|u| u.what.as_str()).collect();
        // three reports, or something is told
        prop_assert!(!told.is_empty() || whole.len() >= 3 || bytes.len() < GZIP.len(), "{whole:?}");
        for what in told {
            for word in ["HEAD", "gadobutrol", "lungs", "brain"] {
                prop_assert!(!what.contains(word), "{}", what);
            }
        }
    }
}
