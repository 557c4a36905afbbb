//! The node itself: what it has, what is set, and who takes turns.
//!
//! Whoever asks reads the chain as it stands and works on that; whoever changes something takes turns. Nothing here
//! is asynchronous: it is called on threads that may block.

use crate::{
    accounts::DevAccounts,
    admission::{self, Rules},
    block::MinedBlock,
    chain::{Chain, Tip},
    clock::{Clock, Shift},
    disk::Disk,
    edits,
    error::NodeError,
    keys::Keys,
    miner::{self, Terms},
    models::ModelHost,
    pool::Pool,
    world::World,
};
use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, U256};
use metisvm_executor::BlockEngine;
use metisvm_state::StateChanges;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::sync::broadcast;

/// News that subscribers may be behind with before they lose some.
const NEWS: usize = 4096;

/// What happens on the chain, for who listens.
#[derive(Debug, Clone)]
pub enum News {
    /// A block was added.
    Block(Arc<MinedBlock>),
    /// Blocks were taken back, the newest first.
    Removed(Arc<Vec<Arc<MinedBlock>>>),
    /// A transaction waits.
    Transaction(Arc<Recovered<TxEnvelope>>),
}

/// What is set for the blocks to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who gets the fees.
    pub beneficiary: Address,
    /// The gas that fits in a block.
    pub gas_limit: u64,
    /// The base fee of the next block.
    pub next_base_fee: Option<u64>,
    /// PREVRANDAO of the next block.
    pub next_prevrandao: Option<B256>,
}

/// A moment that can be gone back to.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) tip: Tip,
    pub(super) shift: Shift,
    pub(super) settings: Settings,
    pub(super) pool: Arc<Pool>,
}

/// A node.
pub struct Node {
    /// Makes the EVM.
    pub factory: MetisEvmFactory,
    /// Executes blocks.
    pub engine: BlockEngine,
    /// The blocks and states.
    pub chain: Chain,
    /// Whom it signs and acts for.
    pub accounts: DevAccounts,
    /// The time of blocks.
    pub clock: Clock,
    /// The models of this machine.
    pub models: Arc<dyn ModelHost>,
    /// The verifying keys of this machine; the factory's EVM asks the same ones.
    pub keys: Arc<Keys>,
    /// What it calls itself (`web3_clientVersion`).
    pub client_version: String,
    /// When the node began, in nanoseconds since 1970.
    started_at: u128,
    /// What a transaction has to keep to.
    pub rules: Rules,
    /// Executes blocks that were built here once more before they are kept.
    pub(super) validating: bool,
    /// Shared with snapshots until it changes.
    pool: Mutex<Arc<Pool>>,
    pub(super) settings: Mutex<Settings>,
    pub(super) snapshots: Mutex<Vec<(u64, Snapshot)>>,
    pub(super) next_snapshot: AtomicU64,
    pub(super) automine: AtomicBool,
    /// Seconds between blocks that come by themselves; 0 where none do.
    interval: AtomicU64,
    interval_news: tokio::sync::Notify,
    /// Held by who changes the chain.
    pub(super) turn: Mutex<()>,
    pub(super) disk: Option<Disk>,
    pub(super) news: broadcast::Sender<News>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("spec", &self.factory.spec().name)
            .finish_non_exhaustive()
    }
}

/// What a node is made of.
#[derive(Debug)]
pub struct Parts {
    /// Makes the EVM.
    pub factory: MetisEvmFactory,
    /// Executes blocks.
    pub engine: BlockEngine,
    /// The blocks and states so far.
    pub chain: Chain,
    /// Whom it signs and acts for.
    pub accounts: DevAccounts,
    /// The models of this machine.
    pub models: Arc<dyn ModelHost>,
    /// The verifying keys of this machine; the factory's EVM asks the same ones.
    pub keys: Arc<Keys>,
    /// What is set for the blocks to come.
    pub settings: Settings,
    /// Mines a block as soon as there is a transaction.
    pub automine: bool,
    /// What it calls itself.
    pub client_version: String,
    /// What a transaction has to keep to.
    pub rules: Rules,
    /// Executes blocks that were built here once more before they are kept, as whoever gets them would.
    pub validating: bool,
    /// Where the chain is kept.
    pub disk: Option<Disk>,
}

