//! What `config.json` says of a U-Net.

use crate::hugging_face::config::Config;
use crate::hugging_face::diffusion::options::{ACTIVATION, Style, block_types, channels, per_block};
use crate::hugging_face::error::FolderError;
use serde_json::{Value, json};

/// How a block goes on behind each residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// With attention of the pixels to each other.
    Attention,
    /// With a transformer that attends to the text too.
    Transformer,
}

/// What the time is added to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Class {
    None,
    /// A learned row for each of this many classes.
    Embedding(usize),
}

/// The text that a sample is conditioned on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    /// The width of the input.
    pub(super) given: usize,
    /// The width that blocks read.
    pub(super) width: usize,
    /// Whether a Linear lies between the two.
    pub(super) projected: bool,
}

/// The middle block.
#[derive(Clone, Copy, Debug)]
pub(super) enum Middle {
    None,
    /// One residual block.
    One,
    /// Two, with what is between them.
    Two(Kind),
}

/// One level of resolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) channels: usize,
    /// Residual blocks on the way down; there is one more on the way up.
    pub(super) layers: usize,
    pub(super) down: Kind,
    pub(super) up: Kind,
    /// Heads of transformers.
    pub(super) heads: usize,
    /// The width of heads of attention blocks on the way down.
    pub(super) head: usize,
    /// The same on the way up.
    pub(super) head_up: usize,
    /// Layers of each transformer.
    pub(super) transformer_layers: usize,
    pub(super) only_cross: bool,
}

/// A U-Net.
pub(super) struct Shape<'c> {
    pub(super) style: Style<'c>,
    /// Channels of the sample where the configuration does not say.
    pub(super) usual_channels: usize,
    pub(super) channels: Vec<usize>,
    pub(super) levels: Vec<Level>,
    pub(super) middle: Middle,
    pub(super) middle_divisor: f64,
    /// Groups of the norm of attention in the middle.
    pub(super) middle_groups: Option<usize>,
    pub(super) time_width: usize,
    pub(super) time_activation: &'c str,
    pub(super) last_activation: &'c str,
    pub(super) class: Class,
    pub(super) text: Option<Text>,
    /// Whether transformers begin and end with a Linear.
    pub(super) linear: bool,
    pub(super) padding: usize,
    /// Whether attention blocks change the size with a residual block: on the way down, on the way up.
    pub(super) resnet_resampling: [bool; 2],
    /// Whether enlarged images take the size of what was skipped, so that odd sizes are possible.
    pub(super) odd_sizes: bool,
}

/// What both classes have.
struct Common<'c> {
    style: Style<'c>,
    channels: Vec<usize>,
    down: Vec<Kind>,
    up: Vec<Kind>,
    time_width: usize,
    class: Class,
    padding: usize,
}

const DOWN: [(&str, Kind); 3] = [
    ("DownBlock2D", Kind::Plain),
    ("AttnDownBlock2D", Kind::Attention),
    ("CrossAttnDownBlock2D", Kind::Transformer),
];
const UP: [(&str, Kind); 3] = [
    ("UpBlock2D", Kind::Plain),
    ("AttnUpBlock2D", Kind::Attention),
    ("CrossAttnUpBlock2D", Kind::Transformer),
];

impl<'c> Common<'c> {
    fn new(config: &'c Config<'c>) -> Result<Self, FolderError> {
        let channels = channels(config)?;
        let scale_shift = match config.text_or("resnet_time_scale_shift", "default")? {
            "default" => false,
            "scale_shift" => true,
            _ => {
                let what = "the time is taken as default or scale_shift";
                return Err(config.refused("resnet_time_scale_shift", what));
            }
        };
        config.only(
            "time_embedding_type",
            &[json!("positional")],
            "times are embedded as positional",
        )?;
        config.only(
            "class_embed_type",
            &[],
            "classes are embedded by a table (num_class_embeds)",
        )?;
        let class = match config.size_if_any("num_class_embeds")? {
            Some(classes) => Class::Embedding(classes),
            None => Class::None,
        };
        if config.is_null("norm_num_groups") {
            return Err(config.refused("norm_num_groups", "every block has norms"));
        }
        let padding = config.count_if_any("downsample_padding")?.unwrap_or(1);
        if padding > 1 {
            return Err(config.refused("downsample_padding", "it is taken as 0 or 1"));
        }
        config.without_effect(&["dropout"]);
        Ok(Self {
            down: kinds(config, "down_block_types", channels.len(), &DOWN)?,
            up: kinds(config, "up_block_types", channels.len(), &UP)?,
            time_width: config.size_or("time_embedding_dim", 4 * channels[0])?,
            style: Style {
                config,
                activation: config.text_or(ACTIVATION, "silu")?,
                groups: config.size_or("norm_num_groups", 32)?,
                epsilon: config.number_or("norm_eps", 1e-5)?,
                scale_shift,
            },
            channels,
            class,
            padding,
        })
    }
}

