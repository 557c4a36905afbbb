//! Rotary position embeddings: pairs of elements are turned by an angle that grows with the position.
//!
//! Element i of the first half of a vector and element i of the second are a pair. Checkpoints whose pairs are
//! neighbours have the rows of their weights put in that order ([`halves`]) when they are read.

use super::causal::Causal;
use super::config::Config;
use super::error::FolderError;
use super::writer::{T, Writer, elements};
use std::f64::consts::PI;

/// The widest vectors that are turned; those of models have 64 to 256.
const MAX_WIDTH: usize = 1 << 16;

/// How angles grow, as `config.json` says it.
pub(super) struct Rope {
    /// The angle of each pair, a position.
    frequencies: Vec<f64>,
    /// What sines and cosines are multiplied with.
    attention_factor: f64,
    /// What scores are multiplied with beside that, in models that square it.
    score_factor: f64,
}

/// The rows of sines and cosines that the tokens of a pass have, each `[rows, width]`.
pub(super) struct Turn {
    cosines: T,
    /// Those of the first half are negative.
    sines: T,
    width: usize,
}

impl Rope {
    /// What the configuration says for vectors of `width` elements.
    pub(super) fn new(config: &Config<'_>, width: usize, positions: usize) -> Result<Self, FolderError> {
        if !width.is_multiple_of(2) || width > MAX_WIDTH {
            let why = format!(
                "vectors of {width} elements cannot be turned pair by pair; it takes an even number up to {MAX_WIDTH}"
            );
            return Err(FolderError::config("head_dim", why));
        }
        config.only(
            "partial_rotary_factor",
            &[1.0.into(), 1.into()],
            "turning a part of each vector is not taken",
        )?;
        let outer = config.number_or("rope_theta", 10_000.0)?;
        let name = match config.has("rope_parameters") {
            true => "rope_parameters",
            false => "rope_scaling",
        };
        let Some(inner) = config.object_if_any(name)? else {
            return Ok(Self::plain(frequencies(outer, width)));
        };
        inner.only(
            "partial_rotary_factor",
            &[1.0.into(), 1.into()],
            "turning a part of each vector is not taken",
        )?;
        let base = inner.number_or("rope_theta", outer)?;
        let plain = frequencies(base, width);
        let old_key = match inner.has("rope_type") {
            true => "rope_type",
            false => "type",
        };
        match inner.text_or(old_key, "default")? {
            "default" => Ok(Self::plain(plain)),
            "linear" => {
                let factor = positive(&inner, "factor")?;
                Ok(Self::plain(plain.into_iter().map(|f| f / factor).collect()))
            }
            "llama3" => Ok(Self::plain(llama3(&inner, &plain, positions)?)),
            "yarn" => yarn(&inner, base, &plain, positions),
            _ => Err(inner.refused(old_key, "known are default, linear, llama3 and yarn")),
        }
    }

    fn plain(frequencies: Vec<f64>) -> Self {
        Self {
            frequencies,
            attention_factor: 1.0,
            score_factor: 1.0,
        }
    }

    /// What scores are multiplied with beside one over the root of a query's width, in models that ask for it.
    pub(super) fn score_factor(&self) -> f64 {
        self.score_factor
    }

    /// The rows of sines and cosines that the tokens of this pass need.
    pub(super) fn turn(&self, w: &mut Writer<'_>, causal: &Causal) -> Result<Turn, FolderError> {
        let (rows, half) = (causal.positions(), self.frequencies.len());
        let dims = [rows, 2 * half];
        elements("the table of sines", &dims)?;
        w.at("rotary_emb");
        let mut table = |name: &str, of: fn(f64) -> f64, sign: f64| {
            let mut numbers = Vec::with_capacity(2 * rows * half);
            for position in 0..rows {
                for sign in [sign, 1.0] {
                    let angles = self.frequencies.iter().map(|f| position as f64 * f);
                    numbers.extend(angles.map(|a| (sign * self.attention_factor * of(a)) as f32));
                }
            }
            let table = w.constant(name, &dims, &numbers)?;
            Ok(causal.rows_of(w, &table))
        };
        Ok(Turn {
            cosines: table("cos", f64::cos, 1.0)?,
            sines: table("sin", f64::sin, -1.0)?,
            width: 2 * half,
        })
    }
}

