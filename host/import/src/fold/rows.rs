//! Constants along dimensions: sums, products, extremes.

use super::numbers::{Numbers, reals, whole};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::Constant;
use crate::error::Problem;
use crate::operators::axis;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
}

impl Kind {
    fn real(self, row: &[f32]) -> f32 {
        let wide = row.iter().copied().map(f64::from);
        match self {
            Self::Sum => wide.sum::<f64>() as f32,
            Self::Mean => (wide.sum::<f64>() / row.len() as f64) as f32,
            Self::Prod => wide.product::<f64>() as f32,
            Self::Max => row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Self::Min => row.iter().copied().fold(f32::INFINITY, f32::min),
        }
    }

    fn int(self, row: &[i64]) -> Option<i64> {
        let sum = || row.iter().try_fold(0i64, |sum, &v| sum.checked_add(v));
        match self {
            Self::Sum => sum(),
            Self::Mean => sum()?.checked_div(row.len() as i64),
            Self::Prod => row.iter().try_fold(1i64, |product, &v| product.checked_mul(v)),
            Self::Max => row.iter().copied().max(),
            Self::Min => row.iter().copied().min(),
        }
    }
}

/// The dimensions that are reduced, in order; all where none is named, unless none then means none.
fn axes(call: &Call<'_>, rank: usize) -> Result<Vec<usize>, Problem> {
    let listed = match (call.attributes.ints("axes")?, call.constant(1, "the axes")?) {
        (Some(axes), None) => axes.to_vec(),
        (None, Some(axes)) => axes.whole("the axes")?,
        (None, None) => Vec::new(),
        _ => return Err(wrong("axes", "they are also an operand")),
    };
    if listed.is_empty() {
        let none = call.attributes.flag("noop_with_empty_axes", false)?;
        return Ok(if none { Vec::new() } else { (0..rank).collect() });
    }
    if listed.len() > rank {
        return Err(wrong("axes", format!("{} of them", listed.len())));
    }
    let mut axes = listed
        .iter()
        .map(|&a| axis("axes", a, rank))
        .collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

pub(super) fn reduce(b: &mut Builder, call: &Call<'_>, kind: Kind) -> Result<Option<Constant>, Problem> {
    call.arity(1, 2, "1 or 2")?;
    let keep = call.attributes.flag("keepdims", true)?;
    let noop = call.attributes.flag("noop_with_empty_axes", false)?;
    let x = call.needed(0, "the operand")?;
    let axes = axes(call, x.dims.len())?;
    if axes.is_empty() && noop {
        return Ok(Some(x.clone()));
    }
    if x.len() == 0 {
        return Err(Problem::Shape("it is empty".to_string()));
    }
    b.folds(2 * x.len())?;
    // The reduced dimensions last, so that rows lie together.
    let kept: Vec<usize> = (0..x.dims.len()).filter(|d| !axes.contains(d)).collect();
    let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
    let moved = x.transposed(&order);
    let row: usize = axes.iter().map(|&d| x.dims[d] as usize).product();
    let dims = if keep {
        (0..x.dims.len())
            .map(|d| if axes.contains(&d) { 1 } else { x.dims[d] })
            .collect()
    } else {
        kept.iter().map(|&d| x.dims[d]).collect()
    };
    let name = &call.node.name;
    match Numbers::of(&moved) {
        Numbers::Reals(data) => {
            reals(name, dims, data.chunks_exact(row).map(|r| kind.real(r)).collect()).map(Some)
        }
        Numbers::Whole(data) => {
            let all: Option<Vec<i64>> = data.chunks_exact(row).map(|r| kind.int(r)).collect();
            let all = all.ok_or_else(|| Problem::Unsupported("a result is over 64 bits".to_string()))?;
            whole(name, dims, x, &all).map(Some)
        }
    }
}

pub(super) fn cum_sum(b: &mut Builder, call: &Call<'_>) -> Result<Option<Constant>, Problem> {
    call.arity(2, 2, "2")?;
    let exclusive = call.attributes.flag("exclusive", false)?;
    let reverse = call.attributes.flag("reverse", false)?;
    let x = call.needed(0, "the operand")?;
    let along = match call.needed(1, "the axis")?.whole("the axis")?[..] {
        [one] => axis("axis", one, x.dims.len())?,
        _ => return Err(wrong("axis", "it is not one number")),
    };
    b.folds(x.len())?;
    let extent = x.dims[along] as usize;
    let inner: usize = x.dims[along + 1..].iter().map(|&d| d as usize).product();
    // Every element's place in the order of summation; the sum starts anew with each row.
    let rows = x.len().checked_div(extent).unwrap_or(0);
    let places = (0..rows).map(|row| {
        let start = row / inner * extent * inner + row % inner;
        let step = move |e: usize| start + if reverse { extent - 1 - e } else { e } * inner;
        (0..extent).map(step)
    });
    let name = &call.node.name;
    match Numbers::of(x) {
        Numbers::Reals(data) => {
            let mut sums = vec![0f32; data.len()];
            for row in places {
                let mut sum = 0f32;
                for at in row {
                    sums[at] = if exclusive { sum } else { sum + data[at] };
                    sum += data[at];
                }
            }
            reals(name, x.dims.clone(), sums).map(Some)
        }
        Numbers::Whole(data) => {
            let mut sums = vec![0i64; data.len()];
            for row in places {
                let mut sum = 0i64;
                for at in row {
                    let next = sum
                        .checked_add(data[at])
                        .ok_or_else(|| Problem::Unsupported("a sum is over 64 bits".to_string()))?;
                    sums[at] = if exclusive { sum } else { next };
                    sum = next;
                }
            }
            whole(name, x.dims.clone(), x, &sums).map(Some)
        }
    }
}