impl<'c> Shape<'c> {
    /// `UNet2DConditionModel`.
    pub(super) fn conditional(config: &'c Config<'c>) -> Result<Self, FolderError> {
        refuse_conditions(config)?;
        let common = Common::new(config)?;
        let blocks = common.channels.len();
        config.only(
            "num_attention_heads",
            &[],
            "diffusers itself refuses it: the number of heads is called attention_head_dim",
        )?;
        // What is called the width of a head is the number of heads of a transformer.
        let heads = per_block(config, "attention_head_dim", 8, blocks)?;
        let layers = per_block(config, "layers_per_block", 2, blocks)?;
        let transformer_layers = per_block(config, "transformer_layers_per_block", 1, blocks)?;
        let only_cross = flags(config, "only_cross_attention", blocks)?;
        let levels: Vec<Level> = (0..blocks)
            .map(|at| Level {
                channels: common.channels[at],
                layers: layers[at],
                down: common.down[at],
                up: common.up[blocks - 1 - at],
                heads: heads[at],
                head: heads[at],
                // Widths of heads are not reversed on the way up, as all else is.
                head_up: heads[blocks - 1 - at],
                transformer_layers: transformer_layers[at],
                only_cross: only_cross[at],
            })
            .collect();
        let middle = match config.get("mid_block_type") {
            None if config.is_null("mid_block_type") => Middle::None,
            None => Middle::Two(Kind::Transformer),
            Some(Value::String(name)) if name == "UNetMidBlock2DCrossAttn" => Middle::Two(Kind::Transformer),
            Some(Value::String(name)) if name == "UNetMidBlock2D" => Middle::One,
            Some(_) => {
                let what = "middle blocks are UNetMidBlock2DCrossAttn, UNetMidBlock2D or null";
                return Err(config.refused("mid_block_type", what));
            }
        };
        let reads_text = levels
            .iter()
            .any(|level| level.down == Kind::Transformer || level.up == Kind::Transformer)
            || matches!(middle, Middle::Two(Kind::Transformer));
        let text = match reads_text {
            true => Some(text(config, blocks)?),
            false => {
                config.without_effect(&["cross_attention_dim", "encoder_hid_dim", "encoder_hid_dim_type"]);
                None
            }
        };
        Ok(Self {
            usual_channels: 4,
            levels,
            middle,
            middle_divisor: divisor(config)?,
            middle_groups: Some(common.style.groups),
            time_width: common.time_width,
            time_activation: common.style.activation,
            last_activation: common.style.activation,
            class: common.class,
            text,
            linear: config.flag_or("use_linear_projection", false)?,
            padding: common.padding,
            resnet_resampling: [false; 2],
            odd_sizes: true,
            channels: common.channels,
            style: common.style,
        })
    }

    /// `UNet2DModel`.
    pub(super) fn unconditional(config: &'c Config<'c>) -> Result<Self, FolderError> {
        let common = Common::new(config)?;
        let blocks = common.channels.len();
        if common.down.contains(&Kind::Transformer) || common.up.contains(&Kind::Transformer) {
            let what = "a UNet2DModel has no text to attend to";
            return Err(config.refused("down_block_types", what));
        }
        let layers = config.size_or("layers_per_block", 2)?;
        // Null stands for one head.
        let head = match config.is_null("attention_head_dim") {
            true => None,
            false => Some(config.size_or("attention_head_dim", 8)?),
        };
        let levels = (0..blocks)
            .map(|at| Level {
                channels: common.channels[at],
                layers,
                down: common.down[at],
                up: common.up[blocks - 1 - at],
                heads: 1,
                head: head.unwrap_or(common.channels[at]),
                head_up: head.unwrap_or(common.channels[at]),
                transformer_layers: 0,
                only_cross: false,
            })
            .collect();
        let attention = config.flag_or("add_attention", true)?;
        // There is one kind, whatever it is called.
        let middle = match (config.is_null("mid_block_type"), attention) {
            (true, _) => Middle::None,
            (false, true) => Middle::Two(Kind::Attention),
            (false, false) => Middle::Two(Kind::Plain),
        };
        let groups = common.style.groups;
        let middle_groups = match config.size_if_any("attn_norm_num_groups")? {
            Some(groups) => Some(groups),
            None => (!common.style.scale_shift).then_some(groups),
        };
        Ok(Self {
            usual_channels: 3,
            levels,
            middle,
            middle_divisor: divisor(config)?,
            middle_groups,
            time_width: common.time_width,
            time_activation: "silu",
            last_activation: "silu",
            class: common.class,
            text: None,
            linear: false,
            padding: common.padding,
            resnet_resampling: [
                by_resnet(config, "downsample_type")?,
                by_resnet(config, "upsample_type")?,
            ],
            odd_sizes: false,
            channels: common.channels,
            style: common.style,
        })
    }
}

