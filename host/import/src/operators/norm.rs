//! Normalisation of the last dimensions: by mean and variance, by the mean square, by a norm.

use super::axes::axis;
use super::make::{Maker, broadcast};

use super::arithmetic;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Element, Operator, Reduction};

/// Results: y, and what training wants of it, which is not given.
pub(super) fn layer(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(2, 3, "2 or 3")?;
    last_dimensions(b, call, true).map(|y| vec![Some(y)])
}

pub(super) fn rms(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 2, "2")?;
    last_dimensions(b, call, false)
}

/// As ONNX Runtime writes RMSNormalization.
pub(super) fn simplified(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(2, 2, "2")?;
    last_dimensions(b, call, false).map(|y| vec![Some(y)])
}

fn last_dimensions(b: &mut Builder, call: &Call<'_>, centred: bool) -> Result<Arg, Problem> {
    let x = call.real(b, 0)?.clone();
    call.attributes.int("stash_type", 1)?;
    let epsilon = epsilon(call, 1e-5)?;
    let axis = axis("axis", call.attributes.int("axis", -1)?, b.dims(&x).len())?;
    let gain = call.real(b, 1)?.clone();
    let offset = match call.optional(2) {
        Some(_) => Some(call.real(b, 2)?.clone()),
        None => None,
    };
    let mut m = Maker::new(b, call);
    let y = normalise(&mut m, x, axis, epsilon, centred)?;
    scale(&mut m, y, Some(gain), offset)
}

/// What is added to a mean square, so that no division is by zero.
pub(super) fn epsilon(call: &Call<'_>, default: f32) -> Result<f64, Problem> {
    match call.attributes.float("epsilon", default)? {
        epsilon if epsilon >= 0.0 => Ok(epsilon.into()),
        epsilon => Err(wrong("epsilon", format!("{epsilon} is negative"))),
    }
}

/// All dimensions from `axis` on as one row.
pub(super) fn normalise(
    m: &mut Maker<'_>,
    x: Arg,
    axis: usize,
    epsilon: f64,
    centred: bool,
) -> Result<Arg, Problem> {
    let dims = m.dims(&x);
    let mut rows = dims[..axis].to_vec();
    rows.push(dims[axis..].iter().product());
    let x = m.reshape(x, &rows)?;
    let y = m.emit(
        Operator::Normalise { epsilon, centred },
        vec![x],
        &rows,
        Element::Real,
    )?;
    m.reshape(y, &dims)
}

/// Times the gain plus the offset; neither changes the shape, and one that changes nothing is left out.
pub(super) fn scale(
    m: &mut Maker<'_>,
    y: Arg,
    gain: Option<Arg>,
    offset: Option<Arg>,
) -> Result<Arg, Problem> {
    let dims = m.dims(&y);
    let mut y = y;
    for (op, by, nothing) in [(Operator::Mul, gain, 1.0), (Operator::Add, offset, 0.0)] {
        let Some(by) = by else {
            continue;
        };
        let own = m.dims(&by);
        if broadcast(&dims, &own)? != dims {
            return Err(Problem::Shape(format!("a gain or offset {own:?} for {dims:?}")));
        }
        if let Arg::Constant(c) = &by
            && c.finite()?.iter().all(|&v| v == nothing)
        {
            continue;
        }
        y = m.pair(op, y, by)?;
    }
    Ok(y)
}

/// Divided by the sum of magnitudes or the root of the sum of squares, along one dimension.
pub(super) fn lp(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let axis = axis("axis", call.attributes.int("axis", -1)?, dims.len())?;
    match call.attributes.int("p", 2)? {
        1 => {
            let magnitudes = m.function(x.clone(), Function::Abs)?;
            let sum = m.reduce(magnitudes, Reduction::Sum, axis)?;
            arithmetic::divide(&mut m, x, sum)
        }
        2 => {
            let (there, back) = last(dims.len(), axis);
            let x = m.transpose(x, there)?;
            let y = normalise(&mut m, x, dims.len() - 1, 0.0, false)?;
            // The root of the mean square is the root of the sum over the root of how many there are.
            let y = arithmetic::affine(&mut m, y, (1.0 / f64::from(dims[axis]).sqrt()) as f32, 0.0)?;
            m.transpose(y, back)
        }
        p => Err(wrong("p", format!("{p} is neither 1 nor 2"))),
    }
}