impl Turn {
    /// Turns `[1, heads, rows, width]`.
    pub(super) fn apply(&self, w: &mut Writer<'_>, path: &str, x: &T) -> Result<T, FolderError> {
        w.at(path);
        let half = self.width / 2;
        let first = w.slice(x, 3, 0, half)?;
        let second = w.slice(x, 3, half, self.width)?;
        let exchanged = w.concat(&[&second, &first], 3);
        let a = w.mul(x, &self.cosines);
        let b = w.mul(&exchanged, &self.sines);
        Ok(w.named("turned", "Add", &[&a, &b], &[]))
    }
}

/// The order in which neighbours become an element of each half: 0, 2, 4, …, 1, 3, 5, ….
pub(super) fn halves(width: usize) -> impl Iterator<Item = usize> {
    (0..width).step_by(2).chain((1..width).step_by(2))
}

fn frequencies(base: f64, width: usize) -> Vec<f64> {
    let exponent = |i: usize| i as f64 / width as f64;
    (0..width).step_by(2).map(|i| base.powf(-exponent(i))).collect()
}

/// A number above 0 that has to be there.
fn positive(config: &Config<'_>, key: &str) -> Result<f64, FolderError> {
    match config.number_if_any(key)? {
        Some(number) if number > 0.0 => Ok(number),
        _ => Err(config.refused(key, "it has to be a number above 0")),
    }
}

/// Long waves are stretched, short ones are not, those between in part.
fn llama3(config: &Config<'_>, plain: &[f64], positions: usize) -> Result<Vec<f64>, FolderError> {
    let factor = positive(config, "factor")?;
    let low = positive(config, "low_freq_factor")?;
    let high = positive(config, "high_freq_factor")?;
    let old = config.size_or("original_max_position_embeddings", positions)? as f64;
    let stretched = plain.iter().map(|&f| {
        let wave = 2.0 * PI / f;
        if wave < old / high {
            f
        } else if wave > old / low {
            f / factor
        } else {
            let smooth = (old / wave - low) / (high - low);
            (1.0 - smooth) * f / factor + smooth * f
        }
    });
    Ok(stretched.collect())
}

/// YaRN (arXiv:2309.00071): pairs that turn seldom are stretched, those that turn often are not.
fn yarn(config: &Config<'_>, base: f64, plain: &[f64], positions: usize) -> Result<Rope, FolderError> {
    let width = 2.0 * plain.len() as f64;
    let old = config.size_or("original_max_position_embeddings", positions)? as f64;
    let factor = match config.has("factor") {
        true => positive(config, "factor")?,
        false => positions as f64 / old,
    };
    let (mscale, all) = (
        config.number_or("mscale", 0.0)?,
        config.number_or("mscale_all_dim", 0.0)?,
    );
    let magnitude = |mscale: f64| match factor <= 1.0 {
        true => 1.0,
        false => 0.1 * mscale * factor.ln() + 1.0,
    };
    let attention_factor = match config.number_if_any("attention_factor")? {
        Some(given) => given,
        None if mscale != 0.0 && all != 0.0 => magnitude(mscale) / magnitude(all),
        None => magnitude(1.0),
    };
    let dimension = |turns: f64| width * (old / (turns * 2.0 * PI)).ln() / (2.0 * base.ln());
    let or = |value: f64, default: f64| if value == 0.0 { default } else { value };
    let mut low = dimension(or(config.number_or("beta_fast", 0.0)?, 32.0));
    let mut high = dimension(or(config.number_or("beta_slow", 0.0)?, 1.0));
    if config.flag_or("truncate", true)? {
        (low, high) = (low.floor(), high.ceil());
    }
    let (low, mut high) = (low.max(0.0), high.min(width - 1.0));
    if low == high {
        // As transformers keeps the quotient from being one by zero.
        high += 0.001;
    }
    let stretched = plain.iter().enumerate().map(|(i, &f)| {
        let part = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
        f / factor * part + f * (1.0 - part)
    });
    Ok(Rope {
        frequencies: stretched.collect(),
        attention_factor,
        score_factor: if all == 0.0 { 1.0 } else { magnitude(all).powi(2) },
    })
}
