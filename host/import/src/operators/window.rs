//! Operators that move a window over an image. An image of one dimension is one of height 1.

use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};
use metisvm_model::limits::MAX_WINDOW;
use metisvm_model::{Padding, Window};

pub(super) fn conv(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(2, 3, "2 or 3")?;
    let x = call.real(b, 0)?.clone();
    call.real(b, 1)?;
    let w = call.needed(1, "the weight")?;
    w.finite()?;
    let rank = b.dims(&x).len();
    let [batch, channels, height, width] = image(b.dims(&x))?;
    let [out, per_group, kh, kw] = image(&w.dims)?;
    if w.dims.len() != rank {
        return Err(Problem::Shape(format!(
            "an operand of {rank} dimensions and a weight of {}",
            w.dims.len()
        )));
    }
    let spatial = rank - 2;
    if let Some(kernel) = call.attributes.ints("kernel_shape")?
        && kernel.iter().map(|&k| u64::try_from(k).ok()).collect::<Vec<_>>()
            != w.dims[2..].iter().map(|&d| Some(d.into())).collect::<Vec<_>>()
    {
        let why = format!("it is {kernel:?}, the weight's shape {:?}", w.dims);
        return Err(wrong("kernel_shape", why));
    }
    let groups = call.attributes.int("group", 1)?;
    let groups = u32::try_from(groups)
        .ok()
        .filter(|&g| g > 0 && channels % g == 0 && out % g == 0)
        .ok_or_else(|| {
            let why = format!("{groups} does not divide {channels} input and {out} output channels");
            wrong("group", why)
        })?;
    if per_group != channels / groups {
        return Err(Problem::Shape(format!(
            "a weight {:?} for {channels} channels in {groups} groups",
            w.dims
        )));
    }
    let window = window(call, spatial, [height, width], [kh, kw])?;
    let bias = match call.constant(2, "the bias")? {
        Some(c) => {
            call.real(b, 2)?;
            c.finite()?;
            if c.dims != [out] {
                return Err(Problem::Shape(format!("a bias {:?} for {out} channels", c.dims)));
            }
            Some(c.reals64())
        }
        None => None,
    };
    let w = Arg::Constant(w.reshaped(vec![out, per_group, kh, kw])?);
    let [oh, ow] = sizes(&window, [height, width], [kh, kw])?;
    let op = Operator::Conv { window, groups, bias };
    let dims = [batch, out, oh, ow];
    as_image(b, call, x, [batch, channels, height, width], |b, x| {
        b.emit(&call.node, op, vec![x, w], &dims, Element::Real)
    })
}

/// In inference it is one factor and one offset a channel: a convolution of 1 × 1 with as many groups as
/// channels.
pub(super) fn batch_normalization(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(5, 5, "5")?;
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    call.attributes.float("momentum", 0.9)?;
    if call.attributes.flag("training_mode", false)? {
        return Err(wrong("training_mode", "export the model for inference"));
    }
    let x = call.real(b, 0)?.clone();
    let [batch, channels, height, width] = image(b.dims(&x))?;
    let parameter = |index, what| {
        call.real(b, index)?;
        let c = call.needed(index, what)?;
        if c.dims == [channels] {
            c.finite()
        } else {
            Err(Problem::Shape(format!(
                "{what} {:?} for {channels} channels",
                c.dims
            )))
        }
    };
    let scale = parameter(1, "the scale")?;
    let offset = parameter(2, "the offset")?;
    let mean = parameter(3, "the mean")?;
    let variance = parameter(4, "the variance")?;
    let mut weights = Vec::new();
    let mut bias = Vec::new();
    for c in 0..channels as usize {
        let factor = f64::from(scale[c]) / f64::from(variance[c] + epsilon).sqrt();
        weights.push(factor as f32);
        bias.push(f64::from(offset[c]) - f64::from(mean[c]) * factor);
    }
    let w = Constant::new(&call.node.name, vec![channels, 1, 1, 1], Data::F32(weights))?;
    w.finite()?;
    let op = Operator::Conv {
        window: Window::default(),
        groups: channels,
        bias: Some(bias),
    };
    let dims = [batch, channels, height, width];
    as_image(b, call, x, dims, |b, x| {
        b.emit(&call.node, op, vec![x, Arg::Constant(w)], &dims, Element::Real)
    })
}

