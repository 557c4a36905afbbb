use revm::{
    interpreter::GasTable,
    primitives::{B256, hardfork::SpecId, keccak256},
};

/// What compiled code depends on besides the bytecode: the fork, and the static gas of each instruction.
///
/// A chain whose instructions mean something else has other rules; [`Rules::with_tag`] sets them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rules {
    pub(crate) spec: SpecId,
    pub(crate) gas: GasTable,
    tag: B256,
}

impl Rules {
    /// The rules of a fork with this table of static gas.
    pub fn new(spec: SpecId, gas: &GasTable) -> Self {
        Self {
            spec,
            gas: *gas,
            tag: B256::ZERO,
        }
    }

    /// The same with instructions that are set apart by this tag.
    #[must_use]
    pub fn with_tag(self, tag: B256) -> Self {
        Self { tag, ..self }
    }

    /// A digest of all of it.
    pub fn digest(&self) -> B256 {
        let mut bytes = vec![self.spec as u8];
        bytes.extend(self.gas.iter().flat_map(|gas| gas.to_le_bytes()));
        bytes.extend(self.tag);
        keccak256(bytes)
    }
}
