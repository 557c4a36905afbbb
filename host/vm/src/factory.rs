use crate::{
    ChainSpec, GasSchedule, InferenceEngine, MetisEvm, MetisPrecompiles, ProofVerifier, native::NativeFrames,
};
use alloy_consensus::BlockHeader;
use alloy_evm::{Database, EvmEnv, EvmFactory, eth::EthEvmContext};
use core::fmt;
use metisvm_jit::Jit;
use revm::{
    Context, Inspector, MainBuilder, MainContext,
    context::{BlockEnv, DBErrorMarker, TxEnv},
    context_interface::result::{EVMError, HaltReason},
    inspector::NoOpInspector,
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// Makes the EVM of a block as the chain spec says; alloy-evm's executors take it as their factory.
/// Cheap to clone, and shared between threads.
#[derive(Clone)]
pub struct MetisEvmFactory {
    spec: Arc<ChainSpec>,
    engine: Option<Arc<dyn InferenceEngine>>,
    proofs: Option<Arc<dyn ProofVerifier>>,
    schedule: Option<GasSchedule>,
    senders_with_code: bool,
    jit: Option<Arc<Jit>>,
}

impl fmt::Debug for MetisEvmFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetisEvmFactory")
            .field("spec", &self.spec.name)
            .field("engine", &self.engine.is_some())
            .field("proofs", &self.proofs.is_some())
            .field("jit", &self.jit.is_some())
            .finish()
    }
}

impl MetisEvmFactory {
    /// A factory for a chain. Without an engine, only blocks that call no registered model can be
    /// executed.
    pub fn new(spec: Arc<ChainSpec>, engine: Option<Arc<dyn InferenceEngine>>) -> Self {
        Self {
            spec,
            engine,
            proofs: None,
            schedule: None,
            senders_with_code: false,
            jit: None,
        }
    }

    /// The chain.
    pub fn spec(&self) -> &Arc<ChainSpec> {
        &self.spec
    }

    /// What runs its models, if anything does.
    pub fn engine(&self) -> Option<&Arc<dyn InferenceEngine>> {
        self.engine.as_ref()
    }

    /// The same chain, with another engine to run its models.
    pub fn with_engine(&self, engine: Arc<dyn InferenceEngine>) -> Self {
        Self {
            engine: Some(engine),
            ..self.clone()
        }
    }

    /// The same chain, with something that has verifying keys and verifies proofs. Without, only blocks that ask for
    /// no registered key can be executed.
    #[must_use]
    pub fn with_proofs(self, proofs: Option<Arc<dyn ProofVerifier>>) -> Self {
        Self { proofs, ..self }
    }

    /// The same chain, with native code for bytecode as this compiler's options say. Without, everything is interpreted;
    /// so are EVMs that an inspector looks at, in any case. No result depends on it.
    #[must_use]
    pub fn with_jit(self, jit: Option<Arc<Jit>>) -> Self {
        Self { jit, ..self }
    }

    /// What makes native code, if anything does.
    pub fn jit(&self) -> Option<&Arc<Jit>> {
        self.jit.as_ref()
    }

    /// The same chain, charging by this schedule whatever its spec says: for tests, and for trying prices
    /// out. Its blocks are then not those of the chain.
    pub fn with_gas_schedule(&self, schedule: GasSchedule) -> Self {
        Self {
            schedule: Some(schedule),
            ..self.clone()
        }
    }

    /// The same chain, on which an account with code may send transactions, against EIP-3607: for a development network
    /// that acts for contracts. Its blocks are then not valid elsewhere.
    #[must_use]
    pub fn permitting_senders_with_code(self) -> Self {
        Self {
            senders_with_code: true,
            ..self
        }
    }

    /// The EVM's configuration and block environment for a block with this header.
    pub fn evm_env(&self, header: &impl BlockHeader) -> EvmEnv {
        let mut env = self.spec.evm_env(header);
        env.cfg_env.disable_eip3607 = self.senders_with_code;
        env
    }

    /// The precompiles of the block that an environment describes.
    pub fn precompiles(&self, env: &EvmEnv) -> MetisPrecompiles {
        let precompiles = MetisPrecompiles::ethereum(env.cfg_env.spec);
        let number = env.block_env.number.saturating_to();
        let timestamp = env.block_env.timestamp.saturating_to();
        match self.spec.active_inference(number, timestamp) {
            Some(extension) => {
                let version = extension.gas_schedule_at(number, timestamp);
                let schedule = self.schedule.unwrap_or(version.schedule());
                let generates = extension.generates_at(number, timestamp);
                let engine = self.engine.clone();
                let precompiles = precompiles.with_inference(extension, schedule, generates, engine);
                match extension.active_proofs(number, timestamp) {
                    Some(proofs) => precompiles.with_proofs(proofs, self.proofs.clone()),
                    None => precompiles,
                }
            }
            None => precompiles,
        }
    }

    fn build<DB: Database, I: Inspector<EthEvmContext<DB>>>(
        &self,
        db: DB,
        env: EvmEnv,
        inspector: I,
        inspect: bool,
    ) -> MetisEvm<DB, I> {
        let precompiles = self.precompiles(&env);
        let native = self
            .jit
            .as_ref()
            .and_then(|jit| NativeFrames::new(jit, env.cfg_env.spec));
        let evm = Context::mainnet()
            .with_block(env.block_env)
            .with_cfg(env.cfg_env)
            .with_db(db)
            .build_mainnet_with_inspector(inspector)
            .with_precompiles(precompiles);
        MetisEvm::new(evm, inspect, native)
    }
}

impl EvmFactory for MetisEvmFactory {
    type Evm<DB: Database, I: Inspector<EthEvmContext<DB>>> = MetisEvm<DB, I>;
    type Context<DB: Database> = EthEvmContext<DB>;
    type Tx = TxEnv;
    type Error<DBError: DBErrorMarker> = EVMError<DBError>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = MetisPrecompiles;

    fn create_evm<DB: Database>(&self, db: DB, env: EvmEnv) -> MetisEvm<DB> {
        self.build(db, env, NoOpInspector {}, false)
    }

    fn create_evm_with_inspector<DB: Database, I: Inspector<EthEvmContext<DB>>>(
        &self,
        db: DB,
        env: EvmEnv,
        inspector: I,
    ) -> MetisEvm<DB, I> {
        self.build(db, env, inspector, true)
    }
}
