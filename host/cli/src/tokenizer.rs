//! Texts as tokens of a model, and back: by the `tokenizer.json` that came with it. It is no part of consensus: a chain sees
//! tokens alone.

use crate::error::CliError;
use crate::models;
use serde_json::Value;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use tokenizers::Tokenizer as Inner;

/// The largest vocabularies in use, of a quarter of a million tokens, have 35 MB.
const MAX_BYTES: usize = 1 << 27;
/// How the file beside a bundle ends.
const ENDING: &str = "tokenizer.json";

/// A tokenizer.
pub struct Tokenizer {
    inner: Inner,
    file: PathBuf,
}

impl Tokenizer {
    /// Where the tokenizer of a bundle is: beside it, by its name.
    pub fn beside(bundle: &Path) -> PathBuf {
        bundle.with_extension(ENDING)
    }

    /// Reads a file in the format of Hugging Face's tokenizers; gives its bytes too.
    ///
    /// # Errors
    /// If it cannot be read, or is no tokenizer.
    pub fn read(file: &Path) -> Result<(Self, Vec<u8>), CliError> {
        let bytes = models::read_bounded(file, MAX_BYTES)?;
        let wrong = |problem: String| CliError::file(file, format!("it is no tokenizer.json: {problem}"));
        let plain = plain(&bytes).map_err(wrong)?;
        // The library panics on some files that make no sense.
        let read = catch_unwind(|| Inner::from_bytes(&plain));
        let inner = read
            .map_err(|_| wrong("its parts do not fit each other".to_owned()))?
            .map_err(|error| wrong(error.to_string()))?;
        let file = file.to_owned();
        Ok((Self { inner, file }, bytes))
    }

    /// The tokens of a text, with those before and behind it that the model wants.
    ///
    /// # Errors
    /// If the tokenizer cannot say it.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, CliError> {
        self.encode(text, true)
    }

    /// The tokens of a text by itself, from the midst of a longer one.
    ///
    /// # Errors
    /// As [`Self::tokens`].
    pub fn tokens_within(&self, text: &str) -> Result<Vec<u32>, CliError> {
        self.encode(text, false)
    }

    fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>, CliError> {
        let encoded = self.inner.encode_fast(text, special);
        let encoded = encoded.map_err(|error| self.failed("the text has no tokens in it", &*error))?;
        Ok(encoded.get_ids().to_vec())
    }

    /// The text of tokens; without those that mark beginnings and ends.
    ///
    /// # Errors
    /// If the tokenizer's decoder fails.
    pub fn text(&self, tokens: &[u32]) -> Result<String, CliError> {
        self.inner
            .decode(tokens, true)
            .map_err(|error| self.failed("tokens have no text in it", &*error))
    }

    fn failed(&self, what: &str, error: &(dyn std::error::Error + Send + Sync)) -> CliError {
        CliError::file(&self.file, format!("{what}: {error}"))
    }
}

/// The file without what changes the number of a text's tokens, or draws them by chance: it is made for batches and for
/// training. A prompt is neither cut nor filled up, and the same text has the same tokens.
fn plain(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if let Some(file) = value.as_object_mut() {
        file.remove("padding");
        file.remove("truncation");
        if let Some(model) = file.get_mut("model").and_then(Value::as_object_mut) {
            model.remove("dropout");
        }
    }
    serde_json::to_vec(&value).map_err(|error| error.to_string())
}

/// A text that grows by tokens: a character may take several of them, and is given when it is whole.
#[derive(Default)]
pub struct Growing {
    tokens: Vec<u32>,
    given: usize,
}

/// What a decoder puts where bytes are no character yet.
const UNFINISHED: char = '\u{fffd}';

impl Growing {
    /// What another token adds to the text; nothing while a character is unfinished.
    ///
    /// # Errors
    /// As [`Tokenizer::text`].
    pub fn add(&mut self, tokenizer: &Tokenizer, token: u32) -> Result<String, CliError> {
        self.tokens.push(token);
        let text = tokenizer.text(&self.tokens)?;
        if text.ends_with(UNFINISHED) {
            return Ok(String::new());
        }
        Ok(self.rest(&text))
    }

    /// What was held back at the end.
    ///
    /// # Errors
    /// As [`Tokenizer::text`].
    pub fn end(&mut self, tokenizer: &Tokenizer) -> Result<String, CliError> {
        let text = tokenizer.text(&self.tokens)?;
        Ok(self.rest(&text))
    }

    fn rest(&mut self, text: &str) -> String {
        let new = text.get(self.given..).unwrap_or_default().to_owned();
        self.given = text.len();
        new
    }
}
