//! ConvTranspose, as a convolution of the small image.
//!
//! With stride s, the results at positions p = q·s + a for one a depend on every s-th tap of the kernel only, and are a
//! plain convolution of the image by these. So one convolution with s times as many output channels in each dimension
//! gives all of them, and a transpose puts them next to each other: no zeros are inserted, and none multiplied.

use super::make::Maker;
use super::window::{as_image, auto_padding, dilations, image, pair, strides};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data, Grids};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::limits::MAX_WINDOW;
use metisvm_model::{Padding, Window};
use std::rc::Rc;

/// Weights with all their phases. The largest of real files have a few millions.
const MAX_WEIGHTS: u64 = 1 << 24;

/// One dimension of a transposed convolution.
#[derive(Clone, Copy, Debug)]
struct Axis {
    stride: u32,
    dilation: u32,
    /// Taps of the kernel.
    kernel: u32,
    /// Taps of the kernel of each phase.
    taps: u32,
    /// Padding of the convolution.
    before: u32,
    after: u32,
    /// Where the wanted part of what it gives begins, and its extent.
    first: u32,
    extent: u32,
}

impl Axis {
    /// For positions `crop..crop + extent` of all that the kernel reaches.
    fn new(input: u32, kernel: u32, stride: u32, dilation: u32, crop: u32, extent: u32) -> Option<Self> {
        let taps = (kernel - 1).checked_mul(dilation)? / stride + 1;
        let begin = crop / stride;
        let end = crop.checked_add(extent)?.div_ceil(stride);
        let before = (taps - 1).saturating_sub(begin);
        Some(Self {
            stride,
            dilation,
            kernel,
            taps,
            before,
            after: end.saturating_sub(input),
            // The convolution begins with q = taps − 1 − before, which is not after the one wanted.
            first: crop.checked_sub((taps - 1 - before).checked_mul(stride)?)?,
            extent,
        })
    }

    /// The tap of the kernel that phase `a` has as tap `t`, if any.
    fn tap(&self, a: u32, t: u32) -> Option<u32> {
        // Taps of a phase run backwards.
        let place = (self.taps - 1 - t) * self.stride + a;
        (place.is_multiple_of(self.dilation) && place / self.dilation < self.kernel)
            .then(|| place / self.dilation)
    }

    /// How many q the convolution gives, for that many inputs.
    fn outputs(&self, input: u32) -> Option<u32> {
        (u64::from(input) + u64::from(self.before) + u64::from(self.after) + 1)
            .checked_sub(self.taps.into())
            .and_then(|n| u32::try_from(n).ok())
            .filter(|&n| n > 0)
    }
}

