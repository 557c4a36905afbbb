//! BERT: an encoder of text, with the head that `architectures` names.

use super::asked::Asked;
use super::attention::{Heads, attend, split_heads};
use super::config::Config;
use super::error::FolderError;
use super::layers::MASKED;
use super::writer::{Elem, T, Writer};
use serde_json::json;

/// Heads that are taken: what each gives is in `docs/hugging-face.md`.
const HEADS: [&str; 5] = [
    "BertModel",
    "BertForMaskedLM",
    "BertForSequenceClassification",
    "BertForTokenClassification",
    "BertForQuestionAnswering",
];

/// What of the configuration every layer needs.
struct Shape<'c> {
    config: &'c Config<'c>,
    rows: usize,
    width: usize,
    heads: usize,
    inner: usize,
    epsilon: f64,
    activation: &'c str,
    vocabulary: usize,
}

pub(super) fn build(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    asked.only_forward()?;
    let head = config.head(&HEADS)?;
    config.only("is_decoder", &[json!(false)], "BERT as a decoder is not taken")?;
    config.only(
        "add_cross_attention",
        &[json!(false)],
        "attention to an encoder is not taken",
    )?;
    config.only(
        "position_embedding_type",
        &[json!("absolute")],
        "only absolute positions are taken",
    )?;
    let width = config.size("hidden_size")?;
    let positions = config.size("max_position_embeddings")?;
    let shape = Shape {
        config,
        rows: asked.extent("sequence", positions)?,
        width,
        heads: config.divisor("num_attention_heads", "hidden_size", width)?,
        inner: config.size("intermediate_size")?,
        epsilon: config.number_or("layer_norm_eps", 1e-12)?,
        activation: config.text_or("hidden_act", "gelu")?,
        vocabulary: config.size("vocab_size")?,
    };
    let layers = config.size("num_hidden_layers")?;
    let tied = config.flag_or("tie_word_embeddings", true)?;
    let root = w
        .tensors()
        .prefix(&["bert.", ""], "embeddings.word_embeddings.weight");

    let (mut x, mask) = embeddings(&shape, w, root, positions)?;
    for layer in 0..layers {
        x = block(&shape, w, &format!("{root}encoder.layer.{layer}"), &x, &mask)?;
    }
    match head {
        "BertModel" => {
            w.output("last_hidden_state", Elem::F32, &[1, shape.rows, width], &x);
            if w.tensors().has(&format!("{root}pooler.dense.weight")) {
                let pooled = pooler(&shape, w, root, &x)?;
                w.output("pooler_output", Elem::F32, &[1, width], &pooled);
            }
        }
        "BertForMaskedLM" => {
            let logits = predictions(&shape, w, root, tied, &x)?;
            w.output("logits", Elem::F32, &[1, shape.rows, shape.vocabulary], &logits);
        }
        "BertForSequenceClassification" => {
            let labels = labels(config)?;
            let pooled = pooler(&shape, w, root, &x)?;
            let logits = w.linear("classifier", &pooled, [width, labels], true)?;
            w.output("logits", Elem::F32, &[1, labels], &logits);
        }
        "BertForTokenClassification" => {
            let labels = labels(config)?;
            let logits = w.linear("classifier", &x, [width, labels], true)?;
            w.output("logits", Elem::F32, &[1, shape.rows, labels], &logits);
        }
        _ => {
            let both = w.linear("qa_outputs", &x, [width, 2], true)?;
            for (at, name) in ["start_logits", "end_logits"].into_iter().enumerate() {
                let one = w.slice(&both, 2, at, at + 1)?;
                let one = w.reshape(&one, &[1, shape.rows])?;
                w.output(name, Elem::F32, &[1, shape.rows], &one);
            }
        }
    }
    Ok(())
}

/// How many classes there are: two where the configuration does not say.
fn labels(config: &Config<'_>) -> Result<usize, FolderError> {
    match config.get("id2label").and_then(serde_json::Value::as_object) {
        Some(labels) => Ok(labels.len().max(1)),
        None => config.size_or("num_labels", 2),
    }
}

