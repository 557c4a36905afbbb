//! Reductions: over any dimensions, which become one first.

use super::arithmetic::affine;
use super::axes::{axes, axis, listed};
use super::make::{Maker, numeric};
use super::pool;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Reduction};
use metisvm_model::limits::MAX_WINDOW;

/// What ONNX reduces to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sum,
    Mean,
    Max,
    Min,
    L1,
    L2,
    SumSquare,
    LogSum,
    LogSumExp,
}

impl Kind {
    /// The opset from which the axes are an operand.
    const fn since(self) -> i64 {
        if matches!(self, Self::Sum) { 13 } else { 18 }
    }
}

pub(super) fn reduce(b: &mut Builder, call: &Call<'_>, kind: Kind) -> Result<Arg, Problem> {
    let given = listed(call, kind.since())?;
    let keep = call.attributes.flag("keepdims", true)?;
    let empty_is_none = call.opset >= kind.since() && call.attributes.flag("noop_with_empty_axes", false)?;
    let x = numeric(b, call, 0)?;
    let mut m = Maker::new(b, call);
    let from = m.dims(&x);
    let over = match given {
        Some(given) if !given.is_empty() => axes(given, from.len())?,
        _ if empty_is_none => return of_each(&mut m, x, kind),
        _ => (0..from.len()).collect(),
    };
    let spatial = from.len() == 4 && over == [2, 3] && from[2].max(from[3]) <= MAX_WINDOW;
    if kind == Kind::Mean && spatial && matches!(x, Arg::Value(_)) && m.element(&x) == Element::Real {
        // The average of an image's planes is a convolution, as GlobalAveragePool is: its sums are exact.
        let y = pool::average(b, call, x, [from[2], from[3]], Default::default())?;
        let dims = kept(&from, &over, keep);
        return Maker::new(b, call).reshape(y, &dims);
    }
    let (rows, axis) = gather(&mut m, x, &over)?;
    let y = of_rows(&mut m, rows, axis, kind)?;
    m.reshape(y, &kept(&from, &over, keep))
}

/// The shape that is left.
fn kept(from: &[u32], over: &[usize], keep: bool) -> Vec<u32> {
    (0..from.len())
        .filter(|i| keep || !over.contains(i))
        .map(|i| if over.contains(&i) { 1 } else { from[i] })
        .collect()
}

/// The operand with the dimensions that are reduced as one, and which that is.
fn gather(m: &mut Maker<'_>, x: Arg, over: &[usize]) -> Result<(Arg, usize), Problem> {
    let from = m.dims(&x);
    let product = |dims: &mut dyn Iterator<Item = usize>| dims.map(|d| from[d]).product::<u32>();
    let wide = |d: &usize| from[*d] != 1;
    let within: Vec<usize> = over.iter().copied().filter(wide).collect();
    if let [only] = within[..] {
        return Ok((x, only));
    }
    let (first, last) = match (within.first(), within.last()) {
        (Some(&first), Some(&last)) => (first, last),
        _ => (from.len(), from.len()),
    };
    let between = (first..last).any(|d| from[d] != 1 && !over.contains(&d));
    if between {
        let others: Vec<usize> = (0..from.len()).filter(|d| !over.contains(d)).collect();
        let outer = product(&mut others.iter().copied());
        let rows = product(&mut over.iter().copied());
        let perm = others.iter().chain(over).copied().collect();
        let moved = m.transpose(x, perm)?;
        return Ok((m.reshape(moved, &[outer, rows])?, 1));
    }
    let outer = product(&mut (0..first));
    let rows = product(&mut within.iter().copied());
    let inner = product(&mut (first..from.len()).filter(|d| !within.contains(d)));
    Ok((m.reshape(x, &[outer, rows, inner])?, 1))
}

