//! What a program reads at RESIDENT: constants as they are, records of requantisation, and tiles that were
//! packed for bursts.

use super::CompileError;
use super::emit::{Emitter, within};
use super::layout::{ALIGNMENT, Place};
use metisvm_firmware::Space;
use metisvm_firmware::check::Record;
use metisvm_model::{Graph, Value};
use std::collections::BTreeMap;

/// Tiles made of a constant operand of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packed {
    pub(super) node: usize,
    /// 1 for weights, 4 for a bias.
    pub(super) operand: usize,
    /// The batch or group.
    pub(super) group: usize,
    /// Where the block begins.
    pub(super) depth: usize,
    pub(super) col: usize,
    /// Its extent in lanes.
    pub(super) extent: (usize, usize),
}

/// The bytes, and what is among them.
#[derive(Debug)]
pub(super) struct Resident {
    pub(super) bytes: Vec<u8>,
    /// How many there may be.
    limit: u64,
    constants: BTreeMap<u32, u64>,
    packed: BTreeMap<Packed, u64>,
    /// Of each Requantise node: where its records are, and how many.
    records: BTreeMap<usize, (u64, usize)>,
}

impl Resident {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            constants: BTreeMap::new(),
            packed: BTreeMap::new(),
            records: BTreeMap::new(),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<u64, CompileError> {
        let offset = self.bytes.len();
        let end = (offset + bytes.len()) as u64;
        within("bytes of card memory", end, self.limit)?;
        self.bytes.extend_from_slice(bytes);
        let aligned = self.bytes.len().next_multiple_of(ALIGNMENT as usize);
        self.bytes.resize(aligned, 0);
        Ok(offset as u64)
    }
}

impl Emitter {
    /// Where a value can be read; a constant is put into resident memory on first use.
    pub(super) fn place(&mut self, value: Value) -> Result<Place, CompileError> {
        let root = self.layout.root(value);
        if let Value::Constant(index) = root {
            let offset = match self.resident.constants.get(&index) {
                Some(&offset) => offset,
                None => {
                    let bytes = &self.graph.constants()[index as usize].bytes;
                    let offset = self.resident.append(bytes)?;
                    self.resident.constants.insert(index, offset);
                    offset
                }
            };
            return Ok(resident(offset));
        }
        let place = self.layout.place(root);
        Ok(place.expect("every value that a node reads has a place"))
    }

    /// Where packed tiles are; `pack` makes their bytes when they are used for the first time.
    pub(super) fn packed(
        &mut self,
        what: Packed,
        pack: impl FnOnce(&Graph) -> Vec<u8>,
    ) -> Result<Place, CompileError> {
        let offset = match self.resident.packed.get(&what) {
            Some(&offset) => offset,
            None => {
                let offset = self.resident.append(&pack(&self.graph))?;
                self.resident.packed.insert(what, offset);
                offset
            }
        };
        Ok(resident(offset))
    }

    /// Puts the records of a Requantise node into resident memory: one, or one a channel.
    pub(super) fn records(&mut self, node: usize) -> Result<(u64, usize), CompileError> {
        if let Some(&known) = self.resident.records.get(&node) {
            return Ok(known);
        }
        let parameters = [
            self.immediates(node, 1)?,
            self.immediates(node, 2)?,
            self.immediates(node, 3)?,
        ];
        let count = parameters.iter().map(Vec::len).max().unwrap_or(1);
        let mut bytes = Vec::new();
        for channel in 0..count {
            let of = |p: usize| {
                if parameters[p].len() == 1 {
                    parameters[p][0]
                } else {
                    parameters[p][channel]
                }
            };
            // The graph's proof keeps the first two within their fields.
            let record = Record {
                multiplier: of(0) as u16,
                shift: of(1) as u8,
                zero: of(2),
            };
            bytes.extend(record.to_bytes());
        }
        let offset = self.resident.append(&bytes)?;
        self.resident.records.insert(node, (offset, count));
        Ok((offset, count))
    }
}

pub(super) const fn resident(offset: u64) -> Place {
    Place {
        space: Space::Resident,
        offset,
    }
}
