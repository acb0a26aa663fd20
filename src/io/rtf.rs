//! RTF as the plain text of a report.

use rtf_parser_tt::RtfDocument;

use super::Unusable;

/// Bytes that a document may have: a report has some thousand, and one that is all formatting takes thirty times its size
/// in memory.
const LIMIT: usize = 1 << 20;

/// Whether bytes begin as RTF does.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{\\rtf")
}

/// The text of RTF: paragraphs and rows of tables on lines of their own, cells parted by tabs; headers, footers and notes
/// behind the body. Hidden text, pictures and the document's properties are left out.
///
/// # Errors
/// The document is broken, cut off, or longer than any report. What the library says of it is not shown: it quotes words.
pub(super) fn text(bytes: &[u8]) -> Result<String, Unusable> {
    if bytes.len() > LIMIT {
        return Err(Unusable::new(
            format!("an RTF document of more than {LIMIT} bytes"),
            "have the report sent without its pictures, or as text",
        ));
    }
    let document = RtfDocument::from_bytes(bytes.trim_ascii());
    let document = document.map_err(|_| Unusable::new("a broken RTF document", "it may be cut off: have it sent again, or as text"))?;
    Ok(document.get_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_one_reads_on_the_page() {
        for (rtf, wanted) in [
            (
                r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}}\viewkind4\uc1\pard\f0\fs20 EXAM: CT HEAD\par\par Caf\'e9 20 \'b0C \u8211 - dash\line{\b IMPRESSION:} Normal.\par}",
                "EXAM: CT HEAD\n\nCafé 20 °C – dash\nIMPRESSION: Normal.\n",
            ),
            (r"{\rtf1{\info{\title x}}{\pict 8950}\trowd\cellx9 a\cell b\cell\row\pard{\v hidden}\{end\}\par}", "a\tb\n{end}\n"),
            ("{\\rtf1 one\\par\r\ntwo\r\n}\r\n", "one\ntwo"),
        ] {
            assert_eq!(text(rtf.as_bytes()).as_deref(), Ok(wanted), "{rtf}");
        }
    }

    #[test]
    fn broken_documents_are_named_without_their_words() {
        for rtf in [r"{\rtf1 Smith", r"{\rtf1 Smith}} Jones", r"{\rtf1 \'zz Smith}", r"{\rtf1 \u99999999999 Smith}", ""] {
            assert_eq!(text(rtf.as_bytes()).unwrap_err().what, "a broken RTF document", "{rtf}");
        }
        let deep = format!("{{\\rtf1 {}a{}}}", "{".repeat(100_000), "}".repeat(100_000));
        assert_eq!(text(deep.as_bytes()).as_deref(), Ok("a"));
        assert!(text(&vec![b'{'; LIMIT + 1]).is_err());
    }
}
