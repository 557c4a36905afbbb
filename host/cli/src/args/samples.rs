//! How many samples.

/// Most samples that anybody can mean.
const MAX_SAMPLES: usize = 1000;

pub(super) fn samples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=MAX_SAMPLES) => Ok(n),
        _ => Err(format!("it must be a number from 1 to {MAX_SAMPLES}")),
    }
}