pub(super) fn max_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    if call.attributes.int("storage_order", 0)? != 0 {
        return Err(wrong("storage_order", "only 0 is supported"));
    }
    let x = call.arg(0)?.clone();
    let Arg::Value(id) = x else {
        return Err(Problem::Unsupported("its operand is a constant".to_string()));
    };
    let element = b.typed_value(id).element;
    if element == Element::Int {
        return Err(Problem::UnsupportedType {
            actual: "INT64".to_string(),
            expected: "it must be FLOAT, UINT8 or INT8",
        });
    }
    let extents @ [batch, channels, height, width] = image(b.dims(&x))?;
    let kernel = kernel(call, b.dims(&x).len() - 2)?;
    let mut window = window(call, b.dims(&x).len() - 2, [height, width], kernel)?;
    if call.attributes.flag("ceil_mode", false)? {
        round_up(&mut window, [height, width], kernel);
    }
    let [oh, ow] = sizes(&window, [height, width], kernel)?;
    for (d, &taps) in kernel.iter().enumerate() {
        let reach = (taps - 1) * window.dilation[d] + 1;
        if window.before(d) >= reach {
            return Err(wrong("pads", "a window would lie in the padding alone"));
        }
    }
    let op = Operator::MaxPool { kernel, window };
    as_image(b, call, x, extents, |b, x| {
        b.emit(&call.node, op, vec![x], &[batch, channels, oh, ow], element)
    })
}

pub(super) fn average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let [_, _, height, width] = image(b.dims(&x))?;
    let spatial = b.dims(&x).len() - 2;
    let kernel = kernel(call, spatial)?;
    let window = window(call, spatial, [height, width], kernel)?;
    let padded = window.padding != Padding::default();
    if call.attributes.flag("ceil_mode", false)? {
        return Err(wrong("ceil_mode", "it is not supported for averages"));
    }
    if !call.attributes.flag("count_include_pad", false)? && padded {
        let why = "only 1 is supported where there is padding: windows would differ in what they divide by";
        return Err(wrong("count_include_pad", why));
    }
    average(b, call, x, kernel, window)
}

pub(super) fn global_average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let [_, _, height, width] = image(b.dims(&x))?;
    average(b, call, x, [height, width], Window::default())
}

/// An average is a convolution with equal weights, one group a channel. The weights are one number, so
/// that their grid holds it exactly.
pub(super) fn average(
    b: &mut Builder,
    call: &Call<'_>,
    x: Arg,
    kernel: [u32; 2],
    window: Window,
) -> Result<Arg, Problem> {
    let extents @ [batch, channels, height, width] = image(b.dims(&x))?;
    let [oh, ow] = sizes(&window, [height, width], kernel)?;
    let size = u64::from(channels) * u64::from(kernel[0]) * u64::from(kernel[1]);
    if size > metisvm_model::limits::MAX_ELEMENTS {
        return Err(Problem::Shape(format!(
            "a window of {kernel:?} over {channels} channels"
        )));
    }
    b.folds(size as usize)?;
    let part = 1.0 / (f64::from(kernel[0]) * f64::from(kernel[1]));
    let dims = vec![channels, 1, kernel[0], kernel[1]];
    let w = Constant::new(&call.node.name, dims, Data::F32(vec![part as f32; size as usize]))?;
    let op = Operator::Conv {
        window,
        groups: channels,
        bias: None,
    };
    as_image(b, call, x, extents, |b, x| {
        let dims = [batch, channels, oh, ow];
        b.emit(&call.node, op, vec![x, Arg::Constant(w)], &dims, Element::Real)
    })
}

