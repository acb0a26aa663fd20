//! Site policy: named options with few choices each, where payers or sources differ. The options stand in
//! `claim/policies.toml`; a site says in one file what it chooses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Lexicon;
use super::edits::is_code;
use super::problem::{LexiconError, Problem};
use super::wire::Words;

/// What a site chooses; an option that is not named has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    chosen: BTreeMap<Box<str>, Box<str>>,
    never: Vec<Box<str>>,
}

impl Policy {
    /// What was chosen for an option; `None` leaves it at its default.
    #[must_use]
    pub fn chosen(&self, option: &str) -> Option<&str> {
        self.chosen.get(option).map(|v| &**v)
    }

    /// Codes that this site never bills.
    pub fn never(&self) -> impl Iterator<Item = &str> {
        self.never.iter().map(|c| &**c)
    }

    /// Takes over what the other chooses.
    pub fn extend(&mut self, other: Self) {
        self.chosen.extend(other.chosen);
        self.never.extend(other.never);
    }
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyWire {
    pub(super) id: Spanned<String>,
    pub(super) label: String,
    pub(super) choices: BTreeMap<String, String>,
    pub(super) default: Spanned<String>,
    pub(super) source: String,
    #[serde(default)]
    pub(super) hit: Words,
    #[serde(default)]
    pub(super) miss: Words,
}

/// An option.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PolicyOption {
    pub(crate) id: Box<str>,
    /// What it decides.
    pub(crate) label: Box<str>,
    /// Its choices and what each means.
    pub(crate) choices: Vec<(Box<str>, Box<str>)>,
    pub(crate) default: u8,
    /// Why the default is what it is.
    pub(crate) source: Box<str>,
}

impl PolicyOption {
    pub(crate) fn choice(&self, id: &str) -> Option<u8> {
        self.choices.iter().position(|(c, _)| &**c == id).map(|i| i as u8)
    }
}

/// An option, its choice, and whether that is the default.
pub(crate) type Choice = (String, String, bool);

/// What an entry asks of the policy: options, and the choices of each of which one has to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Under(pub(crate) Vec<(u8, Vec<u8>)>);

/// The choice of every option, by index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings(Vec<u8>);

impl Settings {
    /// Whether the policy is what an entry asks for.
    pub(crate) fn meets(&self, under: &Under) -> bool {
        under.0.iter().all(|(option, choices)| choices.contains(&self.0[*option as usize]))
    }
}

impl Lexicon {
    /// The choice of every option under a policy.
    pub(crate) fn settings(&self, policy: &Policy) -> Settings {
        let choice = |o: &PolicyOption| policy.chosen(&o.id).and_then(|c| o.choice(c)).unwrap_or(o.default);
        Settings(self.billing.policies.iter().map(choice).collect())
    }

    /// [`Lexicon::choices`], to be kept with a claim.
    pub(crate) fn kept_choices(&self, policy: &Policy) -> Arc<[Choice]> {
        let owned = |(o, c, d): (&str, &str, bool)| (o.to_owned(), c.to_owned(), d);
        let all = || self.choices(policy).into_iter().map(owned).collect();
        if policy.chosen.is_empty() { self.billing.defaults.get_or_init(all).clone() } else { all() }
    }

    /// Every option and its choice under a policy, and whether that is the default: in the order of the lexicon.
    #[must_use]
    pub fn choices(&self, policy: &Policy) -> Vec<(&str, &str, bool)> {
        let settings = self.settings(policy);
        self.billing.policies.iter().zip(&settings.0).map(|(o, c)| (&*o.id, &*o.choices[*c as usize].0, *c == o.default)).collect()
    }

    /// Chooses for one option.
    ///
    /// # Errors
    /// What is wrong and what may be written, where there is no such option or choice.
    pub fn choose(&self, policy: &mut Policy, option: &str, choice: &str) -> Result<(), (String, String)> {
        let Some(o) = self.billing.policies.iter().find(|o| &*o.id == option) else {
            let all: Vec<&str> = self.billing.policies.iter().map(|o| &*o.id).collect();
            return Err((format!("there is no option `{option}`"), format!("the options are: {}", all.join(", "))));
        };
        if o.choice(choice).is_none() {
            let all: Vec<&str> = o.choices.iter().map(|(c, _)| &**c).collect();
            return Err((format!("`{option}` can't be `{choice}`"), format!("choose one of: {}", all.join(", "))));
        }
        policy.chosen.insert(option.into(), choice.into());
        Ok(())
    }

    /// Reads a site's policy from TOML: `option = "choice"` for each option that is not to have its default, and
    /// `never = ["76376"]` for codes that the site does not bill.
    ///
    /// # Errors
    /// All mistakes at once, each with its bytes.
    pub fn policy(&self, name: &str, text: &str) -> Result<Policy, LexiconError> {
        let mut problems = Vec::new();
        let mut policy = Policy::default();
        let mut problem = |span: Range<usize>, message: String, help: String| {
            problems.push(Problem { file: name.to_owned(), span, message, help });
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for e in &errors {
            problem(e.span().unwrap_or(0..0), e.message().to_owned(), "mend the TOML syntax at this place".to_owned());
        }
        for (key, value) in table.into_inner() {
            let (at, span) = (key.span(), value.span());
            match (key.get_ref().as_ref(), value.into_inner()) {
                ("never", DeValue::Array(list)) => {
                    for item in list {
                        match item.get_ref() {
                            DeValue::String(code) if is_code(code) => policy.never.push(code.as_ref().into()),
                            _ => {
                                problem(item.span(), "this is no code".to_owned(), "write codes in quotes: never = [\"76376\"]".to_owned());
                            }
                        }
                    }
                }
                ("never", _) => problem(span, "a list of codes is wanted".to_owned(), "write never = [\"76376\"]".to_owned()),
                (option, DeValue::String(choice)) => {
                    if let Err((message, help)) = self.choose(&mut policy, option, &choice) {
                        let at = if message.starts_with("there is no option") { at } else { span };
                        problem(at, message, help);
                    }
                }
                (option, _) => problem(span, format!("the choice for `{option}` is not text"), "write it in quotes".to_owned()),
            }
        }
        if problems.is_empty() { Ok(policy) } else { Err(LexiconError { problems, files: vec![(name.to_owned(), text.to_owned())] }) }
    }
}
