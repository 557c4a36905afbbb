//! From options to a node: rules, first block, models, accounts, folder.

use super::additions;
use super::args::Node as Args;
use super::code::inference_code;
use super::import::import;
use super::models::Models;
use crate::composition;
use crate::datadir::{self, DataDir};
use crate::error::CliError;
use crate::{bundled, jit, models, verifying_keys};
use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use metisvm_executor::{BlockEngine, Threads};
use metisvm_node::accounts::{DevAccounts, TEST_MNEMONIC};
use metisvm_node::admission::Rules;
use metisvm_node::chain::{Chain, History};
use metisvm_node::disk::{self, Disk};
use metisvm_node::genesis::{DevGenesis, check_dev_chain};
use metisvm_node::geth_genesis::GethGenesis;
use metisvm_node::import::Importer;
use metisvm_node::keys::Keys;
use metisvm_node::world::World;
use metisvm_node::{Node, NodeError, Parts, Settings};
use metisvm_state::{CpuKeccak, MemoryState};
use metisvm_vm::{Activation, ChainSpec, MetisEvmFactory};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// More than any chain spec, and than any genesis that is kept in memory, has.
const SPEC_LIMIT: usize = 1 << 20;
const GENESIS_LIMIT: usize = 256 << 20;

/// The gas that fits in a block where nobody says another.
const GAS_LIMIT: u64 = 60_000_000;

/// Wei of an ether.
const ETHER: u64 = 1_000_000_000_000_000_000;

/// What a chain begins with.
pub(super) struct Beginning {
    pub(super) spec: Arc<ChainSpec>,
    pub(super) header: Header,
    pub(super) state: MemoryState,
}

/// A node that is ready to be served.
pub(super) struct Ready {
    pub(super) node: Node,
    /// The words of the accounts, where they are the well-known ones.
    pub(super) mnemonic: Option<&'static str>,
    /// What kept a device from being used.
    pub(super) problems: Vec<String>,
}

/// Puts a node together.
///
/// # Errors
/// Whatever is wrong with the options and the files that they name.
pub(super) fn start(args: &Args) -> Result<Ready, CliError> {
    let threads = Threads::new(args.threads.unwrap_or(0))?;
    let mut bundles = bundled::models()?;
    for more in models::read_all(&args.models)? {
        if !bundles.iter().any(|known| known.id == more.id) {
            bundles.push(more);
        }
    }
    let keys = Keys::new(verifying_keys::read_all(&args.keys)?);
    let mut composition = composition::compose_for_long(&args.engine, &bundles);
    let problems = composition.untold_problems().to_vec();
    let models = Models::new(composition.dispatcher.clone(), &bundles);

    let mut datadir = match &args.datadir {
        Some(folder) => Some(DataDir::open(folder, Arc::new(CpuKeccak))?),
        None => None,
    };
    let kept = datadir.as_ref().and_then(DataDir::chain);
    let geth = args.genesis.as_deref().map(read_genesis).transpose()?;
    let spec = match (kept, &args.datadir) {
        (Some(chain), Some(folder)) => {
            check_kept(args, geth.as_ref(), chain, folder)?;
            chain.spec.clone()
        }
        _ => Arc::new(spec(args, geth.as_ref())?),
    };
    let accounts = accounts(args, &spec)?;
    let first = Registered::of(&bundles, &keys)?;
    check_keys(args, &spec, &keys)?;
    // Not before: genesis registers what options name, and these are for chains that are there.
    let (models, keys) = match &args.datadir {
        Some(folder) => (
            models.kept_in(&folder.join(additions::MODELS))?,
            additions::keys(keys, &folder.join(additions::KEYS))?,
        ),
        None => (models, keys),
    };
    let (models, keys) = (Arc::new(models), Arc::new(keys));
    let history = History {
        blocks: args.history.max(1),
        states: args.history_states,
    };
    let (chain, disk) = match &mut datadir {
        None => (
            in_memory(&begin(args, geth, spec.clone(), &accounts, &first)?, history)?,
            None,
        ),
        Some(datadir) => {
            if datadir.chain().is_none() {
                let beginning = begin(args, geth, spec.clone(), &accounts, &first)?;
                datadir.begin(beginning.spec, &beginning.header, &[], &beginning.state)?;
            }
            let (chain, disk) = on_disk(datadir, history)?;
            (chain, Some(disk))
        }
    };
    let rules = Rules::of(&spec);
    let jit = jit::open(&args.jit, args.datadir.as_deref())?;
    let factory = MetisEvmFactory::new(spec, Some(models.clone()))
        .with_proofs(Some(keys.clone()))
        .with_jit(jit);
    let engine = BlockEngine::new(threads);
    if let Some(path) = &args.import {
        import(path, Importer::new(&factory, &engine, &chain, disk.as_ref()))?;
    }
    // A chain that began with another limit goes on with it: by the rules it may move by a 1024th a block.
    let head = chain.head().map_err(failed)?;
    let gas_limit = args.gas_limit.unwrap_or(head.header.gas_limit);
    let node = Node::new(Parts {
        factory: factory.permitting_senders_with_code(),
        engine,
        chain,
        accounts,
        models,
        keys,
        settings: Settings {
            beneficiary: alloy_primitives::Address::ZERO,
            gas_limit,
            next_base_fee: None,
            next_prevrandao: None,
        },
        automine: !args.no_mining && args.block_time.is_none(),
        client_version: args.client_version.clone(),
        rules,
        validating: !args.skip_validation,
        disk,
    });
    node.set_interval(args.block_time);
    let mnemonic = args.mnemonic.is_none().then_some(TEST_MNEMONIC);
    Ok(Ready {
        node,
        mnemonic,
        problems,
    })
}

