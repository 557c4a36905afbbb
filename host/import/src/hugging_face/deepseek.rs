//! DeepSeek V2 and V3: latent attention, and a mixture of experts.
//!
//! Keys and values are not made of the latent vectors that the state holds: what would make keys of them is applied to
//! queries, and what would make values of them to the result (arXiv:2405.04434, 2.1.2). So a step costs as much
//! whatever the context is, but for the attention itself.

use super::asked::Asked;
use super::attention::split_heads;
use super::causal::Causal;
use super::config::Config;
use super::error::FolderError;
use super::experts::Experts;
use super::rope::{Rope, Turn, halves};
use super::writer::{T, Writer};

/// The epsilon of norms within attention, which no key says.
const INNER_EPSILON: f64 = 1e-6;

/// What of the configuration every layer needs.
struct Shape<'c> {
    config: &'c Config<'c>,
    width: usize,
    heads: usize,
    /// The width of compressed queries, where they are.
    query_rank: Option<usize>,
    /// The width of a latent vector.
    rank: usize,
    /// Elements of a query that know no position, and those that do.
    plain: usize,
    turned: usize,
    /// Elements of a value.
    value: usize,
    /// Whether pairs that are turned are neighbours in the checkpoint.
    interleaved: bool,
    score_factor: f64,
    biased: bool,
    inner: usize,
    inner_biased: bool,
    /// The first layer with experts.
    dense: usize,
    epsilon: f64,
    activation: &'c str,
}

pub(super) fn v2(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["DeepseekV2ForCausalLM"])?;
    let inner_biased = config.flag_or("mlp_bias", false)?;
    build(config, asked, w, false, [true, inner_biased])
}

pub(super) fn v3(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    config.head(&["DeepseekV3ForCausalLM"])?;
    // Layers behind the last predict tokens further on, for speed alone.
    config.without_effect(&["num_mtp_layers", "num_nextn_predict_layers"]);
    let interleaved = config.flag_or("rope_interleave", true)?;
    build(config, asked, w, true, [interleaved, false])
}

