//! Why a code stands for a report, or does not, and what the text would have had to say.

use jiff::civil::Date;

use super::{Analysis, Analyzer, AxisValue, Options, StudyView};
use crate::code::family::is_in;
use crate::lexicon::model::AxisKind;
use crate::lexicon::{CodeCard, Lexicon, Need, NeedKind};

/// What an answer says of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is suggested: index into `analysis.suggestions`.
    Suggested(usize),
    /// Its family's other code is suggested.
    Neighbour {
        /// Index into `analysis.suggestions`.
        of: usize,
        /// What would have to be documented.
        needs: String,
    },
    /// It was seen and not coded: index into `analysis.rejected`.
    Rejected(usize),
    /// An exam of its modality and region was seen and is not of this report: index into `analysis.rejected`.
    Elsewhere(usize),
    /// Nothing in the report leads to it.
    Absent,
}

/// A need of a code, held against a report.
#[derive(Clone, Debug)]
pub struct Held {
    /// The need.
    pub need: Need,
    /// Whether the report's nearest exam meets it; by silence, where `need.default` says so.
    pub met: bool,
    /// What that exam has on the axis, in our own words; empty where nothing.
    pub has: String,
}

/// A way to a code, held against a report.
#[derive(Clone, Debug)]
pub struct HeldWay {
    /// The family's id.
    pub family: String,
    /// The exam in our own words.
    pub label: String,
    /// Its needs.
    pub needs: Vec<Held>,
    /// Elements of a complete study that the report does not mention; all of them where no study of the report is
    /// judged by them.
    pub missing: Vec<String>,
}

/// The answer to "why this code, why not".
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is known of the code.
    pub card: CodeCard,
    /// Day that the report was coded for.
    pub day: Date,
    /// Whether the code is valid on that day.
    pub in_force: bool,
    /// What the answer says of it; at least one.
    pub standings: Vec<Standing>,
    /// The ways that were open on the day, the nearest first.
    pub ways: Vec<HeldWay>,
    /// The report's whole answer.
    pub analysis: Analysis,
}

impl Analyzer {
    /// Why a code stands for a report, or what the report would have had to say. `None` for a code that the lexicon
    /// does not have.
    #[must_use]
    pub fn explain(&self, code: &str, text: &str, options: &Options) -> Option<Explanation> {
        let lexicon = self.lexicon();
        let card = lexicon.code_card(code)?;
        let analysis = self.analyze(text, options);
        let day = options.date_of_service.unwrap_or_else(|| lexicon.default_date());
        let mut ways: Vec<HeldWay> = card
            .ways
            .iter()
            .filter(|w| w.from.is_none_or(|d| d <= day) && w.until.is_none_or(|d| day <= d))
            .map(|w| HeldWay {
                family: w.family.clone(),
                label: w.label.clone(),
                needs: held(lexicon, &w.needs, &analysis),
                missing: missing(&w.elements, &analysis),
            })
            .collect();
        ways.sort_by_key(|w| w.needs.iter().filter(|n| !n.met).count());
        Some(Explanation { in_force: card.in_force(day), standings: standings(lexicon, &card, &analysis), card, day, ways, analysis })
    }
}

pub(super) fn standings(lexicon: &Lexicon, card: &CodeCard, analysis: &Analysis) -> Vec<Standing> {
    let code = card.code.as_str();
    let mut out: Vec<Standing> = Vec::new();
    out.extend(analysis.suggestions.iter().enumerate().filter(|(_, s)| s.code == code).map(|(i, _)| Standing::Suggested(i)));
    for (i, s) in analysis.suggestions.iter().enumerate() {
        out.extend(s.alternatives.iter().filter(|a| a.code == code).map(|a| Standing::Neighbour { of: i, needs: a.needs.clone() }));
    }
    let rejected = analysis.rejected.iter().enumerate().filter(|(_, r)| r.code.as_deref() == Some(code));
    out.extend(rejected.map(|(i, _)| Standing::Rejected(i)));
    if out.is_empty() {
        let named = |study: &StudyView| {
            card.ways
                .iter()
                .any(|w| w.needs.iter().filter(|n| matches!(n.axis.as_str(), "modality" | "region")).all(|n| meets(lexicon, n, study)))
        };
        out.extend(analysis.rejected.iter().enumerate().filter(|(_, r)| named(&r.study)).map(|(i, _)| Standing::Elsewhere(i)));
    }
    if out.is_empty() {
        out.push(Standing::Absent);
    }
    out
}

/// The needs against that exam of the report, coded or not, which meets most of them.
fn held(lexicon: &Lexicon, needs: &[Need], analysis: &Analysis) -> Vec<Held> {
    let nothing = StudyView::new();
    let all = |study: &StudyView| -> Vec<Held> {
        needs.iter().map(|n| Held { need: n.clone(), met: meets(lexicon, n, study), has: has(lexicon, n, study) }).collect()
    };
    // exams that were coded come first: `max_by_key` keeps the last of equals
    let studies = analysis.rejected.iter().rev().map(|r| &r.study).chain(analysis.suggestions.iter().rev().map(|s| &s.study));
    std::iter::once(&nothing).chain(studies).map(all).max_by_key(|h| h.iter().filter(|x| x.met).count()).unwrap_or_default()
}

/// What a report lacks of lists of which one has to be met: of the list that it comes closest to.
fn missing(lists: &[Vec<String>], analysis: &Analysis) -> Vec<String> {
    let described: Vec<&String> =
        analysis.suggestions.iter().filter_map(|s| s.checklist.as_ref()).filter(|c| c.judged).flat_map(|c| &c.described).collect();
    let lacks = |list: &Vec<String>| list.iter().filter(|e| !described.contains(e)).cloned().collect::<Vec<_>>();
    lists.iter().map(lacks).min_by_key(Vec::len).unwrap_or_default()
}

fn values<'a>(study: &'a StudyView, axis: &str) -> Vec<&'a str> {
    match study.iter().find(|(a, _)| a == axis).map(|(_, v)| v) {
        Some(AxisValue::One(v)) => vec![v],
        Some(AxisValue::Many(list)) => list.iter().map(String::as_str).collect(),
        None => Vec::new(),
    }
}

fn meets(lexicon: &Lexicon, need: &Need, study: &StudyView) -> bool {
    let have = values(study, &need.axis);
    let region = |wanted: &String| {
        let inside = |h: &str| lexicon.region_named(h).zip(lexicon.region_named(wanted)).is_some_and(|(h, w)| is_in(lexicon, h, w));
        have.iter().any(|h| inside(h))
    };
    let there = |v: &String| have.contains(&v.as_str());
    match need.kind {
        NeedKind::AnyRegion => need.values.iter().any(region),
        NeedKind::AllRegions => need.values.iter().all(region),
        NeedKind::IsNot => !need.values.iter().any(|v| have.contains(&v.as_str())),
        NeedKind::Is | NeedKind::Exactly if have.is_empty() => need.default,
        NeedKind::Exactly => need.values.iter().all(there) && have.len() == need.values.len(),
        NeedKind::Is => {
            let set = lexicon.axis_named(&need.axis).is_some_and(|a| matches!(lexicon.axis(a).kind, AxisKind::Set | AxisKind::Flags));
            if set { need.values.iter().all(there) } else { need.values.iter().any(there) }
        }
    }
}

fn has(lexicon: &Lexicon, need: &Need, study: &StudyView) -> String {
    let have = values(study, &need.axis);
    if have.is_empty() { String::new() } else { lexicon.value_label(&need.axis, &have.join("+")) }
}