/// Wrong use that shows only now, or a fault.
pub(super) fn failed(error: NodeError) -> CliError {
    CliError::Node(error)
}

fn spec(args: &Args, geth: Option<&GethGenesis>) -> Result<ChainSpec, CliError> {
    let mut spec = match (&args.chain, geth) {
        (Some(path), _) => read_spec(path)?,
        (None, Some(genesis)) => genesis.spec.clone(),
        (None, None) => ChainSpec::metis_dev(),
    };
    if let Some(id) = args.chain_id {
        spec.chain_id = id;
    }
    Ok(spec)
}

/// Options that say how a chain begins may be given again for one that is there, and are refused where they say something
/// else than it is.
fn check_kept(
    args: &Args,
    geth: Option<&GethGenesis>,
    kept: &datadir::Chain,
    folder: &Path,
) -> Result<(), CliError> {
    let is = format!("{} ({})", kept.spec.name, kept.spec.chain_id);
    let refuse = |option: &str, asked: String| {
        let problem = format!(
            "it holds the chain {is}, and {option} asks for {asked}; leave {option} out, or begin that chain in another \
             folder (--datadir)"
        );
        Err(CliError::file(folder, problem))
    };
    if let Some(id) = args.chain_id
        && id != kept.spec.chain_id
    {
        return refuse("--chain-id", format!("chain {id}"));
    }
    let asked = |option: &str, asked: ChainSpec| {
        if asked == *kept.spec {
            return Ok(());
        }
        let same_name = asked.name == kept.spec.name && asked.chain_id == kept.spec.chain_id;
        let differs = if same_name { ", which has other rules" } else { "" };
        refuse(option, format!("{} ({}){differs}", asked.name, asked.chain_id))
    };
    if args.chain.is_some() {
        asked("--chain", spec(args, None)?)?;
    }
    if let Some(genesis) = geth {
        if args.chain.is_none() {
            asked("--genesis", spec(args, geth)?)?;
        }
        let begins = genesis.header.hash_slow();
        let store = kept.state.store();
        let first = store
            .genesis_hash()
            .map_err(|error| CliError::file(folder, error))?;
        if first.is_some_and(|first| first != begins) {
            return refuse(
                "--genesis",
                format!("one that begins with another block, {begins}"),
            );
        }
    }
    Ok(())
}

fn read_spec(path: &Path) -> Result<ChainSpec, CliError> {
    let bytes = models::read_bounded(path, SPEC_LIMIT)?;
    let text = String::from_utf8(bytes).map_err(|error| CliError::file(path, error))?;
    ChainSpec::from_json(&text).map_err(|error| CliError::file(path, error))
}

/// Reads a genesis of geth's.
///
/// # Errors
/// If the file cannot be read, or is none.
pub(super) fn read_genesis(path: &Path) -> Result<GethGenesis, CliError> {
    let bytes = models::read_bounded(path, GENESIS_LIMIT)?;
    GethGenesis::from_json(&bytes).map_err(|error| CliError::file(path, error))
}