/// What goes into the first layer, and what is added to every score.
fn embeddings(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    root: &str,
    positions: usize,
) -> Result<(T, T), FolderError> {
    let (rows, width) = (shape.rows, shape.width);
    let ids = w.input("input_ids", Elem::I64, &[1, rows]);
    let attended = w.input("attention_mask", Elem::I64, &[1, rows]);
    let types = w.input("token_type_ids", Elem::I64, &[1, rows]);
    let path = format!("{root}embeddings");
    w.at(&path);
    let kinds = shape.config.size_or("type_vocab_size", 2)?;
    let words = w.weight(
        &format!("{path}.word_embeddings.weight"),
        &[shape.vocabulary, width],
    )?;
    let kinds = w.weight(&format!("{path}.token_type_embeddings.weight"), &[kinds, width])?;
    let words = w.named("words", "Gather", &[&words, &ids], &[]);
    let kinds = w.named("types", "Gather", &[&kinds, &types], &[]);
    let mut places = w
        .tensors()
        .read(&format!("{path}.position_embeddings.weight"), &[positions, width])?;
    places.truncate(rows * width);
    let places = w.constant("positions", &[rows, width], &places)?;
    let x = w.add(&words, &kinds);
    let x = w.add(&x, &places);
    let x = w.layer_norm(&format!("{path}.LayerNorm"), &x, width, shape.epsilon)?;

    w.at(format!("{root}mask"));
    let none = w.i64s(&[], &[0])?;
    let ignored = w.node("Equal", &[&attended, &none], &[]);
    let (masked, zero) = (w.f32(MASKED)?, w.f32(0.0)?);
    let mask = w.node("Where", &[&ignored, &masked, &zero], &[]);
    let mask = w.reshape(&mask, &[1, 1, 1, rows])?;
    Ok((x, mask))
}

fn block(shape: &Shape<'_>, w: &mut Writer<'_>, path: &str, x: &T, mask: &T) -> Result<T, FolderError> {
    let (rows, width, heads) = (shape.rows, shape.width, shape.heads);
    let head = width / heads;
    let square = [width, width];
    let inner = format!("{path}.attention.self");
    let q = w.linear(&format!("{inner}.query"), x, square, true)?;
    let q = w.scale(&q, 1.0 / (head as f64).sqrt())?;
    let k = w.linear(&format!("{inner}.key"), x, square, true)?;
    let v = w.linear(&format!("{inner}.value"), x, square, true)?;
    w.at(&inner);
    let q = split_heads(w, &q, rows, heads, head)?;
    let k = split_heads(w, &k, rows, heads, head)?;
    let v = split_heads(w, &v, rows, heads, head)?;
    let extents = Heads {
        queries: heads,
        keys: heads,
        width: head,
        value_width: head,
    };
    let y = attend(w, &inner, extents, [rows, rows], [&q, &k, &v], Some(mask))?;
    let x = output(shape, w, &format!("{path}.attention.output"), &y, width, x)?;
    let y = w.linear(
        &format!("{path}.intermediate.dense"),
        &x,
        [width, shape.inner],
        true,
    )?;
    let y = w.activation(shape.config, "hidden_act", shape.activation, &y)?;
    output(shape, w, &format!("{path}.output"), &y, shape.inner, &x)
}

/// A product, what it is added to, and the norm of the sum.
fn output(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    path: &str,
    y: &T,
    inputs: usize,
    x: &T,
) -> Result<T, FolderError> {
    let y = w.linear(&format!("{path}.dense"), y, [inputs, shape.width], true)?;
    w.at(path);
    let sum = w.add(&y, x);
    w.layer_norm(&format!("{path}.LayerNorm"), &sum, shape.width, shape.epsilon)
}

/// What stands for the whole text: of the first token.
fn pooler(shape: &Shape<'_>, w: &mut Writer<'_>, root: &str, x: &T) -> Result<T, FolderError> {
    w.at(format!("{root}pooler"));
    let first = w.slice(x, 1, 0, 1)?;
    let first = w.reshape(&first, &[1, shape.width])?;
    let y = w.linear(
        &format!("{root}pooler.dense"),
        &first,
        [shape.width, shape.width],
        true,
    )?;
    Ok(w.node("Tanh", &[&y], &[]))
}

/// The scores of every word at every place.
fn predictions(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    root: &str,
    tied: bool,
    x: &T,
) -> Result<T, FolderError> {
    let width = shape.width;
    let path = "cls.predictions";
    let y = w.linear(&format!("{path}.transform.dense"), x, [width, width], true)?;
    let y = w.activation(shape.config, "hidden_act", shape.activation, &y)?;
    let norm = format!("{path}.transform.LayerNorm");
    let y = w.layer_norm(&norm, &y, width, shape.epsilon)?;
    let head = match tied {
        true => format!("{root}embeddings.word_embeddings.weight"),
        false => format!("{path}.decoder.weight"),
    };
    let head = w.weight_t(&head, [shape.vocabulary, width])?;
    let bias = w.weight(&format!("{path}.bias"), &[shape.vocabulary])?;
    w.at(format!("{path}.decoder"));
    let y = w.matmul(&y, &head);
    Ok(w.add(&y, &bias))
}
