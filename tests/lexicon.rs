//! A lexicon with a mistake does not load: each kind of mistake is named with file, line and column and with what to
//! do, and all mistakes of all files are named at once.

use std::fmt::Write as _;

use radcode::{Lexicon, LexiconError};

fn embedded() -> impl Iterator<Item = (String, String)> {
    Lexicon::embedded_files().map(|(name, text)| (name.to_owned(), text.to_owned()))
}

/// The error of the embedded lexicon with more files.
fn broken(added: &[(&str, &str)]) -> LexiconError {
    let added = added.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    match Lexicon::from_files(embedded().chain(added)) {
        Ok(_) => panic!("the lexicon loads in spite of its mistakes"),
        Err(e) => e,
    }
}

/// Lines of the error that are about the added files, as printed.
fn told(added: &[(&str, &str)]) -> Vec<String> {
    let error = broken(added).to_string();
    error.lines().filter(|l| added.iter().any(|(name, _)| l.starts_with(name))).map(str::to_owned).collect()
}

/// A broken file, and all that has to be said about it.
struct Mistake {
    what: &'static str,
    file: &'static str,
    text: &'static str,
    told: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "an unknown key",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nlable = \"new\"\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:1: unknown field `lable`, expected one of "],
    },
    Mistake {
        what: "a missing key",
        file: "zz/new.toml",
        text: "# a comment\n[[concept]]\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:2:1: missing field `id`; add the field to this entry"],
    },
    Mistake {
        what: "a value of the wrong type",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nterms = \"zzterm\"\n",
        told: &[
            "zz/new.toml:3:9: invalid type: string \"zzterm\", expected a sequence; write the value in the form that lexicon/README.md shows",
        ],
    },
    Mistake {
        what: "an unknown kind of entry",
        file: "zz/new.toml",
        text: "\n[[conzept]]\nid = \"zz.new\"\n",
        told: &["zz/new.toml:2:3: there is no kind of entry called `conzept`; use one of: edition, axis, region, concept, "],
    },
    Mistake {
        what: "one bracket too few",
        file: "zz/new.toml",
        text: "[concept]\nid = \"zz.new\"\n",
        told: &["zz/new.toml:1:1: a list of entries is wanted here; write `[[kind]]` with two brackets"],
    },
    Mistake {
        what: "two concepts of one id",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nterms = [\"zzone\"]\n\n[[concept]]\nid = \"zz.new\"\nterms = [\"zztwo\"]\n",
        told: &["zz/new.toml:6:6: there is a concept `zz.new` already; give one of them another id"],
    },
    Mistake {
        what: "a concept that the lexicon has",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"modality.ct\"\nterms = [\"zzone\"]\n",
        told: &["zz/new.toml:2:6: there is a concept `modality.ct` already; give one of them another id"],
    },
    Mistake {
        what: "two regions of one id",
        file: "zz/new.toml",
        text: "[[region]]\nid = \"zz\"\nlabel = \"zz\"\n[[region]]\nid = \"zz\"\nlabel = \"zz\"\n",
        told: &["zz/new.toml:5:6: there is a region `zz` already; give one of them another id"],
    },
    Mistake {
        what: "two cues of one id",
        file: "zz/new.toml",
        text: "[[cue]]\nid = \"zz\"\nmeans = \"history\"\nreach = \"after\"\nterms = [\"zzone\"]\n[[cue]]\nid = \"zz\"\nmeans = \"history\"\nreach = \"after\"\nterms = [\"zztwo\"]\n",
        told: &["zz/new.toml:7:6: there is a cue `zz` already; give one of them another id"],
    },
    Mistake {
        what: "two sections of one id",
        file: "zz/new.toml",
        text: "[[section]]\nid = \"zz\"\nkind = \"other\"\nterms = [\"zzone\"]\n[[section]]\nid = \"zz\"\nkind = \"other\"\nterms = [\"zztwo\"]\n",
        told: &["zz/new.toml:6:6: there is a section `zz` already; give one of them another id"],
    },
    Mistake {
        what: "two documents of one id",
        file: "zz/new.toml",
        text: "[[document]]\nid = \"zz\"\nlabel = \"zz\"\nneeds = 2\nallows = \"none\"\n[[document]]\nid = \"zz\"\nlabel = \"zz\"\nneeds = 2\nallows = \"none\"\n",
        told: &["zz/new.toml:7:6: there is a document `zz` already; give one of them another id"],
    },
    Mistake {
        what: "two queries of one kind",
        file: "zz/new.toml",
        text: "[[query]]\nkind = \"contrast-conflict\"\nmessage = \"?\"\n",
        told: &["zz/new.toml:2:8: there is a query `contrast-conflict` already; give one of them another id"],
    },
    Mistake {
        what: "two families of one id",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"ct.head\"\nlabel = \"zz\"\ncode = \"70450\"\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:2:6: there is a family `ct.head` already; give one of them another id"],
    },
    Mistake {
        what: "two rules of one id",
        file: "zz/new.toml",
        text: "[[rule]]\nid = \"angiography-includes-ct\"\nabsorbs = [[\"cta.head\", \"ct.head\"]]\nmessage = \"zz\"\nsource = \"zz\"\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:2:6: there is a rule `angiography-includes-ct` already; give one of them another id"],
    },
    Mistake {
        what: "one axis declared twice",
        file: "zz/new.toml",
        text: "[[axis]]\nid = \"contrast\"\nkind = \"set\"\nvalues = [\"pre\"]\n",
        told: &["zz/new.toml:2:6: this axis is declared already; keep one of the two"],
    },
    Mistake {
        what: "an unknown kind of axis",
        file: "zz/new.toml",
        text: "[[axis]]\nid = \"zz\"\nkind = \"sets\"\nvalues = [\"a\"]\n",
        told: &["zz/new.toml:3:8: `sets` is no kind of axis; use one of: enum, set, flags, count, region"],
    },
    Mistake {
        what: "a term under two concepts",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nterms = [\n  \"zzterm\",\n  \"Computed  Tomography\",\n]\n",
        told: &[
            "zz/new.toml:5:3: `computed tomography` stands under `modality.ct` too; take it out of one of them, or declare it in ambiguous.toml",
        ],
    },
    Mistake {
        what: "an empty term",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nterms = [\"zzterm\", \" \"]\n",
        told: &["zz/new.toml:3:20: a term may not be empty or hold a line break; write the words of the term"],
    },
    Mistake {
        what: "an ambiguous word with an unknown sense",
        file: "zz/new.toml",
        text: "[[ambiguous]]\nterm = \"zzterm\"\nsenses = [\"concept:modality.ct\", \"region:zz.nowhere\"]\n",
        told: &["zz/new.toml:3:34: there is no `region:zz.nowhere`; name a region as `region:ID` or a concept as `concept:ID`"],
    },
    Mistake {
        what: "an unknown axis",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nsets = { contrats = \"pre\" }\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:21: there is no axis `contrats`; use one of: region, modality, "],
    },
    Mistake {
        what: "an unknown value",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nimplies = { contrast = [\"pre\", \"past\"] }\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:24: `past` is no value of the axis `contrast`; add it to the axis in axes.toml, or correct it"],
    },
    Mistake {
        what: "an unknown region",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nsets = { region = \"zz.cervical\" }\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:19: there is no region `zz.cervical`; name a region of regions.toml"],
    },
    Mistake {
        what: "an unknown region above a region",
        file: "zz/new.toml",
        text: "[[region]]\nid = \"zz\"\nparent = \"zz.above\"\nlabel = \"zz\"\n",
        told: &["zz/new.toml:3:10: there is no region `zz.above` to stand under; name a region of this lexicon"],
    },
    Mistake {
        what: "regions that stand under each other",
        file: "zz/new.toml",
        text: "[[region]]\nid = \"zz.a\"\nparent = \"zz.b\"\nlabel = \"a\"\n[[region]]\nid = \"zz.b\"\nparent = \"zz.a\"\nlabel = \"b\"\n",
        told: &[
            "zz/new.toml:3:10: the region `zz.a` stands under itself; name a region that lies above it",
            "zz/new.toml:7:10: the region `zz.b` stands under itself; name a region that lies above it",
        ],
    },
    Mistake {
        what: "an unknown word class",
        file: "zz/new.toml",
        text: "[[concept]]\nid = \"zz.new\"\nrole = \"aunty\"\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:8: `aunty` is no word class; use one of: anti, filler, "],
    },
    Mistake {
        what: "an unknown meaning and reach of a cue",
        file: "zz/new.toml",
        text: "[[cue]]\nid = \"zz\"\nmeans = \"past\"\nreach = \"far\"\nterms = [\"zzterm\"]\n",
        told: &[
            "zz/new.toml:3:9: `past` is not known here; use one of: performed, not-performed, ",
            "zz/new.toml:4:9: `far` is not known here; use one of: after, before, both",
        ],
    },
    Mistake {
        what: "an unknown kind of section",
        file: "zz/new.toml",
        text: "[[section]]\nid = \"zz\"\nkind = \"appendix\"\nterms = [\"zzterm\"]\n",
        told: &["zz/new.toml:3:8: `appendix` is not known here; use one of: title, order, "],
    },
    Mistake {
        what: "an unknown word for what a document allows",
        file: "zz/new.toml",
        text: "[[document]]\nid = \"zz\"\nlabel = \"zz\"\nneeds = 2\nallows = \"some\"\n",
        told: &["zz/new.toml:5:10: `some` is not known here; use one of: none, reported, all"],
    },
    Mistake {
        what: "a date in quotes",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\ncode = \"70450\"\nfrom = \"2026-01-01\"\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:5:8: "],
    },
    Mistake {
        what: "an hour where a day is wanted",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\ncode = \"70450\"\nfrom = 10:30:00\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:5:8: this is no day of the calendar; write it as 2026-01-31, without quotes"],
    },
    Mistake {
        what: "a day that the month does not have",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\ncode = \"70450\"\nuntil = 2026-02-30\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:5:9: "],
    },
    Mistake {
        what: "a family without a code",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\nwhen = { modality = \"ct\" }\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:2:6: this family has no code; give it `contrast`, `rows` or `code`"],
    },
    Mistake {
        what: "a code that codes.tsv does not have",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\ncode = \"79998\"\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:2:6: the code 79998 is not in codes.tsv; add a line for it, with its dates"],
    },
    Mistake {
        what: "an unknown axis and value in a row",
        file: "zz/new.toml",
        text: "[[family]]\nid = \"zz\"\nlabel = \"zz\"\nrows = [\n  { code = \"70450\", contrats = \"pre\" },\n  { code = \"70450\", contrast = \"past\" },\n]\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:5:3: there is no axis `contrats`; ", "zz/new.toml:6:3: `past` is no value of the axis `contrast`; "],
    },
    Mistake {
        what: "a rule on a family and a query that are not there",
        file: "zz/new.toml",
        text: "[[rule]]\nid = \"zz\"\nabsorbs = [[\"ct.head\", \"zz.family\"]]\nmessage = \"zz\"\nsource = \"zz\"\nquery = \"zz-query\"\nhit = []\nmiss = []\n",
        told: &[
            "zz/new.toml:3:12: there is no family `zz.family`; name a family of families/",
            "zz/new.toml:6:9: there is no query `zz-query`; name a kind of queries.toml",
        ],
    },
    Mistake {
        what: "a rule that does nothing",
        file: "zz/new.toml",
        text: "[[rule]]\nid = \"zz\"\nmessage = \"zz\"\nsource = \"zz\"\nhit = []\nmiss = []\n",
        told: &["zz/new.toml:2:6: "],
    },
    Mistake {
        what: "a line of codes.tsv with a cell too few",
        file: "zz/codes.tsv",
        text: "# code\tsystem\n99998\tCPT\t-\t-\t-\t0\n",
        told: &["zz/codes.tsv:2:1: a line of codes.tsv has seven cells; write code, system, from, until, successor, frequency, excuse"],
    },
    Mistake {
        what: "an impossible day in codes.tsv",
        file: "zz/codes.tsv",
        text: "99998\tCPT\t2026-13-01\t-\t-\t0\t-\n",
        told: &["zz/codes.tsv:1:1: `2026-13-01` is no day of the calendar; write it as 2026-01-31, or `-`"],
    },
    Mistake {
        what: "a frequency that is no number",
        file: "zz/codes.tsv",
        text: "99998\tCPT\t-\t-\t-\tmany\t-\n",
        told: &["zz/codes.tsv:1:1: "],
    },
    Mistake {
        what: "a code with two lines",
        file: "zz/codes.tsv",
        text: "70450\tCPT\t-\t-\t-\t0\t-\n",
        told: &["zz/codes.tsv:1:1: the code 70450 has a line already; keep one of the two"],
    },
    Mistake { what: "broken TOML", file: "zz/new.toml", text: "[[concept]]\nid = \"zz.new\nterms = []\n", told: &["zz/new.toml:2:"] },
];

