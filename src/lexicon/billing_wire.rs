//! The tables under `claim/` as they are written: strict shapes for serde, nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::wire::{OneOrMany, ValuesWire, Words};

pub(super) type UnderWire = BTreeMap<String, Spanned<OneOrMany>>;

/// What every entry begins and ends with: its name, the policy and the days that it holds under, words and source for the
/// answer, proof lines.
pub(super) struct HeadWire<'a> {
    pub(super) id: &'a Spanned<String>,
    pub(super) policy: &'a UnderWire,
    pub(super) from: Option<&'a Spanned<Datetime>>,
    pub(super) until: Option<&'a Spanned<Datetime>>,
    pub(super) message: &'a str,
    pub(super) source: &'a str,
    pub(super) hit: &'a Words,
    pub(super) miss: &'a Words,
}

/// An entry: what it has beside its head. (serde can't flatten a head into a shape that refuses unknown keys.)
macro_rules! entry {
    ($name:ident { $($(#[$attr:meta])* $field:ident: $kind:ty,)* }) => {
        #[derive(Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            pub(super) id: Spanned<String>,
            #[serde(default)]
            policy: UnderWire,
            from: Option<Spanned<Datetime>>,
            until: Option<Spanned<Datetime>>,
            message: String,
            source: String,
            hit: Words,
            #[serde(default)]
            miss: Words,
            $($(#[$attr])* pub(super) $field: $kind,)*
        }

        impl $name {
            pub(super) fn head(&self) -> HeadWire<'_> {
                HeadWire {
                    id: &self.id,
                    policy: &self.policy,
                    from: self.from.as_ref(),
                    until: self.until.as_ref(),
                    message: &self.message,
                    source: &self.source,
                    hit: &self.hit,
                    miss: &self.miss,
                }
            }
        }
    };
}

entry!(ReplacementWire {
    rows: Vec<Spanned<ReplacementRowWire>>,
});

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

entry!(JoinWire {
    of: Vec<Spanned<OneOrMany>>,
    into: Option<Spanned<String>>,
});

entry!(PairWire {
    first: Words,
    second: Words,
    answer: Spanned<String>,
    #[serde(default)]
    modifier: bool,
    #[serde(default)]
    same_family: bool,
    query: Option<Spanned<String>>,
});

entry!(AddOnWire {
    codes: Words,
    bases: Words,
    alone: Option<Spanned<String>>,
    query: Option<Spanned<String>>,
});

entry!(ModifierWire {
    modifier: String,
    #[serde(default)]
    codes: Words,
    #[serde(default)]
    beside: Words,
    #[serde(default)]
    least: BTreeMap<String, u32>,
    split: Option<Vec<u8>>,
    bilateral: Option<Vec<u8>>,
    side: Option<Spanned<String>>,
    #[serde(default)]
    circumstance: Words,
    #[serde(default)]
    also: Words,
    #[serde(default)]
    without: Words,
    #[serde(default)]
    unless: Vec<String>,
    cause: Option<Spanned<String>>,
    query: Option<Spanned<String>>,
    #[serde(default)]
    when: ValuesWire,
});

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
    pub(super) apart: Option<u16>,
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
