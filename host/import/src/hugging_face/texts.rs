//! What a folder says of texts: whether its model generates them, how long they may be, and where they end.

use super::config::Config;
use super::error::FolderError;
use super::folder::{Folder, json};
use serde_json::{Map, Value};
use std::path::Path;

/// Where transformers keeps what is about generating, if anything differs from `config.json`.
const GENERATION: &str = "generation_config.json";
/// The key of the tokens that end a text, one or a list of them.
const END: &str = "eos_token_id";

/// Architectures whose models go on with a text, with the key of how many positions they have.
const GENERATING: &[(&str, &str)] = &[
    ("gpt2", "n_positions"),
    ("llama", "max_position_embeddings"),
    ("mistral", "max_position_embeddings"),
    ("qwen2", "max_position_embeddings"),
    ("deepseek_v2", "max_position_embeddings"),
    ("deepseek_v3", "max_position_embeddings"),
];

impl Folder {
    /// How many tokens a text of the model may have; `None` where it does not generate any.
    ///
    /// # Errors
    /// If `config.json` says nothing that makes sense of it.
    pub fn positions(&self) -> Result<Option<usize>, FolderError> {
        let config = Config::new(self.config());
        let Some(name) = config.text_if_any("model_type")? else {
            return Ok(None);
        };
        match GENERATING.iter().find(|(known, _)| *known == name) {
            Some((_, positions)) => config.size(positions).map(Some),
            None => Ok(None),
        }
    }

    /// The tokens after which a text ends, by the folder that it is at: those of `generation_config.json`, else those of
    /// `config.json`; none where neither names any.
    ///
    /// # Errors
    /// If a file cannot be read, or what it names is no token.
    pub fn end_tokens(&self, path: &Path) -> Result<Vec<u32>, FolderError> {
        if path.join(GENERATION).exists() {
            let map = json(path, GENERATION)?;
            if map.get(END).is_some_and(|value| !value.is_null()) {
                return tokens(&map, GENERATION);
            }
        }
        tokens(self.config(), "config.json")
    }
}

fn tokens(map: &Map<String, Value>, file: &str) -> Result<Vec<u32>, FolderError> {
    let wrong = || FolderError::File {
        file: file.to_string(),
        what: format!("{END} is not the number of a token, nor a list of such"),
        advice: "mend it, or leave it out",
    };
    let token = |value: &Value| {
        value
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(wrong)
    };
    match map.get(END) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(token).collect(),
        Some(value) => Ok(vec![token(value)?]),
    }
}
