//! Attention, QAttention and MultiHeadAttention of ONNX Runtime.

use super::heads::{Heads, Scores, joined, key_mask, past, split, with_past};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::operators::dynamic;
use crate::operators::make::{Maker, numeric};
use crate::operators::product::product;
use crate::typed::{Arg, Element, Operator};

/// Attributes that all three have.
struct Common {
    heads: i64,
    causal: bool,
    /// What is added to a masked score.
    masked: f32,
    scale: Option<f32>,
}

impl Common {
    fn of(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(Self {
            heads: call.attributes.int("num_heads", 0)?,
            causal: call.attributes.flag("unidirectional", false)?,
            masked: call.attributes.float("mask_filter_value", -10_000.0)?,
            scale: call.attributes.float_if_any("scale")?,
        })
    }
}

/// Operands that only mask or extend, found before there is a node to make.
#[derive(Default)]
struct Extras {
    mask: Option<Arg>,
    bias: Option<Arg>,
    past: Option<[Arg; 2]>,
}

fn real(b: &Builder, call: &Call<'_>, index: usize) -> Result<Option<Arg>, Problem> {
    match call.optional(index) {
        Some(_) => call.real(b, index).cloned().map(Some),
        None => Ok(None),
    }
}

fn whole(b: &Builder, call: &Call<'_>, index: usize) -> Result<Option<Arg>, Problem> {
    match call.optional(index) {
        Some(_) => numeric(b, call, index).map(Some),
        None => Ok(None),
    }
}

/// Operands: x, the weights of q, k and v side by side, their bias, a mask, k and v of before as one, what is added
/// to the scores.
pub(crate) fn attention(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(2, 7, "2 to 6")?;
    let (x, w) = (call.real(b, 0)?.clone(), call.real(b, 1)?.clone());
    let inputs = Inputs {
        x,
        w,
        bias: real(b, call, 2)?,
        mask: whole(b, call, 3)?,
        past: real(b, call, 4)?,
        added: real(b, call, 5)?,
    };
    let sizes = call.attributes.ints("qkv_hidden_sizes")?.map(<[i64]>::to_vec);
    call.attributes.int("rotary_embedding_dim", 0)?;
    self::packed(b, call, inputs, sizes)
}

/// Operands: x, the weights, the bias, the scales of x and weights, a mask, the zero points of x and weights, k and v
/// of before.
pub(crate) fn quantised(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(5, 9, "5 to 9")?;
    let [x, w] = dynamic::quantised_pair(b, call, [0, 3, 6], [1, 4, 7])?;
    let inputs = Inputs {
        x,
        w,
        bias: real(b, call, 2)?,
        mask: whole(b, call, 5)?,
        past: real(b, call, 8)?,
        added: None,
    };
    self::packed(b, call, inputs, None)
}

struct Inputs {
    x: Arg,
    w: Arg,
    bias: Option<Arg>,
    mask: Option<Arg>,
    past: Option<Arg>,
    added: Option<Arg>,
}

fn packed(
    b: &mut Builder,
    call: &Call<'_>,
    inputs: Inputs,
    sizes: Option<Vec<i64>>,
) -> Result<Vec<Option<Arg>>, Problem> {
    for name in ["do_rotary", "past_present_share_buffer"] {
        if call.attributes.flag(name, false)? {
            return Err(wrong(name, "only 0 is supported"));
        }
    }
    let common = Common::of(call)?;
    let m = &mut Maker::new(b, call);
    let width = m.dims(&inputs.w).get(1).copied().unwrap_or(0);
    let sizes = match sizes {
        Some(sizes) => sizes.iter().map(|&s| u32::try_from(s).unwrap_or(0)).collect(),
        None => vec![width / 3; 3],
    };
    let sum = sizes.iter().fold(0u32, |sum, &s| sum.saturating_add(s));
    if sizes.len() != 3 || sum != width || sizes.contains(&0) {
        return Err(Problem::Shape(format!(
            "weights of {width} columns are not q, k and v of {sizes:?}"
        )));
    }
    let mut parts = Vec::new();
    let mut first = 0;
    for size in sizes {
        let w = m.part(inputs.w.clone(), 1, first, size)?;
        let mut y = product(m, inputs.x.clone(), w)?;
        if let Some(bias) = &inputs.bias {
            let bias = m.part(bias.clone(), 0, first, size)?;
            y = m.pair(Operator::Add, y, bias)?;
        }
        parts.push(split(m, y, common.heads)?);
        first += size;
    }
    let past = match inputs.past {
        Some(past) => Some([half(m, past.clone(), 0)?, half(m, past, 1)?]),
        None => None,
    };
    let extras = Extras {
        mask: inputs.mask,
        bias: inputs.added,
        past,
    };
    let Ok([q, k, v]) = <[Arg; 3]>::try_from(parts) else {
        return Err(Problem::Shape("q, k and v are not three".to_string()));
    };
    let [y, k, v, _] = attended(m, [q, k, v], &common, extras)?;
    let present = if call.wanted.get(1) == Some(&true) {
        let mut dims = m.dims(&k);
        dims.insert(0, 1);
        let halves = [m.reshape(k, &dims)?, m.reshape(v, &dims)?];
        dims[0] = 2;
        let op = Operator::Concat { axis: 0 };
        Some(m.emit(op, halves.to_vec(), &dims, Element::Real)?)
    } else {
        None
    };
    Ok(vec![Some(y), present])
}