/// Along one dimension, which stays with extent 1.
fn of_rows(m: &mut Maker<'_>, x: Arg, axis: usize, kind: Kind) -> Result<Arg, Problem> {
    let square = Function::Power { exponent: 2.0 };
    match kind {
        Kind::Sum => m.reduce(x, Reduction::Sum, axis),
        Kind::Mean => {
            let whole = m.element(&x) == Element::Int;
            let y = m.reduce(x, Reduction::Mean, axis)?;
            if !whole {
                return Ok(y);
            }
            let dims = m.dims(&y);
            m.emit(Operator::Cast, vec![y], &dims, Element::Int)
        }
        Kind::Max => m.reduce(x, Reduction::Max, axis),
        Kind::Min => {
            let minus = affine_minus(m, x)?;
            let y = m.reduce(minus, Reduction::Max, axis)?;
            affine_minus(m, y)
        }
        Kind::L1 => {
            let x = m.function(x, Function::Abs)?;
            m.reduce(x, Reduction::Sum, axis)
        }
        Kind::L2 => {
            let x = m.function(x, square)?;
            let y = m.reduce(x, Reduction::Sum, axis)?;
            m.function(y, Function::Sqrt)
        }
        Kind::SumSquare => {
            let x = m.function(x, square)?;
            m.reduce(x, Reduction::Sum, axis)
        }
        Kind::LogSum => {
            let y = m.reduce(x, Reduction::Sum, axis)?;
            m.function(y, Function::Log)
        }
        Kind::LogSumExp => {
            let (greatest, log) = log_sum_exp(m, x, axis)?;
            m.pair(Operator::Add, greatest, log)
        }
    }
}

/// The greatest element of each row, and the logarithm of the sum of e^(x − it), which is at least 0.
pub(super) fn log_sum_exp(m: &mut Maker<'_>, x: Arg, axis: usize) -> Result<(Arg, Arg), Problem> {
    let greatest = m.reduce(x.clone(), Reduction::Max, axis)?;
    let below = m.pair(Operator::Sub, x, greatest.clone())?;
    let powers = m.function(below, Function::Exp)?;
    let sum = m.reduce(powers, Reduction::Sum, axis)?;
    let log = m.function(sum, Function::Log)?;
    Ok((greatest, log))
}

fn affine_minus(m: &mut Maker<'_>, x: Arg) -> Result<Arg, Problem> {
    affine(m, x, -1.0, 0.0)
}

/// Without axes each element is reduced alone.
fn of_each(m: &mut Maker<'_>, x: Arg, kind: Kind) -> Result<Arg, Problem> {
    match kind {
        Kind::Sum | Kind::Mean | Kind::Max | Kind::Min | Kind::LogSumExp => Ok(x),
        Kind::L1 | Kind::L2 => m.function(x, Function::Abs),
        Kind::SumSquare => m.function(x, Function::Power { exponent: 2.0 }),
        Kind::LogSum => m.function(x, Function::Log),
    }
}

/// Of each plane the greatest element.
pub(super) fn global_max_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let mut m = Maker::new(b, call);
    let from = m.dims(&x);
    if from.len() < 3 {
        return Err(Problem::Shape(format!("{from:?}; [batch, channels, …] is taken")));
    }
    let over: Vec<usize> = (2..from.len()).collect();
    let (rows, axis) = gather(&mut m, x, &over)?;
    let y = m.reduce(rows, Reduction::Max, axis)?;
    m.reshape(y, &kept(&from, &over, true))
}

/// The position of the least element is that of the greatest of −x.
pub(super) fn arg_min(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let keep = call.attributes.flag("keepdims", true)?;
    if call.attributes.flag("select_last_index", false)? {
        return Err(wrong(
            "select_last_index",
            "only 0 is supported: of equal elements the first wins",
        ));
    }
    let x = call.real(b, 0)?.clone();
    let mut m = Maker::new(b, call);
    let mut dims = m.dims(&x);
    let axis = axis("axis", call.attributes.int("axis", 0)?, dims.len())?;
    let minus = affine_minus(&mut m, x)?;
    let rest = kept(&dims, &[axis], false);
    let op = Operator::ArgMax { axis: axis as u8 };
    let y = m.emit(op, vec![minus], &rest, Element::Int)?;
    if keep {
        dims[axis] = 1;
        return m.reshape(y, &dims);
    }
    Ok(y)
}
