//! MatMul and Gemm, and the general product that other operators are made of.

use super::make::{Maker, broadcast};
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator};
use std::rc::Rc;

pub(super) fn mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let (x, w) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    product(&mut Maker::new(b, call), x, w)
}

/// x · w as NumPy's `matmul` has it: dimensions before the last two broadcast, and a list is a row on the left and a
/// column on the right.
pub(super) fn product(m: &mut Maker<'_>, x: Arg, w: Arg) -> Result<Arg, Problem> {
    for arg in [&x, &w] {
        if let Arg::Constant(c) = arg {
            c.finite()?;
        }
    }
    let (xd, wd) = (m.dims(&x), m.dims(&w));
    let x = match xd[..] {
        [k] => m.reshape(x, &[1, k])?,
        _ => x,
    };
    let w = match wd[..] {
        [k] => m.reshape(w, &[k, 1])?,
        _ => w,
    };
    let y = matrices(m, x, w)?;
    let mut dims = m.dims(&y);
    if wd.len() == 1 {
        dims.pop();
    }
    if xd.len() == 1 {
        dims.remove(dims.len() - usize::from(wd.len() != 1) - 1);
    }
    m.reshape(y, &dims)
}

fn matrices(m: &mut Maker<'_>, x: Arg, w: Arg) -> Result<Arg, Problem> {
    let (xd, wd) = (m.dims(&x), m.dims(&w));
    let does_not_fit = || {
        Problem::Shape(format!(
            "{xd:?} × {wd:?} do not fit; for [..,M,K] the second must be [..,K,N], and dimensions before must broadcast"
        ))
    };
    let ([x_batch @ .., rows, k], [w_batch @ .., w_k, columns]) = (&xd[..], &wd[..]) else {
        return Err(does_not_fit());
    };
    if k != w_k {
        return Err(does_not_fit());
    }
    if let (Arg::Constant(_), Arg::Value(_)) = (&x, &w) {
        // Weights have a scale for each column, which only the second operand may have: (wᵀ·xᵀ)ᵀ.
        let (x, w) = (m.swapped(x)?, m.swapped(w)?);
        let y = matrices(m, w, x)?;
        return m.swapped(y);
    }
    let batch = broadcast(x_batch, w_batch).map_err(|_| does_not_fit())?;
    let with = |last: [u32; 2]| [&batch[..], &last].concat();
    if let (Arg::Constant(_), Arg::Constant(_)) = (&x, &w) {
        let outer = [&batch[..], &[*rows, *columns, *k]].concat();
        let work = outer.iter().fold(1u64, |n, &d| n.saturating_mul(d.into()));
        m.b.folds(work.min(u32::MAX.into()) as usize)?;
    }
    let op = Operator::MatMul { bias: None };
    let dims = with([*rows, *columns]);
    if w_batch.iter().all(|&d| d == 1) {
        let w = m.reshape(w, &[*k, *columns])?;
        let x = m.reshape(x, &with([*rows, *k]))?;
        return m.emit(op, vec![x, w], &dims, Element::Real);
    }
    let x = m.expanded(x, &with([*rows, *k]))?;
    let w = m.expanded(w, &with([*k, *columns]))?;
    m.emit(op, vec![x, w], &dims, Element::Real)
}

