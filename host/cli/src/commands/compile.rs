//! `metisvm compile`: native code of contracts before they are executed.

mod report;

use crate::args::{Compile, compiled_address, fork_name};
use crate::bytecode_file::{self, Contract};
use crate::datadir::{Chain, DataDir};
use crate::error::CliError;
use crate::models::read_bounded;
use crate::{jit, output};
use alloy_consensus::Header;
use alloy_primitives::{Address, Bytes};
use metisvm_jit::{Jit, Rules};
use metisvm_state::CpuKeccak;
use metisvm_state::store::{Store, StoreSnapshot};
use metisvm_vm::{ChainSpec, native_rules};
use report::{Report, Row};
use revm::DatabaseRef;
use revm::bytecode::Bytecode;
use revm::context::CfgEnv;
use revm::context_interface::Cfg;
use revm::primitives::hardfork::SpecId;
use std::path::Path;
use std::sync::Arc;

/// More than any chain spec has.
const SPEC_LIMIT: usize = 1 << 20;

pub(super) fn run(args: &Compile) -> Result<bool, CliError> {
    let open = |folder: &Path| DataDir::open(folder, Arc::new(CpuKeccak));
    let datadir = args.datadir.as_deref().map(open).transpose()?;
    let chain = datadir
        .as_ref()
        .map(|datadir| chain_of(datadir).map(|chain| (datadir, chain)));
    let chain = chain.transpose()?;
    let fork = match (args.fork, chain) {
        (Some(fork), _) => fork,
        (None, Some((datadir, chain))) => fork_at_head(datadir, chain)?,
        (None, None) => newest_fork(&chain_spec(args.chain.as_deref())?),
    };
    let kept_with_chain = args.datadir.as_deref().map(jit::folder_in);
    let folder = args.jit_cache.clone().or(kept_with_chain);
    let folder = folder.ok_or_else(|| CliError::Use("--jit-cache DIR is missing".to_owned()))?;
    let jit = jit::open_ahead(&folder)?;
    let compiler = Compiler {
        jit,
        rules: native_rules(fork),
        fork,
        most_bytes: CfgEnv::new_with_spec(fork).max_code_size(),
    };
    let mut report = Report::new(args.json, fork_name(fork));
    for named in &args.contracts {
        let shown = named.display().to_string();
        let contracts = match (compiled_address(named), chain) {
            (Some(address), Some((datadir, chain))) => {
                deployed(datadir, chain, address).map(|code| vec![code])
            }
            _ => bytecode_file::read(named),
        };
        let contracts = match contracts {
            Ok(contracts) => contracts,
            Err(error) => {
                report.failed(&shown, &error.to_string())?;
                continue;
            }
        };
        for Contract { name, code } in contracts {
            let name = name.map_or_else(|| shown.clone(), |name| format!("{shown}:{name}"));
            match code.and_then(|code| compiler.compile(code)) {
                Ok(row) => report.compiled(&name, row)?,
                Err(problem) => report.failed(&name, &format!("{name}: {problem}"))?,
            }
        }
    }
    compiler.jit.settle();
    jit::complain(&compiler.jit);
    report.finish()
}

/// What compiles for one fork.
struct Compiler {
    jit: Arc<Jit>,
    rules: Rules,
    fork: SpecId,
    /// The longest code that a contract of the fork may have, in bytes.
    most_bytes: usize,
}

impl Compiler {
    fn compile(&self, code: Vec<u8>) -> Result<Row, String> {
        if code.len() > self.most_bytes {
            return Err(format!(
                "it has {} bytes, and the code of a contract has at most {} by the rules of {}",
                output::thousands(code.len() as u64),
                output::thousands(self.most_bytes as u64),
                fork_name(self.fork)
            ));
        }
        let code = Bytes::from(code);
        let code = Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
        if let Some(to) = code.eip7702_address() {
            return Err(format!(
                "it is no code but says where that is (EIP-7702): compile the contract at {to}"
            ));
        }
        let hash = code.hash_slow();
        let compiled = self
            .jit
            .compile(hash, &code, &self.rules)
            .map_err(|error| error.to_string())?;
        Ok(Row { hash, compiled })
    }
}

fn chain_of(datadir: &DataDir) -> Result<&Chain, CliError> {
    let problem = "there is no chain in it; metisvm run --datadir begins one with its first block";
    datadir
        .chain()
        .ok_or_else(|| CliError::file(datadir.folder(), problem))
}

/// The code of an account after the last block of a chain.
fn deployed(datadir: &DataDir, chain: &Chain, address: Address) -> Result<Contract, CliError> {
    let failed = |error| datadir.failed(error);
    let snapshot = chain.state.store().snapshot().map_err(failed)?;
    let account = snapshot.account(address).map_err(failed)?;
    let number = snapshot.head().number;
    let refuse = |problem: &str| {
        Err(CliError::file(
            datadir.folder(),
            format!("account {address} {problem} after block {number}, with which the chain ends"),
        ))
    };
    let Some(account) = account else {
        return refuse("is not there");
    };
    let code = snapshot
        .code_by_hash_ref(account.code_hash)
        .map_err(|error| CliError::file(datadir.folder(), error))?;
    match code.original_byte_slice() {
        [] => refuse("has no code"),
        code => Ok(Contract {
            name: None,
            code: Ok(code.to_vec()),
        }),
    }
}

fn fork_at_head(datadir: &DataDir, chain: &Chain) -> Result<SpecId, CliError> {
    let head = datadir.header_before(chain, 0)?;
    Ok(chain.spec.evm_env(&head).cfg_env.spec)
}

/// The last fork that a chain spec has, however far ahead it lies.
fn newest_fork(spec: &ChainSpec) -> SpecId {
    let last = Header {
        number: u64::MAX,
        timestamp: u64::MAX,
        ..Header::default()
    };
    spec.evm_env(&last).cfg_env.spec
}

fn chain_spec(named: Option<&Path>) -> Result<ChainSpec, CliError> {
    let Some(named) = named else {
        return Ok(ChainSpec::mainnet());
    };
    if let Some(known) = named.to_str().and_then(|name| ChainSpec::by_name(name).ok()) {
        return Ok(known);
    }
    let bytes = read_bounded(named, SPEC_LIMIT)?;
    let text = String::from_utf8(bytes).map_err(|error| CliError::file(named, error))?;
    ChainSpec::from_json(&text).map_err(|error| CliError::file(named, error))
}
