//! Names of operators that outlive any build, and sets of them.

use super::Operator;
use core::fmt;

/// The id of an operator: its code in bundles, and its name in gas schedules. It does not depend on the
/// order of anything in this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperatorId(pub u8);

impl fmt::Display for OperatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Operator::by_id(*self) {
            Some(operator) => f.write_str(operator.name),
            None => write!(f, "operator {}", self.0),
        }
    }
}

const WORD_BITS: u8 = 64;

/// A set of operators: those that a graph uses, or those that a gas schedule prices.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OperatorSet([u64; 4]);

impl OperatorSet {
    /// No operator.
    pub const EMPTY: Self = Self([0; 4]);

    /// The operators of these ids.
    pub const fn of(ids: &[OperatorId]) -> Self {
        let (mut set, mut at) = (Self::EMPTY, 0);
        while at < ids.len() {
            set = set.with(ids[at]);
            at += 1;
        }
        set
    }

    /// The set and one more.
    #[must_use]
    pub const fn with(mut self, id: OperatorId) -> Self {
        self.0[(id.0 / WORD_BITS) as usize] |= 1 << (id.0 % WORD_BITS);
        self
    }

    /// The set less one.
    #[must_use]
    pub const fn without(mut self, id: OperatorId) -> Self {
        self.0[(id.0 / WORD_BITS) as usize] &= !(1 << (id.0 % WORD_BITS));
        self
    }

    /// The operators of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Whether an operator is in it.
    pub const fn contains(&self, id: OperatorId) -> bool {
        self.0[(id.0 / WORD_BITS) as usize] >> (id.0 % WORD_BITS) & 1 == 1
    }

    /// The operators in it, by rising id.
    pub fn iter(&self) -> impl Iterator<Item = OperatorId> + '_ {
        (0..=u8::MAX).map(OperatorId).filter(|&id| self.contains(id))
    }

    /// The operator of the lowest id that is in this set and not in the other.
    pub fn first_outside(&self, other: &Self) -> Option<OperatorId> {
        let words = self.0.iter().zip(&other.0).zip((0..).step_by(WORD_BITS.into()));
        let mut outside = words.map(|((ours, theirs), first)| (ours & !theirs, first));
        let (word, first) = outside.find(|(word, _)| *word != 0)?;
        Some(OperatorId(first + word.trailing_zeros() as u8))
    }
}

impl FromIterator<OperatorId> for OperatorSet {
    fn from_iter<T: IntoIterator<Item = OperatorId>>(ids: T) -> Self {
        ids.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for OperatorSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|id| id.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let ids = [0, 1, 63, 64, 127, 128, 255].map(OperatorId);
        let set = OperatorSet::of(&ids);
        assert_eq!(set.iter().collect::<Vec<_>>(), ids);
        assert_eq!(ids.into_iter().collect::<OperatorSet>(), set);
        assert!(!set.contains(OperatorId(65)));
        assert!(!set.without(OperatorId(64)).contains(OperatorId(64)));
        assert_eq!(set.without(OperatorId(64)).with(OperatorId(64)), set);
    }

    #[test]
    fn the_first_operator_outside_is_the_lowest() {
        let all = OperatorSet::of(&[1, 70, 200].map(OperatorId));
        assert_eq!(all.first_outside(&all), None);
        assert_eq!(
            all.first_outside(&OperatorSet::of(&[OperatorId(1)])),
            Some(OperatorId(70))
        );
        assert_eq!(OperatorSet::EMPTY.first_outside(&all), None);
    }

    #[test]
    fn an_id_is_shown_by_name_where_it_has_one() {
        assert_eq!(OperatorId(1).to_string(), "MatMul");
        assert_eq!(OperatorId(250).to_string(), "operator 250");
    }
}
