//! What the operators of version 2 of the bundle compute, element by element, as docs/inference.md states it:
//! in 128 bits, with coordinates in place of strides, and without a line of the reference kernels.

use metisvm_model::{DType, Op, Tensor};

/// The numbers behind one element of a result.
#[derive(Debug)]
pub struct Numbers {
    /// What the element is.
    pub result: i128,
    /// Sums on the way to it: what the proof calls accumulators.
    pub sums: Vec<i128>,
    /// What is then limited to the type of the result.
    pub unclamped: Option<i128>,
}

impl Numbers {
    const fn moved(result: i128) -> Self {
        Self {
            result,
            sums: Vec::new(),
            unclamped: None,
        }
    }
}

/// The numbers of the element at these coordinates; none for an operator of version 1.
pub fn numbers(op: &Op, operands: &[&Tensor], at: &[usize]) -> Option<Numbers> {
    let x = operands[0];
    Some(match op {
        Op::Sub => {
            let result = broadcast(x, at) - broadcast(operands[1], at);
            Numbers {
                sums: vec![result],
                ..Numbers::moved(result)
            }
        }
        Op::Mul { shift, to } => {
            let half = if *shift == 0 { 0 } else { power(shift - 1) };
            let sum = broadcast(x, at) * broadcast(operands[1], at) + half;
            let shifted = floor(sum, power(*shift));
            Numbers {
                result: limited(shifted, *to),
                sums: vec![sum],
                unclamped: Some(shifted),
            }
        }
        Op::Interpolate => {
            let place = element(x, at) + 32768;
            let (h, l) = (place / 256, place % 256);
            let node = |i: i128| i128::from(operands[1].data()[i as usize]);
            let sum = (node(h + 1) - node(h)) * l + 128;
            let result = node(h) + floor(sum, 256);
            assert!(node(h).min(node(h + 1)) <= result && result <= node(h).max(node(h + 1)));
            Numbers {
                sums: vec![sum],
                ..Numbers::moved(result)
            }
        }
        Op::ReduceSum { axis } => {
            let terms = row(x, at, usize::from(*axis));
            Numbers {
                result: terms.iter().sum(),
                sums: partial(&terms, 0),
                unclamped: None,
            }
        }
        Op::ReduceMax { axis } => {
            let row = row(x, at, usize::from(*axis));
            Numbers::moved(row.into_iter().max().expect("no dimension is zero"))
        }
        Op::Reciprocal { numerator } => {
            let quotient = i128::from(*numerator) / element(x, at).max(1);
            Numbers {
                result: limited(quotient, DType::I32),
                sums: Vec::new(),
                unclamped: Some(quotient),
            }
        }
        Op::InvNorm { shift, epsilon } => {
            let squares: Vec<i128> = row(x, at, at.len() - 1).iter().map(|v| v * v).collect();
            let sum = i128::from(*epsilon) + squares.iter().sum::<i128>();
            assert!(sum < power(62));
            let root = root(power(*shift) / sum);
            Numbers {
                result: limited(root, DType::I32),
                sums: partial(&squares, i128::from(*epsilon)),
                unclamped: Some(root),
            }
        }
        Op::Gather { axis } => {
            let (axis, rank) = (usize::from(*axis), operands[1].shape().rank());
            let index = element(operands[1], &at[axis..axis + rank]) as usize;
            Numbers::moved(element(x, &[&at[..axis], &[index], &at[axis + rank..]].concat()))
        }
        Op::Transpose { perm } => {
            let mut from = vec![0; at.len()];
            for (&own, &axis) in at.iter().zip(perm) {
                from[usize::from(axis)] = own;
            }
            Numbers::moved(element(x, &from))
        }
        Op::Concat { axis } => {
            let (mut at, axis) = (at.to_vec(), usize::from(*axis));
            for operand in operands {
                let extent = operand.shape().dim(axis);
                if at[axis] < extent {
                    return Some(Numbers::moved(element(operand, &at)));
                }
                at[axis] -= extent;
            }
            panic!("the element lies behind all operands");
        }
        Op::WideMatMul => {
            let [batch @ .., m, n] = at else {
                panic!("a product has two dimensions at least")
            };
            let w = operands[1];
            let leading = if w.shape().rank() == 2 { &[][..] } else { batch };
            let channel = |t: &Tensor| i128::from(t.data()[if t.data().len() == 1 { 0 } else { *n }]);
            let term = |k: usize| {
                let x = element(x, &[batch, &[*m, k]].concat()) - i128::from(operands[2].data()[0]);
                x * (element(w, &[leading, &[k, *n]].concat()) - channel(operands[3]))
            };
            let depth = x.shape().dim(x.shape().rank() - 1);
            let terms: Vec<i128> = (0..depth).map(term).collect();
            let bias = operands.get(4).map_or(0, |bias| channel(bias));
            let magnitude = bias.abs() + terms.iter().map(|term| term.abs()).sum::<i128>();
            let mut sums = partial(&terms, bias);
            sums.extend([magnitude, -magnitude]);
            Numbers {
                result: bias + terms.iter().sum::<i128>(),
                sums,
                unclamped: None,
            }
        }
        _ => return None,
    })
}