pub(super) fn gemm(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    let alpha = call.attributes.float("alpha", 1.0)?;
    let beta = call.attributes.float("beta", 1.0)?;
    let trans_a = call.attributes.flag("transA", false)?;
    let trans_b = call.attributes.flag("transB", false)?;
    let (x, w) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let addend = match call.optional(2) {
        Some(_) if beta != 0.0 => Some(call.real(b, 2)?.clone()),
        _ => None,
    };
    let m = &mut Maker::new(b, call);
    let (xd, wd) = (m.dims(&x), m.dims(&w));
    let (&[x0, x1], &[w0, w1]) = (&xd[..], &wd[..]) else {
        return Err(Problem::Shape(format!("{xd:?} × {wd:?}: both must be matrices")));
    };
    let (rows, k) = if trans_a { (x1, x0) } else { (x0, x1) };
    let (w_k, columns) = if trans_b { (w1, w0) } else { (w0, w1) };
    if k != w_k {
        return Err(Problem::Shape(format!(
            "[{rows},{k}] × [{w_k},{columns}] (after transposition) do not fit"
        )));
    }
    let x = if trans_a { m.swapped(x)? } else { x };
    let w = if trans_b { m.swapped(w)? } else { w };
    // A constant takes the factor; of two computed operands the product does.
    let (x, w, factor) = match (x, w) {
        (x, Arg::Constant(w)) => (x, scaled(m, w, alpha)?, 1.0),
        (Arg::Constant(x), w) => (scaled(m, x, alpha)?, w, 1.0),
        (x, w) => (x, w, alpha),
    };
    if let (Arg::Value(_), Some(Arg::Constant(c))) = (&x, &addend)
        && factor == 1.0
        && let Some(bias) = column_bias(c, [rows, columns], beta)?
    {
        let op = Operator::MatMul { bias: Some(bias) };
        return m.emit(op, vec![x, w], &[rows, columns], Element::Real);
    }
    let y = product(m, x, w)?;
    let y = times(m, y, factor)?;
    let Some(addend) = addend else {
        return Ok(y);
    };
    if broadcast(&[rows, columns], m.b.dims(&addend))? != [rows, columns] {
        return Err(does_not_broadcast(m.b.dims(&addend), [rows, columns]));
    }
    let addend = match addend {
        Arg::Constant(c) => scaled(m, c, beta)?,
        addend => times(m, addend, beta)?,
    };
    m.pair(Operator::Add, y, addend)
}

/// A computed value times a number.
fn times(m: &mut Maker<'_>, x: Arg, scale: f32) -> Result<Arg, Problem> {
    if scale == 1.0 {
        return Ok(x);
    }
    m.function(x, Function::Affine { scale, offset: 0.0 })
}

fn does_not_broadcast(bias: &[u32], [rows, columns]: [u32; 2]) -> Problem {
    Problem::Shape(format!(
        "a bias of shape {bias:?} does not broadcast to [{rows},{columns}]"
    ))
}

/// A constant that is the same for every row, times `beta`.
fn column_bias(c: &Constant, result: [u32; 2], beta: f32) -> Result<Option<Vec<f64>>, Problem> {
    c.finite()?;
    let (rows, columns) = match c.dims[..] {
        [] => (1, 1),
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => return Err(does_not_broadcast(&c.dims, result)),
    };
    let wanted = result[1];
    if !(rows == 1 || rows == result[0]) || !(columns == 1 || columns == wanted) {
        return Err(does_not_broadcast(&c.dims, result));
    }
    if rows != 1 {
        return Ok(None);
    }
    let values = c.reals64();
    let values = values.iter().map(|v| v * f64::from(beta));
    Ok(Some(values.cycle().take(wanted as usize).collect()))
}

/// A finite constant times a number.
fn scaled(m: &mut Maker<'_>, mut c: Constant, factor: f32) -> Result<Arg, Problem> {
    m.b.folds(c.len())?;
    c.finite()?;
    if factor == 1.0 {
        return Ok(Arg::Constant(c));
    }
    if let Some(grids) = &c.grids
        && factor > 0.0
    {
        let mut grids = (**grids).clone();
        grids.scales.iter_mut().for_each(|s| *s *= factor);
        if grids.scales.iter().all(|s| s.is_normal()) {
            c.grids = Some(Rc::new(grids));
            return Ok(Arg::Constant(c));
        }
    }
    let reals = c.reals().iter().map(|v| v * factor).collect();
    c.data = Rc::new(Data::F32(reals));
    c.grids = None;
    c.finite()?;
    Ok(Arg::Constant(c))
}

#[cfg(test)]
mod tests {
    #[test]
    fn products_agree_with_onnx_runtime() {
        crate::float::cases::check("products");
    }
}