fn accounts(args: &Args, spec: &ChainSpec) -> Result<DevAccounts, CliError> {
    if args.accounts == 0 {
        return Ok(DevAccounts::none());
    }
    let mnemonic = args.mnemonic.as_deref().unwrap_or(TEST_MNEMONIC);
    let accounts = DevAccounts::derive(mnemonic, args.accounts).map_err(failed)?;
    // By the address and not by the words: those can be written in several ways.
    let known = DevAccounts::derive(TEST_MNEMONIC, 1).map_err(failed)?;
    if accounts.addresses().first() == known.addresses().first() {
        check_dev_chain(spec.chain_id).map_err(failed)?;
    }
    Ok(accounts)
}

/// What genesis registers.
struct Registered {
    models: Vec<B256>,
    /// Each key's model and digest.
    keys: Vec<(B256, B256)>,
}

impl Registered {
    fn of(bundles: &[metisvm_model::Bundle], keys: &Keys) -> Result<Self, CliError> {
        let mut by_model = BTreeMap::new();
        for key in keys.all() {
            if let Some(other) = by_model.insert(key.model, key.digest) {
                return Err(CliError::Use(format!(
                    "--keys has two keys of model {}, {other} and {}, and the registry has room for one: give one of \
                     them, and add the other with metis_addKey",
                    key.model, key.digest
                )));
            }
        }
        Ok(Self {
            models: bundles.iter().map(|bundle| B256::from(bundle.id.0)).collect(),
            keys: by_model.into_iter().collect(),
        })
    }
}

/// Keys for a chain that verifies no proofs are a mistake, and for one that does not yet are worth a word.
fn check_keys(args: &Args, spec: &ChainSpec, keys: &Keys) -> Result<(), CliError> {
    if keys.all().is_empty() {
        return Ok(());
    }
    let Some(proofs) = spec.inference.as_ref().and_then(|inference| inference.proofs) else {
        return Err(CliError::Use(format!(
            "--keys is of no use: {} verifies no proofs; take a chain spec with inference.proofs",
            spec.name
        )));
    };
    if let Activation::Time(time) = proofs.activation
        && time > args.timestamp.unwrap_or_else(now)
    {
        tracing::warn!(
            "{} verifies proofs from timestamp {time} on: start with --timestamp {time}, or move the time there \
             (evm_setTime)",
            spec.name
        );
    }
    Ok(())
}

fn begin(
    args: &Args,
    geth: Option<GethGenesis>,
    spec: Arc<ChainSpec>,
    accounts: &DevAccounts,
    first: &Registered,
) -> Result<Beginning, CliError> {
    if let Some(genesis) = geth {
        let state = genesis.state;
        let header = genesis.header;
        return Ok(Beginning { spec, header, state });
    }
    let genesis = DevGenesis {
        accounts: &accounts.addresses(),
        balance: U256::from(args.balance) * U256::from(ETHER),
        models: &first.models,
        keys: &first.keys,
        code: &inference_code()?,
        timestamp: args.timestamp.unwrap_or_else(now),
        gas_limit: args.gas_limit.unwrap_or(GAS_LIMIT),
    };
    let state = genesis.state(&spec);
    let header = genesis.header(&spec, metisvm_state::state_root(&state));
    Ok(Beginning { spec, header, state })
}

/// Seconds since 1970.
fn now() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

fn in_memory(beginning: &Beginning, history: History) -> Result<Chain, CliError> {
    let first = disk::first_block(beginning.header.clone());
    let world = World::of(&beginning.state)
        .map_err(|error| failed(error.into()))?
        .with_hash(first.number(), first.hash);
    Ok(Chain::begin(history, first, world))
}

/// The chain of a folder, which has one.
pub(super) fn on_disk(datadir: &mut DataDir, history: History) -> Result<(Chain, Disk), CliError> {
    let folder = datadir.folder().to_path_buf();
    let store = datadir
        .take_chain()
        .ok_or_else(|| CliError::file(&folder, "it holds no chain"))?
        .state
        .into_store();
    let (disk, found) = Disk::open(&folder, store, history.blocks).map_err(failed)?;
    Ok((Chain::new(history, found.first, found.blocks, found.world), disk))
}
