//! Checks of claimed products with constant weights, a computed zero point and biases, two in one node. Each number that
//! the equation of the check has is another one in one place, and what is claimed is such that the equation holds.
//!
//! The power for row 0 is 1 whatever the challenge. So an attacker who changes one side by what does not depend on the
//! challenge can claim as much more in that row.

use super::copies::{Copy, copied, run, run_with_claims};
use crate::links::Part;
use metisvm_model::{Bundle, DType, Op, Padding, Parsed, Tensor, TensorType, Window};
use std::ops::Range;

/// The node that is checked, behind one that keeps biases small.
const NODE: Part = Part::Node(1);

/// A convolution by 7 × 7 of an image of 4 × 4, in two groups: rows of the product, what is summed up, its columns.
const ROWS: usize = 16;
const TAPS: usize = 4 * 7 * 7;
const COLUMNS: usize = 64;
const GROUPS: usize = 2;

/// Elements of the image, which are copied with their zero point before anything else.
const IMAGE: usize = GROUPS * 4 * ROWS;
const CLAIMED: usize = ROWS * COLUMNS;

/// Copies into a row that packs or multiplies by constant weights: 64 numbers, 8 sums.
const OF_MAT_VEC: usize = 72;

/// Copies into a row that multiplies two rows of powers: 7 times 2 of the left matrix and 6 of the right one, 12 sums.
const OF_TILE: usize = 68;
const OF_STEP: usize = 8;

/// A pixel or the padding is a number of 9 bits, a bias one of 11; each takes two rows to pack.
const PACKED_IMAGE: usize = (IMAGE / GROUPS + 1).div_ceil(6);
const PACKED_BIAS: usize = COLUMNS.div_ceil(5);

/// Where the copies of a product begin, by what they go into.
const PACK_IMAGE: usize = CLAIMED;
const PACK_BIAS: usize = PACK_IMAGE + 2 * OF_MAT_VEC;
const MESSAGE: usize = PACK_BIAS + 2 * OF_MAT_VEC;
const POWERS_BY_RESULT: usize = MESSAGE + 3 + PACKED_IMAGE + PACKED_BIAS + CLAIMED;
const DEPTH: usize = ROWS.div_ceil(7);
const POWERS_BY_IMAGE: usize = POWERS_BY_RESULT + COLUMNS.div_ceil(6) * DEPTH * OF_TILE;
const SUM_OF_POWERS: usize = POWERS_BY_IMAGE + TAPS.div_ceil(6) * DEPTH * OF_TILE;
const SUM_BY_BIAS: usize = SUM_OF_POWERS + 2 * ROWS;
const BY_WEIGHTS: usize = SUM_BY_BIAS + COLUMNS.div_ceil(6) * OF_TILE;
const ALL: usize = BY_WEIGHTS + 2 * (COLUMNS / 8) * TAPS.div_ceil(64) * OF_MAT_VEC;

const FIRST: usize = IMAGE;
const SECOND: usize = IMAGE + ALL;

#[rustfmt::skip] // one attack a line
const CLAIMS: &[Copy] = &[
    ("the first product's last element, one more", NODE, FIRST + CLAIMED - 1, 1),
    ("the second product's first element, one more", NODE, SECOND, 1),
    ("the second product's last element, one less", NODE, SECOND + CLAIMED - 1, -1),
    ("an element of the second product wrapped by 2^32", NODE, SECOND + 100, 1 << 32),
];

#[rustfmt::skip]
const BOUND: &[Copy] = &[
    ("another zero point of the first pixel", NODE, 0, 1),
    ("another zero point of the last pixel", NODE, IMAGE - 1, -1),
    ("another pixel in the hash", NODE, FIRST + PACK_IMAGE + 1, 1),
    ("a padding that is not zero in the hash", NODE, FIRST + PACK_IMAGE, 1),
    ("another first bias in the hash", NODE, FIRST + PACK_BIAS, 1),
    ("another last bias in the hash", NODE, SECOND + PACK_BIAS + OF_MAT_VEC + 23, -1),
    ("the other node's challenge", NODE, SECOND + MESSAGE + 1, -1),
    ("the second product's challenge for the first", NODE, FIRST + MESSAGE + 2, 1),
    ("the first product's challenge for the second", NODE, SECOND + MESSAGE + 2, -1),
    ("another last element of the image", NODE, FIRST + MESSAGE + 2 + PACKED_IMAGE, 1),
    ("another first element of the biases", NODE, FIRST + MESSAGE + 3 + PACKED_IMAGE, 1),
    ("another last element of the biases", NODE, SECOND + MESSAGE + 2 + PACKED_IMAGE + PACKED_BIAS, 1),
    ("another first element of the result", NODE, SECOND + MESSAGE + 3 + PACKED_IMAGE + PACKED_BIAS, 1),
    ("another last element of the result", NODE, SECOND + POWERS_BY_RESULT - 1, -1),
];

