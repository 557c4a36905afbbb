//! A file of blockchain tests, and what comes of each.

use super::{
    Refusal, StoreKind,
    chain::{Chain, decode},
    deviation, exception,
    fixture::{self, Object, RawAccount, RawBlock, RawSuite, RawTest, wrong},
    network,
};
use alloy_primitives::{B256, U256};
use metisvm_executor::{BlockEngine, Error};
use metisvm_jit::Jit;
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::MetisEvmFactory;
use std::sync::Arc;

/// A file of tests.
#[derive(Debug)]
pub struct Suite(RawSuite);

/// Whether a test came out as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did not; in what.
    Failed(String),
    /// It did not, for a reason that is known and named: the rule, then in what.
    Known(&'static str, String),
    /// It was not run; why.
    Skipped(&'static str),
}

/// What came of a test.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// The test's name.
    pub name: String,
    /// The network, as the file calls it.
    pub network: String,
    /// Whether it came out as it has to.
    pub verdict: Verdict,
    /// Blocks that were executed and taken.
    pub accepted: usize,
    /// Blocks that were refused as they have to be.
    pub refused: usize,
}

impl Suite {
    /// Reads a file. A file without a test is an error.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let suite = fixture::read(json)?;
        if suite.0.is_empty() {
            let problem = "holds no tests: nothing to run".to_owned();
            return Err(Error::Unfit {
                what: "the file",
                problem,
            });
        }
        Ok(Self(suite))
    }

    /// Runs its tests one after the other, with native code where there is a compiler; reports in the order of the file.
    pub fn run(&self, engine: &BlockEngine, kind: StoreKind, jit: Option<&Arc<Jit>>) -> Vec<TestReport> {
        self.0
            .0
            .iter()
            .map(|(name, test)| report(name, test, engine, kind, jit))
            .collect()
    }
}

fn report(
    name: &str,
    test: &RawTest,
    engine: &BlockEngine,
    kind: StoreKind,
    jit: Option<&Arc<Jit>>,
) -> TestReport {
    let mut report = TestReport {
        name: name.to_owned(),
        network: test.network.clone(),
        verdict: Verdict::Passed,
        accepted: 0,
        refused: 0,
    };
    let spec = match network::chain_spec(
        &test.network,
        &test.config,
        !deviation::is_of_net(test.info.url.as_deref()),
    ) {
        Err(reason) => {
            report.verdict = Verdict::Skipped(reason);
            return report;
        }
        Ok(spec) => spec,
    };
    let ran = spec
        .and_then(|spec| begin(test, spec, engine, kind, jit))
        .map_err(|error| error.to_string());
    let ran = ran.and_then(|mut chain| {
        for (index, block) in test.blocks.iter().enumerate() {
            let place = format!("block {index}");
            match import(&mut chain, block) {
                Ok(true) => report.accepted += 1,
                Ok(false) => report.refused += 1,
                Err(problem) => return Err(format!("{place}: {problem}")),
            }
        }
        check_end(&chain, test)
    });
    if let Err(problem) = ran {
        let info = &test.info;
        let (url, spec) = (info.url.as_deref(), info.reference_spec.as_deref());
        let known = deviation::known(&test.network, url, spec, &problem);
        report.verdict = match known {
            Some(rule) => Verdict::Known(rule, problem),
            None => Verdict::Failed(problem),
        };
    }
    report
}

/// The chain with its genesis, which has to be the one that the file describes.
fn begin<'a>(
    test: &RawTest,
    spec: metisvm_vm::ChainSpec,
    engine: &'a BlockEngine,
    kind: StoreKind,
    jit: Option<&Arc<Jit>>,
) -> Result<Chain<'a>, Error> {
    let genesis = decode(&test.genesis_rlp).map_err(|refusal| wrong("genesisRLP", refusal.to_string()))?;
    let hash = genesis.header.hash_slow();
    let named = &test.genesis_block_header;
    if hash != named.hash {
        let problem = format!("has hash {hash}, genesisBlockHeader.hash is {}", named.hash);
        return Err(wrong("genesisRLP", problem));
    }
    if genesis.header.state_root != named.state_root {
        let problem = format!(
            "has state root {}, genesisBlockHeader {}",
            genesis.header.state_root, named.state_root
        );
        return Err(wrong("genesisRLP", problem));
    }
    let factory = MetisEvmFactory::new(Arc::new(spec), None).with_jit(jit.cloned());
    Chain::new(factory, engine, kind, genesis, state(&test.pre, "pre")?)
}

