//! Checked mode: is what a device computed the right result?
//!
//! For every product the device gives its accumulators too, and each is held to Freivalds' test (`freivalds`).
//! Everything that is no product is computed here from the accumulators, by the processor's own instructions, and
//! compared (`quick`). An item takes its elements that way, not its multiply-accumulates.
//!
//! What this finds wrong is computed once more by the reference kernels before the device is blamed: theirs is the last
//! word. A finding that they do not confirm is a fault of this processor, and from then on they check alone.

mod freivalds;
mod quick;
mod values;

use crate::backend::BackendError;
use crate::cpu::trusted_level;
use metisvm_model::{Reference, Segment};
use quick::Quick;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a checker knows of one segment.
#[derive(Debug)]
pub(crate) struct Checker {
    reference: Reference,
    /// Of each product node: where its accumulators are.
    products: BTreeMap<usize, usize>,
    /// None where no level of this processor passes its self-test.
    quick: Option<Quick>,
    /// The quick way found something wrong that is right.
    was_wrong: AtomicBool,
}

/// An item: its input, and what a device gave for it, outputs and then accumulators.
pub(crate) type Item<'a> = (&'a [u8], &'a [u8]);

impl Checker {
    /// For the products of a segment: each node, and where its accumulators begin in an answer.
    pub(crate) fn new(segment: &Segment, products: &[(usize, usize)]) -> Result<Self, BackendError> {
        let quick = match trusted_level() {
            Some(level) => Some(Quick::new(segment, products, level)?),
            None => None,
        };
        Ok(Self {
            reference: Reference::of(segment.clone()),
            products: products.iter().copied().collect(),
            quick,
            was_wrong: AtomicBool::new(false),
        })
    }

    /// Bytes of the segment's outputs, which come before the accumulators.
    pub(crate) fn output_bytes(&self) -> usize {
        self.reference.segment().output_bytes()
    }

    /// Whether the answers, outputs and accumulators, are what the segment gives for the inputs.
    ///
    /// # Errors
    /// What is wrong first.
    pub(crate) fn check(&self, items: &[Item<'_>]) -> Result<(), String> {
        let quick = self.quick.as_ref();
        let Some(quick) = quick.filter(|_| !self.was_wrong.load(Ordering::Relaxed)) else {
            return items.iter().try_for_each(|item| self.compute(*item));
        };
        for group in items.chunks(quick.items_at_once()) {
            if !quick.holds(group) {
                group.iter().try_for_each(|item| self.compute(*item))?;
                self.was_wrong.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// The same for one item, by the reference kernels alone.
    fn compute(&self, (input, answer): Item<'_>) -> Result<(), String> {
        let mut wrong = None;
        let mut right = Vec::new();
        let outputs = self.reference.run_with(input, |step| {
            let result = step.evaluate();
            if let Some(&offset) = self.products.get(&step.node)
                && wrong.is_none()
            {
                right.clear();
                result.write_bytes(&mut right);
                let claimed = answer.get(offset..).and_then(|rest| rest.get(..right.len()));
                if claimed != Some(&*right) {
                    wrong = Some(format!("the product of node {} ({})", step.node, step.op.name()));
                }
            }
            result
        });
        let outputs = outputs.map_err(|e| e.to_string())?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if answer.len() < outputs.len() {
            return Err(format!("an answer of {} bytes", answer.len()));
        }
        match answer.iter().zip(&outputs).position(|(a, b)| a != b) {
            Some(byte) => Err(format!("output byte {byte}")),
            None => Ok(()),
        }
    }
}

/// Random numbers of the system's, which no device knows.
fn random(bytes: &mut [u8]) -> Result<(), BackendError> {
    getrandom::fill(bytes).map_err(|e| BackendError::Device(format!("no randomness for the check: {e}")))
}

#[cfg(test)]
mod tests;
