//! What went wrong with cards while others did the work, until somebody asks.

use super::super::lock;
use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Mutex;

/// The most that are kept.
const MOST_ERRORS: usize = 64;

/// The last ones, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Errors(Mutex<VecDeque<String>>);

impl Errors {
    pub(super) fn note(&self, card: &str, error: &dyn Display) {
        let mut errors = lock(&self.0);
        if errors.len() == MOST_ERRORS {
            errors.pop_front();
        }
        errors.push_back(format!("fpga: {card}: {error}"));
    }

    pub(super) fn take(&self) -> Vec<String> {
        lock(&self.0).drain(..).collect()
    }
}
