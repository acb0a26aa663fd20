//! Checklists: what a complete study has to address.

use std::collections::HashMap;

use super::build::Builder;
use super::load::Entries;
use super::model::{Checklist, ChecklistId, Family, Sense, Told};
use super::terms::{Scope, TermsBuilder};
use super::wire::Words;
use super::{Lexicon, Owner};
use crate::lexicon::model::FamilyId;

impl Builder<'_> {
    /// The checklists, and their words.
    pub(super) fn checklists(&mut self, entries: &Entries, families: &[Family], terms: &mut TermsBuilder) -> Vec<Checklist> {
        let mut out: Vec<Checklist> = Vec::new();
        let mut names = HashMap::new();
        for at in &entries.checklists {
            let (file, w) = (at.file, &at.entry);
            let id = ChecklistId(out.len() as u8);
            self.unique(file, &mut names, &w.id, "checklist");
            let elements: Vec<Box<str>> = w.words.keys().map(|k| k.as_str().into()).collect();
            let index = |name: &str| elements.iter().position(|e| &**e == name).map(|i| i as u8);
            let mut list = |b: &mut Self, words: &Words, told: Told| b.words(file, terms, words, Sense::Listed(id, told), Scope::Prose);
            for (i, words) in w.words.values().enumerate() {
                list(self, words, Told::Element(i as u8));
            }
            list(self, &w.whole, Told::Whole);
            list(self, &w.part, Told::Part);
            list(self, &w.unlike, Told::Unlike);
            for (name, words) in &w.sides {
                match index(name) {
                    Some(i) => list(self, words, Told::Side(i)),
                    None => self.problem(file, w.id.span(), &format!("`{name}` has sides and no words"), "give it a line under `words`"),
                }
            }
            let mut ways = Vec::new();
            for way in &w.ways {
                let mut members = Vec::new();
                for name in way {
                    if let Some(i) = index(name.get_ref()) {
                        members.push(i);
                    } else {
                        let message = format!("`{}` is no element of this checklist", name.get_ref());
                        self.problem(file, name.span(), &message, "give it a line under `words`");
                    }
                }
                ways.push(members);
            }
            if ways.iter().all(Vec::is_empty) {
                self.problem(file, w.id.span(), "this checklist asks for nothing", "name its elements in `ways`");
            }
            let named_by = w.named_by.as_ref().and_then(|name| {
                let axis = self.axis(name.get_ref());
                if axis.is_none() {
                    self.problem(file, name.span(), &format!("there is no axis `{}`", name.get_ref()), "name an axis of axes.toml");
                }
                axis
            });
            let of = w.of.iter().filter_map(|f| self.family(file, f.span(), f.get_ref(), families)).collect();
            self.proofs(file, Owner::Checklist(id), &w.hit, &w.miss);
            let (name, label) = (w.id.get_ref().as_str().into(), w.label.as_str().into());
            out.push(Checklist { id: name, label, of, elements, ways, spare: w.spare, named_by, scanned: w.scanned });
        }
        out
    }
}

impl Lexicon {
    /// The checklist that settles the extent of a family's studies.
    pub(crate) fn checklist_of(&self, family: FamilyId) -> Option<(ChecklistId, &Checklist)> {
        let mut all = self.checklists.iter().enumerate();
        all.find(|(_, c)| c.of.contains(&family)).map(|(i, c)| (ChecklistId(i as u8), c))
    }
}
