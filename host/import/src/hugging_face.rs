//! Folders as Hugging Face's libraries write them become ONNX files in memory.
//!
//! A folder holds `config.json`, which says what is computed, and tensors in safetensors files. For each architecture
//! a builder writes the computation in plain ONNX operators, and [`crate::import_onnx`] takes the bytes like any other
//! file: there is one way to integers, and the same bytes run in ONNX Runtime, against which a builder is checked.
//!
//! `docs/hugging-face.md` says what is taken. A folder is as little trusted as a file: nothing is allocated by a number
//! that was only read, and no file outside of the folder is opened.

mod asked;
mod attention;
mod bert;
mod causal;
mod config;
mod deepseek;
mod diffusion;
mod error;
mod experts;
mod folder;
mod gpt2;
mod layers;
mod llama;
mod rope;
mod safetensors;
mod sides;
mod tensors;
mod texts;
mod unet;
mod vae;
mod vit;
mod wire;
mod writer;

pub use asked::{Choices, Form};
pub use error::FolderError;
pub use folder::Folder;

use asked::Asked;
use config::Config;
use writer::Writer;

/// Writes the computation of one architecture.
type Builder = fn(&Config<'_>, &Asked<'_>, &mut Writer<'_>) -> Result<(), FolderError>;

/// Builders by the `model_type` of transformers or the `_class_name` of diffusers.
const ARCHITECTURES: &[(&str, Builder)] = &[
    ("bert", bert::build),
    ("deepseek_v2", deepseek::v2),
    ("deepseek_v3", deepseek::v3),
    ("gpt2", gpt2::build),
    ("llama", llama::llama),
    ("mistral", llama::mistral),
    ("qwen2", llama::qwen2),
    ("vit", vit::build),
    ("UNet2DConditionModel", unet::conditional),
    ("UNet2DModel", unet::unconditional),
    ("AutoencoderKL", vae::build),
];

/// A model as an ONNX file.
#[derive(Debug)]
pub struct Onnx {
    /// The file.
    pub bytes: Vec<u8>,
    /// What a user should know: keys and tensors of the folder that were not used.
    pub warnings: Vec<String>,
}

/// Writes what a folder holds as an ONNX file of opset 21.
///
/// # Errors
/// If the architecture is not known, a key asks for something that is not computed here, a tensor is missing or has
/// another shape, or a choice does not fit.
pub fn to_onnx(folder: &Folder, choices: &Choices) -> Result<Onnx, FolderError> {
    let config = Config::new(folder.config());
    let asked = Asked::new(choices);
    config.only(
        "quantization_config",
        &[],
        "weights of another format are not taken",
    )?;
    let mut writer = Writer::new(folder.tensors());
    builder(&config)?(&config, &asked, &mut writer)?;
    asked.finish()?;
    let mut warnings = Vec::new();
    let keys = config.unread();
    if !keys.is_empty() {
        warnings.push(format!(
            "config.json has keys that are not known here, so that what they ask for is not done: {}",
            error::list(keys.iter().map(String::as_str))
        ));
    }
    let unused = folder.tensors().unread();
    if !unused.is_empty() {
        warnings.push(format!(
            "tensors of the folder that this model does not use: {}",
            error::list(unused.into_iter())
        ));
    }
    let bytes = writer.finish()?;
    Ok(Onnx { bytes, warnings })
}

/// What writes the model that `config.json` describes.
fn builder(config: &Config<'_>) -> Result<Builder, FolderError> {
    let known = || error::list(ARCHITECTURES.iter().map(|(name, _)| *name));
    let key = if config.has("model_type") {
        "model_type"
    } else {
        "_class_name"
    };
    let Some(name) = config.text_if_any(key)? else {
        let why = format!(
            "it is missing, and so is _class_name: nothing says what is computed; known are {}",
            known()
        );
        return Err(FolderError::config("model_type", why));
    };
    match ARCHITECTURES.iter().find(|(known, _)| *known == name) {
        Some((_, builder)) => Ok(*builder),
        None => {
            let why = format!(
                "{:?} is not known; known are {}. Export the model to ONNX and import that",
                crate::error::shown(name),
                known()
            );
            Err(FolderError::config(key, why))
        }
    }
}