/// Runs `emit` on x as an image of four dimensions, and gives its result as many as x had.
fn as_image(
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

fn image(dims: &[u32]) -> Result<[u32; 4], Problem> {
    match *dims {
        [b, c, w] => Ok([b, c, 1, w]),
        [b, c, h, w] => Ok([b, c, h, w]),
        _ => Err(Problem::Shape(format!(
            "{dims:?}; [batch, channels, height, width] or [batch, channels, width] is taken"
        ))),
    }
}

/// A list attribute of two entries for each spatial dimension or one, as `[height, width]`.
fn pair(name: &str, values: &[i64], spatial: usize, least: u32, missing: u32) -> Result<[u32; 2], Problem> {
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

fn kernel(call: &Call<'_>, spatial: usize) -> Result<[u32; 2], Problem> {
    let kernel = call
        .attributes
        .ints("kernel_shape")?
        .ok_or_else(|| wrong("kernel_shape", "it is missing"))?;
    pair("kernel_shape", kernel, spatial, 1, 1)
}

fn window(call: &Call<'_>, spatial: usize, extents: [u32; 2], kernel: [u32; 2]) -> Result<Window, Problem> {
    let or_ones = |name| match call.attributes.ints(name)? {
        Some(values) => pair(name, values, spatial, 1, 1),
        None => Ok([1, 1]),
    };
    let mut window = Window {
        stride: or_ones("strides")?,
        dilation: or_ones("dilations")?,
        padding: Padding::default(),
    };
    let pads = call.attributes.ints("pads")?;
    let (mut before, mut after) = ([0; 2], [0; 2]);
    match (call.attributes.string("auto_pad", "NOTSET")?, pads) {
        ("NOTSET", Some(pads)) => {
            if pads.len() != 2 * spatial {
                let why = format!("{} entries, not {}", pads.len(), 2 * spatial);
                return Err(wrong("pads", why));
            }
            before = pair("pads", &pads[..spatial], spatial, 0, 0)?;
            after = pair("pads", &pads[spatial..], spatial, 0, 0)?;
        }
        (_, Some(pads)) if pads.iter().any(|&p| p != 0) => {
            return Err(wrong("auto_pad", "it is given together with pads"));
        }
        ("NOTSET" | "VALID", _) => {}
        (mode @ ("SAME_UPPER" | "SAME_LOWER"), _) => {
            for d in 0..2 {
                let out = u64::from(extents[d].div_ceil(window.stride[d]));
                let reach = u64::from(kernel[d] - 1) * u64::from(window.dilation[d]) + 1;
                let needed = (out - 1) * u64::from(window.stride[d]) + reach;
                let total = needed.saturating_sub(extents[d].into());
                let more = u32::try_from(total.div_ceil(2)).unwrap_or(u32::MAX);
                let less = u32::try_from(total / 2).unwrap_or(u32::MAX);
                (before[d], after[d]) = if mode == "SAME_UPPER" {
                    (less, more)
                } else {
                    (more, less)
                };
            }
        }
        (other, _) => return Err(wrong("auto_pad", format!("{other:?} is unknown"))),
    }
    window.padding = Padding {
        top: before[0],
        left: before[1],
        bottom: after[0],
        right: after[1],
    };
    if before.iter().chain(&after).any(|&p| p > MAX_WINDOW) {
        return Err(wrong("auto_pad", "it asks for too much padding"));
    }
    Ok(window)
}

/// `ceil_mode`: as much more padding at the end as lets a last, partial window in, unless that would
/// begin in the padding.
fn round_up(window: &mut Window, extents: [u32; 2], kernel: [u32; 2]) {
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
}

fn sizes(window: &Window, extents: [u32; 2], kernel: [u32; 2]) -> Result<[u32; 2], Problem> {
    let size = |d: usize| {
        window.outputs(d, extents[d], kernel[d]).ok_or_else(|| {
            Problem::Shape(format!(
                "a window of {kernel:?} is larger than the image {extents:?}"
            ))
        })
    };
    Ok([size(0)?, size(1)?])
}
