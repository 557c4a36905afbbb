//! MatMul and Gemm.

use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use std::rc::Rc;

/// Elements that a weight may grow to where a computed operand is transposed.
const MAX_EXPANDED: u64 = 1 << 22;

pub(super) fn mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    let (x, w) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    if let (Arg::Constant(_), Arg::Constant(_)) = (&x, &w) {
        return Err(Problem::Unsupported(
            "both operands are constants; fold them when exporting".to_string(),
        ));
    }
    for arg in [&x, &w] {
        if let Arg::Constant(c) = arg {
            c.finite()?;
        }
    }
    let (xd, wd) = (b.dims(&x).to_vec(), b.dims(&w).to_vec());
    let ([batch @ .., m, k], [w_batch @ .., w_k, n]) = (&xd[..], &wd[..]) else {
        return Err(Problem::Shape(format!(
            "{xd:?} × {wd:?}: both operands need two dimensions or more"
        )));
    };
    if k != w_k || !(w_batch.is_empty() || w_batch == batch) {
        return Err(Problem::Shape(format!(
            "{xd:?} × {wd:?} do not fit; the second must be [{k},N] after no or the same batch dimensions"
        )));
    }
    let dims = [batch, &[*m, *n]].concat();
    let op = Operator::MatMul { bias: None };
    b.emit(&call.node, op, vec![x, w], &dims, Element::Real)
}

pub(super) fn gemm(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    let alpha = call.attributes.float("alpha", 1.0)?;
    let beta = call.attributes.float("beta", 1.0)?;
    let trans_a = call.attributes.flag("transA", false)?;
    let trans_b = call.attributes.flag("transB", false)?;
    let (a, w) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let (ad, wd) = (b.dims(&a).to_vec(), b.dims(&w).to_vec());
    let (&[a0, a1], &[w0, w1]) = (&ad[..], &wd[..]) else {
        return Err(Problem::Shape(format!("{ad:?} × {wd:?}: both must be matrices")));
    };
    let (m, k) = if trans_a { (a1, a0) } else { (a0, a1) };
    let (w_k, n) = if trans_b { (w1, w0) } else { (w0, w1) };
    if k != w_k {
        return Err(Problem::Shape(format!(
            "[{m},{k}] × [{w_k},{n}] (after transposition) do not fit"
        )));
    }
    let w = match w {
        Arg::Constant(c) => {
            c.finite()?;
            b.folds(2 * c.len())?;
            let c = if trans_b { c.transposed(&[1, 0]) } else { c };
            Arg::Constant(scaled(c, alpha)?)
        }
        Arg::Value(_) if trans_b || alpha != 1.0 => {
            return Err(Problem::Unsupported(
                "transB or alpha with a computed second operand is not supported".to_string(),
            ));
        }
        value => value,
    };
    let bias = match call.optional(2) {
        Some(_) if beta != 0.0 => {
            call.real(b, 2)?;
            let c = call.needed(2, "the bias")?;
            c.finite()?;
            Some(c.clone())
        }
        _ => None,
    };
    let (x, w) = match a {
        Arg::Constant(c) => {
            b.folds(c.len())?;
            c.finite()?;
            let c = if trans_a { c.transposed(&[1, 0]) } else { c };
            if let Arg::Constant(_) = w {
                return Err(Problem::Unsupported(
                    "both operands are constants; fold them when exporting".to_string(),
                ));
            }
            (Arg::Constant(c), w)
        }
        a if !trans_a => (a, w),
        a => return transposed_gemm(b, call, a, w, [m, k, n], bias, beta),
    };
    let full = match column_bias(bias.as_ref(), [m, n], beta)? {
        Bias::Columns(bias) => {
            let op = Operator::MatMul { bias };
            return b.emit(&call.node, op, vec![x, w], &[m, n], Element::Real);
        }
        Bias::Full(full) => full,
    };
    let op = Operator::MatMul { bias: None };
    let y = b.emit(&call.node, op, vec![x, w], &[m, n], Element::Real)?;
    let data = Data::F32(full.iter().map(|&v| v as f32).collect());
    let full = Arg::Constant(Constant::new(&call.node.name, vec![m, n], data)?);
    b.emit(&call.node, Operator::Add, vec![y, full], &[m, n], Element::Real)
}

