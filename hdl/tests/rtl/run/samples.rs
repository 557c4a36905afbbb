//! Instructions at random, most of them sound or nearly so.

use crate::random::Random;

/// Opcodes of each module, NOP among them.
const OPCODES: [&[u64]; 3] = [&[1, 2, 3, 7], &[1, 4, 5], &[1, 6, 8]];

fn count(random: &mut Random) -> u64 {
    match random.bits() % 8 {
        0 => random.choose(&[1, 2, 256, 65535]),
        1 => random.bits() % 65536,
        _ => 1 + random.bits() % 9,
    }
}

fn any16(random: &mut Random) -> u64 {
    random.choose(&[0, 1, 2, 255, 256, 65535, 4711])
}

fn signed(random: &mut Random, most: i64, bits: u32) -> u64 {
    let value = match random.bits() % 4 {
        0 => random.choose(&[-most - 1, -most, 0, most - 1]),
        _ => random.within(-most, most - 1),
    };
    value as u64 & ((1 << bits) - 1)
}

/// Mostly one of the first `n`.
fn code(random: &mut Random, n: u64) -> u64 {
    if random.one_in(40) {
        random.bits() % 16
    } else {
        random.bits() % n
    }
}

/// Now and then something else than zero.
fn mostly_zero(random: &mut Random, value: u64) -> u64 {
    if random.one_in(30) { value } else { 0 }
}

/// What is readable, or writable; seldom the other.
fn space(random: &mut Random, writable: bool) -> u64 {
    if random.one_in(25) {
        random.bits() % 7
    } else if writable {
        random.choose(&[2, 3, 4])
    } else {
        random.choose(&[0, 1, 3, 4])
    }
}

/// Type and zero point, mostly as the buffer wants them.
fn lane(random: &mut Random, buffer: u64) -> (u64, u64) {
    if random.one_in(10) {
        return (code(random, 4), signed(random, 300, 16));
    }
    match buffer {
        0 | 1 => (random.bits() % 2, signed(random, 256, 16)),
        3 => (0, 0),
        _ => (random.bits() % 4, 0),
    }
}

/// Offset and row stride of a burst, mostly multiples of 8.
fn burst(random: &mut Random) -> (u64, u64) {
    let whole = |random: &mut Random, value: u64| {
        if random.one_in(20) { value } else { value & !7 }
    };
    let (offset, stride) = (random.bits() >> 16, random.bits() >> 32);
    (whole(random, offset), whole(random, stride))
}

/// Strides of a STORE, mostly near where its elements begin to meet.
fn strides(random: &mut Random, rows: u64, cols: u64, dtype: u64) -> [u64; 2] {
    let element = [1, 1, 2, 4][dtype as usize % 4];
    // Of one element no stride matters.
    if rows * cols == 1 && random.one_in(2) {
        return [0, 0].map(|_: i32| random.within(0, element) as u64);
    }
    let inner = match random.bits() % 4 {
        0 => random.within(0, 5),
        1 => random.within(0, (1 << 31) - 1),
        _ => element + random.within(0, 40),
    };
    let exchanged = random.one_in(2);
    let across = if exchanged { rows } else { cols };
    let reach = (across as i64 - 1).saturating_mul(inner) + element;
    let outer = match random.bits() % 4 {
        0 => random.within(0, (1 << 31) - 1),
        _ => reach + random.within(-2, 2),
    };
    let sign = |random: &mut Random, value: i64| {
        // What is too large wraps, and is small or large by chance.
        let value = if random.one_in(2) { -value } else { value };
        value as u64 & 0xffff_ffff
    };
    let inner = if random.one_in(200) { 1 << 31 } else { inner };
    let outer = if random.one_in(200) { 1 << 31 } else { outer };
    let (inner, outer) = (sign(random, inner), sign(random, outer));
    if exchanged { [inner, outer] } else { [outer, inner] }
}

