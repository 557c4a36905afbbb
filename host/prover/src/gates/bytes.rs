//! Bytes of the input: that they are bytes, what they are as numbers, and seven of them in one element for
//! the hash.

use super::rules::{Row, Rules};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose};
use metisvm_verifier::field::{F, integer, residue};
use plonky2::field::types::Field;

/// For each byte, with `b = limb_0 + 4·limb_1 + 16·limb_2 + 64·low + 128·high`:
///
/// ```text
/// byte     value = b − 256 · signed · high
/// limb     limb_0, limb_1, limb_2 are 0, 1, 2 or 3
/// bit      low and high are 0 or 1
/// packed   packed = Σ 256^j · b_j over the seven bytes of an element
/// ```
///
/// So b lies in `0..256`, and value is b read as u8, or as i8 where the constant `signed` is 1. An element of
/// seven bytes is below 2^56 < p, so it says each of them.
///
/// Wires: seven values and `packed` of each operation, then limbs, low and high of each byte. Constants:
/// `signed` of each byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes;

impl Bytes {
    /// Bytes in an element.
    pub const PACKED: usize = metisvm_verifier::commitment::PACKED_BYTES;

    /// Elements of a row.
    const ELEMENTS: usize = 3;

    /// Limbs to base 4 of a byte, below its two highest bits.
    const LIMBS: usize = 3;

    /// Advice wires of a byte.
    const ADVICE: usize = Self::LIMBS + 2;

    /// Where the value of byte `i` of an operation is.
    pub const fn value(&self, operation: usize, i: usize) -> usize {
        operation * (Self::PACKED + 1) + i
    }

    /// Where the element of an operation is.
    pub const fn packed(&self, operation: usize) -> usize {
        operation * (Self::PACKED + 1) + Self::PACKED
    }

    /// Where `signed` of byte `i` of an operation is.
    pub const fn signed(&self, operation: usize, i: usize) -> usize {
        operation * Self::PACKED + i
    }

    /// Where the limbs of byte `i` of an operation are; low and high follow.
    pub const fn limbs(&self, operation: usize, i: usize) -> std::ops::Range<usize> {
        let start = Self::ELEMENTS * (Self::PACKED + 1) + (operation * Self::PACKED + i) * Self::ADVICE;
        start..start + Self::LIMBS
    }
}

impl Rules for Bytes {
    const NAME: &'static str = "bytes";

    fn parameters(&self) -> Vec<usize> {
        vec![Self::ELEMENTS, Self::PACKED]
    }

    fn operations(&self) -> usize {
        Self::ELEMENTS
    }

    fn wires(&self) -> usize {
        Self::ELEMENTS * (Self::PACKED * (1 + Self::ADVICE) + 1)
    }

    fn constants(&self) -> usize {
        Self::ELEMENTS * Self::PACKED
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        Self::ELEMENTS * (Self::PACKED * (1 + Self::ADVICE) + 1)
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..Self::ELEMENTS {
            let mut packed = a.constant(F::ZERO);
            for i in (0..Self::PACKED).rev() {
                let range = self.limbs(operation, i);
                let [low, high] = [range.end, range.end + 1].map(&row.wire);
                let limbs: Vec<A::Value> = range.map(&row.wire).collect();
                let mut byte = a.scale_add(F::TWO, high, low);
                for &limb in limbs.iter().rev() {
                    byte = a.scale_add(F::from_canonical_u64(4), byte, limb);
                }
                packed = a.scale_add(F::from_canonical_u64(256), packed, byte);

                let negative = a.multiply((row.constant)(self.signed(operation, i)), high);
                let value = a.scale_add(-F::from_canonical_u64(256), negative, byte);
                let difference = a.subtract((row.wire)(self.value(operation, i)), value);
                constraint("byte", difference);
                constrain_limbs(a, "limb", &limbs, constraint);
                for bit in [low, high] {
                    let square = a.multiply(bit, bit);
                    let boolean = a.subtract(square, bit);
                    constraint("bit", boolean);
                }
            }
            let difference = a.subtract((row.wire)(self.packed(operation)), packed);
            constraint("packed", difference);
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        (0..Self::PACKED).map(|i| self.value(operation, i)).collect()
    }

    fn fill(&self, operation: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let mut filled = Vec::with_capacity(1 + Self::PACKED * Self::ADVICE);
        let mut packed = 0;
        for (i, &value) in inputs.iter().enumerate() {
            let byte = u64::from(integer(value) as u8);
            packed |= byte << (8 * i);
            let limbs = self.limbs(operation, i);
            filled.push((limbs.end, F::from_canonical_u64(byte >> 6 & 1)));
            filled.push((limbs.end + 1, F::from_canonical_u64(byte >> 7)));
            filled.extend(limbs.zip(decompose(byte, Self::LIMBS)));
        }
        filled.push((self.packed(operation), residue(packed as i64)));
        filled
    }
}