/// `Aᵀ·W` of a computed A `[K,M]`. The integer graph has no transposition, so A is read as one row of
/// K·M elements, and W is spread out to `[K·M, M·N]` with zeros where a row of A is not meant. For
/// M = 1, the usual case, nothing grows.
fn transposed_gemm(
    b: &mut Builder,
    call: &Call<'_>,
    a: Arg,
    w: Arg,
    [m, k, n]: [u32; 3],
    bias: Option<Constant>,
    beta: f32,
) -> Result<Arg, Problem> {
    let Arg::Constant(w) = w else {
        return Err(Problem::Unsupported(
            "transA with two computed operands is not supported".to_string(),
        ));
    };
    let size = u64::from(m) * u64::from(m) * u64::from(k) * u64::from(n);
    if size > MAX_EXPANDED {
        return Err(Problem::Unsupported(format!(
            "transA of a computed [{k},{m}] is too large; transpose when exporting"
        )));
    }
    b.folds(size as usize)?;
    // With one column nothing has to be spread, and a quantised weight keeps its grid.
    let spread = if m == 1 { w } else { spread(&w, [m, k, n])? };
    let row = b.emit(&call.node, Operator::Reshape, vec![a], &[1, k * m], Element::Real)?;
    let bias = match column_bias(bias.as_ref(), [m, n], beta)? {
        Bias::Columns(columns) => columns.map(|c| c.repeat(m as usize)),
        Bias::Full(full) => Some(full),
    };
    let op = Operator::MatMul { bias };
    let y = b.emit(
        &call.node,
        op,
        vec![row, Arg::Constant(spread)],
        &[1, m * n],
        Element::Real,
    )?;
    b.emit(&call.node, Operator::Reshape, vec![y], &[m, n], Element::Real)
}

/// W `[K,N]` as `[K·M, M·N]`: block `(row, row)` of every k is W's row k, all else zero.
fn spread(w: &Constant, [m, k, n]: [u32; 3]) -> Result<Constant, Problem> {
    let (m_, k_, n_) = (m as usize, k as usize, n as usize);
    let mut data = vec![0f32; m_ * m_ * k_ * n_];
    let reals = w.reals();
    for row in 0..m_ {
        for inner in 0..k_ {
            for column in 0..n_ {
                data[(inner * m_ + row) * m_ * n_ + row * n_ + column] = reals[inner * n_ + column];
            }
        }
    }
    Constant::new(&w.name, vec![k * m, m * n], Data::F32(data))
}

/// A bias of Gemm: the same for every row, or not.
enum Bias {
    Columns(Option<Vec<f64>>),
    Full(Vec<f64>),
}

fn column_bias(bias: Option<&Constant>, [m, n]: [u32; 2], beta: f32) -> Result<Bias, Problem> {
    let Some(c) = bias else {
        return Ok(Bias::Columns(None));
    };
    let (rows, columns) = match c.dims[..] {
        [] => (1, 1),
        [columns] => (1, columns),
        [rows, columns] => (rows, columns),
        _ => (0, 0),
    };
    if !(rows == 1 || rows == m) || !(columns == 1 || columns == n) {
        return Err(Problem::Shape(format!(
            "a bias of shape {:?} does not broadcast to [{m},{n}]",
            c.dims
        )));
    }
    let values = c.reals64();
    let at = |row: u32, column: u32| {
        let row = if rows == 1 { 0 } else { row };
        let column = if columns == 1 { 0 } else { column };
        values[(row * columns + column) as usize] * f64::from(beta)
    };
    let full: Vec<f64> = (0..if rows == 1 { 1 } else { m })
        .flat_map(|row| (0..n).map(move |column| (row, column)))
        .map(|(row, column)| at(row, column))
        .collect();
    Ok(if rows == 1 {
        Bias::Columns(Some(full))
    } else {
        Bias::Full(full)
    })
}

/// A weight times a number.
fn scaled(mut c: Constant, factor: f32) -> Result<Constant, Problem> {
    if factor == 1.0 {
        return Ok(c);
    }
    if let Some(grids) = &c.grids
        && factor > 0.0
    {
        let mut grids = (**grids).clone();
        grids.scales.iter_mut().for_each(|s| *s *= factor);
        if grids.scales.iter().all(|s| s.is_normal()) {
            c.grids = Some(Rc::new(grids));
            return Ok(c);
        }
    }
    let reals = c.reals().iter().map(|v| v * factor).collect();
    c.data = Rc::new(Data::F32(reals));
    c.grids = None;
    c.finite()?;
    Ok(c)
}
