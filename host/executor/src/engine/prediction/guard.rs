//! Guards: on which condition a call takes a step, or writes to its slot.
//!
//! Branches mostly compare a word of the call with another or with what a slot holds: which of a pool's tokens
//! is sold, whether an allowance is without limit. A guard is one such comparison that was true in exactly
//! those of the latest traces in which the step was taken.

use super::{
    Call,
    atom::{Atom, Origin, Scene, StepId, Values},
};
use alloy_primitives::U256;
use std::collections::VecDeque;

/// So many words of the call data are compared, and what so many steps read.
const ARGUMENTS: u8 = 8;
const READS: u8 = 24;
/// So many traces are remembered.
const PAST: usize = 12;
/// A guard has to be right about so many traces of either outcome.
const EITHER: usize = 2;
/// Constants below this are compared with, and the greatest word there is.
const MAX_CONSTANT: u64 = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    Less,
}

/// A comparison of two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guard {
    left: Origin,
    relation: Relation,
    right: Origin,
}

/// What is asked about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether it is taken.
    Taken,
    /// Whether it writes, given that it is taken.
    Wrote,
}

/// A trace that is remembered.
#[derive(Debug, Clone)]
struct Past {
    words: Box<[Option<U256>]>,
    /// By step, a bit each.
    taken: u64,
    wrote: u64,
}

/// The latest traces.
#[derive(Debug, Clone, Default)]
pub(super) struct History(VecDeque<Past>);

impl Relation {
    fn holds(self, left: U256, right: U256) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
        }
    }
}

impl Guard {
    /// False, too, where a word of it is not known.
    pub(super) fn holds(&self, call: &Call<'_>, values: &Values) -> bool {
        let [left, right] = self.words().map(|atom| atom.value(call, values));
        left.zip(right)
            .is_some_and(|(left, right)| self.relation.holds(left, right))
    }

    /// What it compares.
    pub(super) fn words(&self) -> [Atom; 2] {
        [Atom::whole(self.left), Atom::whole(self.right)]
    }

    /// The guard where steps have got new numbers; `None` where one of its own is gone.
    pub(super) fn renumbered(&self, numbers: &[Option<StepId>]) -> Option<Self> {
        let [left, right] = self.words().map(|atom| atom.renumbered(numbers));
        Some(Self {
            left: left?.origin,
            right: right?.origin,
            relation: self.relation,
        })
    }
}

/// Everything that is compared, in the order in which a [`Past`] holds it.
fn origins() -> impl Iterator<Item = Origin> {
    [Origin::Sender, Origin::Callee, Origin::Value]
        .into_iter()
        .chain((0..ARGUMENTS).map(Origin::Argument))
        .chain((0..READS).map(Origin::Read))
}

impl History {
    /// Remembers a trace, and forgets the oldest where there are enough.
    pub(super) fn remember(&mut self, scene: &Scene<'_>, taken: u64, wrote: u64) {
        if self.0.len() >= PAST {
            self.0.pop_front();
        }
        let words = origins().map(|origin| Atom::whole(origin).value(&scene.call, &scene.values));
        let mut words: Vec<Option<U256>> = words.collect();
        // What most calls do not have is at the end.
        while words.last().is_some_and(Option::is_none) {
            words.pop();
        }
        let words = words.into();
        self.0.push_back(Past { words, taken, wrote });
    }

    /// The traces that answer the question about a step, and their answers.
    fn cases(&self, step: usize, question: Question) -> Vec<(&Past, bool)> {
        let bit = 1u64.checked_shl(step as u32).unwrap_or(0);
        let cases = self.0.iter().filter_map(|past| {
            let (taken, wrote) = (past.taken & bit != 0, past.wrote & bit != 0);
            match question {
                Question::Taken => Some((past, taken)),
                Question::Wrote => taken.then_some((past, wrote)),
            }
        });
        cases.collect()
    }

    /// The guard that answers the question about a step: the one from before if it is still right.
    pub(super) fn guard(&self, step: usize, question: Question, before: Option<Guard>) -> Option<Guard> {
        let cases = self.cases(step, question);
        let origins: Vec<Origin> = origins().collect();
        let word = |past: &Past, origin: Origin| match origin {
            Origin::Constant(value) => Some(value),
            _ => {
                let at = origins.iter().position(|known| *known == origin)?;
                past.words.get(at).copied().flatten()
            }
        };
        let answers = |guard: &Guard| {
            cases.iter().all(|(past, answer)| {
                let words = word(past, guard.left).zip(word(past, guard.right));
                let holds = words.is_some_and(|(left, right)| guard.relation.holds(left, right));
                holds == *answer
            })
        };
        if before.is_some_and(|guard| answers(&guard)) {
            return before;
        }
        let yes = cases.iter().filter(|(_, answer)| *answer).count();
        if yes < EITHER || cases.len() - yes < EITHER {
            return None;
        }
        // Whether a step is taken has to be known before its own value is, and those of the steps behind it.
        let late = |origin: &Origin| match origin {
            Origin::Read(read) => question == Question::Taken && usize::from(*read) >= step,
            _ => false,
        };
        let columns: Vec<(Origin, Vec<Option<U256>>)> = origins
            .iter()
            .enumerate()
            .filter(|(_, origin)| !late(origin))
            .map(|(at, origin)| {
                let column = cases
                    .iter()
                    .map(|(past, _)| past.words.get(at).copied().flatten());
                (*origin, column.collect())
            })
            .collect();
        search(&columns, &cases)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0 = VecDeque::new();
    }

    /// How much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let each = |past: &Past| size_of::<Past>() + size_of_val::<[_]>(&past.words);
        self.0.iter().map(each).sum()
    }
}

/// The first comparison that is true where the answer is yes, and only there.
fn search(columns: &[(Origin, Vec<Option<U256>>)], cases: &[(&Past, bool)]) -> Option<Guard> {
    let right_column = |relation: Relation, left: &[Option<U256>], right: &[Option<U256>]| {
        let mut rows = left.iter().zip(right).zip(cases);
        rows.all(|((left, right), (_, answer))| {
            let holds = left
                .zip(*right)
                .is_some_and(|(left, right)| relation.holds(left, right));
            holds == *answer
        })
    };
    let pairs = |relation| {
        columns.iter().enumerate().find_map(|(at, (left, of_left))| {
            // Less is not the same the other way round.
            let from = if relation == Relation::Less { 0 } else { at + 1 };
            let mut others = columns[from..].iter();
            let found = others.find(|(_, of_right)| right_column(relation, of_left, of_right));
            found.map(|(right, _)| Guard {
                left: *left,
                relation,
                right: *right,
            })
        })
    };
    let constants = |relation| {
        columns.iter().find_map(|(left, of_left)| {
            // Equal to what it is where the answer is yes, or unequal to what it is where it is no.
            let wanted = relation == Relation::Equal;
            let at = cases.iter().position(|(_, answer)| *answer == wanted)?;
            let value = of_left.get(at).copied().flatten()?;
            if value >= U256::from(MAX_CONSTANT) && value != U256::MAX {
                return None;
            }
            let column = vec![Some(value); cases.len()];
            let right = Origin::Constant(value);
            right_column(relation, of_left, &column).then_some(Guard {
                left: *left,
                relation,
                right,
            })
        })
    };
    pairs(Relation::Equal)
        .or_else(|| constants(Relation::Equal))
        .or_else(|| constants(Relation::Unequal))
        .or_else(|| pairs(Relation::Unequal))
        .or_else(|| pairs(Relation::Less))
}
