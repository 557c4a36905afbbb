//! What a step makes of the value in its slot: adds a word, takes one away, or sets it.

use super::{
    Call, Change,
    atom::{Atom, Scene, StepId, Values},
};
use alloy_primitives::U256;

/// A change is foretold once so many traces have agreed on it.
const CONFIRMED: u32 = 2;

/// The changes that are still possible, and how they have held so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Effect {
    add: Vec<Atom>,
    take: Vec<Atom>,
    set: Vec<Atom>,
    agreed: u32,
    contradicted: u32,
}

impl Effect {
    /// A write was seen. `own` is the step whose slot it was: a word must not be explained by itself.
    ///
    /// A trace that contradicts everything is only counted, for it may be an odd one (a transfer to oneself
    /// changes nothing). Once there are more of those than of others, learning begins anew.
    pub(super) fn observe(&mut self, before: U256, after: U256, own: StepId, scene: &mut Scene<'_>) {
        let hidden = scene.values.get_mut(usize::from(own)).and_then(Option::take);
        let (added, taken) = (after.wrapping_sub(before), before.wrapping_sub(after));
        let fitting = |atoms: &[Atom], value| -> Vec<Atom> {
            let fits = |atom: &&Atom| atom.value(&scene.call, &scene.values) == Some(value);
            atoms.iter().filter(fits).copied().collect()
        };
        let add = fitting(&self.add, added);
        let take = fitting(&self.take, taken);
        let set = fitting(&self.set, after);
        if !(add.is_empty() && take.is_empty() && set.is_empty()) {
            self.agreed += 1;
            (self.add, self.take, self.set) = (add, take, set);
        } else if self.contradicted < self.agreed {
            self.contradicted += 1;
        } else {
            let all = |value| {
                let mut atoms = scene.atoms(value);
                atoms.push(Atom::constant(value));
                atoms
            };
            *self = Self {
                add: all(added),
                // Less a constant is plus another.
                take: scene.atoms(taken),
                set: all(after),
                agreed: 1,
                contradicted: 0,
            };
        }
        if let Some(value) = scene.values.get_mut(usize::from(own)) {
            *value = hidden;
        }
    }

    /// True where a write is what it is expected to be, or nothing is expected.
    pub(super) fn agrees(&self, before: U256, after: U256, scene: &Scene<'_>) -> bool {
        let (added, taken) = (after.wrapping_sub(before), before.wrapping_sub(after));
        let mut words = [(&self.add, added), (&self.take, taken), (&self.set, after)].into_iter();
        self.agreed == 0
            || words.any(|(atoms, value)| {
                let mut atoms = atoms.iter();
                atoms.any(|atom| atom.value(&scene.call, &scene.values) == Some(value))
            })
    }

    /// The change that is believed first: by a word of the call or of a slot rather than by a constant, and
    /// rather added than set, unless it is an address.
    pub(super) fn change(&self, call: &Call<'_>, values: &Values) -> Change {
        if self.agreed < CONFIRMED || self.agreed <= 2 * self.contradicted {
            return Change::Unknown;
        }
        let first = |atoms: &[Atom], wanted: fn(&Atom) -> bool| {
            let mut atoms = atoms.iter().filter(|atom| wanted(atom));
            atoms.find_map(|atom| atom.value(call, values))
        };
        let amount: fn(&Atom) -> bool = |atom| !atom.is_constant() && !atom.is_address();
        let word: fn(&Atom) -> bool = |atom| !atom.is_constant();
        let constant: fn(&Atom) -> bool = Atom::is_constant;
        let add = |value| match value {
            U256::ZERO => Change::None,
            value => Change::Add(value),
        };
        let changes = [
            first(&self.add, amount).map(add),
            first(&self.take, amount).map(|value| add(value.wrapping_neg())),
            first(&self.set, word).map(Change::Set),
            first(&self.add, constant).map(add),
            first(&self.set, constant).map(Change::Set),
        ];
        changes.into_iter().flatten().next().unwrap_or(Change::Unknown)
    }

    /// Old traces count half.
    pub(super) fn fade(&mut self) {
        self.agreed = self.agreed.div_ceil(2);
        self.contradicted /= 2;
    }

    /// Renumbers the steps that it looks at.
    pub(super) fn renumber(&mut self, numbers: &[Option<StepId>]) {
        for atoms in [&mut self.add, &mut self.take, &mut self.set] {
            *atoms = atoms.iter().filter_map(|atom| atom.renumbered(numbers)).collect();
        }
    }

    /// Shows every atom that may be looked at.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(&Atom)) {
        [&self.add, &self.take, &self.set]
            .into_iter()
            .flatten()
            .for_each(visit);
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.add.len() + self.take.len() + self.set.len()) * size_of::<Atom>()
    }
}