/// The order that brings a dimension to the end, and the one that brings it back.
pub(super) fn last(rank: usize, axis: usize) -> (Vec<usize>, Vec<usize>) {
    let there = (0..rank).filter(|&d| d != axis).chain([axis]).collect();
    let back = (0..axis).chain([rank - 1]).chain(axis..rank - 1).collect();
    (there, back)
}

/// By mean and variance over the named dimensions.
pub(super) fn mean_variance(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    /// What ONNX's own definition of it adds to the deviation.
    const EPSILON: f64 = 1e-9;
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let given = call.attributes.ints("axes")?.unwrap_or(&[0, 2, 3]);
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let over = super::axes::axes(given, dims.len())?;
    let others = (0..dims.len()).filter(|d| !over.contains(d));
    let there: Vec<usize> = others.chain(over.iter().copied()).collect();
    let mut back = vec![0; there.len()];
    for (to, &from) in there.iter().enumerate() {
        back[from] = to;
    }
    let x = m.transpose(x, there)?;
    let y = normalise(&mut m, x, dims.len() - over.len(), EPSILON * EPSILON, true)?;
    m.transpose(y, back)
}

/// Of every plane by itself, with a gain and an offset a channel.
pub(super) fn instance(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    let epsilon = epsilon(call, 1e-5)?;
    groups(b, call, None, epsilon)
}

/// Of every group of channels, with a gain and an offset a channel (before opset 21 a group).
pub(super) fn group(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 3, "3")?;
    let epsilon = epsilon(call, 1e-5)?;
    call.attributes.int("stash_type", 1)?;
    let count = call.attributes.int("num_groups", 0)?;
    groups(b, call, Some(count), epsilon)
}

fn groups(b: &mut Builder, call: &Call<'_>, count: Option<i64>, epsilon: f64) -> Result<Arg, Problem> {
    let x = call.real(b, 0)?.clone();
    let (gain, offset) = (call.real(b, 1)?.clone(), call.real(b, 2)?.clone());
    let mut m = Maker::new(b, call);
    let dims = m.dims(&x);
    let [batch, channels, rest @ ..] = &dims[..] else {
        return Err(Problem::Shape(format!("{dims:?}; [batch, channels, …] is taken")));
    };
    let count = count.unwrap_or_else(|| i64::from(*channels));
    let groups = u32::try_from(count)
        .ok()
        .filter(|&g| g > 0 && channels % g == 0)
        .ok_or_else(|| {
            wrong(
                "num_groups",
                format!("{count} does not divide {channels} channels"),
            )
        })?;
    let plane: u32 = rest.iter().product();
    let rows = m.reshape(x, &[*batch, groups, channels / groups * plane])?;
    let y = normalise(&mut m, rows, 2, epsilon, true)?;
    let a_group = m.dims(&gain) == [groups] && groups != *channels;
    let (parts, inner) = if a_group {
        (groups, channels / groups * plane)
    } else {
        (*channels, plane)
    };
    let y = m.reshape(y, &[*batch, parts, inner])?;
    let mut column = |arg: Arg| {
        if m.dims(&arg) != [parts] {
            return Err(Problem::Shape(format!(
                "a gain or offset {:?} for {channels} channels",
                m.dims(&arg)
            )));
        }
        m.reshape(arg, &[parts, 1])
    };
    let (gain, offset) = (column(gain)?, column(offset)?);
    let y = scale(&mut m, y, Some(gain), Some(offset))?;
    m.reshape(y, &dims)
}
