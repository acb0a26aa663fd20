//! The files of a lexicon as they are written: strict shapes for serde, nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

/// Axis values as written: one word or a list.
#[derive(Deserialize, Debug, Clone)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(v) => std::slice::from_ref(v),
            Self::Many(v) => v.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

pub(super) type ValuesWire = BTreeMap<String, Spanned<OneOrMany>>;
pub(super) type Words = Vec<Spanned<String>>;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct EditionWire {
    pub(super) id: String,
    pub(super) default_date: Spanned<Datetime>,
    pub(super) built: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisWire {
    pub(super) id: Spanned<String>,
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) values: Words,
    #[serde(default)]
    pub(super) variants: BTreeMap<String, Spanned<Vec<String>>>,
    #[serde(default)]
    pub(super) together: BTreeMap<String, Spanned<Vec<String>>>,
    #[serde(default)]
    pub(super) not_in: Words,
    #[serde(default)]
    pub(super) both_in: Words,
    #[serde(default)]
    pub(super) both_unless: Words,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) needs: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) read_in: Words,
    #[serde(default)]
    pub(super) apart: bool,
    pub(super) prefers: Option<Spanned<String>>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionWire {
    pub(super) id: Spanned<String>,
    pub(super) parent: Option<Spanned<String>>,
    pub(super) label: String,
    #[serde(default)]
    pub(super) sets: ValuesWire,
    #[serde(default)]
    pub(super) implies: ValuesWire,
    #[serde(default)]
    pub(super) paired: bool,
    pub(super) usually: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) terms: Words,
    #[serde(default)]
    pub(super) titles: Words,
    #[serde(default)]
    pub(super) organs: Words,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ConceptWire {
    pub(super) id: Spanned<String>,
    pub(super) role: Option<Spanned<String>>,
    #[serde(default, rename = "label")]
    pub(super) _label: Option<String>,
    pub(super) counts: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) beside: Words,
    #[serde(default)]
    pub(super) read_in: Words,
    #[serde(default)]
    pub(super) not_in: Words,
    #[serde(default)]
    pub(super) sets: ValuesWire,
    #[serde(default)]
    pub(super) implies: ValuesWire,
    #[serde(default)]
    pub(super) terms: Words,
    #[serde(default)]
    pub(super) titles: Words,
    #[serde(default)]
    pub(super) prose: Words,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AmbiguousWire {
    pub(super) term: Spanned<String>,
    pub(super) senses: Words,
    #[serde(default, rename = "why")]
    pub(super) _why: Option<String>,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct CueWire {
    pub(super) id: Spanned<String>,
    pub(super) means: Spanned<String>,
    pub(super) reach: Spanned<String>,
    pub(super) terms: Words,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

/// Words for an entry that stands in another file.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct MoreWire {
    pub(super) of: Spanned<String>,
    #[serde(default)]
    pub(super) terms: Words,
    #[serde(default)]
    pub(super) titles: Words,
    #[serde(default)]
    pub(super) prose: Words,
    #[serde(default)]
    pub(super) organs: Words,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionWire {
    pub(super) id: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) terms: Words,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentWire {
    pub(super) id: Spanned<String>,
    pub(super) label: String,
    pub(super) needs: u8,
    #[serde(default)]
    pub(super) headings: Words,
    #[serde(default)]
    pub(super) signs: Words,
    #[serde(default)]
    pub(super) against: Words,
    #[serde(default)]
    pub(super) names: Words,
    pub(super) allows: Spanned<String>,
    #[serde(default)]
    pub(super) lets: Words,
    pub(super) asks: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ContrastRows {
    pub(super) without: Option<Spanned<String>>,
    pub(super) with: Option<Spanned<String>>,
    pub(super) both: Option<Spanned<String>>,
}

#[derive(Deserialize, Debug)]
pub(super) struct RowWire {
    pub(super) code: Spanned<String>,
    pub(super) each_further: Option<Spanned<String>>,
    #[serde(flatten)]
    pub(super) values: BTreeMap<String, OneOrMany>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct FamilyWire {
    pub(super) id: Spanned<String>,
    pub(super) label: String,
    #[serde(default)]
    pub(super) when: ValuesWire,
    #[serde(default)]
    pub(super) unless: ValuesWire,
    #[serde(default)]
    pub(super) any: Words,
    #[serde(default)]
    pub(super) all: Words,
    #[serde(default)]
    pub(super) nowhere: bool,
    #[serde(default)]
    pub(super) companion: bool,
    pub(super) contrast: Option<ContrastRows>,
    pub(super) code: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) rows: Vec<Spanned<RowWire>>,
    #[serde(default)]
    pub(super) assume: ValuesWire,
    #[serde(default)]
    pub(super) adds: Vec<Spanned<RowWire>>,
    #[serde(default)]
    pub(super) brings: Words,
    pub(super) each: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) per_side: bool,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) note: Option<String>,
    pub(super) hit: Words,
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ChecklistWire {
    pub(super) id: Spanned<String>,
    pub(super) label: String,
    pub(super) of: Words,
    pub(super) ways: Vec<Words>,
    #[serde(default)]
    pub(super) spare: u8,
    pub(super) named_by: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) scanned: bool,
    #[serde(default)]
    pub(super) whole: Words,
    #[serde(default)]
    pub(super) part: Words,
    #[serde(default)]
    pub(super) unlike: Words,
    pub(super) words: BTreeMap<String, Words>,
    #[serde(default)]
    pub(super) sides: BTreeMap<String, Words>,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct BecomesWire {
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) beside: Words,
    pub(super) taking: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) absorbs: Vec<Spanned<(String, String)>>,
    #[serde(default)]
    pub(super) downgrades: Vec<Spanned<(String, String)>>,
    pub(super) becomes: Option<BecomesWire>,
    #[serde(default)]
    pub(super) when: ValuesWire,
    #[serde(default)]
    pub(super) unless: ValuesWire,
    #[serde(default)]
    pub(super) policy: ValuesWire,
    #[serde(default)]
    pub(super) unless_own_findings: bool,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) query: Option<Spanned<String>>,
    pub(super) hit: Words,
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryWire {
    pub(super) kind: Spanned<String>,
    pub(super) message: String,
    #[serde(default)]
    pub(super) raised_by: Words,
    pub(super) default_of: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) families: Words,
    #[serde(default)]
    pub(super) lacking: ValuesWire,
    #[serde(default)]
    pub(super) banner: bool,
    #[serde(default)]
    pub(super) unless: Words,
    pub(super) status: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) stated: String,
}