fn build(
    config: &Config<'_>,
    asked: &Asked<'_>,
    w: &mut Writer<'_>,
    sigmoid: bool,
    [interleaved, inner_biased]: [bool; 2],
) -> Result<(), FolderError> {
    config.without_effect(&["head_dim", "num_key_value_heads", "qk_head_dim"]);
    let turned = config.size("qk_rope_head_dim")?;
    let plain = config.size("qk_nope_head_dim")?;
    let positions = config.size_or("max_position_embeddings", if sigmoid { 4096 } else { 2048 })?;
    let rope = Rope::new(config, turned, positions)?;
    let shape = Shape {
        config,
        width: config.size("hidden_size")?,
        heads: config.size("num_attention_heads")?,
        query_rank: config.size_if_any("q_lora_rank")?,
        rank: config.size("kv_lora_rank")?,
        plain,
        turned,
        value: config.size("v_head_dim")?,
        interleaved,
        score_factor: rope.score_factor() / ((plain + turned) as f64).sqrt(),
        biased: config.flag_or("attention_bias", false)?,
        inner: config.size("intermediate_size")?,
        inner_biased,
        dense: config
            .count_if_any("first_k_dense_replace")?
            .unwrap_or(if sigmoid { 3 } else { 0 }),
        epsilon: config.number_or("rms_norm_eps", 1e-6)?,
        activation: config.text_or("hidden_act", "silu")?,
    };
    let layers = config.size("num_hidden_layers")?;
    let experts = match layers > shape.dense {
        true => Some(Experts::new(config, sigmoid, inner_biased)?),
        false => None,
    };
    let vocabulary = config.size("vocab_size")?;
    let tied = config.flag_or("tie_word_embeddings", false)?;

    let root = w.tensors().prefix(&["model."], "embed_tokens.weight");
    let mut causal = Causal::new(asked, w, positions)?;
    let turn = rope.turn(w, &causal)?;
    let table = format!("{root}embed_tokens.weight");
    let words = w.weight(&table, &[vocabulary, shape.width])?;
    w.at(format!("{root}embed_tokens"));
    let mut x = w.node("Gather", &[&words, &causal.tokens], &[]);
    for layer in 0..layers {
        let path = format!("{root}layers.{layer}");
        let experts = experts.as_ref().filter(|_| layer >= shape.dense);
        let norm = format!("{path}.input_layernorm");
        let normal = w.rms_norm(&norm, &x, shape.width, shape.epsilon)?;
        let y = attention(
            &shape,
            w,
            &mut causal,
            &turn,
            &format!("{path}.self_attn"),
            layer,
            &normal,
        )?;
        w.at(&path);
        x = w.add(&x, &y);
        let norm = format!("{path}.post_attention_layernorm");
        let normal = w.rms_norm(&norm, &x, shape.width, shape.epsilon)?;
        let activation = (shape.config, "hidden_act", shape.activation);
        let inner = format!("{path}.mlp");
        let y = match experts {
            Some(experts) => experts.apply(w, &inner, &normal, [causal.rows, shape.width], activation)?,
            None => w.gated(
                &inner,
                &normal,
                [shape.width, shape.inner],
                shape.inner_biased,
                activation,
            )?,
        };
        w.at(&path);
        x = w.add(&x, &y);
    }
    let x = w.rms_norm(&format!("{root}norm"), &x, shape.width, shape.epsilon)?;
    let head = if tied { &table } else { "lm_head.weight" };
    causal.finish(w, &x, head, [vocabulary, shape.width])
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
    let (rows, columns) = (causal.rows, causal.columns);
    let (heads, rank, turned) = (shape.heads, shape.rank, shape.turned);
    let [q_plain, q_turned] = queries(shape, w, path, x, rows)?;
    let [latent, k_turned] = latent(shape, w, path, x, rows)?;
    let q_turned = turn.apply(w, &format!("{path}.q"), &q_turned)?;
    let k_turned = turn.apply(w, &format!("{path}.k"), &k_turned)?;
    let latent = causal.with_state(w, "latent", layer, [1, rank], &latent)?;
    let k_turned = causal.with_state(w, "rope", layer, [1, turned], &k_turned)?;
    let [to_keys, to_values] = expanding(shape, w, path)?;

    w.at(path);
    let q = w.named("q_latent", "MatMul", &[&q_plain, &to_keys], &[]);
    // All heads share the latent vectors, and are rows of one product.
    let q = w.reshape(&q, &[1, 1, heads * rows, rank])?;
    let q_turned = w.reshape(&q_turned, &[1, 1, heads * rows, turned])?;
    let keys = w.transpose(&latent, &[0, 1, 3, 2]);
    let k_turned = w.transpose(&k_turned, &[0, 1, 3, 2]);
    let scores = w.named("qk", "MatMul", &[&q, &keys], &[]);
    let more = w.named("qk_turned", "MatMul", &[&q_turned, &k_turned], &[]);
    let scores = w.add(&scores, &more);
    let scores = w.reshape(&scores, &[1, heads, rows, columns])?;
    let scores = w.named("masked", "Add", &[&scores, &causal.mask], &[]);
    let parts = w.softmax(&scores);
    let parts = w.reshape(&parts, &[1, 1, heads * rows, columns])?;
    let y = w.named("weighted", "MatMul", &[&parts, &latent], &[]);
    let y = w.reshape(&y, &[1, heads, rows, rank])?;
    let y = w.named("values", "MatMul", &[&y, &to_values], &[]);
    let y = w.transpose(&y, &[0, 2, 1, 3]);
    let y = w.reshape(&y, &[1, rows, heads * shape.value])?;
    let extents = [heads * shape.value, shape.width];
    w.linear(&format!("{path}.o_proj"), &y, extents, shape.biased)
}

