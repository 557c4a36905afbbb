//! Convolution over an image or a row.

use super::window::{as_image, image, sizes, window};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element, Operator};

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
