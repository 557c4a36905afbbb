//! Which of many places an index names: Gather by computed indices, computed tables.

use super::rules::{ROUTED_WIRES, Row, Rules};
use crate::arithmetic::Arithmetic;
use metisvm_verifier::field::F;
use plonky2::field::types::{Field, PrimeField64};

/// An indicator o_j for each place from `first` on, 1 where the index names it:
///
/// ```text
/// indicator   o_j is 0 or 1
/// count       count_out = count_in + Σ o_j
/// place       place_out = place_in + Σ (first + j) · o_j
/// ```
///
/// More places are a chain of rows, which begins with 0 and 0 and has to end with 1 and the index. There are less than
/// p places by far, so one indicator is 1, and it is that of the place which the index names.
///
/// Wires: the index, both counts and both places of every operation, then its indicators. Constants: `first` of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Indicators {
    places: usize,
}

/// Wires of an operation beside its indicators.
const BESIDE: usize = 5;

impl Indicators {
    /// The most places of a row.
    pub const MOST: usize = 64;

    /// A gate for an index of so many places, or for as many of them as a row has.
    pub const fn new(places: usize) -> Self {
        let places = if places > Self::MOST { Self::MOST } else { places };
        Self { places }
    }

    /// Places of an operation.
    pub const fn places(&self) -> usize {
        self.places
    }

    /// Where the index is; count in, place in, count out and place out follow.
    pub const fn index(&self, operation: usize) -> usize {
        operation * (BESIDE + self.places)
    }

    /// Where `count_in` is.
    pub const fn count_in(&self, operation: usize) -> usize {
        self.index(operation) + 1
    }

    /// Where `place_in` is.
    pub const fn place_in(&self, operation: usize) -> usize {
        self.index(operation) + 2
    }

    /// Where `count_out` is.
    pub const fn count_out(&self, operation: usize) -> usize {
        self.index(operation) + 3
    }

    /// Where `place_out` is.
    pub const fn place_out(&self, operation: usize) -> usize {
        self.index(operation) + 4
    }

    /// Where the indicator of a place is.
    pub const fn indicator(&self, operation: usize, place: usize) -> usize {
        self.index(operation) + BESIDE + place
    }
}

impl Rules for Indicators {
    const NAME: &'static str = "indicators";

    fn parameters(&self) -> Vec<usize> {
        vec![self.places]
    }

    fn operations(&self) -> usize {
        ROUTED_WIRES / (BESIDE + self.places)
    }

    fn wires(&self) -> usize {
        self.operations() * (BESIDE + self.places)
    }

    fn constants(&self) -> usize {
        self.operations()
    }

    fn degree(&self) -> usize {
        2
    }

    fn constraints(&self) -> usize {
        self.operations() * (self.places + 2)
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..self.operations() {
            let mut count = (row.wire)(self.count_in(operation));
            let zero = a.constant(F::ZERO);
            let (mut own, mut offset) = (zero, zero);
            for place in 0..self.places {
                let indicator = (row.wire)(self.indicator(operation, place));
                let square = a.multiply(indicator, indicator);
                let boolean = a.subtract(square, indicator);
                constraint("indicator", boolean);
                own = a.scale_add(F::ONE, indicator, own);
                offset = a.scale_add(F::from_canonical_usize(place), indicator, offset);
            }
            count = a.scale_add(F::ONE, own, count);
            let difference = a.subtract(count, (row.wire)(self.count_out(operation)));
            constraint("count", difference);
            let before = a.scale_add(F::ONE, (row.wire)(self.place_in(operation)), offset);
            let place = a.multiply_add((row.constant)(operation), own, before);
            let difference = a.subtract(place, (row.wire)(self.place_out(operation)));
            constraint("place", difference);
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        (self.index(operation)..=self.place_in(operation)).collect()
    }

    fn fill(&self, operation: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let offset = (inputs[0] - constants[operation]).to_canonical_u64();
        let named = usize::try_from(offset).ok().filter(|&place| place < self.places);
        let (count, place) = match named {
            Some(_) => (inputs[1] + F::ONE, inputs[2] + inputs[0]),
            None => (inputs[1], inputs[2]),
        };
        let mut filled = vec![
            (self.count_out(operation), count),
            (self.place_out(operation), place),
        ];
        filled.extend((0..self.places).map(|place| {
            let here = F::from_bool(named == Some(place));
            (self.indicator(operation, place), here)
        }));
        filled
    }
}
