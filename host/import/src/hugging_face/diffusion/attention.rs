//! Attention over the pixels of an image: the block that autoencoders have, and Transformer2DModel.

use super::image::{Image, Window};
use crate::hugging_face::attention::{Heads, attend, split_heads};
use crate::hugging_face::error::FolderError;
use crate::hugging_face::writer::{T, Writer};

/// Epsilon of the norm before Transformer2DModel's blocks, whatever the configuration says.
const TRANSFORMER_EPSILON: f64 = 1e-6;
/// Epsilon of the norms within them.
const LAYER_EPSILON: f64 = 1e-5;
/// How much wider the feed-forward layer is than the tokens.
const FEED_FORWARD: usize = 4;

/// Tokens: `[1, count, width]`.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) tensor: T,
    pub(crate) count: usize,
    pub(crate) width: usize,
}

/// The residual attention block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttentionBlock {
    /// The width of one head.
    pub(crate) head: usize,
    /// Groups of the norm before it, if it has one.
    pub(crate) groups: Option<usize>,
    pub(crate) epsilon: f64,
    /// What the sum at the end is divided by.
    pub(crate) divisor: f64,
}

/// Transformer2DModel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transformer<'t> {
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) groups: usize,
    /// Whether its first and last step are Linears, or convolutions of one pixel.
    pub(crate) linear: bool,
    /// What the second attention of each layer reads.
    pub(crate) context: &'t Tokens,
    /// Whether the first attention reads that too.
    pub(crate) only_cross: bool,
}

/// The names of the products of an attention.
const NAMES: [&str; 4] = ["to_q", "to_k", "to_v", "to_out.0"];
/// The same, as diffusers had them before 0.13.
const OLD_NAMES: [&str; 4] = ["query", "key", "value", "proj_attn"];

/// What an attention has of its own.
struct Attention<'t> {
    heads: usize,
    bias: bool,
    names: [&'static str; 4],
    context: &'t Tokens,
}

/// Writes the residual attention block.
pub(crate) fn attention_block(
    w: &mut Writer<'_>,
    path: &str,
    x: &Image,
    block: AttentionBlock,
) -> Result<Image, FolderError> {
    let heads = heads(path, x.channels, block.head)?;
    let normal = match block.groups {
        Some(groups) => w.group_norm(&format!("{path}.group_norm"), x, groups, block.epsilon)?,
        None => x.clone(),
    };
    w.at(path);
    let tokens = tokens(w, &normal)?;
    let names = match w.tensors().has(&format!("{path}.{}.weight", OLD_NAMES[0])) {
        true => OLD_NAMES,
        false => NAMES,
    };
    let attention = Attention {
        heads,
        bias: true,
        names,
        context: &tokens,
    };
    let sums = attended(w, path, &tokens, &attention)?;
    w.at(path);
    let pixels = pixels(w, &sums, x)?;
    let sum = w.add(&pixels, &x.tensor);
    Ok(x.with(w.scale(&sum, 1.0 / block.divisor)?))
}

/// How many heads of this width there are.
fn heads(path: &str, width: usize, head: usize) -> Result<usize, FolderError> {
    if width.is_multiple_of(head) {
        return Ok(width / head);
    }
    let why = format!("heads of {head} do not divide the {width} channels at {path}");
    Err(FolderError::config("attention_head_dim", why))
}

/// Writes Transformer2DModel.
pub(crate) fn transformer(
    w: &mut Writer<'_>,
    path: &str,
    x: &Image,
    model: Transformer<'_>,
) -> Result<Image, FolderError> {
    let width = x.channels;
    if !width.is_multiple_of(model.heads) {
        let why = format!(
            "{} heads do not divide the {width} channels at {path}",
            model.heads
        );
        return Err(FolderError::config("attention_head_dim", why));
    }
    let normal = w.group_norm(&format!("{path}.norm"), x, model.groups, TRANSFORMER_EPSILON)?;
    let enter = format!("{path}.proj_in");
    let mut state = if model.linear {
        w.at(&enter);
        let mut state = tokens(w, &normal)?;
        state.tensor = w.linear(&enter, &state.tensor, [width, width], true)?;
        state
    } else {
        let entered = w.conv(&enter, &normal, width, Window::POINT)?;
        tokens(w, &entered)?
    };
    for layer in 0..model.layers {
        state.tensor = layer_of(w, &format!("{path}.transformer_blocks.{layer}"), &state, &model)?;
    }
    let leave = format!("{path}.proj_out");
    let pixels = if model.linear {
        let left = w.linear(&leave, &state.tensor, [width, width], true)?;
        pixels(w, &left, x)?
    } else {
        w.at(&leave);
        let left = pixels(w, &state.tensor, x)?;
        w.conv(&leave, &x.with(left), width, Window::POINT)?.tensor
    };
    w.at(path);
    Ok(x.with(w.add(&pixels, &x.tensor)))
}