#[test]
fn every_mistake_is_told_with_its_place_and_remedy() {
    let mut wrong = String::new();
    for m in MISTAKES {
        let added = [(m.file, m.text)];
        let told = match Lexicon::from_files(embedded().chain([(m.file.to_owned(), m.text.to_owned())])) {
            Ok(_) => Vec::new(),
            Err(_) => told(&added),
        };
        let holds = told.len() == m.told.len() && told.iter().zip(m.told).all(|(is, wanted)| is.starts_with(wanted));
        if !holds {
            let _ = writeln!(wrong, "{}:\n  wanted {:?}\n  told   {told:?}", m.what, m.told);
        }
        for line in &told {
            let remedy = line.rsplit_once("; ").map_or("", |(_, help)| help);
            if remedy.is_empty() {
                let _ = writeln!(wrong, "{}: no remedy in {line:?}", m.what);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_mistakes_of_one_load_are_told_together() {
    let files: Vec<(String, &str)> =
        MISTAKES.iter().enumerate().filter(|(_, m)| m.file.ends_with("toml")).map(|(i, m)| (format!("zz/{i:02}.toml"), m.text)).collect();
    let added: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let told = told(&added);
    let silent: Vec<&str> = added.iter().map(|(name, _)| *name).filter(|name| !told.iter().any(|l| l.starts_with(name))).collect();
    let silent: Vec<&str> =
        MISTAKES.iter().enumerate().filter(|(i, _)| silent.contains(&format!("zz/{i:02}.toml").as_str())).map(|(_, m)| m.what).collect();
    assert!(silent.is_empty(), "mistakes that are not told beside others: {silent:?}");
    assert!(told.windows(2).all(|w| w[0].split(':').next() <= w[1].split(':').next()), "mistakes are told in the order of the files");
}

#[test]
fn syntax_errors_of_two_files_and_of_two_lines_are_told_together() {
    let added = [
        ("zz/a.toml", "[[concept]]\nid = \nterms = [\"x\"]\nlabel = 'open\n"),
        ("zz/b.toml", "[[region]\nid = \"zz\"\n"),
        ("zz/c.toml", "[[concept]]\nid = \"zz.c\"\nsets = { modality = \"zt\" }\nterms = [\"zzc\"]\n"),
    ];
    let told = told(&added);
    let at = |place: &str| told.iter().any(|l| l.starts_with(place));
    for place in ["zz/a.toml:2:", "zz/a.toml:4:", "zz/b.toml:1:", "zz/c.toml:3:"] {
        assert!(at(place), "nothing is told at {place}: {told:#?}");
    }
    assert!(told.iter().filter(|l| !l.starts_with("zz/c")).all(|l| l.ends_with("; mend the TOML syntax at this place")), "{told:#?}");
}

#[test]
fn columns_count_characters() {
    let told = told(&[("zz/new.toml", "[[concept]]\nid = \"zz.new\"\nterms = [\"c̄ zz\", \"é\", \"\"]\n")]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("zz/new.toml:3:24: a term may not be empty"), "{told:?}");
}

#[test]
fn spans_lie_in_their_files() {
    for m in MISTAKES {
        let Err(e) = Lexicon::from_files(embedded().chain([(m.file.to_owned(), m.text.to_owned())])) else { continue };
        for p in &e.problems {
            let text = &e.files.iter().find(|(n, _)| *n == p.file).unwrap_or_else(|| panic!("{}: no file {}", m.what, p.file)).1;
            assert!(text.get(p.span.clone()).is_some(), "{}: {:?} of {}", m.what, p.span, p.file);
            assert!(!p.message.is_empty() && !p.message.contains('\n') && !p.help.is_empty(), "{}: {p:?}", m.what);
        }
    }
}

#[test]
fn a_lexicon_without_its_foundations_says_so() {
    let nothing = Lexicon::from_files([]).expect_err("an empty lexicon").to_string();
    assert!(nothing.contains("axis"), "{nothing}");
    let no_edition = Lexicon::from_files(embedded().filter(|(n, _)| n != "edition.toml")).expect_err("no edition").to_string();
    assert!(no_edition.contains("a lexicon has exactly one [edition]; write it in edition.toml"), "{no_edition}");
    let no_axes = Lexicon::from_files(embedded().filter(|(n, _)| n != "axes.toml")).expect_err("no axes").to_string();
    assert!(no_axes.contains("an axis is missing that the grammar needs; declare all of: modality, "), "{no_axes}");
}