/// Holds a whole result against the formulas; `Ok(false)` for an operator that has none here.
///
/// # Errors
/// The first element that is another.
pub fn check(op: &Op, operands: &[&Tensor], result: &Tensor) -> Result<bool, String> {
    for (index, &actual) in result.data().iter().enumerate() {
        let at = coordinates(result.shape().dims(), index);
        let Some(numbers) = numbers(op, operands, &at) else {
            return Ok(false);
        };
        if numbers.result != i128::from(actual) {
            let expected = numbers.result;
            return Err(format!(
                "{op:?} gives {actual} at {at:?}; the formula gives {expected}"
            ));
        }
    }
    Ok(true)
}

/// The coordinates of an element by its row-major position.
pub fn coordinates(dims: &[u32], mut index: usize) -> Vec<usize> {
    let mut at: Vec<usize> = dims
        .iter()
        .rev()
        .map(|&extent| {
            let own = index % extent as usize;
            index /= extent as usize;
            own
        })
        .collect();
    at.reverse();
    at
}

fn element(t: &Tensor, at: &[usize]) -> i128 {
    assert_eq!(at.len(), t.shape().rank());
    let join = |index: usize, (&own, &extent): (&usize, &u32)| {
        assert!(own < extent as usize);
        index * extent as usize + own
    };
    i128::from(t.data()[at.iter().zip(t.shape().dims()).fold(0, join)])
}

/// The element that stands at these coordinates once the tensor is stretched.
fn broadcast(t: &Tensor, at: &[usize]) -> i128 {
    let dims = t.shape().dims();
    let own = at[at.len() - dims.len()..].iter().zip(dims);
    let own: Vec<usize> = own
        .map(|(&at, &extent)| if extent == 1 { 0 } else { at })
        .collect();
    element(t, &own)
}

/// All elements along a dimension.
fn row(t: &Tensor, at: &[usize], axis: usize) -> Vec<i128> {
    let mut at = at.to_vec();
    (0..t.shape().dim(axis))
        .map(|i| {
            at[axis] = i;
            element(t, &at)
        })
        .collect()
}

/// Sums of terms, from both ends, and of those of one sign alone.
fn partial(terms: &[i128], start: i128) -> Vec<i128> {
    let add = |sum: &mut i128, &term: &i128| {
        *sum += term;
        Some(*sum)
    };
    let mut sums: Vec<i128> = terms.iter().scan(start, add).collect();
    sums.extend(terms.iter().rev().scan(start, add));
    sums.push(start + terms.iter().filter(|&&t| t > 0).sum::<i128>());
    sums.push(start + terms.iter().filter(|&&t| t < 0).sum::<i128>());
    sums
}

const fn power(of_two: u8) -> i128 {
    1 << of_two
}

const fn floor(a: i128, b: i128) -> i128 {
    a.div_euclid(b)
}

fn limited(value: i128, to: DType) -> i128 {
    value.clamp(to.min().into(), to.max().into())
}

/// The greatest number whose square is not more, by halving.
const fn root(of: i128) -> i128 {
    let (mut low, mut high) = (0, 1 << 32);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if middle * middle <= of {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