/// The weight of a tap for an output of the node, less its zero point.
fn weight(output: usize, tap: usize) -> i64 {
    raw_weight(output, tap) - i64::from(W_ZERO)
}

const W_ZERO: i32 = 5;

fn raw_weight(output: usize, tap: usize) -> i64 {
    ((output * 31 + tap * 17) % 201) as i64 - 100
}

fn bias(output: usize) -> i64 {
    10 * output as i64 - 300
}

/// Name, which copy has how much more than what it is of, and what is claimed beside the truth. A copy of a claimed number
/// that has as much less is the truth.
type Forged = (&'static str, usize, i64, Vec<(usize, i64)>);

/// As much more in the first row of a group's product, for these of its outputs.
fn first_row(group: usize, outputs: Range<usize>, more: impl Fn(usize) -> i64) -> Vec<(usize, i64)> {
    let own = outputs.map(|o| (group * CLAIMED + o, more(group * COLUMNS + o)));
    own.collect()
}

fn forged() -> Vec<Forged> {
    let all = 0..COLUMNS;
    // Tap 24 of pixel 0 is the first of the image; tap 0 lies in the padding.
    let tap_24 = POWERS_BY_IMAGE + 24 / 6 * DEPTH * OF_TILE + 2;
    let last_of_result =
        POWERS_BY_RESULT + (COLUMNS / 6 * DEPTH + DEPTH - 1) * OF_TILE + (ROWS - 1) % 7 * OF_STEP + 2 + 3;
    let last_weights = BY_WEIGHTS + (7 * 4 + 3) * OF_MAT_VEC + 3;
    #[rustfmt::skip] // one attack a line
    let forged = vec![
        ("the check is of another first element", FIRST + POWERS_BY_RESULT + 2, -1, vec![(0, 1)]),
        ("the check is of another last element", FIRST + last_of_result, 5, vec![(CLAIMED - 1, -5)]),
        ("the check of the second product is of another first element", SECOND + POWERS_BY_RESULT + 2, -(1 << 33), vec![(CLAIMED, 1 << 33)]),
        ("the check is of another pixel", FIRST + tap_24, 2, first_row(0, all.clone(), |o| 2 * weight(o, 24))),
        ("the check is of another padding", FIRST + POWERS_BY_IMAGE + 2, -1, first_row(0, all.clone(), |o| -weight(o, 0))),
        ("the second check is of another pixel", SECOND + tap_24, 1, first_row(1, all.clone(), |o| weight(o, 24))),
        ("another second power is summed up", FIRST + SUM_OF_POWERS + 1, 1, first_row(0, all.clone(), bias)),
        ("another last power is summed up", SECOND + SUM_OF_POWERS + ROWS - 1, -3, first_row(1, all, |o| -3 * bias(o))),
        ("another sum of powers for the first biases", FIRST + SUM_BY_BIAS, 1, first_row(0, 0..6, bias)),
        ("another sum of powers for the last biases", FIRST + SUM_BY_BIAS + 10 * OF_TILE, -1, first_row(0, 60..64, |o| -bias(o))),
        ("another bias in every row", FIRST + SUM_BY_BIAS + 3 * OF_TILE + 2 + 1, 4, (0..ROWS).map(|row| (row * COLUMNS + 19, 4)).collect()),
        ("other combined taps meet the first weights", FIRST + BY_WEIGHTS + 7, 1, first_row(0, 0..8, |o| weight(o, 7))),
        ("a sum of products is carried with one more", FIRST + BY_WEIGHTS + OF_MAT_VEC + 64 + 2, 1, vec![(2, 1)]),
        ("other combined taps meet the last weights", SECOND + last_weights, -1, first_row(1, 56..64, |o| -weight(o, 195))),
    ];
    forged
}

/// Biases between two numbers, a convolution.
fn bundle() -> Bundle {
    let mut parsed = Parsed::default();
    let ty = |dtype, dims: &[u32]| TensorType::new(dtype, dims).expect("the shape is possible");
    let outputs = (GROUPS * COLUMNS) as u32;
    let constant = |parsed: &mut Parsed, dtype, dims: &[u32], data| {
        parsed.constant(&Tensor::new(ty(dtype, dims), data).expect("the elements fit"))
    };
    let image = parsed.input("image", ty(DType::U8, &[1, 8, 4, 4]));
    let zero = parsed.input("zero", ty(DType::U8, &[]));
    let biases = parsed.input("biases", ty(DType::I32, &[outputs]));
    let [low, high] = [-1000, 1000].map(|limit| constant(&mut parsed, DType::I32, &[], vec![limit]));
    let biases = parsed.node(Op::Clamp, &[biases, low, high]);
    let weights = (0..GROUPS * COLUMNS).flat_map(|o| (0..TAPS).map(move |tap| raw_weight(o, tap) as i32));
    let weights = constant(&mut parsed, DType::I8, &[outputs, 4, 7, 7], weights.collect());
    let w_zero = constant(&mut parsed, DType::I8, &[], vec![W_ZERO]);
    let conv = Op::Conv2d {
        window: Window {
            padding: Padding::all(3),
            ..Window::default()
        },
        groups: GROUPS as u32,
    };
    let product = parsed.node(conv, &[image, weights, zero, w_zero, biases]);
    parsed.output("y", product);
    let graph = parsed.check().expect("the model is well formed");
    Bundle::encode(graph).expect("it is small").0
}

fn input() -> Vec<u8> {
    let image = (0..IMAGE).map(|i| (i * 37 % 251) as u8);
    let biases = (0..GROUPS * COLUMNS).flat_map(|o| (bias(o) as i32).to_le_bytes());
    image.chain([77]).chain(biases).collect()
}

/// Numbers of an interval of so many in one element, the first one lowest.
fn packed(numbers: impl DoubleEndedIterator<Item = i64>, base: i64) -> i64 {
    numbers.rev().fold(0, |sum, number| sum * base + number)
}

/// A forged number in the hash makes another challenge wherever it stands, so that an attack on it does not show that it is
/// the one that it is called.
#[test]
fn copies_are_where_the_attacks_look_for_them() {
    let (input, numbers) = (input(), copied(&bundle(), &input(), NODE));
    assert_eq!(numbers.len(), SECOND + ALL, "a node has no other copies");
    let x = |i: usize| i64::from(input[i]) - i64::from(input[IMAGE]);
    let half = IMAGE / GROUPS;
    for (group, start) in [FIRST, SECOND].into_iter().enumerate() {
        // The padding, then the group's pixels: 511 numbers, six in an element. Biases are 2,001, five in an element.
        let image =
            |range: Range<usize>| range.map(move |i| if i == 0 { 0 } else { x(group * half + i - 1) });
        let biases = |range: Range<usize>| range.map(move |o| bias(group * COLUMNS + o));
        let y = |row: usize, o: usize| product(&input, group, row, o);
        let (of_image, of_biases) = (start + MESSAGE + 3, start + MESSAGE + 3 + PACKED_IMAGE);
        let of_result = of_biases + PACKED_BIAS;
        for (place, expected) in [
            (start, y(0, 0)),
            (start + CLAIMED - 1, y(ROWS - 1, COLUMNS - 1)),
            (start + PACK_IMAGE, 0),
            (start + PACK_IMAGE + 1, x(group * half)),
            (start + PACK_BIAS, bias(group * COLUMNS)),
            (
                start + PACK_BIAS + OF_MAT_VEC + 23,
                bias(group * COLUMNS + COLUMNS - 1),
            ),
            (start + MESSAGE + 1, 1),
            (start + MESSAGE + 2, group as i64),
            (of_image, packed(image(0..6), 511)),
            (of_biases - 1, packed(image(60..65), 511)),
            (of_biases, packed(biases(0..5), 2001)),
            (of_result - 1, packed(biases(60..64), 2001)),
            (of_result, y(0, 0)),
            (start + POWERS_BY_RESULT - 1, y(ROWS - 1, COLUMNS - 1)),
        ] {
            assert_eq!(numbers[place], expected, "copy {place}");
        }
    }
}

/// An element of the product of a group: of a pixel of the result and an output of the group.
fn product(input: &[u8], group: usize, pixel: usize, output: usize) -> i64 {
    let (output, mut sum) = (group * COLUMNS + output, 0);
    for tap in 0..TAPS {
        let (channel, row, column) = (tap / 49, pixel / 4 + tap / 7 % 7, pixel % 4 + tap % 7);
        if (3..7).contains(&row) && (3..7).contains(&column) {
            let at = ((group * 4 + channel) * 4 + row - 3) * 4 + column - 3;
            sum += (i64::from(input[at]) - i64::from(input[IMAGE])) * weight(output, tap);
        }
    }
    sum + bias(output)
}

#[test]
fn other_products_are_refused() {
    run(&bundle(), &input(), CLAIMS);
}

#[test]
fn challenges_of_other_numbers_are_refused() {
    run(&bundle(), &input(), BOUND);
}

#[test]
fn checks_of_other_numbers_are_refused() {
    let attacks: Vec<(Copy, _)> = forged()
        .into_iter()
        .map(|(name, which, more, claimed)| ((name, NODE, which, more), claimed))
        .collect();
    run_with_claims(&bundle(), &input(), &attacks);
}
