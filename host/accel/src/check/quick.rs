//! The quick way: products by Freivalds' test, everything else by the processor's own instructions.

use super::freivalds::{Factors, Scratch, Test};
use super::values::{Finder, Place, Values};
use super::{Item, random};
use crate::backend::BackendError;
use crate::cpu::Rest;
use metisvm_model::{Segment, Value};
use metisvm_simd::Level;
use metisvm_simd::elements::modular::COMBINATIONS;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The most items of a group: each has a factor.
const MOST_ITEMS: usize = 64;
/// Bytes of the answers of a group, about: they are still in the last cache when the products are tested. The larger a
/// group is, the less the test of its combination takes of an item.
const GROUP_BYTES: usize = 8 << 20;
/// Bytes that items whose rest is computed together take between steps, about: those are in the second cache.
const REST_BYTES: usize = 1 << 20;

/// A segment, ready to be checked.
#[derive(Debug)]
pub(super) struct Quick {
    segment: Segment,
    level: Level,
    rest: Rest,
    /// Inputs and claimed accumulators, in the order in which the rest takes them.
    entering: Vec<Place>,
    tests: Vec<Test>,
    /// Where each output lies in an answer, and where what it has to be.
    outputs: Vec<(Range<usize>, Place)>,
    /// What an answer has to have.
    answer_bytes: usize,
    factors: Vec<[i32; COMBINATIONS]>,
    items_at_once: usize,
    rest_at_once: usize,
    /// How many values are computed for an item.
    computed: usize,
    spare: Mutex<Vec<Scratch>>,
}

impl Quick {
    pub(super) fn new(
        segment: &Segment,
        products: &[(usize, usize)],
        level: Level,
    ) -> Result<Self, BackendError> {
        let graph = segment.graph();
        let mut finder = Finder::new(segment, products);
        let mut tests = Vec::with_capacity(products.len());
        for &(node, _) in products {
            let find = |value| finder.operand(value);
            tests.push(Test::new(graph, node, level, find, random_vector)?);
        }
        let mut end = 0;
        let outputs = segment.outputs().iter().map(|&value| {
            let start = end;
            end += graph.ty(value).bytes();
            (start..end, finder.place(value))
        });
        let outputs: Vec<_> = outputs.collect();
        let given: Vec<Value> = products
            .iter()
            .map(|&(node, _)| Value::Node(node as u32))
            .collect();
        let entering = segment.inputs().iter().chain(&given);
        let entering: Vec<Place> = entering.map(|&value| finder.place(value)).collect();
        let claimed = entering.iter().filter_map(|place| match place {
            Place::Claimed(range) => Some(range.end),
            _ => None,
        });
        let answer_bytes = claimed.chain([end]).max().unwrap_or_default();
        let rest = Rest::new(segment, level, &given, &finder.kept);
        let items_at_once = (GROUP_BYTES / answer_bytes.max(1)).clamp(1, MOST_ITEMS);
        let rest_at_once = (REST_BYTES / rest.bytes().max(1)).clamp(1, MOST_ITEMS);
        Ok(Self {
            segment: segment.clone(),
            level,
            rest,
            entering,
            tests,
            outputs,
            answer_bytes,
            factors: factors()?,
            items_at_once,
            rest_at_once,
            computed: finder.kept.len(),
            spare: Mutex::default(),
        })
    }

    /// How many items are checked together.
    pub(super) const fn items_at_once(&self) -> usize {
        self.items_at_once
    }

    /// Whether every answer is right, but for the probability that `freivalds` gives.
    pub(super) fn holds(&self, items: &[Item<'_>]) -> bool {
        let input_bytes = self.segment.input_bytes();
        let is_whole =
            |&(input, answer): &Item<'_>| input.len() == input_bytes && answer.len() >= self.answer_bytes;
        if !items.iter().all(is_whole) || items.len() > self.factors.len() {
            return false;
        }
        let graph = self.segment.graph();
        let entering = Values {
            graph,
            items,
            computed: &[],
        };
        let mut computed = vec![Vec::with_capacity(items.len()); self.computed];
        for first in (0..items.len()).step_by(self.rest_at_once) {
            let own = first..items.len().min(first + self.rest_at_once);
            let raw =
                |place: &Place| -> Vec<&[u8]> { own.clone().map(|item| entering.of(place, item)).collect() };
            let raw: Vec<Vec<&[u8]>> = self.entering.iter().map(raw).collect();
            let raw: Vec<&[&[u8]]> = raw.iter().map(Vec::as_slice).collect();
            let some = self.rest.run(own.len(), &raw);
            computed
                .iter_mut()
                .zip(some)
                .for_each(|(all, some)| all.extend(some));
        }
        let values = Values {
            graph,
            items,
            computed: &computed,
        };
        for (range, place) in &self.outputs {
            let is_right = |item: usize| items[item].1[range.clone()] == *values.of(place, item);
            if !(0..items.len()).all(is_right) {
                return false;
            }
        }
        let mut scratch = self.spare().pop().unwrap_or_default();
        let factors: &Factors = &self.factors;
        let hold = self
            .tests
            .iter()
            .all(|test| test.holds(self.level, &values, factors, &mut scratch));
        self.spare().push(scratch);
        hold
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers of 64 bits.
fn random_vector(length: usize) -> Result<Vec<i64>, BackendError> {
    let mut bytes = vec![0; length * 8];
    random(&mut bytes)?;
    Ok(bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| i64::from_le_bytes(*bytes))
        .collect())
}

fn factors() -> Result<Vec<[i32; COMBINATIONS]>, BackendError> {
    let mut bytes = [0; MOST_ITEMS * COMBINATIONS * 4];
    random(&mut bytes)?;
    let numbers: Vec<i32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| i32::from_le_bytes(*bytes))
        .collect();
    Ok(numbers.as_chunks().0.to_vec())
}