pub(super) fn conv_transpose(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    let x = call.real(b, 0)?.clone();
    call.real(b, 1)?;
    let w = call.needed(1, "the weight")?;
    w.finite()?;
    let rank = b.dims(&x).len();
    let extents @ [batch, channels, height, width] = image(b.dims(&x))?;
    let [inputs, per_group, kh, kw] = image(&w.dims)?;
    if w.dims.len() != rank || inputs != channels {
        return Err(Problem::Shape(format!(
            "an operand {:?} and a weight {:?}",
            b.dims(&x),
            w.dims
        )));
    }
    let groups = call.attributes.int("group", 1)?;
    let groups = u32::try_from(groups)
        .ok()
        .filter(|&g| g > 0 && channels % g == 0)
        .ok_or_else(|| {
            let why = format!("{groups} does not divide {channels} input channels");
            wrong("group", why)
        })?;
    let axes = axes(call, rank - 2, [height, width], [kh, kw])?;
    let outs = per_group
        .checked_mul(groups)
        .ok_or_else(|| Problem::Shape(format!("{per_group} channels in {groups} groups")))?;
    let phases = u64::from(axes[0].stride) * u64::from(axes[1].stride);
    let taps = u64::from(axes[0].taps) * u64::from(axes[1].taps);
    let weights = [outs.into(), phases, (channels / groups).into(), taps];
    let weights = weights.into_iter().fold(1, u64::saturating_mul);
    if weights > MAX_WEIGHTS {
        return Err(Problem::Shape(format!(
            "a weight {:?} with {phases} phases",
            w.dims
        )));
    }
    b.folds(weights as usize)?;
    let phases = phases as u32;
    let bias = match call.constant(2, "the bias")? {
        Some(c) => {
            call.real(b, 2)?;
            c.finite()?;
            if c.dims != [outs] {
                return Err(Problem::Shape(format!("a bias {:?} for {outs} channels", c.dims)));
            }
            let each = |v: &f64| std::iter::repeat_n(*v, phases as usize);
            Some(c.reals64().iter().flat_map(each).collect())
        }
        None => None,
    };
    let w = by_phases(&w.reshaped(vec![inputs, per_group, kh, kw])?, groups, &axes)?;
    let op = Operator::Conv {
        window: Window {
            padding: Padding {
                top: axes[0].before,
                left: axes[1].before,
                bottom: axes[0].after,
                right: axes[1].after,
            },
            ..Window::default()
        },
        groups,
        bias,
    };
    let too_far = || wrong("pads", "nothing of the result is left");
    let rows = axes[0].outputs(height).ok_or_else(too_far)?;
    let columns = axes[1].outputs(width).ok_or_else(too_far)?;
    as_image(b, call, x, extents, |b, x| {
        let dims = [batch, outs * phases, rows, columns];
        let y = b.emit(&call.node, op, vec![x, Arg::Constant(w)], &dims, Element::Real)?;
        let mut m = Maker::new(b, call);
        let [down, right] = [axes[0].stride, axes[1].stride];
        let y = m.reshape(y, &[batch, outs, down, right, rows, columns])?;
        let y = m.transpose(y, vec![0, 1, 4, 2, 5, 3])?;
        let mut y = m.reshape(y, &[batch, outs, rows * down, columns * right])?;
        for (d, axis) in axes.iter().enumerate() {
            y = m.part(y, d + 2, axis.first, axis.extent)?;
        }
        Ok(y)
    })
}

/// Both dimensions, from the attributes.
fn axes(call: &Call<'_>, spatial: usize, extents: [u32; 2], kernel: [u32; 2]) -> Result<[Axis; 2], Problem> {
    let given = |name, least| match call.attributes.ints(name)? {
        Some(values) => pair(name, values, spatial, least, 0).map(Some),
        None => Ok(None),
    };
    let stride = strides(call, spatial)?;
    let dilation = dilations(call, spatial)?;
    let more = given("output_padding", 0)?.unwrap_or([0; 2]);
    if kernel.iter().any(|&k| k > MAX_WINDOW) {
        return Err(wrong("kernel_shape", format!("{kernel:?} is over {MAX_WINDOW}")));
    }
    if let Some(given) = given("kernel_shape", 1)?
        && given[2 - spatial..] != kernel[2 - spatial..]
    {
        let why = format!("it is {given:?}, the weight's {kernel:?}");
        return Err(wrong("kernel_shape", why));
    }
    let (mode, pads) = auto_padding(call, spatial)?;
    // Some exporters give batch and channels too.
    let wanted = call.attributes.ints("output_shape")?;
    let wanted = wanted.map(|values| &values[values.len().saturating_sub(spatial)..]);
    let axis = |d: usize| {
        let whole = (u64::from(extents[d]) - 1) * u64::from(stride[d])
            + u64::from(more[d])
            + u64::from(kernel[d] - 1) * u64::from(dilation[d])
            + 1;
        let place = (d + spatial).checked_sub(2);
        let wanted = match (wanted, place) {
            (Some(wanted), Some(place)) => {
                let extent = wanted.get(place).and_then(|&v| u64::try_from(v).ok());
                let extent = extent.filter(|&v| v > 0);
                Some(extent.ok_or_else(|| wrong("output_shape", format!("it is {wanted:?}")))?)
            }
            (None, Some(_)) if mode.starts_with("SAME") => Some(u64::from(extents[d]) * u64::from(stride[d])),
            _ => None,
        };
        let (crop, extent) = match wanted {
            Some(extent) => {
                let total = whole.saturating_sub(extent);
                let less = total / 2;
                (if mode == "SAME_UPPER" { less } else { total - less }, extent)
            }
            None => {
                let [before, after] = pads[d].map(u64::from);
                let left = whole.checked_sub(before + after).filter(|&left| left > 0);
                (
                    before,
                    left.ok_or_else(|| wrong("pads", "nothing of the result is left"))?,
                )
            }
        };
        let (crop, extent) = (u32::try_from(crop).ok(), u32::try_from(extent).ok());
        let axis = crop
            .zip(extent)
            .and_then(|(crop, extent)| Axis::new(extents[d], kernel[d], stride[d], dilation[d], crop, extent))
            .filter(|axis| axis.taps.max(axis.before).max(axis.after) <= MAX_WINDOW);
        axis.ok_or_else(|| {
            Problem::Shape(format!(
                "an extent of {} by a kernel of {} with stride {}",
                extents[d], kernel[d], stride[d]
            ))
        })
    };
    Ok([axis(0)?, axis(1)?])
}