/// k or v of `[2, batch, heads, length, size]`.
fn half(m: &mut Maker<'_>, past: Arg, index: u32) -> Result<Arg, Problem> {
    let dims = m.dims(&past);
    let [2, rest @ ..] = &dims[..] else {
        return Err(Problem::Shape(format!("keys and values of before {dims:?}")));
    };
    let part = m.part(past, 0, index, 1)?;
    m.reshape(part, rest)
}

/// Operands: q, k, v, the bias of all three, a mask of keys, what is added to the scores, k and v of before. q alone may
/// be all three, and k may be k and v, as `[batch, length, heads, 3 or 2, size]`.
pub(crate) fn multi_head(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(1, 10, "1 to 8")?;
    if call.optional(8).is_some() || call.optional(9).is_some() {
        return Err(Problem::Unsupported(
            "a buffer for keys of before is not supported; export it without one".to_string(),
        ));
    }
    let common = Common::of(call)?;
    let (q, k, v) = (call.real(b, 0)?.clone(), real(b, call, 1)?, real(b, call, 2)?);
    let bias = real(b, call, 3)?;
    let extras = Extras {
        mask: whole(b, call, 4)?,
        bias: real(b, call, 5)?,
        past: past(b, call, 6)?,
    };
    let m = &mut Maker::new(b, call);
    let [q, k, v] = match (k, v) {
        (Some(k), Some(v)) => [q, k, v],
        (Some(kv), None) => {
            let [k, v] = [packed_part(m, kv.clone(), 2, 0)?, packed_part(m, kv, 2, 1)?];
            [q, k, v]
        }
        _ => [
            packed_part(m, q.clone(), 3, 0)?,
            packed_part(m, q.clone(), 3, 1)?,
            packed_part(m, q, 3, 2)?,
        ],
    };
    let mut parts = Vec::new();
    let mut first = 0;
    for x in [q, k, v] {
        let dims = m.dims(&x);
        // Keys and values that are cut into heads already have no bias.
        let flat = dims.len() == 3;
        let width = if flat {
            dims[2]
        } else {
            dims.get(1).copied().unwrap_or(0) * dims.last().copied().unwrap_or(0)
        };
        let x = match &bias {
            Some(bias) if flat => {
                let bias = m.part(bias.clone(), 0, first, width)?;
                m.pair(Operator::Add, x, bias)?
            }
            _ => x,
        };
        first += width;
        parts.push(if flat { split(m, x, common.heads)? } else { x });
    }
    let Ok(parts) = <[Arg; 3]>::try_from(parts) else {
        return Err(Problem::Shape("q, k and v are not three".to_string()));
    };
    Ok(attended(m, parts, &common, extras)?.map(Some).to_vec())
}

/// One of `count` in the last but one dimension, as `[batch, length, heads · size]`.
fn packed_part(m: &mut Maker<'_>, x: Arg, count: u32, index: u32) -> Result<Arg, Problem> {
    let dims = m.dims(&x);
    match dims[..] {
        [batch, length, heads, c, size] if c == count => {
            let part = m.part(x, 3, index, 1)?;
            m.reshape(part, &[batch, length, heads * size])
        }
        _ => Err(Problem::Shape(format!(
            "an operand {dims:?} without the next; it would have to be [batch, length, heads, {count}, size]"
        ))),
    }
}

/// The result, the keys and values that it saw, the scores without masks.
fn attended(
    m: &mut Maker<'_>,
    [q, k, v]: [Arg; 3],
    common: &Common,
    extras: Extras,
) -> Result<[Arg; 4], Problem> {
    let (k, v, before) = with_past(m, k, v, extras.past)?;
    let heads = Heads::of(m, &q, &k, &v)?;
    let mut masks = Vec::new();
    if let Some(mask) = extras.mask {
        masks.push(key_mask(m, mask, &heads, common.masked)?);
    }
    if common.causal {
        masks.push(heads.causal(m, before, f32::MIN)?);
    }
    masks.extend(extras.bias);
    let scores = Scores {
        scale: common.scale,
        softcap: None,
        masks,
    };
    let (y, own) = heads.attend(m, q, k.clone(), v.clone(), &scores)?;
    Ok([joined(m, y)?, k, v, own])
}
