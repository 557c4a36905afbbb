//! Texts in blocks: a contract that tells stories with a toy model, executed over every engine and on several threads.
//! What comes of it is what the reference kernels say, to the last bit of the block's header.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use alloy_primitives::{Address, B256, Log, TxKind, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use metisvm::engine::DispatcherEngine;
use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, Dispatcher, dispatcher};
use metisvm_executor::{
    BlockEngine, BuiltBlock, EngineOptions, Threads, TransactionStatus, run_block_file_with,
};
use metisvm_firmware::Geometry;
use metisvm_model::generation::{Request, TEMPERATURE_ONE};
use metisvm_sim::{Fault, FaultyCard, FunctionalCard, SimOptions, Trigger};
use metisvm_tests::cards;
use metisvm_vm::{EngineError, IInference, InferenceEngine, MetisEvmFactory, ModelFacts};
use metisvm_workload::Storyteller::{
    AnotherStory, Continued, Told, beginCall, proceedCall, storiesCall, tellCall,
};
use metisvm_workload::generator::{CONTEXT, Kernels, greedy, toy};
use metisvm_workload::{DevAccount, INFERENCE, ProofChain, ReferenceEngine, storyteller};
use std::sync::Arc;
use std::time::Duration;

/// Who deploys the contract.
const OWNER: usize = 0;
/// The first of those who tell stories.
const TELLER: usize = 1;
/// The story that goes on.
const STORY: u64 = 7;
/// Transactions that tell a story at once.
const TOLD: usize = 6;

fn model() -> B256 {
    B256::from(toy(&[]).unwrap().0.id.0)
}

fn prompt(number: usize) -> Vec<u32> {
    let all = [3, 1, 4, 1, 5, 2, 6, 5, 3, 0, 2];
    all[..1 + 2 * number % all.len()].to_vec()
}

fn text(request: &Request) -> Vec<u32> {
    Kernels::new(&toy(&[]).unwrap().0).unwrap().text(request).unwrap()
}

/// The story of the contract that goes on from these tokens, as it draws it.
fn continued(teller: Address, tokens: &[u32], count: u32) -> Vec<u32> {
    text(&Request {
        temperature: TEMPERATURE_ONE * 4 / 5,
        top_k: 40,
        seed: keccak256((teller, U256::from(STORY)).abi_encode()).0,
        ..greedy(tokens, count)
    })
}

/// How a story of six tokens goes on: the whole of it, after each of three transactions.
fn story() -> Vec<Vec<u32>> {
    let teller = DevAccount::new(TELLER).address();
    let mut tokens = prompt(2);
    let mut all = vec![tokens.clone()];
    for count in [4, 1, 6] {
        let more = continued(teller, &tokens, count);
        tokens.extend(more);
        all.push(tokens.clone());
    }
    all
}

/// The second block: stories at once, one that goes on within the block, and all that is refused.
fn transactions(chain: &mut ProofChain, contract: Address) -> Vec<alloy_consensus::TxEnvelope> {
    let mut all = Vec::new();
    let to = TxKind::Call(contract);
    for number in 0..TOLD {
        let call = tellCall {
            prompt: prompt(number),
            count: 3 + number as u32,
        };
        all.push(chain.sign(TELLER + number, to, call.abi_encode()));
    }
    let story = story();
    let id = U256::from(STORY);
    let begin = beginCall {
        id,
        prompt: story[0].clone(),
    };
    all.push(chain.sign(TELLER, to, begin.abi_encode()));
    let proceed = |tokens: &[u32], count: usize| {
        let (tokens, count) = (tokens.to_vec(), count as u32);
        proceedCall { id, tokens, count }.abi_encode()
    };
    for pair in story.windows(2) {
        let call = proceed(&pair[0], pair[1].len() - pair[0].len());
        all.push(chain.sign(TELLER, to, call));
    }
    // The story is further by now; there is no room for so much; there is no such token.
    all.push(chain.sign(TELLER, to, proceed(&story[1], 1)));
    all.push(chain.sign(TELLER, to, proceed(&story[3], 20)));
    let unknown = tellCall {
        prompt: vec![1, 7],
        count: 1,
    };
    all.push(chain.sign(TELLER, to, unknown.abi_encode()));
    all
}

/// What the second block came to.
struct Block {
    chain: ProofChain,
    contract: Address,
    block: BuiltBlock,
}

