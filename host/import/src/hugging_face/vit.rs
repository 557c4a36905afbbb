//! Vision transformers: transformers' `ViTForImageClassification` and `ViTModel`.

mod positions;

use super::asked::Asked;
use super::attention::{Heads, attend, split_heads};
use super::config::Config;

use super::error::FolderError;
use super::sides::{pair_if_any, sides};
use super::writer::{Attr, Elem, T, Writer, elements};

const CLASSIFIER: &str = "ViTForImageClassification";
const MODEL: &str = "ViTModel";

/// A vision transformer.
struct Shape<'c> {
    config: &'c Config<'c>,
    /// The beginning of the names of all tensors but the classifier's.
    root: &'static str,
    width: usize,
    heads: usize,
    head: usize,
    inner: usize,
    epsilon: f64,
    bias: bool,
    activation: &'c str,
}

pub(super) fn build(config: &Config<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(), FolderError> {
    asked.only_forward()?;
    let class = config.head(&[CLASSIFIER, MODEL])?;
    // About masked images, for which there is another class.
    config.without_effect(&["encoder_stride"]);
    let width = config.size("hidden_size")?;
    let heads = config.size("num_attention_heads")?;
    let shape = Shape {
        config,
        root: w.tensors().prefix(&["vit.", ""], "embeddings.cls_token"),
        width,
        heads,
        head: match config.size_if_any("head_dim")? {
            Some(head) => head,
            None => width / config.divisor("num_attention_heads", "hidden_size", width)?,
        },
        inner: config.size("intermediate_size")?,
        epsilon: config.number_or("layer_norm_eps", 1e-12)?,
        bias: config.flag_or("qkv_bias", true)?,
        activation: config.text_or("hidden_act", "gelu")?,
    };
    elements("queries", &[shape.heads, shape.head])?;
    let layers = config.size("num_hidden_layers")?;
    let (mut x, tokens) = embedded(&shape, asked, w)?;
    for layer in 0..layers {
        // Of the last layer only the first token is looked at by a classifier.
        let rows = match class == CLASSIFIER && layer + 1 == layers {
            true => 1,
            false => tokens,
        };
        x = layer_of(&shape, w, layer, &x, [rows, tokens])?;
    }
    let root = shape.root;
    let x = w.layer_norm(&format!("{root}layernorm"), &x, width, shape.epsilon)?;
    if class == CLASSIFIER {
        config.without_effect(&["pooler_output_size", "pooler_act"]);
        return classified(w, &x, width);
    }
    w.output("last_hidden_state", Elem::F32, &[1, tokens, width], &x);
    let pooler = format!("{root}pooler.dense");
    if w.tensors().has(&format!("{pooler}.weight")) {
        let outputs = config.size_or("pooler_output_size", width)?;
        w.at(&pooler);
        let first = w.slice(&x, 1, 0, 1)?;
        let first = w.reshape(&first, &[1, width])?;
        let pooled = w.linear(&pooler, &first, [width, outputs], true)?;
        let activation = config.text_or("pooler_act", "tanh")?;
        let pooled = w.activation(config, "pooler_act", activation, &pooled)?;
        w.output("pooler_output", Elem::F32, &[1, outputs], &pooled);
    } else {
        config.without_effect(&["pooler_output_size", "pooler_act"]);
    }
    Ok(())
}

/// Scores of the classes, from the token of the class.
fn classified(w: &mut Writer<'_>, x: &T, width: usize) -> Result<(), FolderError> {
    const HEAD: &str = "classifier";
    let shape = w.tensors().shape(&format!("{HEAD}.weight"));
    let Some(&[classes, _]) = shape else {
        let why = "it is missing or no matrix: a model without a classifier is a ViTModel";
        return Err(FolderError::tensor(format!("{HEAD}.weight"), why));
    };
    w.at(HEAD);
    let first = w.reshape(x, &[1, width])?;
    let logits = w.linear(HEAD, &first, [width, classes], true)?;
    w.output("logits", Elem::F32, &[1, classes], &logits);
    Ok(())
}

/// Patches as tokens behind the token of the class, with their positions, and how many they are.
fn embedded(shape: &Shape<'_>, asked: &Asked<'_>, w: &mut Writer<'_>) -> Result<(T, usize), FolderError> {
    let (config, root, width) = (shape.config, shape.root, shape.width);
    let missing = |key: &str| {
        let why = "it is missing; it has to be a number of at least 1, or two of them";
        FolderError::config(key, why)
    };
    let usual = pair_if_any(config, "image_size")?.ok_or_else(|| missing("image_size"))?;
    let patch = pair_if_any(config, "patch_size")?.ok_or_else(|| missing("patch_size"))?;
    let sides = sides(config, "image_size", 1, asked)?;
    let channels = config.size_or("num_channels", 3)?;
    let grid_of = |sides: [usize; 2]| [sides[0] / patch[0], sides[1] / patch[1]];
    let (trained, grid) = (grid_of(usual), grid_of(sides));
    for grid in [trained, grid] {
        if grid.contains(&0) {
            return Err(FolderError::Choice(format!(
                "an image of {sides:?} or {usual:?} holds no patch of {patch:?}"
            )));
        }
    }
    let count = grid[0] * grid[1];
    let dims = [1, channels, sides[0], sides[1]];
    elements("pixel_values", &dims)?;
    elements("the patches", &[count, width])?;
    let pixels = w.input("pixel_values", Elem::F32, &dims);
    let path = format!("{root}embeddings.patch_embeddings.projection");
    w.at(&path);
    let weight = w.weight(&format!("{path}.weight"), &[width, channels, patch[0], patch[1]])?;
    let bias = w.weight(&format!("{path}.bias"), &[width])?;
    let steps = patch.map(|side| side as i64);
    let attributes = [Attr::Ints("kernel_shape", &steps), Attr::Ints("strides", &steps)];
    let patches = w.node("Conv", &[&pixels, &weight, &bias], &attributes);
    let patches = w.reshape(&patches, &[1, width, count])?;
    let patches = w.transpose(&patches, &[0, 2, 1]);
    let first = w.weight(&format!("{root}embeddings.cls_token"), &[1, 1, width])?;
    let table = format!("{root}embeddings.position_embeddings");
    let trained_rows = elements(&table, &trained)? + 1;
    let table = w.tensors().read(&table, &[1, trained_rows, width])?;
    let places = positions::resized(&table, width, trained, grid);
    w.at(format!("{root}embeddings"));
    let places = w.constant("position_embeddings", &[1, count + 1, width], &places)?;
    let tokens = w.concat(&[&first, &patches], 1);
    Ok((w.add(&tokens, &places), count + 1))
}

/// One layer, of the first `rows` of the tokens; they attend to all `tokens`.
fn layer_of(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    layer: usize,
    x: &T,
    [rows, tokens]: [usize; 2],
) -> Result<T, FolderError> {
    let width = shape.width;
    let path = format!("{}encoder.layer.{layer}", shape.root);
    let normal = w.layer_norm(&format!("{path}.layernorm_before"), x, width, shape.epsilon)?;
    w.at(&path);
    let part = |w: &mut Writer<'_>, x: &T| match rows < tokens {
        true => w.slice(x, 1, 0, rows),
        false => Ok(x.clone()),
    };
    let (asking, x) = (part(w, &normal)?, part(w, x)?);
    let y = attention(
        shape,
        w,
        &format!("{path}.attention"),
        [&asking, &normal],
        [rows, tokens],
    )?;
    w.at(&path);
    let x = w.add(&y, &x);
    let normal = w.layer_norm(&format!("{path}.layernorm_after"), &x, width, shape.epsilon)?;
    let inner = format!("{path}.intermediate.dense");
    let y = w.linear(&inner, &normal, [width, shape.inner], true)?;
    let y = w.activation(shape.config, "hidden_act", shape.activation, &y)?;
    let y = w.linear(&format!("{path}.output.dense"), &y, [shape.inner, width], true)?;
    w.at(&path);
    Ok(w.add(&y, &x))
}

fn attention(
    shape: &Shape<'_>,
    w: &mut Writer<'_>,
    path: &str,
    [asking, all]: [&T; 2],
    [rows, tokens]: [usize; 2],
) -> Result<T, FolderError> {
    let (heads, head) = (shape.heads, shape.head);
    let inner = heads * head;
    let dims = [shape.width, inner];
    let of = |name: &str| format!("{path}.attention.{name}");
    let q = w.linear(&of("query"), asking, dims, shape.bias)?;
    let q = w.scale(&q, (head as f64).powf(-0.5))?;
    let q = split_heads(w, &q, rows, heads, head)?;
    let k = w.linear(&of("key"), all, dims, shape.bias)?;
    let k = split_heads(w, &k, tokens, heads, head)?;
    let v = w.linear(&of("value"), all, dims, shape.bias)?;
    let v = split_heads(w, &v, tokens, heads, head)?;
    let extents = Heads {
        queries: heads,
        keys: heads,
        width: head,
        value_width: head,
    };
    let y = attend(w, path, extents, [rows, tokens], [&q, &k, &v], None)?;
    w.linear(&format!("{path}.output.dense"), &y, [inner, shape.width], true)
}
