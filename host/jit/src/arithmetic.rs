//! Arithmetic that is not worth emitting in place. Operands come as from the stack, the top one first; the result takes
//! the first one's place. Semantics: Yellow Paper, appendix H.2.

use crate::record::Arithmetic;
use revm::{bytecode::opcode as op, primitives::U256};

/// By opcode.
pub(crate) static FUNCTIONS: [Arithmetic; 256] = {
    let mut functions: [Arithmetic; 256] = [unused; 256];
    functions[op::DIV as usize] = div;
    functions[op::SDIV as usize] = sdiv;
    functions[op::MOD as usize] = rem;
    functions[op::SMOD as usize] = smod;
    functions[op::ADDMOD as usize] = addmod;
    functions[op::MULMOD as usize] = mulmod;
    functions[op::SIGNEXTEND as usize] = signextend;
    functions[op::BYTE as usize] = byte;
    functions[op::SHL as usize] = shl;
    functions[op::SHR as usize] = shr;
    functions[op::SAR as usize] = sar;
    functions[op::CLZ as usize] = clz;
    functions
};

/// Machine code never asks for it. It changes nothing, since nothing may unwind here.
extern "C" fn unused(_: &mut [U256; 3]) {}

extern "C" fn div(words: &mut [U256; 3]) {
    words[0] = divide(words[0], words[1]);
}

extern "C" fn rem(words: &mut [U256; 3]) {
    words[0] = remainder(words[0], words[1]);
}

extern "C" fn sdiv(words: &mut [U256; 3]) {
    let (negative, other) = (words[0].bit(255), words[1].bit(255));
    let quotient = divide(magnitude(words[0]), magnitude(words[1]));
    words[0] = if negative != other {
        quotient.wrapping_neg()
    } else {
        quotient
    };
}

extern "C" fn smod(words: &mut [U256; 3]) {
    let negative = words[0].bit(255);
    let rest = remainder(magnitude(words[0]), magnitude(words[1]));
    words[0] = if negative { rest.wrapping_neg() } else { rest };
}

extern "C" fn addmod(words: &mut [U256; 3]) {
    words[0] = words[0].add_mod(words[1], words[2]);
}

extern "C" fn mulmod(words: &mut [U256; 3]) {
    words[0] = words[0].mul_mod(words[1], words[2]);
}

extern "C" fn signextend(words: &mut [U256; 3]) {
    let [place, word, _] = *words;
    words[0] = match u64::try_from(place) {
        Ok(place @ 0..31) => {
            let above = 248 - 8 * place as usize;
            (word << above).arithmetic_shr(above)
        }
        _ => word,
    };
}

extern "C" fn byte(words: &mut [U256; 3]) {
    let [place, word, _] = *words;
    words[0] = match u64::try_from(place) {
        Ok(place @ 0..32) => U256::from(word.byte(31 - place as usize)),
        _ => U256::ZERO,
    };
}

extern "C" fn shl(words: &mut [U256; 3]) {
    let [shift, word, _] = *words;
    words[0] = bits(shift).map_or(U256::ZERO, |shift| word << shift);
}

extern "C" fn shr(words: &mut [U256; 3]) {
    let [shift, word, _] = *words;
    words[0] = bits(shift).map_or(U256::ZERO, |shift| word >> shift);
}

extern "C" fn sar(words: &mut [U256; 3]) {
    let [shift, word, _] = *words;
    words[0] = word.arithmetic_shr(bits(shift).unwrap_or(255));
}

extern "C" fn clz(words: &mut [U256; 3]) {
    words[0] = U256::from(words[0].leading_zeros());
}

/// How far a shift is, where it leaves anything.
fn bits(shift: U256) -> Option<usize> {
    match u64::try_from(shift) {
        Ok(shift @ 0..256) => Some(shift as usize),
        _ => None,
    }
}

fn magnitude(word: U256) -> U256 {
    if word.bit(255) { word.wrapping_neg() } else { word }
}

/// Both words as 128-bit numbers, where they are.
#[inline]
fn halves(a: U256, b: U256) -> Option<(u128, u128)> {
    let (a, b) = (a.as_limbs(), b.as_limbs());
    let half = |limbs: &[u64; 4]| u128::from(limbs[1]) << 64 | u128::from(limbs[0]);
    (a[2] | a[3] | b[2] | b[3] == 0).then(|| (half(a), half(b)))
}

/// Most numbers of contracts are amounts below 2^128, whose division takes a third of the time.
#[inline]
fn divide(a: U256, b: U256) -> U256 {
    if b.is_zero() {
        return b;
    }
    match halves(a, b) {
        Some((a, b)) => match (u64::try_from(a), u64::try_from(b)) {
            (Ok(a), Ok(b)) => U256::from(a / b),
            _ => U256::from(a / b),
        },
        None => a.wrapping_div(b),
    }
}

#[inline]
fn remainder(a: U256, b: U256) -> U256 {
    if b.is_zero() {
        return b;
    }
    match halves(a, b) {
        Some((a, b)) => match (u64::try_from(a), u64::try_from(b)) {
            (Ok(a), Ok(b)) => U256::from(a % b),
            _ => U256::from(a % b),
        },
        None => a.wrapping_rem(b),
    }
}