/// The parts of queries that know no position and that do, `[1, heads, rows, …]`.
fn queries(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    path: &str,
    x: &T,
    rows: usize,
) -> Result<[T; 2], FolderError> {
    let (heads, plain, turned) = (shape.heads, shape.plain, shape.turned);
    let (name, x, inputs) = match shape.query_rank {
        None => (format!("{path}.q_proj"), x.clone(), shape.width),
        Some(rank) => {
            let q = w.linear(&format!("{path}.q_a_proj"), x, [shape.width, rank], shape.biased)?;
            let q = w.rms_norm(&format!("{path}.q_a_layernorm"), &q, rank, INNER_EPSILON)?;
            (format!("{path}.q_b_proj"), q, rank)
        }
    };
    let width = plain + turned;
    let each = |part: Vec<usize>| -> Vec<usize> {
        let rows = (0..heads).flat_map(|head| part.iter().map(move |row| head * width + row));
        rows.collect()
    };
    let weights = w
        .tensors()
        .read(&format!("{name}.weight"), &[heads * width, inputs])?;
    let product = |w: &mut Writer<'_>, part: &str, order: Vec<usize>, width: usize| {
        w.at(format!("{name}.{part}"));
        let weight = w.chosen_rows("weight", &weights, inputs, &order)?;
        let y = w.matmul(&x, &weight);
        let y = w.scale(&y, shape.score_factor)?;
        split_heads(w, &y, rows, heads, width)
    };
    let plain = product(w, "plain", each((0..plain).collect()), plain)?;
    let order = turned_rows(shape, shape.plain);
    Ok([plain, product(w, "turned", each(order), turned)?])
}

/// The latent vectors, and the part of keys that knows positions, `[1, 1, rows, …]`.
fn latent(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    path: &str,
    x: &T,
    rows: usize,
) -> Result<[T; 2], FolderError> {
    let (rank, turned, width) = (shape.rank, shape.turned, shape.width);
    let name = format!("{path}.kv_a_proj_with_mqa");
    let weights = w
        .tensors()
        .read(&format!("{name}.weight"), &[rank + turned, width])?;
    let biases = match shape.biased {
        true => Some(w.tensors().read(&format!("{name}.bias"), &[rank + turned])?),
        false => None,
    };
    let product = |w: &mut Writer<'_>, part: &str, order: &[usize]| {
        w.at(format!("{name}.{part}"));
        let weight = w.chosen_rows("weight", &weights, width, order)?;
        let y = w.matmul(x, &weight);
        let Some(biases) = &biases else {
            return Ok(y);
        };
        let bias: Vec<f32> = order.iter().map(|row| biases[*row]).collect();
        let bias = w.constant("bias", &[order.len()], &bias)?;
        Ok(w.add(&y, &bias))
    };
    let order: Vec<usize> = (0..rank).collect();
    let latent = product(w, "latent", &order)?;
    let key = product(w, "turned", &turned_rows(shape, rank))?;
    let latent = w.rms_norm(&format!("{path}.kv_a_layernorm"), &latent, rank, INNER_EPSILON)?;
    Ok([
        w.reshape(&latent, &[1, 1, rows, rank])?,
        w.reshape(&key, &[1, 1, rows, turned])?,
    ])
}

/// The rows of a weight, from `first` on, whose results are turned, so that those of a pair lie half their number apart.
fn turned_rows(shape: &Shape<'_>, first: usize) -> Vec<usize> {
    match shape.interleaved {
        true => halves(shape.turned).map(|row| first + row).collect(),
        false => (first..first + shape.turned).collect(),
    }
}

/// What makes keys of latent vectors, applied to queries, `[heads, plain, rank]`, and what makes values of them,
/// `[heads, rank, value]`.
fn expanding(shape: &Shape<'_>, w: &mut Writer<'_>, path: &str) -> Result<[T; 2], FolderError> {
    let (heads, rank, plain, value) = (shape.heads, shape.rank, shape.plain, shape.value);
    let name = format!("{path}.kv_b_proj");
    let weights = w
        .tensors()
        .read(&format!("{name}.weight"), &[heads * (plain + value), rank])?;
    let mut keys = Vec::with_capacity(heads * plain * rank);
    let mut values = Vec::with_capacity(heads * rank * value);
    for head in weights.chunks_exact((plain + value) * rank) {
        let (of_keys, of_values) = head.split_at(plain * rank);
        keys.extend(of_keys);
        for column in 0..rank {
            values.extend((0..value).map(|row| of_values[row * rank + column]));
        }
    }
    w.at(name);
    Ok([
        w.constant("keys", &[heads, plain, rank], &keys)?,
        w.constant("values", &[heads, rank, value], &values)?,
    ])
}