/// Conditions that are not taken, and keys of blocks that are not.
fn refuse_conditions(config: &Config<'_>) -> Result<(), FolderError> {
    config.only(
        "addition_embed_type",
        &[],
        "no further embeddings are added to the time",
    )?;
    config.only("time_cond_proj_dim", &[], "no condition is added to the time")?;
    config.only("dual_cross_attention", &[json!(false)], "one text is attended to")?;
    config.only(
        "attention_type",
        &[json!("default")],
        "gated attention is not taken",
    )?;
    config.only(
        "class_embeddings_concat",
        &[json!(false)],
        "the class is added to the time",
    )?;
    config.only(
        "reverse_transformer_layers_per_block",
        &[],
        "transformers on the way up have as many layers as those on the way down",
    )?;
    // The first four are about blocks of other kinds and embeddings that are refused; the last is about 16-bit floats.
    config.without_effect(&[
        "addition_embed_type_num_heads",
        "addition_time_embed_dim",
        "cross_attention_norm",
        "mid_block_only_cross_attention",
        "projection_class_embeddings_input_dim",
        "resnet_out_scale_factor",
        "resnet_skip_time_act",
        "upcast_attention",
    ]);
    Ok(())
}

/// The text, of which all blocks read the same.
fn text(config: &Config<'_>, blocks: usize) -> Result<Text, FolderError> {
    let widths = per_block(config, "cross_attention_dim", 1280, blocks)?;
    let width = widths[0];
    if widths.iter().any(|w| *w != width) {
        return Err(config.refused("cross_attention_dim", "all blocks read the same text"));
    }
    let given = config.size_if_any("encoder_hid_dim")?;
    config.only(
        "encoder_hid_dim_type",
        &[json!("text_proj")],
        "the text is taken as it is, or with text_proj",
    )?;
    Ok(Text {
        given: given.unwrap_or(width),
        width,
        projected: given.is_some(),
    })
}

fn kinds(
    config: &Config<'_>,
    key: &str,
    blocks: usize,
    known: &[(&'static str, Kind)],
) -> Result<Vec<Kind>, FolderError> {
    let kind = |name: &str| {
        // Of old: the same blocks.
        let name = name.strip_prefix("UNetRes").unwrap_or(name);
        known
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    };
    let names = block_types(config, key, blocks)?;
    let kinds: Option<Vec<Kind>> = names.into_iter().map(kind).collect();
    kinds.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        config.refused(key, &format!("blocks are {}", names.join(", ")))
    })
}

/// A truth value for each block: a list, or one that all have.
fn flags(config: &Config<'_>, key: &str, blocks: usize) -> Result<Vec<bool>, FolderError> {
    let Some(Value::Array(list)) = config.get(key) else {
        return Ok(vec![config.flag_or(key, false)?; blocks]);
    };
    let flags: Option<Vec<bool>> = list.iter().map(Value::as_bool).collect();
    flags
        .filter(|flags| flags.len() == blocks)
        .ok_or_else(|| FolderError::config(key, format!("it has to be true, false, or {blocks} of them")))
}

/// Whether attention blocks change the size with a residual block, or with a convolution.
fn by_resnet(config: &Config<'_>, key: &str) -> Result<bool, FolderError> {
    match config.text_or(key, "conv")? {
        "conv" => Ok(false),
        "resnet" => Ok(true),
        _ => Err(config.refused(key, "it is taken as conv or resnet")),
    }
}

/// What the middle blocks divide their sums by.
fn divisor(config: &Config<'_>) -> Result<f64, FolderError> {
    const KEY: &str = "mid_block_scale_factor";
    let divisor = config.number_or(KEY, 1.0)?;
    match divisor.is_normal() {
        true => Ok(divisor),
        false => Err(FolderError::config(KEY, "sums are divided by it, and it is 0")),
    }
}
