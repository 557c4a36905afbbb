//! Resize and Upsample: one dimension after the other. The nearest element is picked; what lies between elements is a
//! sum of picked ones, each times its part.

mod coordinates;
mod taps;

use super::axes::axis as counted;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::function::Function;
use crate::typed::{Arg, Operator};
use coordinates::{Axis, Mode};
use metisvm_model::Shape;
use metisvm_model::limits::MAX_RANK;
use taps::{Nearest, Tap};

/// How elements are made of others.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Nearest(Nearest),
    Linear,
    Cubic { a: f32, exclude_outside: bool },
}

/// What a dimension outside of the operand is filled with, and how it is resized within.
struct How {
    mode: Mode,
    kind: Kind,
    outside: f32,
}

pub(super) fn upsample(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let x = call.arg(0)?.clone();
    let scales = if call.opset < 9 {
        call.arity(1, 1, "1")?;
        let scales = call.attributes.floats("scales")?;
        scales.ok_or_else(|| wrong("scales", "it is missing"))?.to_vec()
    } else {
        call.arity(2, 2, "2")?;
        call.needed(1, "the scales")?.finite()?
    };
    let kind = old_kind(call)?;
    simple(b, call, x, &scales, kind)
}

/// Before opset 11 there was one coordinate mode.
fn simple(b: &mut Builder, call: &Call<'_>, x: Arg, scales: &[f32], kind: Kind) -> Result<Arg, Problem> {
    let dims = b.dims(&x).to_vec();
    let all: Vec<usize> = (0..dims.len()).collect();
    let axes = by_scales(&dims, &all, scales)?;
    let how = How {
        mode: Mode::Asymmetric,
        kind,
        outside: 0.0,
    };
    resized(b, call, x, axes, &how)
}

fn old_kind(call: &Call<'_>) -> Result<Kind, Problem> {
    match call.attributes.string("mode", "nearest")? {
        "nearest" => Ok(Kind::Nearest(Nearest::Simple)),
        "linear" | "bilinear" => Ok(Kind::Linear),
        other => Err(wrong("mode", format!("{other:?} is unknown"))),
    }
}

pub(super) fn resize(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let x = call.arg(0)?.clone();
    if call.opset < 11 {
        call.arity(2, 2, "2")?;
        let scales = call.needed(1, "the scales")?.finite()?;
        let kind = old_kind(call)?;
        return simple(b, call, x, &scales, kind);
    }
    call.arity(1, 4, "1 to 4")?;
    if call.attributes.flag("antialias", false)? {
        return Err(wrong(
            "antialias",
            "only 0 is supported: resize beforehand, or export without it",
        ));
    }
    let how = How {
        mode: Mode::of(
            call.attributes
                .string("coordinate_transformation_mode", "half_pixel")?,
        )?,
        kind: kind(call)?,
        outside: call.attributes.float("extrapolation_value", 0.0)?,
    };
    let dims = b.dims(&x).to_vec();
    let named: Vec<usize> = match call.attributes.ints("axes")? {
        Some(axes) if axes.len() <= MAX_RANK => {
            let axes = axes.iter().map(|&a| counted("axes", a, dims.len()));
            axes.collect::<Result<_, _>>()?
        }
        Some(axes) => return Err(wrong("axes", format!("{} of them", axes.len()))),
        None => (0..dims.len()).collect(),
    };
    if (1..named.len()).any(|at| named[..at].contains(&named[at])) {
        return Err(wrong("axes", "one is named twice"));
    }
    // An empty list is one that is left out.
    let scales = call.constant(2, "the scales")?.filter(|c| c.len() > 0);
    let sizes = call.constant(3, "the sizes")?.filter(|c| c.len() > 0);
    let policy = call.attributes.string("keep_aspect_ratio_policy", "stretch")?;
    let mut axes = match (scales, sizes) {
        (Some(scales), None) => by_scales(&dims, &named, &scales.finite()?)?,
        (None, Some(sizes)) => by_sizes(&dims, &named, &sizes.whole("the sizes")?, policy)?,
        _ => {
            return Err(Problem::Unsupported(
                "either scales or sizes must be given, and not both".to_string(),
            ));
        }
    };
    if how.mode == Mode::TfCropAndResize {
        let roi = call.needed(1, "the region")?.finite()?;
        if roi.len() != 2 * named.len() {
            return Err(Problem::Shape(format!(
                "a region of {} numbers for {} dimensions",
                roi.len(),
                named.len()
            )));
        }
        for (at, axis) in axes.iter_mut().enumerate() {
            axis.roi = [roi[at], roi[at + named.len()]];
        }
    }
    resized(b, call, x, axes, &how)
}

