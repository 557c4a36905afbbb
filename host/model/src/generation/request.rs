//! What is asked of a generative model.

use super::Generation;
use super::sampler::MAX_TEMPERATURE;
use alloc::vec::Vec;

/// Bytes before the tokens of an encoded request: count, temperature, top-k, seed.
const HEAD_BYTES: usize = 3 * 4 + 32;

/// A request: a prompt, and how to go on. What comes of it is a function of the model and of this alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The prompt, by the model's own numbers of tokens.
    pub tokens: Vec<u32>,
    /// How many tokens to generate, at most: fewer where the model ends the text.
    pub count: u32,
    /// In 65,536ths; 0 takes the most likely token.
    pub temperature: u32,
    /// Among how many of the most likely tokens is chosen; 0 among all.
    pub top_k: u32,
    /// What chance is drawn from.
    pub seed: [u8; 32],
}

/// Why a model cannot do what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No prompt, or nothing to generate.
    #[error("a prompt has a token at least, and so has what is generated")]
    Empty,
    /// More than the state has room for.
    #[error("{tokens} tokens of prompt and generated text are more than the context of {context}")]
    TooLong {
        /// Tokens of both together.
        tokens: u64,
        /// What the model has room for.
        context: u32,
    },
    /// Not a token of the model.
    #[error("token {token} is not among the model's {vocabulary}")]
    Token {
        /// The number given.
        token: u32,
        /// Tokens that there are.
        vocabulary: u32,
    },
    /// A temperature over the limit.
    #[error("a temperature of {0}/65536 is over the limit of {MAX_TEMPERATURE}/65536")]
    Temperature(u32),
}

impl Request {
    /// Holds it against a model.
    ///
    /// # Errors
    /// What is wrong with it, the first in the order of [`RequestError`].
    pub fn check(&self, generation: &Generation) -> Result<(), RequestError> {
        self.check_against(generation.context(), generation.vocabulary())
    }

    /// The same, of a model with such a context and vocabulary.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_against(&self, context: u32, vocabulary: u32) -> Result<(), RequestError> {
        if self.tokens.is_empty() || self.count == 0 {
            return Err(RequestError::Empty);
        }
        let tokens = self.tokens.len() as u64 + u64::from(self.count);
        if tokens > u64::from(context) {
            return Err(RequestError::TooLong { tokens, context });
        }
        if let Some(&token) = self.tokens.iter().find(|&&token| token >= vocabulary) {
            return Err(RequestError::Token { token, vocabulary });
        }
        if self.temperature > MAX_TEMPERATURE {
            return Err(RequestError::Temperature(self.temperature));
        }
        Ok(())
    }

    /// As bytes: count, temperature, top-k (u32, little-endian), the seed, then the tokens.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + 4 * self.tokens.len());
        for word in [self.count, self.temperature, self.top_k] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&self.seed);
        out.extend(self.tokens.iter().flat_map(|token| token.to_le_bytes()));
        out
    }

    /// What [`Self::to_bytes`] wrote; `None` of anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, tokens) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let (words, []) = tokens.as_chunks::<4>() else {
            return None;
        };
        let word = |at: usize| {
            head[at..]
                .first_chunk::<4>()
                .map(|word| u32::from_le_bytes(*word))
        };
        Some(Self {
            tokens: words.iter().map(|word| u32::from_le_bytes(*word)).collect(),
            count: word(0)?,
            temperature: word(4)?,
            top_k: word(8)?,
            seed: *head.last_chunk()?,
        })
    }
}
