//! Escape sequences of fields.

use encoding_rs::Encoding;

use super::message::Separators;

/// Lines or blanks that one formatting command may ask for; a report needs a handful.
const SKIP: usize = 80;

/// The text of a field or of a part of one. An escape that is none known, and an escape character that stands alone,
/// stay as they are written.
pub(super) fn unescape(field: &str, separators: &Separators, encoding: &'static Encoding) -> String {
    let Some(escape) = separators.escape.filter(|e| field.contains(*e)) else { return field.to_owned() };
    let mut out = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once(escape) {
        out.push_str(before);
        let from = &rest[before.len()..];
        rest = after;
        let Some((name, behind)) = after.split_once(escape) else {
            out.push(escape);
            continue;
        };
        let mut bytes = Vec::new();
        if name.strip_prefix(['X', 'x']).is_some_and(|digits| hex(digits, &mut bytes)) {
            // the bytes of one character may stand in several escapes
            rest = behind;
            while let Some((more, behind)) =
                rest.strip_prefix(escape).and_then(|r| r.strip_prefix(['X', 'x'])).and_then(|r| r.split_once(escape))
                && hex(more, &mut bytes)
            {
                rest = behind;
            }
            match characters(&bytes, encoding) {
                Some(text) => out.push_str(&text),
                None => out.push_str(&from[..from.len() - rest.len()]),
            }
        } else if apply(name, separators, &mut out) {
            rest = behind;
        } else {
            out.push(escape);
        }
    }
    out.push_str(rest);
    out
}

/// Does what an escape says; whether it is known.
fn apply(name: &str, separators: &Separators, out: &mut String) -> bool {
    let character = match name {
        "F" => Some(separators.field),
        "S" => separators.component.or(Some('^')),
        "R" => separators.repetition.or(Some('~')),
        "T" => separators.subcomponent.or(Some('&')),
        "E" => separators.escape,
        "P" => separators.truncation.or(Some('#')),
        _ => None,
    };
    if let Some(c) = character {
        out.push(c);
        return true;
    }
    if let Some(command) = name.strip_prefix('.') {
        return format(command, out);
    }
    // highlighting, and switches to the character set that is in use
    if matches!(name, "H" | "N") || name.eq_ignore_ascii_case("C2842") {
        return true;
    }
    let of_site = name.strip_prefix('Z').is_some_and(|z| z.len() <= 8 && z.bytes().all(|b| b.is_ascii_alphanumeric()));
    if of_site {
        part(out);
    }
    of_site
}

/// Does a formatting command; whether it is one.
fn format(command: &str, out: &mut String) -> bool {
    let Some((name, rest)) = command.split_at_checked(2) else { return false };
    let number = rest.trim().trim_start_matches(['+', '-']);
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let number = number.parse::<usize>().map_or(1, |n| n.min(SKIP));
    match name.to_ascii_lowercase().as_str() {
        "br" | "ce" if rest.trim().is_empty() => out.push('\n'),
        "sp" => out.extend(std::iter::repeat_n('\n', number)),
        "sk" => out.extend(std::iter::repeat_n(' ', number)),
        "in" | "ti" | "fi" | "nf" => part(out),
        _ => return false,
    }
    true
}

/// Keeps words apart that only a command stood between.
fn part(out: &mut String) {
    if out.chars().next_back().is_some_and(|c| !c.is_whitespace()) {
        out.push(' ');
    }
}

fn hex(digits: &str, bytes: &mut Vec<u8>) -> bool {
    let known = !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if known {
        bytes.extend((0..digits.len()).step_by(2).filter_map(|i| u8::from_str_radix(&digits[i..i + 2], 16).ok()));
    }
    known
}

/// Bytes as text; CR ends a line. `None` if they are none in the message's encoding.
fn characters(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    (!text.contains('\0')).then(|| text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Whether a field switches to a character set that the message does not declare for it, so that what follows can't be
/// read: `\Cxxyy\` and `\Mxxyyzz\` other than the one for ASCII.
pub(super) fn switches(field: &str, separators: &Separators) -> bool {
    let Some(escape) = separators.escape else { return false };
    field.split(escape).skip(1).any(|name| {
        let digits =
            name.strip_prefix('C').filter(|d| d.len() == 4).or_else(|| name.strip_prefix('M').filter(|d| matches!(d.len(), 4 | 6)));
        digits.is_some_and(|d| d != "2842" && d.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_reads_as_it_is_meant() {
        let separators = Separators::of("MSH|^~\\&|").expect("separators");
        for (field, text) in [
            (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
            (r"one\.br\two\.BR\three", "one\ntwo\nthree"),
            (r"one\.sp\two\.sp 2\three\.sp+1\four", "one\ntwo\n\nthree\nfour"),
            (r"\H\EXAM\N\ CT\.in+4\HEAD \.ti-2\NECK\.ce\x", "EXAM CT HEAD NECK\nx"),
            (r"\X41\ \X0D0A\\X0D\b\X0a\c", "A \n\nb\nc"),
            (r"\XC3\\XA9\t\XC3A9\", "été"),
            (r"c:\temp\ and 5\6, a\", r"c:\temp\ and 5\6, a\"),
            (r"éé\F\x", "éé|x"),
            (r"\XFF\ \X0\ \X\ \X00\ \.zz\ \.sp x\", r"\XFF\ \X0\ \X\ \X00\ \.zz\ \.sp x\"),
            (r"HEAD\Z01\NECK \Z\x", "HEAD NECK x"),
            (r"\C2842\x\P\", "x#"),
            (r"\", r"\"),
            ("", ""),
        ] {
            assert_eq!(unescape(field, &separators, encoding_rs::UTF_8), text, "{field}");
        }
        assert_eq!(unescape(r"\XE9\\X0\", &separators, encoding_rs::WINDOWS_1252), r"é\X0\");
        let odd = Separators::of("MSH$%~*@$").expect("separators");
        assert_eq!(unescape(r"a*F*b*.br*c\F\", &odd, encoding_rs::UTF_8), "a$b\nc\\F\\");
        let few = Separators::of("MSH|^~|").expect("separators");
        assert_eq!(unescape(r"a\F\b", &few, encoding_rs::UTF_8), r"a\F\b");
    }

    #[test]
    fn switches_of_character_sets_are_seen() {
        let separators = Separators::of("MSH|^~\\&|").expect("separators");
        for (field, told) in [(r"\C2842\a", false), (r"\C2D41\a", true), (r"a\M2442\b", true), (r"a\M244228\", true), (r"\CHEST\", false)] {
            assert_eq!(switches(field, &separators), told, "{field}");
        }
    }
}
