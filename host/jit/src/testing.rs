//! A compiler for the tests of cache, disk and background: what it does with a contract is written in its bytecode.

use crate::{
    Rules,
    builder::Builder,
    cache::Cache,
    code::{Code, Generator},
    contract::Contract,
    disk::Disk,
    plan::Declined,
};
use revm::{
    bytecode::Bytecode,
    interpreter::instructions::gas_table_spec,
    primitives::{B256, Bytes, hardfork::SpecId},
};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// What the compiler makes of a region, or of the contract as a whole: one of these bytes of its bytecode.
pub(crate) const COMPILES: u8 = 0;
pub(crate) const DECLINES: u8 = 1;
pub(crate) const PANICS: u8 = 2;
pub(crate) const FAILS_TO_INSTALL: u8 = 3;

/// Regions as their bytes say.
#[derive(Debug, Default)]
pub(crate) struct FakeCode {
    regions: Vec<(u8, OnceLock<Vec<u8>>)>,
}

impl Code for FakeCode {
    fn regions(&self) -> usize {
        self.regions.len()
    }

    fn bytecode_bytes(&self, _region: usize) -> usize {
        1
    }

    fn has(&self, region: usize) -> bool {
        self.regions[region].1.get().is_some()
    }

    fn install(&self, region: usize, code: &[u8]) -> io::Result<()> {
        if self.regions[region].0 == FAILS_TO_INSTALL {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let _ = self.regions[region].1.set(code.to_vec());
        Ok(())
    }

    fn code(&self, region: usize) -> Option<&[u8]> {
        self.regions.get(region)?.1.get().map(Vec::as_slice)
    }
}

/// Compiles a region to `code_bytes` bytes.
#[derive(Debug, Default)]
pub(crate) struct FakeGenerator {
    pub(crate) fingerprint: B256,
    pub(crate) code_bytes: usize,
    /// Regions that it was asked for.
    pub(crate) calls: Arc<AtomicUsize>,
    /// Whoever holds this holds it up.
    pub(crate) gate: Arc<Mutex<()>>,
}

/// The code of a region.
pub(crate) fn code_of(region: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (region * 31 + at) as u8).collect()
}

impl Generator for FakeGenerator {
    type Code = FakeCode;

    fn fingerprint(&self) -> B256 {
        self.fingerprint
    }

    fn plan(&self, bytecode: &Bytecode, _rules: &Rules) -> Result<FakeCode, Declined> {
        let bytes = bytecode.original_byte_slice();
        obey(bytes[0])?;
        let regions = bytes[1..].iter().map(|byte| (*byte, OnceLock::new())).collect();
        Ok(FakeCode { regions })
    }

    fn region(&self, code: &FakeCode, region: usize) -> Result<Vec<u8>, Declined> {
        self.calls.fetch_add(1, Relaxed);
        drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
        obey(code.regions[region].0)?;
        Ok(code_of(region, self.code_bytes))
    }
}

fn obey(byte: u8) -> Result<(), Declined> {
    match byte {
        DECLINES => Err(Declined),
        PANICS => panic!("as the test wants it"),
        _ => Ok(()),
    }
}

/// Bytecode by what becomes of the contract, and of its regions.
pub(crate) fn bytecode(contract: u8, regions: &[u8]) -> Bytecode {
    let bytes = [&[contract], regions].concat();
    Bytecode::new_legacy(Bytes::from(bytes))
}

/// Bytecode of so many regions, all of which compile; a number sets it apart.
pub(crate) fn nth_bytecode(number: u8, regions: usize) -> Bytecode {
    bytecode(100 + number, &vec![COMPILES; regions])
}

pub(crate) fn rules() -> Rules {
    Rules::new(SpecId::PRAGUE, &gas_table_spec(SpecId::PRAGUE))
}

pub(crate) type FakeBuilder = Builder<FakeGenerator>;

/// A builder within a bound of memory, with or without a folder.
pub(crate) fn builder(generator: FakeGenerator, memory: usize, folder: Option<&Path>) -> Arc<FakeBuilder> {
    let disk = folder.map(|folder| Disk::open(folder, 1 << 30).unwrap());
    Arc::new(Builder::new(generator, Cache::new(memory), disk))
}

/// The contract of a bytecode.
pub(crate) fn contract(builder: &FakeBuilder, bytecode: &Bytecode) -> Arc<Contract<FakeCode>> {
    builder
        .cache
        .contract(&builder.cache.domain(&rules()), bytecode.hash_slow())
}