/// Gives a block to the chain: true where it was taken, false where it was refused, both as it has to be.
fn import(chain: &mut Chain<'_>, block: &RawBlock) -> Result<bool, String> {
    let expected = block
        .expect_exception
        .as_deref()
        .or(block.expect_exception_all.as_deref());
    // An older test says so by leaving the header out.
    let must_be_refused = expected.is_some() || block.block_header.is_none();
    match chain.import(&block.rlp) {
        Ok(hash) => match (must_be_refused, &block.block_header) {
            (true, _) => Err(format!(
                "was taken; has to be refused: {}",
                expected.unwrap_or("no header is given")
            )),
            (false, Some(header)) if header.hash != hash => {
                Err(format!("has hash {hash}, blockHeader.hash is {}", header.hash))
            }
            (false, _) => Ok(true),
        },
        // A fault of this node refutes nothing.
        Err(Refusal::Invalid(error @ (Error::Node(_) | Error::NodeFault { .. }))) => Err(error.to_string()),
        Err(refusal) if must_be_refused => match expected.and_then(|name| exception::fits(name, &refusal)) {
            Some(false) => Err(format!(
                "was refused, but not for {}: {refusal}",
                expected.unwrap_or_default()
            )),
            _ => Ok(false),
        },
        Err(refusal) => Err(format!("was refused: {refusal}")),
    }
}

fn check_end(chain: &Chain<'_>, test: &RawTest) -> Result<(), String> {
    let head = chain.head();
    if head != test.last_block_hash {
        return Err(format!(
            "the head is {head}, lastblockhash is {}",
            test.last_block_hash
        ));
    }
    let root = chain
        .header(head)
        .map(|header| header.state_root)
        .unwrap_or_default();
    let expected = match (&test.post_state, test.post_state_hash) {
        (Some(post), _) => {
            let post = state(post, "postState").map_err(|error| error.to_string())?;
            let expected = state_root(&post);
            if expected != root
                && let Some(difference) = chain.state(head).and_then(|ours| difference(ours, &post))
            {
                return Err(format!(
                    "the state after the head differs from postState: {difference}"
                ));
            }
            expected
        }
        (None, Some(hash)) => hash,
        (None, None) => return Err("the test says neither postState nor postStateHash".to_owned()),
    };
    if expected != root {
        return Err(format!(
            "the state root after the head is {root}, that of the file {expected}"
        ));
    }
    Ok(())
}

fn state(accounts: &Object<RawAccount>, place: &str) -> Result<MemoryState, Error> {
    let mut state = MemoryState::default();
    for (key, account) in &accounts.0 {
        let place = format!("{place}.{key}");
        let address = fixture::address(key, &place)?;
        if state.account(&address).is_some() {
            return Err(wrong(&place, "comes twice"));
        }
        let mut storage = Vec::with_capacity(account.storage.0.len());
        for (slot, value) in &account.storage.0 {
            let slot: U256 = slot.parse().map_err(|_| {
                wrong(
                    &format!("{place}.storage.{slot}"),
                    "is no number of at most 256 bits",
                )
            })?;
            storage.push((slot, *value));
        }
        state.insert_account(
            address,
            account.balance,
            account.nonce,
            account.code.clone(),
            storage,
        );
    }
    Ok(state)
}

/// The first account, by address, that is not the same in both.
fn difference(ours: &MemoryState, expected: &MemoryState) -> Option<String> {
    let addresses = ours
        .accounts()
        .chain(expected.accounts())
        .map(|(address, _)| *address);
    let differing = addresses.filter(|address| ours.account(address) != expected.account(address));
    let address = differing.min()?;
    let show = |state: &MemoryState| match state.account(&address) {
        None => "none".to_owned(),
        Some(account) => {
            let mut slots: Vec<_> = account.storage.iter().collect();
            slots.sort();
            let shown = slots
                .iter()
                .take(4)
                .map(|(slot, value)| format!("{slot:#x}: {value:#x}"));
            let slots: Vec<String> = shown.chain((slots.len() > 4).then(|| "…".to_owned())).collect();
            let info = &account.info;
            let code: B256 = info.code_hash;
            format!(
                "balance {}, nonce {}, code {code}, slots {{{}}}",
                info.balance,
                info.nonce,
                slots.join(", ")
            )
        }
    };
    Some(format!(
        "account {address}: {}; expected {}",
        show(ours),
        show(expected)
    ))
}
