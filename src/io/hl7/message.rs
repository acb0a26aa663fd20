//! A message: its separators, its character set, its segments and their fields.

use encoding_rs::Encoding;

use super::super::{Unusable, decode};
use super::escape::unescape;
use super::frames::Cut;

/// The separators that a header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Separators {
    pub(super) field: char,
    pub(super) component: Option<char>,
    pub(super) repetition: Option<char>,
    pub(super) escape: Option<char>,
    pub(super) subcomponent: Option<char>,
    /// Since version 2.7.
    pub(super) truncation: Option<char>,
}

impl Separators {
    /// Those of a header segment; `None` where two are the same, so that nothing could be told apart.
    pub(super) fn of(header: &str) -> Option<Self> {
        let field = header.chars().nth(3)?;
        let mut others = header.split(field).nth(1)?.chars();
        let this = Self {
            field,
            component: others.next(),
            repetition: others.next(),
            escape: others.next(),
            subcomponent: others.next(),
            truncation: others.next(),
        };
        let mut all: Vec<char> =
            [this.component, this.repetition, this.escape, this.subcomponent, this.truncation].into_iter().flatten().collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        (all.len() == n).then_some(this)
    }
}

/// A message as text.
#[derive(Debug)]
pub(super) struct Message {
    text: String,
    pub(super) separators: Separators,
    pub(super) encoding: &'static Encoding,
}

impl Message {
    /// Reads the text of a message, in `forced` or else in the character set that it names.
    pub(super) fn of(cut: Cut, forced: Option<&'static Encoding>) -> Result<Self, Unusable> {
        let header = String::from_utf8_lossy(cut.bytes.split(|b| *b == b'\r').next().unwrap_or_default());
        let field = header.chars().nth(3).unwrap_or_default();
        if ["PID", "OBR"].iter().any(|name| header.contains(&format!(" {name}{field}"))) {
            let help = "each segment ends in CR or LF; behind a blank no segment could be told from a text";
            return Err(Unusable::new("segments that are not on lines of their own", help));
        }
        let encoding = match forced {
            Some(e) => e,
            None => character_set(&header)?,
        };
        let text = decode(cut.bytes, Some(encoding))?;
        let separators = text.split('\r').next().and_then(Separators::of).ok_or_else(|| {
            Unusable::new("MSH-2 gives one character two meanings", "it names four separators, for instance MSH|^~\\&|, each another")
        })?;
        Ok(Self { text, separators, encoding })
    }

    /// Its segments, the header first.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.text.split('\r').map(|text| Segment { text, message: self })
    }

    /// Its header.
    pub(super) fn header(&self) -> Segment<'_> {
        Segment { text: self.text.split('\r').next().unwrap_or_default(), message: self }
    }
}

/// A segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    text: &'a str,
    message: &'a Message,
}

impl<'a> Segment<'a> {
    /// Its three letters.
    pub(super) fn name(self) -> &'a str {
        self.text.get(..3).unwrap_or_default()
    }

    /// A field by its number in the standard, as it is written; empty where there is none, and for `""`.
    pub(super) fn field(self, number: usize) -> &'a str {
        let index = if self.name() == "MSH" { number - 1 } else { number };
        match self.text.split(self.message.separators.field).nth(index) {
            None | Some("\"\"") => "",
            Some(field) => field,
        }
    }

    /// The repetitions of a field, as they are written.
    pub(super) fn repetitions(self, number: usize) -> impl Iterator<Item = &'a str> {
        parts(self.field(number), self.message.separators.repetition)
    }

    /// A component of the first repetition of a field, both by their numbers, without blanks around it.
    pub(super) fn component(self, field: usize, number: usize) -> String {
        let first = self.repetitions(field).next().unwrap_or_default();
        self.read(parts(first, self.message.separators.component).nth(number - 1).unwrap_or_default())
    }

    /// The subcomponents of a component, as `component` reads them.
    pub(super) fn subcomponents(self, field: usize, number: usize) -> Vec<String> {
        let first = self.repetitions(field).next().unwrap_or_default();
        let component = parts(first, self.message.separators.component).nth(number - 1).unwrap_or_default();
        parts(component, self.message.separators.subcomponent).map(|s| self.read(s)).collect()
    }

    /// The components of a repetition, as they are written.
    pub(super) fn components(self, repetition: &'a str) -> impl Iterator<Item = &'a str> {
        parts(repetition, self.message.separators.component)
    }

    /// The first four components of a value, as they are written, and all that follows as the fifth.
    pub(super) fn five(self, value: &'a str) -> [&'a str; 5] {
        let mut parts = value.splitn(5, self.message.separators.component.unwrap_or('\r'));
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }

    /// A piece of a field without its escapes and the blanks around it.
    pub(super) fn read(self, piece: &str) -> String {
        let text = self.text(piece);
        let trimmed = text.trim();
        if trimmed == "\"\"" { String::new() } else { trimmed.to_owned() }
    }

    /// A piece of a field without its escapes.
    pub(super) fn text(self, piece: &str) -> String {
        unescape(piece, &self.message.separators, self.message.encoding)
    }
}