/// A poisoned lock is one whose holder panicked; what they guard is whole between any two of its steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// A node.
    pub fn new(parts: Parts) -> Self {
        Self {
            factory: parts.factory,
            engine: parts.engine,
            chain: parts.chain,
            accounts: parts.accounts,
            clock: Clock::default(),
            models: parts.models,
            keys: parts.keys,
            client_version: parts.client_version,
            started_at: std::time::UNIX_EPOCH
                .elapsed()
                .map_or(0, |since| since.as_nanos()),
            rules: parts.rules,
            validating: parts.validating,
            pool: Mutex::default(),
            settings: Mutex::new(parts.settings),
            snapshots: Mutex::default(),
            next_snapshot: AtomicU64::new(1),
            automine: AtomicBool::new(parts.automine),
            interval: AtomicU64::new(0),
            interval_news: tokio::sync::Notify::new(),
            turn: Mutex::default(),
            disk: parts.disk,
            news: broadcast::channel(NEWS).0,
        }
    }

    /// What tells this process from another one: by chance, and of no other use.
    pub fn instance(&self) -> B256 {
        let started = self.started_at.to_le_bytes();
        alloy_primitives::keccak256([started.as_slice(), &std::process::id().to_le_bytes()].concat())
    }

    /// The rules of the chain.
    pub fn spec(&self) -> &Arc<ChainSpec> {
        self.factory.spec()
    }

    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    pub(super) fn tell(&self, news: News) {
        // Nobody listening is no error.
        let _ = self.news.send(news);
    }

    /// The transactions that wait; nobody else can touch them while they are looked at.
    pub fn pool(&self) -> MutexGuard<'_, Arc<Pool>> {
        lock(&self.pool)
    }

    /// Changes what waits.
    pub fn change_pool<R>(&self, change: impl FnOnce(&mut Pool) -> R) -> R {
        change(Arc::make_mut(&mut self.pool()))
    }

    /// What is set for the blocks to come.
    pub fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// Changes what is set for the blocks to come.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut lock(&self.settings));
    }

    /// Whether a block is mined as soon as there is a transaction.
    pub fn automine(&self) -> bool {
        self.automine.load(Ordering::Relaxed)
    }

    /// Seconds between blocks that come by themselves.
    pub fn interval(&self) -> Option<u64> {
        Some(self.interval.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }

    /// Sets how often a block comes by itself; no interval stops that.
    pub fn set_interval(&self, seconds: Option<u64>) {
        self.interval.store(seconds.unwrap_or(0), Ordering::Relaxed);
        self.interval_news.notify_waiters();
    }

    /// Waits until the interval is set anew.
    pub async fn interval_changed(&self) {
        self.interval_news.notified().await;
    }

    /// The terms of a block after `parent` by what is set; its time is that of a block mined now.
    pub fn terms(&self, parent: &MinedBlock) -> Terms {
        let settings = self.settings();
        Terms {
            timestamp: self.clock.peek(parent.header.timestamp),
            beneficiary: settings.beneficiary,
            gas_limit: settings.gas_limit,
            base_fee: settings.next_base_fee,
            prevrandao: settings.next_prevrandao,
        }
    }

    /// The base fee that a block mined now would have.
    ///
    /// # Errors
    /// If the chain cannot go on.
    pub fn next_base_fee(&self, tip: &Tip) -> Result<u64, NodeError> {
        let header = miner::template(&self.factory, &tip.block, &self.terms(&tip.block))?;
        Ok(header.base_fee_per_gas.unwrap_or_default())
    }

    /// The most gas that a transaction of a block of this time may ask for.
    pub fn most_gas(&self, timestamp: u64) -> u64 {
        if self.spec().is_osaka_active_at_timestamp(timestamp) {
            admission::OSAKA_GAS
        } else {
            u64::MAX
        }
    }

    /// The nonce of the next transaction of an account, those that wait counted.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn pending_nonce(&self, tip: &Tip, address: Address) -> Result<u64, NodeError> {
        let nonce = nonce(&tip.world, address)?;
        Ok(self.pool().next_nonce(address, nonce))
    }

    /// Sets values of the state by hand.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn edit(
        &self,
        change: impl FnOnce(&World) -> Result<StateChanges, NodeError>,
    ) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        let world = self.chain.tip()?.world;
        let changes = change(&world)?;
        self.chain.edit(world.edited(&changes));
        Ok(())
    }
}

impl Node {
    /// Writes a slot of a contract by hand: for development, where a registry's owner need not be asked. The next block
    /// has it. Gives whether that changes anything.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn write_contract(&self, contract: Address, slot: U256, value: U256) -> Result<bool, NodeError> {
        let mut changed = false;
        self.edit(|world| {
            changed = revm::DatabaseRef::storage_ref(world, contract, slot)? != value;
            edits::contract_slot(world, contract, slot, value)
        })?;
        Ok(changed)
    }
}

/// The nonce of an account.
pub(crate) fn nonce(world: &World, address: Address) -> Result<u64, NodeError> {
    Ok(world.account(address)?.map_or(0, |account| account.nonce))
}
