//! Llama, and Mistral and Qwen2, which are Llama with other biases and windows.

use super::asked::Asked;
use super::attention::{Heads, attend, split_heads};
use super::causal::Causal;
use super::config::Config;
use super::error::FolderError;
use super::rope::{Rope, Turn};
use super::writer::{T, Writer};
use serde_json::json;

/// Where a model type has biases.
struct Biases {
    query_key_value: bool,
    output: bool,
    inner: bool,
}

/// What of the configuration every layer needs.
struct Shape<'c> {
    config: &'c Config<'c>,
    width: usize,
    heads: Heads,
    inner: usize,
    epsilon: f64,
    activation: &'c str,
    biases: Biases,
}

pub(super) fn llama(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["LlamaForCausalLM"])?;
    let attention = config.flag_or("attention_bias", false)?;
    let biases = Biases {
        query_key_value: attention,
        output: attention,
        inner: config.flag_or("mlp_bias", false)?,
    };
    build(config, asked, w, biases, None)
}

pub(super) fn mistral(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["MistralForCausalLM"])?;
    let biases = Biases {
        query_key_value: false,
        output: false,
        inner: false,
    };
    // No window is written as null.
    let window = match config.given("sliding_window") {
        true => config.size_if_any("sliding_window")?,
        false => Some(4096),
    };
    build(config, asked, w, biases, window)
}

pub(super) fn qwen2(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["Qwen2ForCausalLM"])?;
    let biases = Biases {
        query_key_value: true,
        output: false,
        inner: false,
    };
    let window = match config.flag_or("use_sliding_window", false)? {
        true => config.size_if_any("sliding_window")?,
        false => None,
    };
    // Which layers have the window: they do not differ as long as texts are no longer than it.
    config.without_effect(&["layer_types", "max_window_layers", "sliding_window"]);
    build(config, asked, w, biases, window)
}

/// `window` is how far back a token may attend: contexts are held to that, since beyond it the mask would be another.
fn build(
    config: &Config<'_>,
    asked: &Asked<'_>,
    w: &mut Writer<'_>,
    biases: Biases,
    window: Option<usize>,
) -> Result<(), FolderError> {
    config.only(
        "use_bidirectional_attention",
        &[json!(false)],
        "only causal attention is taken",
    )?;
    let width = config.size("hidden_size")?;
    let queries = config.size("num_attention_heads")?;
    let head = match config.size_if_any("head_dim")? {
        Some(head) => head,
        None => width / config.divisor("num_attention_heads", "hidden_size", width)?,
    };
    let keys = match config.has("num_key_value_heads") {
        true => config.divisor("num_key_value_heads", "num_attention_heads", queries)?,
        false => queries,
    };
    let shape = Shape {
        config,
        width,
        heads: Heads {
            queries,
            keys,
            width: head,
            value_width: head,
        },
        inner: config.size("intermediate_size")?,
        epsilon: config.number_or("rms_norm_eps", 1e-6)?,
        activation: config.text_or("hidden_act", "silu")?,
        biases,
    };
    let vocabulary = config.size("vocab_size")?;
    let positions = config.size_or("max_position_embeddings", 2048)?;
    let layers = config.size("num_hidden_layers")?;
    let tied = config.flag_or("tie_word_embeddings", false)?;
    let rope = Rope::new(config, head, positions)?;

    let root = w.tensors().prefix(&["model."], "embed_tokens.weight");
    let mut causal = Causal::new(asked, w, window.map_or(positions, |n| n.min(positions)))?;
    let turn = rope.turn(w, &causal)?;
    let table = format!("{root}embed_tokens.weight");
    let words = w.weight(&table, &[vocabulary, width])?;
    w.at(format!("{root}embed_tokens"));
    let mut x = w.node("Gather", &[&words, &causal.tokens], &[]);
    for layer in 0..layers {
        let path = format!("{root}layers.{layer}");
        x = block(&shape, w, &mut causal, &turn, &path, layer, &x)?;
    }
    let x = w.rms_norm(&format!("{root}norm"), &x, width, shape.epsilon)?;
    let head = if tied { &table } else { "lm_head.weight" };
    causal.finish(w, &x, head, [vocabulary, width])
}

fn block(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    causal: &mut Causal,
    turn: &Turn,
    path: &str,
    layer: usize,
    x: &T,
) -> Result<T, FolderError> {
    let normal = w.rms_norm(&format!("{path}.input_layernorm"), x, shape.width, shape.epsilon)?;
    let y = attention(
        shape,
        w,
        causal,
        turn,
        &format!("{path}.self_attn"),
        layer,
        &normal,
    )?;
    w.at(path);
    let x = w.add(x, &y);
    let norm = format!("{path}.post_attention_layernorm");
    let normal = w.rms_norm(&norm, &x, shape.width, shape.epsilon)?;
    let extents = [shape.width, shape.inner];
    let activation = (shape.config, "hidden_act", shape.activation);
    let y = w.gated(
        &format!("{path}.mlp"),
        &normal,
        extents,
        shape.biases.inner,
        activation,
    )?;
    w.at(path);
    Ok(w.add(&x, &y))
}

fn attention(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    causal: &mut Causal,
    turn: &Turn,
    path: &str,
    layer: usize,
    x: &T,
) -> Result<T, FolderError> {
    let Heads {
        queries,
        keys,
        width: head,
        ..
    } = shape.heads;
    let bias = shape.biases.query_key_value;
    let (width, rows) = (shape.width, causal.rows);
    let q = w.linear(&format!("{path}.q_proj"), x, [width, queries * head], bias)?;
    let q = w.scale(&q, 1.0 / (head as f64).sqrt())?;
    let k = w.linear(&format!("{path}.k_proj"), x, [width, keys * head], bias)?;
    let v = w.linear(&format!("{path}.v_proj"), x, [width, keys * head], bias)?;
    w.at(path);
    let q = split_heads(w, &q, rows, queries, head)?;
    let k = split_heads(w, &k, rows, keys, head)?;
    let v = split_heads(w, &v, rows, keys, head)?;
    let q = turn.apply(w, &format!("{path}.q"), &q)?;
    let k = turn.apply(w, &format!("{path}.k"), &k)?;
    let k = causal.with_state(w, "key", layer, [keys, head], &k)?;
    let v = causal.with_state(w, "value", layer, [keys, head], &v)?;
    let places = [rows, causal.columns];
    let y = attend(w, path, shape.heads, places, [&q, &k, &v], Some(&causal.mask))?;
    let o = format!("{path}.o_proj");
    w.linear(&o, &y, [queries * head, width], shape.biases.output)
}
