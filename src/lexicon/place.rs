//! Where each entry of a lexicon is declared, so that what is said of it can name file and line.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::load::{At, Entries};

/// The kinds of entry that can be listed and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A node of the body tree, with its words.
    Region,
    /// One meaning, with its words.
    Concept,
    /// Codes that differ by what its rows say.
    Family,
    /// Words that judge an exam or its contrast.
    Cue,
    /// A heading.
    Section,
    /// A kind of document.
    Document,
    /// What a complete study has to address.
    Checklist,
    /// A rule over the codes of one report.
    Rule,
    /// A billing code.
    Code,
    /// An option of site policy.
    Policy,
    /// Codes that become others by a choice of policy.
    Choice,
    /// Codes that a payer or setting has instead of others.
    Payer,
    /// Exams of several reports that one code joins.
    Join,
    /// A named answer to an edit.
    Pair,
    /// Codes that are billed beside another only.
    AddOn,
    /// A modifier, and when it is taken.
    Modifier,
    /// What a text may say of how an exam was made.
    Circumstance,
}

impl EntryKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 17] = [
        Self::Region,
        Self::Concept,
        Self::Family,
        Self::Cue,
        Self::Section,
        Self::Document,
        Self::Checklist,
        Self::Rule,
        Self::Code,
        Self::Policy,
        Self::Choice,
        Self::Payer,
        Self::Join,
        Self::Pair,
        Self::AddOn,
        Self::Modifier,
        Self::Circumstance,
    ];

    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Concept => "concept",
            Self::Family => "family",
            Self::Cue => "cue",
            Self::Section => "section",
            Self::Document => "document",
            Self::Checklist => "checklist",
            Self::Rule => "rule",
            Self::Code => "code",
            Self::Policy => "policy",
            Self::Choice => "choice",
            Self::Payer => "payer",
            Self::Join => "join",
            Self::Pair => "pair",
            Self::AddOn => "addon",
            Self::Modifier => "modifier",
            Self::Circumstance => "circumstance",
        }
    }
}

/// Where an entry stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) kind: EntryKind,
    pub(crate) id: Box<str>,
    pub(crate) file: Box<str>,
    /// Bytes of its id.
    pub(crate) span: Range<usize>,
}

/// The places of all entries but the codes, which stand in a table of their own.
pub(super) fn declared(files: &[(String, String)], entries: &Entries) -> Vec<Place> {
    let mut out = Vec::new();
    macro_rules! add {
        ($($list:ident => $kind:ident),* $(,)?) => {$(
            for At { file, entry } in &entries.$list {
                out.push(Place {
                    kind: EntryKind::$kind,
                    id: entry.id.get_ref().as_str().into(),
                    file: files[*file].0.as_str().into(),
                    span: entry.id.span(),
                });
            }
        )*};
    }
    add!(regions => Region, concepts => Concept, families => Family, cues => Cue, sections => Section, documents => Document,
        checklists => Checklist, rules => Rule,
        policies => Policy, choices => Choice, payers => Payer, joins => Join, pairs => Pair, addons => AddOn, modifiers => Modifier,
        circumstances => Circumstance);
    out
}
