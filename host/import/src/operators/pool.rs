//! Pooling: the greatest or the mean of each window.

use super::make::Maker;
use super::window::{as_image, ceil_mode, image, kernel, sizes, window};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator, Reduction};
use metisvm_model::Window;
use metisvm_model::limits::{MAX_ELEMENTS, MAX_WINDOW};

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
    ceil_mode(call, &mut window, [height, width], kernel)?;
    let outputs @ [oh, ow] = sizes(&window, [height, width], kernel)?;
    for d in 0..2 {
        if counts(&window, d, extents[d + 2], kernel[d], outputs[d], [0, 0]).contains(&0) {
            return Err(wrong(
                "pads",
                "a window lies in the padding alone, or has only padding under its dilated taps, so there is no \
                 greatest element; export with less padding",
            ));
        }
    }
    let op = Operator::MaxPool { kernel, window };
    as_image(b, call, x, extents, |b, x| {
        b.emit(&call.node, op, vec![x], &[batch, channels, oh, ow], element)
    })
}

/// Every window is summed and divided by the size of the kernel; windows that count fewer elements then have their own
/// factor, one a position.
pub(super) fn average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let extents @ [_, _, height, width] = image(b.dims(&x))?;
    let spatial = b.dims(&x).len() - 2;
    let kernel = kernel(call, spatial)?;
    let mut window = window(call, spatial, [height, width], kernel)?;
    let counted = if call.attributes.flag("count_include_pad", false)? {
        [0, 1].map(|d| [window.before(d), window.after(d)])
    } else {
        [[0, 0]; 2]
    };
    ceil_mode(call, &mut window, [height, width], kernel)?;
    let outputs = sizes(&window, [height, width], kernel)?;
    let counts = [0, 1].map(|d| counts(&window, d, extents[d + 2], kernel[d], outputs[d], counted[d]));
    if counts.iter().any(|counts| counts.contains(&0)) {
        return Err(wrong(
            "pads",
            "a window lies in the padding alone, so there is no mean; export with less padding",
        ));
    }
    let full = (0..2).all(|d| counts[d].iter().all(|&count| count == kernel[d]));
    let y = average(b, call, x, kernel, window)?;
    if full {
        return Ok(y);
    }
    let [rows, columns] = [0, 1].map(|d| {
        let whole = f64::from(kernel[d]);
        let factors = counts[d].iter().map(move |&count| whole / f64::from(count));
        factors.collect::<Vec<f64>>()
    });
    b.folds(rows.len().saturating_mul(columns.len()))?;
    let factors = rows
        .iter()
        .flat_map(|r| columns.iter().map(move |c| (r * c) as f32));
    let factors: Vec<f32> = factors.collect();
    let mut m = Maker::new(b, call);
    let dims = if spatial == 1 {
        vec![outputs[1]]
    } else {
        outputs.to_vec()
    };
    let factors = m.constant(dims, factors)?;
    m.pair(Operator::Mul, y, factors)
}

pub(super) fn global_average_pool(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let x = call.real(b, 0)?.clone();
    let dims = b.dims(&x).to_vec();
    let [batch, channels, spatial @ ..] = &dims[..] else {
        return Err(Problem::Shape(format!("{dims:?} has no channels")));
    };
    let kept: Vec<u32> = [*batch, *channels]
        .into_iter()
        .chain(spatial.iter().map(|_| 1))
        .collect();
    if let [height, width] = *spatial
        && height.max(width) <= MAX_WINDOW
    {
        return average(b, call, x, [height, width], Window::default());
    }
    let elements = spatial.iter().product();
    let mut m = Maker::new(b, call);
    let flat = m.reshape(x, &[*batch, *channels, elements])?;
    let y = if elements <= MAX_WINDOW {
        average(m.b, call, flat, [1, elements], Window::default())?
    } else {
        m.reduce(flat, Reduction::Mean, 2)?
    };
    Maker::new(b, call).reshape(y, &kept)
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
    if size > MAX_ELEMENTS {
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

/// For each window along dimension `d` how many of its taps lie in the image, or in so much padding before and after.
fn counts(
    window: &Window,
    d: usize,
    extent: u32,
    kernel: u32,
    outputs: u32,
    [before, after]: [u32; 2],
) -> Vec<u32> {
    let (low, high) = (-i64::from(before), i64::from(extent) + i64::from(after));
    let step = i64::from(window.dilation[d]);
    (0..outputs as usize)
        .map(|index| {
            // The taps are an arithmetic progression, so those inside are counted from its ends.
            let first = window.coordinate(d, index, 0);
            let below = ((low - first).max(0) + step - 1) / step;
            let until = ((high - first).max(0) + step - 1) / step;
            (until.min(kernel.into()) - below).max(0) as u32
        })
        .collect()
}