fn parts(text: &str, separator: Option<char>) -> impl Iterator<Item = &str> {
    let mut whole = separator.is_none().then_some(text);
    let mut split = separator.map(|s| text.split(s));
    std::iter::from_fn(move || split.as_mut().map_or_else(|| whole.take(), Iterator::next))
}

/// The encoding that MSH-18 names; without it UTF-8, which ASCII is a part of.
fn character_set(header: &str) -> Result<&'static Encoding, Unusable> {
    let Some(separators) = Separators::of(header) else { return Ok(encoding_rs::UTF_8) };
    let field = header.split(separators.field).nth(17).unwrap_or_default();
    let name = parts(field, separators.repetition).next().unwrap_or_default().trim();
    encoding(name).ok_or_else(|| {
        let shown = if is_shown(name) { format!("the character set {name} in MSH-18") } else { "a character set in MSH-18".to_owned() };
        Unusable::new(format!("{shown} is not known here"), "say which encoding it is: --encoding windows-1252 is the most common")
    })
}

/// A character set of HL7's table 0211, or as sites write it.
fn encoding(name: &str) -> Option<&'static Encoding> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let label = match plain.as_str() {
        // sites that say ASCII and send more mostly send UTF-8; what is neither is set aside
        "" | "ASCII" | "USASCII" | "ISOIR6" | "UNICODE" | "UNICODEUTF8" | "UTF8" | "UNICODEUTF16" | "UNICODEUTF32" | "UTF16"
        | "ISO10646" => "utf-8",
        "ISOIR100" | "LATIN1" => "iso-8859-1",
        "ISOIR87" | "ISOIR14" => "iso-2022-jp",
        "GB180302000" | "GB18030" => "gb18030",
        "KSX1001" => "euc-kr",
        "BIG5" => "big5",
        _ => {
            let latin = ["ISO8859", "8859"].iter().find_map(|p| plain.strip_prefix(p));
            let windows =
                ["WINDOWS", "WIN", "CP", ""].iter().find_map(|p| plain.strip_prefix(p)).filter(|n| n.len() == 4 && n.starts_with("125"));
            return match (latin, windows) {
                (Some(n), _) => Encoding::for_label(format!("iso-8859-{n}").as_bytes()),
                (_, Some(n)) => Encoding::for_label(format!("windows-{n}").as_bytes()),
                _ => Encoding::for_label(name.as_bytes()).filter(|e| e.is_ascii_compatible()),
            };
        }
    };
    Encoding::for_label(label.as_bytes())
}

/// Whether a name is surely one of a character set and no word of a field that slipped.
fn is_shown(name: &str) -> bool {
    const KINDS: [&str; 14] = ["ISO", "8859", "UNICODE", "UTF", "WIN", "CP", "IBM", "KS", "GB", "CNS", "JIS", "EUC", "EBCDIC", "MAC"];
    let safe = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b' ' | b'-' | b'_' | b'/' | b'.');
    name.len() <= 20 && name.bytes().all(safe) && name.bytes().any(|b| b.is_ascii_digit()) && KINDS.iter().any(|k| name.starts_with(k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_sets_are_known_as_sites_write_them() {
        for (name, known) in [
            ("", Some("UTF-8")),
            ("ASCII", Some("UTF-8")),
            ("UNICODE UTF-8", Some("UTF-8")),
            ("utf-8", Some("UTF-8")),
            ("UNICODE", Some("UTF-8")),
            ("8859/1", Some("windows-1252")),
            ("8859/2", Some("ISO-8859-2")),
            ("8859/15", Some("ISO-8859-15")),
            ("ISO-8859-1", Some("windows-1252")),
            ("ISO_8859-1", Some("windows-1252")),
            ("8859-9", Some("windows-1254")),
            ("WINDOWS-1252", Some("windows-1252")),
            ("Cp1251", Some("windows-1251")),
            ("1250", Some("windows-1250")),
            ("ISO IR87", Some("ISO-2022-JP")),
            ("GB 18030-2000", Some("gb18030")),
            ("macintosh", Some("macintosh")),
            ("CNS 11643-1992", None),
            ("8859/99", None),
            ("EBCDIC", None),
        ] {
            assert_eq!(encoding(name).map(Encoding::name), known, "{name}");
        }
    }

    #[test]
    fn separators_are_those_of_the_header() {
        let of = |h| Separators::of(h).map(|s| (s.field, s.component, s.escape, s.subcomponent, s.truncation));
        assert_eq!(of("MSH|^~\\&|A"), Some(('|', Some('^'), Some('\\'), Some('&'), None)));
        assert_eq!(of("MSH|^~\\&#|A"), Some(('|', Some('^'), Some('\\'), Some('&'), Some('#'))));
        assert_eq!(of("MSH|^~\\|A"), Some(('|', Some('^'), Some('\\'), None, None)));
        assert_eq!(of("MSH¦^~\\&¦A"), Some(('¦', Some('^'), Some('\\'), Some('&'), None)));
        assert_eq!(of("MSH|^~\\\\|A"), None);
        assert_eq!(of("MSH"), None);
    }
}