/// The weight `[C, O/groups, KH, KW]` as that of the convolution, `[O · phases, C/groups, taps, taps]`.
fn by_phases(w: &Constant, groups: u32, axes: &[Axis; 2]) -> Result<Constant, Problem> {
    let [channels, per_group, kh, kw] = image(&w.dims)?;
    let inputs = channels / groups;
    let [down, right] = [axes[0].stride, axes[1].stride];
    let outs = per_group * groups;
    let dims = vec![outs * down * right, inputs, axes[0].taps, axes[1].taps];
    let mut places: Vec<Option<usize>> = Vec::new();
    for o in 0..outs {
        for (a, c, i) in
            (0..down).flat_map(|a| (0..right).flat_map(move |c| (0..inputs).map(move |i| (a, c, i))))
        {
            let plane = (o / per_group * inputs + i) * per_group + o % per_group;
            for (u, v) in (0..axes[0].taps).flat_map(|u| (0..axes[1].taps).map(move |v| (u, v))) {
                let tap = axes[0].tap(a, u).zip(axes[1].tap(c, v));
                places.push(tap.map(|(u, v)| ((plane * kh + u) * kw + v) as usize));
            }
        }
    }
    // Integers of a grid stay on it where each output channel has one.
    let kept = w.grids.as_ref().and_then(|grids| {
        let channel = |o: usize| match (grids.scales.len(), grids.axis) {
            (1, _) => Some(0),
            (_, 1) => Some(o % per_group as usize),
            _ => None,
        };
        let each = (down * right) as usize;
        let count = outs as usize * each;
        let of: Vec<usize> = (0..count).map(|c| channel(c / each)).collect::<Option<_>>()?;
        let row = places.len() / count.max(1);
        let ints: Vec<i64> = places
            .iter()
            .enumerate()
            .map(|(at, place)| place.map_or_else(|| grids.zeros[of[at / row]].into(), |p| w.data.int(p)))
            .collect();
        let grids = Grids {
            scales: of.iter().map(|&c| grids.scales[c]).collect(),
            zeros: of.iter().map(|&c| grids.zeros[c]).collect(),
            axis: 0,
        };
        Some((w.data.like(&ints)?, Rc::new(grids)))
    });
    if let Some((data, grids)) = kept {
        let mut constant = Constant::new(&w.name, dims, data)?;
        constant.grids = Some(grids);
        return Ok(constant);
    }
    let reals = w.reals();
    let data = places.iter().map(|p| p.map_or(0.0, |p| reals[p])).collect();
    Constant::new(&w.name, dims, Data::F32(data))
}
