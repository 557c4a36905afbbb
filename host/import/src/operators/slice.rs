//! Slice and Split: parts of a tensor along its dimensions.

use super::axes::axis;
use super::make::Maker;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::Arg;

/// What of one dimension a slice takes.
struct Range {
    axis: usize,
    start: i64,
    end: i64,
    step: i64,
}

impl Range {
    /// The indices of a dimension of that extent, by NumPy's rules: bounds below zero count from the end, and those
    /// outside are moved to it.
    fn indices(&self, extent: u32) -> Vec<u32> {
        let extent = i64::from(extent);
        let counted = |at: i64| if at < 0 { at.saturating_add(extent) } else { at };
        let mut list = Vec::new();
        if self.step > 0 {
            let (mut at, end) = (
                counted(self.start).clamp(0, extent),
                counted(self.end).clamp(0, extent),
            );
            while at < end {
                list.push(at as u32);
                at = at.saturating_add(self.step);
            }
        } else {
            let (mut at, end) = (
                counted(self.start).clamp(-1, extent - 1),
                counted(self.end).clamp(-1, extent - 1),
            );
            while at > end {
                list.push(at as u32);
                at = at.saturating_add(self.step);
            }
        }
        list
    }
}

/// The list of operand `index`.
fn list(call: &Call<'_>, index: usize, what: &'static str) -> Result<Option<Vec<i64>>, Problem> {
    call.constant(index, what)?.map(|c| c.whole(what)).transpose()
}

/// What is taken, dimension by dimension: attributes up to opset 9, operands from then on.
fn ranges(call: &Call<'_>, rank: usize) -> Result<Vec<Range>, Problem> {
    let (starts, ends, axes, steps) = if call.opset < 10 {
        call.arity(1, 1, "1")?;
        let given = |name| Ok::<_, Problem>(call.attributes.ints(name)?.map(<[i64]>::to_vec));
        (given("starts")?, given("ends")?, given("axes")?, None)
    } else {
        call.arity(3, 5, "3 to 5")?;
        (
            list(call, 1, "the list of starts")?,
            list(call, 2, "the list of ends")?,
            list(call, 3, "the list of axes")?,
            list(call, 4, "the list of steps")?,
        )
    };
    let starts = starts.ok_or_else(|| wrong("starts", "they are missing"))?;
    let ends = ends.ok_or_else(|| wrong("ends", "they are missing"))?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    let count = starts.len();
    if count > rank || [ends.len(), axes.len(), steps.len()].iter().any(|&n| n != count) {
        return Err(Problem::Shape(format!(
            "{count} starts, {} ends, {} axes and {} steps for {rank} dimensions",
            ends.len(),
            axes.len(),
            steps.len()
        )));
    }
    let mut ranges: Vec<Range> = Vec::with_capacity(count);
    for (((&start, &end), &along), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = axis("axes", along, rank)?;
        if ranges.iter().any(|range| range.axis == axis) {
            return Err(wrong("axes", "one is named twice"));
        }
        if step == 0 {
            return Err(wrong("steps", "one of them is 0"));
        }
        ranges.push(Range {
            axis,
            start,
            end,
            step,
        });
    }
    Ok(ranges)
}

pub(super) fn slice(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    let mut x = call.arg(0)?.clone();
    let ranges = ranges(call, b.dims(&x).len())?;
    let mut m = Maker::new(b, call);
    for range in ranges {
        let dims = m.dims(&x);
        let extent = dims.get(range.axis).copied().unwrap_or(0);
        m.b.folds(extent as usize)?;
        let indices = range.indices(extent);
        // Only a constant list may be empty.
        if indices.is_empty() && (matches!(x, Arg::Value(_)) || dims.len() > 1) {
            return Err(Problem::Shape(format!(
                "nothing of dimension {} of {dims:?} lies from {} to {}",
                range.axis, range.start, range.end
            )));
        }
        x = m.entries(x, range.axis, indices)?;
    }
    Ok(x)
}

/// The extents of the parts: given, or as equal as they can be.
fn parts(call: &Call<'_>, extent: u32) -> Result<Vec<u32>, Problem> {
    let count = call.wanted.len();
    let given = if call.opset < 13 {
        call.arity(1, 1, "1")?;
        call.attributes.ints("split")?.map(<[i64]>::to_vec)
    } else {
        call.arity(1, 2, "1 or 2")?;
        list(call, 1, "the list of extents")?
    };
    if let Some(number) = call.attributes.int_if_any("num_outputs")?
        && number != count as i64
    {
        return Err(wrong(
            "num_outputs",
            format!("it is {number}, and there are {count} results"),
        ));
    }
    if let Some(given) = given {
        let parts: Vec<u32> = given
            .iter()
            .filter_map(|&part| u32::try_from(part).ok())
            .collect();
        let sum: u64 = parts.iter().map(|&part| u64::from(part)).sum();
        if parts.len() != given.len() || parts.len() != count || sum != u64::from(extent) {
            return Err(Problem::Shape(format!(
                "{count} results of extents {:?} out of {extent}",
                given.get(..9).unwrap_or(&given)
            )));
        }
        return Ok(parts);
    }
    // The last is what remains, where they cannot be equal.
    let each = u64::from(extent).div_ceil(count.max(1) as u64);
    let parts = (0..count as u64).map(|i| {
        let left = u64::from(extent).saturating_sub(i.saturating_mul(each));
        left.min(each) as u32
    });
    let parts: Vec<u32> = parts.collect();
    if call.opset < 18 && parts.iter().any(|&part| u64::from(part) != each) {
        return Err(Problem::Shape(format!("{extent} has not {count} equal parts")));
    }
    Ok(parts)
}

pub(super) fn split(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    let x = call.arg(0)?.clone();
    let dims = b.dims(&x).to_vec();
    let axis = axis("axis", call.attributes.int("axis", 0)?, dims.len())?;
    let extent = dims.get(axis).copied().unwrap_or(0);
    let parts = parts(call, extent)?;
    let mut m = Maker::new(b, call);
    let mut first = 0;
    let mut results = Vec::with_capacity(parts.len());
    for (part, &named) in parts.into_iter().zip(&call.wanted) {
        let from = first;
        first += part;
        if !named {
            results.push(None);
            continue;
        }
        if part == 0 {
            return Err(Problem::Shape(format!(
                "a part of dimension {axis} of {dims:?} is empty"
            )));
        }
        results.push(Some(m.part(x.clone(), axis, from, part)?));
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_numpy() {
        let taken = |start, end, step| {
            let range = Range {
                axis: 0,
                start,
                end,
                step,
            };
            range.indices(5)
        };
        assert_eq!(taken(1, 4, 1), [1, 2, 3]);
        assert_eq!(taken(-3, i64::MAX, 2), [2, 4]);
        assert_eq!(taken(i64::MAX, i64::MIN, -2), [4, 2, 0]);
        assert_eq!(taken(3, 0, -1), [3, 2, 1]);
        assert_eq!(taken(i64::MIN, 2, i64::MAX), [0]);
        assert!(taken(3, 3, 1).is_empty() && taken(i64::MIN, 0, -1).is_empty());
    }
}