fn operands(random: &mut Random, opcode: u64, module: u64) -> [u64; 4] {
    let (rows, cols) = (count(random), count(random));
    let [base, pitch, row, col] = [0; 4].map(|_| any16(random));
    match opcode {
        1 => [
            if random.one_in(20) {
                code(random, 3)
            } else {
                module
            } << 16,
            0,
            0,
            0,
        ],
        2 => {
            let any = code(random, 5);
            let buffer = random.choose(&[0, 1, 2, 0, 1, 2, 4, 3, any]);
            let (dtype, zero) = lane(random, buffer);
            let mut words = [
                buffer << 16 | dtype << 20 | space(random, false) << 24 | zero << 32 | base << 48,
                pitch | row << 16 | col << 32 | rows << 48,
                cols | (random.bits() >> 16) << 16,
                random.bits(),
            ];
            if buffer == 4 && !random.one_in(10) {
                let stray = 1 << (random.bits() % 48);
                words[1] = 1 << 48 | mostly_zero(random, stray);
                words[2] = words[2] & !0xffff | 256;
                words[3] &= !0xffff_ffff;
            }
            words
        }
        7 => {
            let buffer = code(random, 5);
            let (dtype, zero) = lane(random, buffer);
            let (offset, stride) = burst(random);
            [
                buffer << 16 | dtype << 20 | space(random, false) << 24 | zero << 32 | base << 48,
                pitch | rows << 48,
                cols | offset << 16,
                stride,
            ]
        }
        3 => {
            let any = code(random, 5);
            let buffer = random.choose(&[0, 1, 2, any]);
            let most = if buffer == 2 { 1 << 31 } else { 256 };
            let most = if random.one_in(10) { 300 } else { most };
            [
                buffer << 16 | rows << 32 | base << 48,
                signed(random, most, 32),
                0,
                0,
            ]
        }
        4 => [
            random.choose(&[0, 1, 3, 3, 1, 0, 2]) << 16 | rows << 32 | cols << 48,
            count(random) | base << 16 | pitch << 32 | row << 48,
            random.bits(),
            col,
        ],
        5 => {
            let op = code(random, 10);
            let [index, second] = [0; 2].map(|_| any16(random));
            let keep = |random: &mut Random, has: bool, value: u64| {
                if has { value } else { mostly_zero(random, value) }
            };
            let (kind, flag, immediate) = (random.bits() % 4, random.bits() % 2, random.bits() >> 32);
            [
                op << 16
                    | keep(random, op == 6, kind) << 20
                    | keep(random, op == 6 || op == 8, flag) << 24
                    | rows << 32
                    | cols << 48,
                random.bits(),
                keep(random, matches!(op, 3..=5 | 8), immediate)
                    | keep(random, matches!(op, 6 | 7 | 9), index) << 32
                    | keep(random, op == 9, second) << 48,
                0,
            ]
        }
        6 => {
            let dtype = code(random, 4);
            let [row_stride, col_stride] = strides(random, rows, cols, dtype);
            [
                dtype << 20 | space(random, true) << 24 | base << 48,
                pitch | row << 16 | col << 32 | rows << 48,
                cols | (random.bits() >> 16) << 16,
                row_stride | col_stride << 32,
            ]
        }
        8 => {
            let (offset, stride) = burst(random);
            [
                code(random, 4) << 20 | space(random, true) << 24 | base << 48,
                pitch | rows << 48,
                cols | offset << 16,
                stride,
            ]
        }
        _ => [0; 4].map(|_| random.bits()),
    }
}

/// Four words that a module's stream might hold: sound ones, such with a wrong field, such with wrong bits.
pub(crate) fn words(random: &mut Random, module: u64) -> [u64; 4] {
    let opcode = match random.bits() % 32 {
        0 => random.bits() % 12,
        1 => random.bits() % 256,
        _ => random.choose(OPCODES[module as usize]),
    };
    let mut words = operands(random, opcode, module);
    let neighbours = [0b1010, 0b1111, 0b0101][module as usize];
    let tokens = random.bits() & if random.one_in(20) { 15 } else { neighbours };
    words[0] = words[0] & !0xfff | tokens << 8 | opcode;
    if random.one_in(8) {
        for _ in 0..random.within(1, 2) {
            words[random.bits() as usize % 4] ^= 1 << (random.bits() % 64);
        }
    }
    if random.one_in(20) {
        // A count, or all of a word, becomes zero.
        let (word, low) = random.choose(&[(0, 32), (0, 48), (1, 0), (1, 48), (2, 0)]);
        words[word] &= !(0xffff << low);
    }
    words
}