fn told(engine: Arc<dyn InferenceEngine>) -> Block {
    let mut chain = ProofChain::new(Some(engine));
    let register = chain.register_model(model());
    let deploy = chain.sign(OWNER, TxKind::Create, storyteller(model()));
    let first = chain.block(vec![register, deploy]);
    let deployed = first.outcome.transactions.iter();
    assert!(
        deployed
            .clone()
            .all(|tx| matches!(tx.status, TransactionStatus::Success { .. }))
    );
    let contract = DevAccount::new(OWNER).address().create(1);
    let transactions = transactions(&mut chain, contract);
    let block = chain.block(transactions);
    Block {
        chain,
        contract,
        block,
    }
}

/// The definition: the reference kernels, one step after the other.
fn by_definition() -> Block {
    told(Arc::new(
        ReferenceEngine::default().with_generator(&toy(&[]).unwrap().0),
    ))
}

fn events<E: SolEvent>(built: &BuiltBlock) -> Vec<E> {
    let logs = built.outcome.receipts.iter().flat_map(|receipt| receipt.logs());
    let decoded = logs.filter_map(|log: &Log| E::decode_log(log).ok());
    decoded.map(|log| log.data).collect()
}

fn over(backends: Vec<Arc<dyn Backend>>, memo_bytes: u64) -> Arc<DispatcherEngine> {
    let options = dispatcher::Options {
        memo_bytes,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(backends, options);
    dispatcher.add(toy(&[]).unwrap().0);
    Arc::new(DispatcherEngine::new(Arc::new(dispatcher)))
}

#[test]
fn a_contract_tells_what_the_model_generates() {
    let told = by_definition();
    let teller = |number| DevAccount::new(TELLER + number).address();
    let expected: Vec<Told> = (0..TOLD)
        .map(|number| Told {
            teller: teller(number),
            prompt: prompt(number),
            text: text(&greedy(&prompt(number), 3 + number as u32)),
        })
        .collect();
    assert_eq!(events::<Told>(&told.block), expected);
    let story = story();
    let parts: Vec<Vec<u32>> = events::<Continued>(&told.block)
        .into_iter()
        .map(|part| part.text)
        .collect();
    let expected: Vec<&[u32]> = story.windows(2).map(|pair| &pair[1][pair[0].len()..]).collect();
    assert_eq!(parts, expected);
    // In several transactions as in one.
    let whole = continued(teller(0), &story[0], 11);
    assert_eq!(story[3][story[0].len()..], whole);
    let commitment = |tokens: &[u32]| {
        let words: Vec<u8> = tokens
            .iter()
            .flat_map(|token| U256::from(*token).to_be_bytes::<32>())
            .collect();
        keccak256(words)
    };
    let ask = storiesCall {
        teller: teller(0),
        id: U256::from(STORY),
    };
    let chain_id = told.chain.spec.chain_id;
    let stored = told.chain.call(chain_id, told.contract, ask.abi_encode());
    assert_eq!(
        stored.output().unwrap().as_ref(),
        commitment(&story[3]).as_slice()
    );
    let refused: Vec<&[u8]> = told
        .block
        .outcome
        .transactions
        .iter()
        .filter_map(|tx| match &tx.status {
            TransactionStatus::Revert { output } => Some(output.as_ref()),
            _ => None,
        })
        .collect();
    let another = AnotherStory {
        id: U256::from(STORY),
        expected: commitment(&story[3]),
        actual: commitment(&story[1]),
    };
    let too_many = IInference::TooManyTokens {
        tokens: U256::from(story[3].len() + 20),
        context: U256::from(CONTEXT),
    };
    let unknown = IInference::UnknownToken {
        token: U256::from(7),
        vocabulary: U256::from(7),
    };
    assert_eq!(
        refused,
        [another.abi_encode(), too_many.abi_encode(), unknown.abi_encode()]
    );
}

#[test]
fn every_engine_comes_to_the_same_block() {
    let expected = by_definition().block.file.block.header.hash_slow();
    let cpu = || Arc::new(CpuBackend::new(cpu::Options::default())) as Arc<dyn Backend>;
    let card = || cards::backend(Geometry::MEDIUM, fpga::Options::default()) as Arc<dyn Backend>;
    for memo_bytes in [0, 1 << 20] {
        let lists: [Vec<Arc<dyn Backend>>; 4] = [
            vec![Arc::new(ReferenceBackend)],
            vec![cpu()],
            vec![card()],
            vec![card(), cpu()],
        ];
        for backends in lists {
            let names: Vec<_> = backends.iter().map(|backend| backend.name()).collect();
            let engine = over(backends, memo_bytes);
            let told = told(engine.clone());
            let hash = told.block.file.block.header.hash_slow();
            assert_eq!(hash, expected, "{names:?}, memo of {memo_bytes}");
            let counters = engine.dispatcher().counters();
            assert_eq!(counters.fallbacks, 0, "{names:?}");
            assert_eq!(counters.memo_hits > 0, memo_bytes > 0, "{names:?}");
        }
    }
}

#[test]
fn a_card_that_fails_amid_a_text_changes_no_block() {
    let expected = by_definition().block.file.block.header.hash_slow();
    let driver = metisvm_driver::Options {
        timeout: Duration::from_millis(200),
        reset_timeout: Duration::from_millis(200),
        ..Default::default()
    };
    for (fault, run) in [(Fault::Dead, 3), (Fault::Hang, 11), (Fault::WrongOutput(7), 20)] {
        let card = FaultyCard::new(FunctionalCard::new(SimOptions::new(Geometry::MEDIUM)));
        let plan = card.faults();
        let device = cards::open(card, driver).unwrap();
        plan.arm(Trigger::Run(run), fault);
        let engine = over(
            vec![Arc::new(FpgaBackend::new(device, fpga::Options::default()))],
            0,
        );
        let told = told(engine.clone());
        assert_eq!(told.block.file.block.header.hash_slow(), expected, "{fault:?}");
        assert_eq!(plan.fired(), 1, "{fault:?}");
        assert!(engine.dispatcher().counters().fallbacks > 0, "{fault:?}");
    }
}

#[test]
fn texts_ahead_of_their_turn_come_out_as_in_it() {
    let told = by_definition();
    let options = EngineOptions {
        adaptive: false,
        ..EngineOptions::default()
    };
    let spec = Arc::new(told.chain.spec.clone());
    let mut speculated = 0;
    for threads in [1, 2, 4, 8] {
        for memo_bytes in [0, 1 << 20].repeat(10) {
            let backend = Arc::new(CpuBackend::new(cpu::Options::default()));
            let engine = over(vec![backend], memo_bytes);
            let blocks = BlockEngine::with_options(Threads::new(threads).unwrap(), options.clone());
            let factory = |_| MetisEvmFactory::new(spec.clone(), Some(engine.clone()));
            let report = run_block_file_with(&told.block.file, factory, &blocks).unwrap();
            assert!(
                report.matches_header(),
                "{threads} threads: {:?}",
                report.mismatches
            );
            speculated += report.engine.speculated;
        }
    }
    assert!(speculated > 0, "no transaction ran ahead of its turn");
}

/// Knows the model, and generates nothing.
struct Mute(ReferenceEngine);

impl InferenceEngine for Mute {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.0.model(id)
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<alloy_primitives::Bytes, EngineError> {
        self.0.infer(id, input)
    }
}

#[test]
fn a_node_that_cannot_generate_stops_and_says_which_model() {
    let told = by_definition();
    let spec = Arc::new(told.chain.spec.clone());
    let engine = Arc::new(Mute(
        ReferenceEngine::default().with_generator(&toy(&[]).unwrap().0),
    ));
    for threads in [1, 4] {
        let blocks = BlockEngine::new(Threads::new(threads).unwrap());
        let factory = |_| MetisEvmFactory::new(spec.clone(), Some(engine.clone()));
        let error = run_block_file_with(&told.block.file, factory, &blocks).unwrap_err();
        assert!(error.to_string().contains(&model().to_string()), "{error}");
    }
}

#[test]
fn a_direct_call_is_answered_as_a_contracts() {
    let told = by_definition();
    let request = greedy(&prompt(3), 5);
    let call = IInference::generateCall {
        modelId: model(),
        tokens: request.tokens.clone(),
        count: 5,
        temperature: 0,
        topK: 0,
        seed: B256::ZERO,
    };
    let result = told
        .chain
        .call(told.chain.spec.chain_id, INFERENCE, call.abi_encode());
    let answer = IInference::generateCall::abi_decode_returns(result.output().unwrap()).unwrap();
    assert_eq!(answer, text(&request));
}
