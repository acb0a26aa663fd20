//! The tables under `claim/` as they are written: strict shapes for serde, nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::wire::{OneOrMany, ValuesWire, Words};

pub(super) type UnderWire = BTreeMap<String, Spanned<OneOrMany>>;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplacementWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) policy: UnderWire,
    pub(super) rows: Vec<Spanned<ReplacementRowWire>>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
pub(super) struct ReplacementRowWire {
    pub(super) codes: Vec<OneOrMany>,
    pub(super) query: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) circumstance: Words,
    #[serde(default)]
    pub(super) without: Words,
    pub(super) to: Option<String>,
    pub(super) modifier: Option<String>,
    #[serde(default)]
    pub(super) ordered: bool,
    #[serde(default)]
    pub(super) across: bool,
    #[serde(default)]
    pub(super) drops: bool,
    #[serde(flatten)]
    pub(super) values: BTreeMap<String, OneOrMany>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) policy: UnderWire,
    pub(super) of: Vec<Spanned<OneOrMany>>,
    pub(super) into: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct PairWire {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) policy: UnderWire,
    pub(super) first: Words,
    pub(super) second: Words,
    pub(super) answer: Spanned<String>,
    #[serde(default)]
    pub(super) modifier: bool,
    #[serde(default)]
    pub(super) same_family: bool,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) query: Option<Spanned<String>>,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct AddOnWire {
    pub(super) id: Spanned<String>,
    pub(super) codes: Words,
    pub(super) bases: Words,
    pub(super) alone: Option<Spanned<String>>,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) query: Option<Spanned<String>>,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct ModifierWire {
    pub(super) id: Spanned<String>,
    pub(super) modifier: String,
    #[serde(default)]
    pub(super) policy: UnderWire,
    #[serde(default)]
    pub(super) codes: Words,
    #[serde(default)]
    pub(super) beside: Words,
    #[serde(default)]
    pub(super) least: BTreeMap<String, u32>,
    pub(super) split: Option<Vec<u8>>,
    pub(super) bilateral: Option<Vec<u8>>,
    pub(super) side: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) circumstance: Words,
    #[serde(default)]
    pub(super) also: Words,
    #[serde(default)]
    pub(super) without: Words,
    #[serde(default)]
    pub(super) unless: Vec<String>,
    pub(super) cause: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) when: ValuesWire,
    pub(super) from: Option<Spanned<Datetime>>,
    pub(super) until: Option<Spanned<Datetime>>,
    pub(super) message: String,
    pub(super) source: String,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct CircumstanceWire {
    pub(super) id: Spanned<String>,
    #[serde(default, rename = "label")]
    _label: Option<String>,
    #[serde(default)]
    pub(super) exam: bool,
    #[serde(default)]
    pub(super) read_in: Words,
    pub(super) terms: Words,
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct RationaleWire {
    pub(super) id: Spanned<String>,
    pub(super) message: String,
    pub(super) source: String,
}
