//! What operators that move a window over an image have in common. An image of one dimension is one of height 1.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::limits::MAX_WINDOW;
use metisvm_model::{Padding, Window};

/// Runs `emit` on x as an image of four dimensions, and gives its result as many as x had.
pub(super) fn as_image(
    b: &mut Builder,
    call: &Call<'_>,
    x: Arg,
    extents: [u32; 4],
    emit: impl FnOnce(&mut Builder, Arg) -> Result<Arg, Problem>,
) -> Result<Arg, Problem> {
    if b.dims(&x).len() == 4 {
        return emit(b, x);
    }
    let element = match &x {
        Arg::Value(id) => b.typed_value(*id).element,
        Arg::Constant(_) => Element::Real,
    };
    let x = b.emit(&call.node, Operator::Reshape, vec![x], &extents, element)?;
    let y = emit(b, x)?;
    let [batch, channels, _, width] = image(b.dims(&y))?;
    b.emit(
        &call.node,
        Operator::Reshape,
        vec![y],
        &[batch, channels, width],
        element,
    )
}

pub(super) fn image(dims: &[u32]) -> Result<[u32; 4], Problem> {
    match *dims {
        [b, c, w] => Ok([b, c, 1, w]),
        [b, c, h, w] => Ok([b, c, h, w]),
        _ => Err(Problem::Shape(format!(
            "{dims:?}; windows move over [batch, channels, height, width] or [batch, channels, width]"
        ))),
    }
}

/// A list attribute of two entries for each spatial dimension or one, as `[height, width]`.
pub(super) fn pair(
    name: &str,
    values: &[i64],
    spatial: usize,
    least: u32,
    missing: u32,
) -> Result<[u32; 2], Problem> {
    if values.len() != spatial {
        return Err(wrong(name, format!("{} entries, not {spatial}", values.len())));
    }
    let mut pair = [missing; 2];
    for (to, &v) in pair[2 - spatial..].iter_mut().zip(values) {
        *to = u32::try_from(v)
            .ok()
            .filter(|v| (least..=MAX_WINDOW).contains(v))
            .ok_or_else(|| wrong(name, format!("{v} is not in {least}..={MAX_WINDOW}")))?;
    }
    Ok(pair)
}

pub(super) fn kernel(call: &Call<'_>, spatial: usize) -> Result<[u32; 2], Problem> {
    let kernel = call
        .attributes
        .ints("kernel_shape")?
        .ok_or_else(|| wrong("kernel_shape", "it is missing"))?;
    pair("kernel_shape", kernel, spatial, 1, 1)
}

pub(super) fn strides(call: &Call<'_>, spatial: usize) -> Result<[u32; 2], Problem> {
    or_ones(call, "strides", spatial)
}

pub(super) fn dilations(call: &Call<'_>, spatial: usize) -> Result<[u32; 2], Problem> {
    or_ones(call, "dilations", spatial)
}

fn or_ones(call: &Call<'_>, name: &'static str, spatial: usize) -> Result<[u32; 2], Problem> {
    match call.attributes.ints(name)? {
        Some(values) => pair(name, values, spatial, 1, 1),
        None => Ok([1, 1]),
    }
}

/// `auto_pad`, and the `pads` of each dimension before and after: 0 where it is not NOTSET.
pub(super) fn auto_padding<'a>(
    call: &'a Call<'_>,
    spatial: usize,
) -> Result<(&'a str, [[u32; 2]; 2]), Problem> {
    let pads = call.attributes.ints("pads")?;
    let mode = call.attributes.string("auto_pad", "NOTSET")?;
    match (mode, pads) {
        ("NOTSET", Some(pads)) => {
            if pads.len() != 2 * spatial {
                let why = format!("{} entries, not {}", pads.len(), 2 * spatial);
                return Err(wrong("pads", why));
            }
            let before = pair("pads", &pads[..spatial], spatial, 0, 0)?;
            let after = pair("pads", &pads[spatial..], spatial, 0, 0)?;
            Ok((mode, [0, 1].map(|d| [before[d], after[d]])))
        }
        (_, Some(pads)) if pads.iter().any(|&p| p != 0) => {
            Err(wrong("auto_pad", "it is given together with pads"))
        }
        ("NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER", _) => Ok((mode, [[0; 2]; 2])),
        (other, _) => Err(wrong("auto_pad", format!("{other:?} is unknown"))),
    }
}

pub(super) fn window(
    call: &Call<'_>,
    spatial: usize,
    extents: [u32; 2],
    kernel: [u32; 2],
) -> Result<Window, Problem> {
    let mut window = Window {
        stride: strides(call, spatial)?,
        dilation: dilations(call, spatial)?,
        padding: Padding::default(),
    };
    let (mode, mut pads) = auto_padding(call, spatial)?;
    if mode.starts_with("SAME") {
        for d in 0..2 {
            let out = u64::from(extents[d].div_ceil(window.stride[d]));
            let reach = u64::from(kernel[d] - 1) * u64::from(window.dilation[d]) + 1;
            let needed = out.saturating_sub(1) * u64::from(window.stride[d]) + reach;
            let total = needed.saturating_sub(extents[d].into());
            let more = u32::try_from(total.div_ceil(2)).unwrap_or(u32::MAX);
            let less = u32::try_from(total / 2).unwrap_or(u32::MAX);
            pads[d] = if mode == "SAME_UPPER" {
                [less, more]
            } else {
                [more, less]
            };
        }
    }
    if pads.iter().flatten().any(|&p| p > MAX_WINDOW) {
        return Err(wrong("auto_pad", "it asks for too much padding"));
    }
    let [[top, bottom], [left, right]] = pads;
    window.padding = Padding {
        top,
        left,
        bottom,
        right,
    };
    Ok(window)
}

/// `ceil_mode`: as much more padding at the end as lets a last, partial window in, unless that would
/// begin in the padding.
pub(super) fn ceil_mode(
    call: &Call<'_>,
    window: &mut Window,
    extents: [u32; 2],
    kernel: [u32; 2],
) -> Result<(), Problem> {
    if !call.attributes.flag("ceil_mode", false)? {
        return Ok(());
    }
    for d in 0..2 {
        let stride = window.stride[d];
        let reach = (kernel[d] - 1) * window.dilation[d] + 1;
        let padded = u64::from(extents[d]) + u64::from(window.before(d)) + u64::from(window.after(d));
        let Some(room) = padded.checked_sub(reach.into()) else {
            continue;
        };
        let rest = (room % u64::from(stride)) as u32;
        let next = (room / u64::from(stride) + 1) * u64::from(stride);
        if rest > 0 && next < u64::from(extents[d]) + u64::from(window.before(d)) {
            let more = stride - rest;
            if d == 0 {
                window.padding.bottom += more;
            } else {
                window.padding.right += more;
            }
        }
    }
    Ok(())
}

pub(super) fn sizes(window: &Window, extents: [u32; 2], kernel: [u32; 2]) -> Result<[u32; 2], Problem> {
    let size = |d: usize| {
        window.outputs(d, extents[d], kernel[d]).ok_or_else(|| {
            Problem::Shape(format!(
                "a window of {kernel:?} is larger than the image {extents:?}"
            ))
        })
    };
    Ok([size(0)?, size(1)?])
}