fn kind(call: &Call<'_>) -> Result<Kind, Problem> {
    let nearest = call.attributes.string("nearest_mode", "round_prefer_floor")?;
    let a = call.attributes.float("cubic_coeff_a", -0.75)?;
    let exclude_outside = call.attributes.flag("exclude_outside", false)?;
    Ok(match call.attributes.string("mode", "nearest")? {
        "nearest" => Kind::Nearest(Nearest::of(nearest)?),
        "cubic" => Kind::Cubic { a, exclude_outside },
        _ if exclude_outside => return Err(wrong("exclude_outside", "it is for mode cubic only")),
        "linear" => Kind::Linear,
        other => return Err(wrong("mode", format!("{other:?} is unknown"))),
    })
}

fn by_scales(dims: &[u32], axes: &[usize], scales: &[f32]) -> Result<Vec<Axis>, Problem> {
    if scales.len() != axes.len() {
        return Err(Problem::Shape(format!(
            "{} scales for {} dimensions",
            scales.len(),
            axes.len()
        )));
    }
    axes.iter()
        .zip(scales)
        .map(|(&axis, &scale)| {
            let to = (f64::from(dims[axis]) * f64::from(scale)).floor();
            if !(1.0..=f64::from(u32::MAX)).contains(&to) {
                return Err(Problem::Shape(format!(
                    "an extent of {} times {scale}",
                    dims[axis]
                )));
            }
            Ok(Axis {
                axis,
                from: dims[axis],
                to: to as u32,
                scale,
                roi: [0.0, 1.0],
            })
        })
        .collect()
}

fn by_sizes(dims: &[u32], axes: &[usize], sizes: &[i64], policy: &str) -> Result<Vec<Axis>, Problem> {
    if sizes.len() != axes.len() {
        return Err(Problem::Shape(format!(
            "{} sizes for {} dimensions",
            sizes.len(),
            axes.len()
        )));
    }
    let mut scales = Vec::new();
    for (&axis, &size) in axes.iter().zip(sizes) {
        let size = u32::try_from(size).ok().filter(|&s| s > 0);
        let size = size.ok_or_else(|| Problem::Shape(format!("a size of {sizes:?}")))?;
        scales.push((size as f32 / dims[axis] as f32, size));
    }
    let ratios = scales.iter().map(|(scale, _)| *scale);
    let one = match policy {
        "stretch" => None,
        "not_larger" => ratios.reduce(f32::min),
        "not_smaller" => ratios.reduce(f32::max),
        other => {
            return Err(wrong("keep_aspect_ratio_policy", format!("{other:?} is unknown")));
        }
    };
    let axis = |(&axis, (scale, size)): (&usize, (f32, u32))| {
        let (scale, to) = match one {
            None => (scale, size),
            Some(one) => (one, (one * dims[axis] as f32).round() as u32),
        };
        Axis {
            axis,
            from: dims[axis],
            to,
            scale,
            roi: [0.0, 1.0],
        }
    };
    Ok(axes.iter().zip(scales).map(axis).collect())
}