/// BasicTransformerBlock: two attentions and a gated feed-forward layer.
fn layer_of(w: &mut Writer<'_>, path: &str, x: &Tokens, model: &Transformer<'_>) -> Result<T, FolderError> {
    let width = x.width;
    let mut state = x.clone();
    for (norm, name, cross) in [("norm1", "attn1", model.only_cross), ("norm2", "attn2", true)] {
        let mut normal = state.clone();
        normal.tensor = w.layer_norm(&format!("{path}.{norm}"), &state.tensor, width, LAYER_EPSILON)?;
        let attention = Attention {
            heads: model.heads,
            bias: false,
            names: NAMES,
            context: if cross { model.context } else { &normal },
        };
        let sums = attended(w, &format!("{path}.{name}"), &normal, &attention)?;
        w.at(path);
        state.tensor = w.add(&sums, &state.tensor);
    }
    let normal = w.layer_norm(&format!("{path}.norm3"), &state.tensor, width, LAYER_EPSILON)?;
    let inner = FEED_FORWARD * width;
    let enter = format!("{path}.ff.net.0.proj");
    let value = w.linear_part(&enter, &normal, [width, 2 * inner], 0..inner)?;
    let gate = w.linear_part(&enter, &normal, [width, 2 * inner], inner..2 * inner)?;
    w.at(format!("{path}.ff.net.0"));
    let gate = w.node("Gelu", &[&gate], &[]);
    let gated = w.mul(&value, &gate);
    let leave = w.linear(&format!("{path}.ff.net.2"), &gated, [inner, width], true)?;
    w.at(path);
    Ok(w.add(&leave, &state.tensor))
}

/// An attention with the products around it.
fn attended(w: &mut Writer<'_>, path: &str, x: &Tokens, attention: &Attention<'_>) -> Result<T, FolderError> {
    let (context, heads, bias) = (attention.context, attention.heads, attention.bias);
    let (width, head) = (x.width, x.width / heads);
    let [q, k, v, out] = attention.names.map(|name| format!("{path}.{name}"));
    let queries = w.linear(&q, &x.tensor, [width, width], bias)?;
    let queries = w.scale(&queries, (head as f64).powf(-0.5))?;
    let queries = split_heads(w, &queries, x.count, heads, head)?;
    let keys = w.linear(&k, &context.tensor, [context.width, width], bias)?;
    let keys = split_heads(w, &keys, context.count, heads, head)?;
    let values = w.linear(&v, &context.tensor, [context.width, width], bias)?;
    let values = split_heads(w, &values, context.count, heads, head)?;
    let extents = Heads {
        queries: heads,
        keys: heads,
        width: head,
        value_width: head,
    };
    let operands = [&queries, &keys, &values];
    let joined = attend(w, path, extents, [x.count, context.count], operands, None)?;
    w.linear(&out, &joined, [width, width], true)
}

/// The pixels of an image as tokens.
fn tokens(w: &mut Writer<'_>, x: &Image) -> Result<Tokens, FolderError> {
    let flat = w.reshape(&x.tensor, &[1, x.channels, x.pixels()])?;
    Ok(Tokens {
        tensor: w.transpose(&flat, &[0, 2, 1]),
        count: x.pixels(),
        width: x.channels,
    })
}

/// Tokens as the pixels of an image like `image`.
fn pixels(w: &mut Writer<'_>, x: &T, image: &Image) -> Result<T, FolderError> {
    let columns = w.transpose(x, &[0, 2, 1]);
    w.reshape(&columns, &image.dims())
}
