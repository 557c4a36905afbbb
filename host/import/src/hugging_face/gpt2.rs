//! GPT-2: transformers' `GPT2LMHeadModel`.

use super::asked::Asked;
use super::attention::{Heads, attend, split_heads};
use super::causal::Causal;
use super::config::Config;
use super::error::FolderError;
use super::writer::{T, Writer};
use serde_json::json;

/// What of the configuration every layer needs.
struct Shape<'c> {
    config: &'c Config<'c>,
    width: usize,
    heads: usize,
    inner: usize,
    epsilon: f64,
    activation: &'c str,
    scaled: bool,
    scaled_by_layer: bool,
}

pub(super) fn build(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["GPT2LMHeadModel"])?;
    config.only(
        "add_cross_attention",
        &[json!(false)],
        "attention to an encoder is not taken",
    )?;
    config.without_effect(&["n_ctx", "reorder_and_upcast_attn"]);
    let width = config.size("n_embd")?;
    let shape = Shape {
        config,
        width,
        heads: config.divisor("n_head", "n_embd", width)?,
        inner: config.size_or("n_inner", 4 * width)?,
        epsilon: config.number_or("layer_norm_epsilon", 1e-5)?,
        activation: config.text_or("activation_function", "gelu_new")?,
        scaled: config.flag_or("scale_attn_weights", true)?,
        scaled_by_layer: config.flag_or("scale_attn_by_inverse_layer_idx", false)?,
    };
    let vocabulary = config.size("vocab_size")?;
    let positions = config.size("n_positions")?;
    let layers = config.size("n_layer")?;
    let tied = config.flag_or("tie_word_embeddings", true)?;

    let root = w.tensors().prefix(&["transformer.", ""], "wte.weight");
    let mut causal = Causal::new(asked, w, positions)?;
    let table = format!("{root}wte.weight");
    let words = w.weight(&table, &[vocabulary, width])?;
    w.at(format!("{root}wte"));
    let x = w.node("Gather", &[&words, &causal.tokens], &[]);
    let mut places = w
        .tensors()
        .read(&format!("{root}wpe.weight"), &[positions, width])?;
    places.truncate(causal.positions() * width);
    w.at(format!("{root}wpe"));
    let places = w.constant("weight", &[causal.positions(), width], &places)?;
    let places = causal.rows_of(w, &places);
    let mut x = w.add(&x, &places);
    for layer in 0..layers {
        x = block(&shape, w, &mut causal, &format!("{root}h.{layer}"), layer, &x)?;
    }
    let x = w.layer_norm(&format!("{root}ln_f"), &x, width, shape.epsilon)?;
    let head = if tied { &table } else { "lm_head.weight" };
    causal.finish(w, &x, head, [vocabulary, width])
}

fn block(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    causal: &mut Causal,
    path: &str,
    layer: usize,
    x: &T,
) -> Result<T, FolderError> {
    let width = shape.width;
    let normal = w.layer_norm(&format!("{path}.ln_1"), x, width, shape.epsilon)?;
    let y = attention(shape, w, causal, &format!("{path}.attn"), layer, &normal)?;
    w.at(path);
    let x = w.add(x, &y);
    let normal = w.layer_norm(&format!("{path}.ln_2"), &x, width, shape.epsilon)?;
    let y = w.linear_in_out(&format!("{path}.mlp.c_fc"), &normal, [width, shape.inner])?;
    let y = w.activation(shape.config, "activation_function", shape.activation, &y)?;
    let y = w.linear_in_out(&format!("{path}.mlp.c_proj"), &y, [shape.inner, width])?;
    w.at(path);
    Ok(w.add(&x, &y))
}

fn attention(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    causal: &mut Causal,
    path: &str,
    layer: usize,
    x: &T,
) -> Result<T, FolderError> {
    let (width, heads) = (shape.width, shape.heads);
    let head = width / heads;
    let [q, k, v] = query_key_value(w, path, x, width)?;
    let mut scale = 1.0;
    if shape.scaled {
        scale /= (head as f64).sqrt();
    }
    if shape.scaled_by_layer {
        scale /= (layer + 1) as f64;
    }
    let q = w.scale(&q, scale)?;
    let rows = causal.rows;
    let q = split_heads(w, &q, rows, heads, head)?;
    let k = split_heads(w, &k, rows, heads, head)?;
    let v = split_heads(w, &v, rows, heads, head)?;
    let k = causal.with_state(w, "key", layer, [heads, head], &k)?;
    let v = causal.with_state(w, "value", layer, [heads, head], &v)?;
    let extents = Heads {
        queries: heads,
        keys: heads,
        width: head,
        value_width: head,
    };
    let places = [rows, causal.columns];
    let y = attend(w, path, extents, places, [&q, &k, &v], Some(&causal.mask))?;
    w.linear_in_out(&format!("{path}.c_proj"), &y, [width, width])
}

/// The three products that the checkpoint has in one. Apart each has a grid of its own, which queries, keys and values
/// of different sizes need.
fn query_key_value(w: &mut Writer<'_>, path: &str, x: &T, width: usize) -> Result<[T; 3], FolderError> {
    let weights = w
        .tensors()
        .read(&format!("{path}.c_attn.weight"), &[width, 3 * width])?;
    let biases = w.tensors().read(&format!("{path}.c_attn.bias"), &[3 * width])?;
    let mut part = |at: usize, name: &str| {
        w.at(format!("{path}.c_attn.{name}"));
        let columns = at * width..(at + 1) * width;
        let rows = weights.chunks_exact(3 * width);
        let weight: Vec<f32> = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
        let weight = w.constant("weight", &[width, width], &weight)?;
        let bias = w.constant("bias", &[width], &biases[columns])?;
        let y = w.matmul(x, &weight);
        Ok(w.add(&y, &bias))
    };
    Ok([part(0, "q")?, part(1, "k")?, part(2, "v")?])
}
