//! Matrix products, and the chains that transformers have after them.

use super::builder::Builder;
use metisvm_model::{DType, Op, Shape};

/// The rows, the depth and the columns of the matrix products: none a multiple of a tile.
const SIZE: [u32; 3] = [19, 83, 45];

pub(super) fn products(b: &mut Builder) {
    let [m, k, n] = SIZE;
    let x = b.input(DType::I8, &[m, k]);
    let words = b.input(DType::I16, &[m, k]);
    let x_zero = b.scalar(DType::I8, -7);
    let word_zero = b.scalar(DType::I16, 300);
    let w = b.weights(DType::U8, &[k, n]);
    let zeros = b.weights(DType::U8, &[n]);
    let bias = b.constant(DType::I32, &[n], |at| at as i32 * 977 - 20_000);
    let y = b.node(Op::MatMul, &[x, w, x_zero, zeros, bias]);
    let multipliers = b.constant(DType::I16, &[n], |at| 16_384 + at as i32 * 300);
    let shifts = b.constant(DType::U8, &[n], |at| 26 + at as i32 % 3);
    let zero = b.scalar(DType::I8, -5);
    let to = DType::I8;
    let small = b.node(Op::Requantise { to, axis: 1 }, &[y, multipliers, shifts, zero]);
    let table = b.constant(DType::U8, &[256], |at| (at * 91 % 256) as i32);
    let looked = b.node(Op::Table, &[small, table]);
    b.output("product of bytes", looked);

    let signed = b.weights(DType::I8, &[k, n]);
    let w_zero = b.scalar(DType::I8, 11);
    let wide = b.node(Op::WideMatMul, &[words, signed, word_zero, w_zero]);
    let wide = b.requantise(wide, DType::I16, 20_000, 26);
    b.output("product of words", wide);

    // Attention's: both computed; a softmax between.
    let perm = vec![1, 0];
    let turned = b.node(Op::Transpose { perm }, &[small]);
    let small_zero = b.scalar(DType::I8, -5);
    let scores = b.node(Op::MatMul, &[small, turned, small_zero, small_zero]);
    let greatest = b.node(Op::ReduceMax { axis: 1 }, &[scores]);
    let below = b.node(Op::Sub, &[scores, greatest]);
    let below = b.requantise(below, DType::I16, 17_000, 18);
    let nodes = b.constant(DType::I16, &[257], |at| (at * at / 4) as i32);
    let powers = b.node(Op::Interpolate, &[below, nodes]);
    let sum = b.node(Op::ReduceSum { axis: 1 }, &[powers]);
    let numerator = 1 << 40;
    let inverse = b.node(Op::Reciprocal { numerator }, &[sum]);
    let to = DType::I16;
    let shares = b.node(Op::Mul { shift: 25, to }, &[powers, inverse]);
    b.output("softmax", shares);

    // A norm.
    let centred = b.node(Op::Add, &[wide, small]);
    let norm = b.node(
        Op::InvNorm {
            shift: 60,
            epsilon: 9,
        },
        &[centred],
    );
    let normed = b.node(Op::Mul { shift: 18, to }, &[centred, norm]);
    let low = b.scalar(DType::I16, -3000);
    let high = b.scalar(DType::I16, 2500);
    let normed = b.node(Op::Clamp, &[normed, low, high]);
    b.output("norm", normed);
}

/// Products whose weights or parameters are computed, and products of one row.
pub(super) fn computed(b: &mut Builder) {
    let [_, k, n] = SIZE;
    let x_zero = b.scalar(DType::I8, -7);
    let w_zero = b.scalar(DType::U8, 130);
    let no_zero = b.scalar(DType::I16, 0);
    let word_zero = b.scalar(DType::I16, -41);
    let w = b.input(DType::U8, &[k, n]);
    let zeros = b.weights(DType::U8, &[n]);
    let few = b.input(DType::I8, &[5, k]);
    let one = b.input(DType::I8, &[1, k]);
    let words = b.input(DType::I16, &[3, k]);

    // Few rows by weights that are left as they lie.
    let y = b.node(Op::MatMul, &[few, w, x_zero, zeros]);
    b.output("few rows of bytes by an input", y);
    let y = b.node(Op::MatMul, &[one, w, x_zero, w_zero]);
    b.output("a row of bytes by an input", y);
    let y = b.node(Op::WideMatMul, &[words, w, no_zero, w_zero]);
    b.output("few rows of words by an input", y);
    // Words with a zero point need more than 16 bits: these are packed.
    let y = b.node(Op::WideMatMul, &[words, w, word_zero, zeros]);
    b.output("few rows of words by a packed input", y);
    // Small products one after the other.
    let left = b.input(DType::U8, &[7, 2, 29]);
    let right = b.input(DType::I8, &[7, 29, 21]);
    let left_zero = b.scalar(DType::U8, 99);
    let right_zero = b.scalar(DType::I8, 5);
    let y = b.node(Op::MatMul, &[left, right, left_zero, right_zero]);
    b.output("small products", y);

    // One row by constant weights.
    let fixed = b.weights(DType::I8, &[k, n]);
    let fixed_zero = b.scalar(DType::I8, 11);
    let y = b.node(Op::MatMul, &[one, fixed, x_zero, fixed_zero]);
    b.output("a row of bytes", y);
    let first = b.constant(DType::U8, &[1], |_| 2);
    let word = b.node(Op::Gather { axis: 0 }, &[words, first]);
    let y = b.node(Op::WideMatMul, &[word, fixed, word_zero, fixed_zero]);
    b.output("a row of words", y);

    // Zero points and a bias that are computed: by few rows, and by more.
    let zero = b.input(DType::I8, &[]);
    let each = b.input(DType::U8, &[n]);
    let sums = b.node(Op::ReduceSum { axis: 0 }, &[w]);
    let shape = Shape::new(&[n]).expect("a small shape");
    let bias = b.node(Op::Reshape { shape }, &[sums]);
    let y = b.node(Op::MatMul, &[few, w, zero, each, bias]);
    b.output("few rows with computed parameters", y);
    let many = b.input(DType::I8, &[19, k]);
    let constant = b.weights(DType::U8, &[k, n]);
    let y = b.node(Op::MatMul, &[many, constant, zero, each, bias]);
    b.output("rows with computed parameters", y);

    let best = b.node(Op::ArgMax { axis: 1 }, &[many]);
    b.output("greatest columns", best);
    let best = b.node(Op::ReduceMax { axis: 0 }, &[y]);
    b.output("greatest of each column", best);
}
