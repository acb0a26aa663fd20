//! HL7 version 2 messages: reports out of every form in which they come, and what is none by its name.
#![cfg(feature = "io")]

mod common;

use std::io::{Cursor, Read};
use std::path::Path;

use common::{files_under, has_extension, root};
use radcode::ReportStatus;
use radcode::io::{Encoding, Format, InputOptions, Ordered, Record, Unusable, detect, open};

type Answer = Result<Record, Unusable>;

fn read_with(bytes: &[u8], options: InputOptions) -> Vec<Answer> {
    read_from(Cursor::new(bytes.to_vec()), options)
}

fn read_from(from: impl Read + Send + 'static, options: InputOptions) -> Vec<Answer> {
    let options = InputOptions { format: Some(Format::Hl7), ..options };
    let mut records = open(from, "file", "file.hl7", &options).unwrap_or_else(|u| panic!("{u}"));
    std::iter::from_fn(|| records.next()).collect()
}

fn read(bytes: &[u8]) -> Vec<Answer> {
    read_with(bytes, InputOptions::default())
}

#[test]
#[ignore]
fn show() {
    let path = std::env::var("SHOW").unwrap();
    let bytes = std::fs::read(&path).unwrap();
    println!("{:?}", detect(&bytes, &path));
    for a in read(&bytes) {
        println!("{a:#?}");
    }
}