fn resized(b: &mut Builder, call: &Call<'_>, x: Arg, mut axes: Vec<Axis>, how: &How) -> Result<Arg, Problem> {
    let mut dims = b.dims(&x).to_vec();
    for axis in &axes {
        dims[axis.axis] = axis.to;
    }
    // Checked before lists as long as an extent are made.
    Shape::new(&dims).ok_or_else(|| Problem::Shape(format!("its result {dims:?} is too large")))?;
    if !matches!(how.kind, Kind::Nearest(_)) {
        call.real(b, 0)?;
    }
    let mut m = Maker::new(b, call);
    let mut x = x;
    // What shrinks first, so that the rest has less to do.
    axes.sort_by(|a, b| a.scale.total_cmp(&b.scale));
    for axis in axes {
        let cropped = how.mode == Mode::TfCropAndResize && axis.roi != [0.0, 1.0];
        if axis.to == axis.from && axis.scale == 1.0 && !cropped {
            continue;
        }
        m.b.folds(8 * axis.to as usize)?;
        let coordinates = axis.coordinates(how.mode);
        x = match how.kind {
            Kind::Nearest(nearest) => m.entries(x, axis.axis, taps::nearest(&axis, &coordinates, nearest))?,
            Kind::Linear => mixed(&mut m, &x, axis.axis, taps::linear(&axis, &coordinates))?,
            Kind::Cubic { a, exclude_outside } => {
                let taps = taps::cubic(&axis, &coordinates, a, exclude_outside);
                mixed(&mut m, &x, axis.axis, taps)?
            }
        };
        if how.mode == Mode::TfCropAndResize {
            x = filled(&mut m, x, &axis, &coordinates, how.outside)?;
        }
    }
    Ok(x)
}

/// The sum of taps.
fn mixed(m: &mut Maker<'_>, x: &Arg, axis: usize, taps: Vec<Tap>) -> Result<Arg, Problem> {
    let mut sum = None;
    for tap in taps {
        if tap.weights.iter().all(|&w| w == 0.0) {
            continue;
        }
        let picked = m.entries(x.clone(), axis, tap.indices)?;
        let part = scaled(m, picked, axis, tap.weights)?;
        sum = Some(match sum {
            None => part,
            Some(sum) => m.pair(Operator::Add, sum, part)?,
        });
    }
    sum.ok_or(Problem::Missing("weight"))
}

/// x times a number for each index of a dimension.
fn scaled(m: &mut Maker<'_>, x: Arg, axis: usize, weights: Vec<f32>) -> Result<Arg, Problem> {
    match weights.first() {
        Some(&one) if weights.iter().all(|&w| w == one) => {
            if one == 1.0 {
                return Ok(x);
            }
            let function = Function::Affine {
                scale: one,
                offset: 0.0,
            };
            m.function(x, function)
        }
        _ => {
            let weights = along(m, axis, &x, weights)?;
            m.pair(Operator::Mul, x, weights)
        }
    }
}

/// A constant with a number for each index of a dimension.
fn along(m: &Maker<'_>, axis: usize, x: &Arg, data: Vec<f32>) -> Result<Arg, Problem> {
    let rank = m.dims(x).len();
    let mut dims = vec![1; rank - axis];
    dims[0] = data.len() as u32;
    m.constant(dims, data)
}

/// A number where the coordinate is outside of the operand.
fn filled(m: &mut Maker<'_>, x: Arg, axis: &Axis, coordinates: &[f32], outside: f32) -> Result<Arg, Problem> {
    let last = axis.from.saturating_sub(1) as f32;
    let inside: Vec<bool> = coordinates.iter().map(|c| (0.0..=last).contains(c)).collect();
    if inside.iter().all(|&inside| inside) {
        return Ok(x);
    }
    let kept = inside.iter().map(|&inside| f32::from(u8::from(inside))).collect();
    let added = inside
        .iter()
        .map(|&inside| if inside { 0.0 } else { outside })
        .collect();
    let kept = along(m, axis.axis, &x, kept)?;
    let x = m.pair(Operator::Mul, x, kept)?;
    if outside == 0.0 {
        return Ok(x);
    }
    let added = along(m, axis.axis, &x, added)?;
    m.pair(Operator::Add, x, added)
}
