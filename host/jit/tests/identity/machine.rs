//! An EVM of revm's whose frames are run by something that can be exchanged: the interpreter, native code, or an
//! interpreter that is broken on purpose.

use crate::{
    execution::{Entry, Execution, Form},
    world::{AUTHORITY, BENEFICIARY, DELEGATED, SENDER, SUBJECT, World, helper},
};
use metisvm_jit::Native;
use revm::{
    Context, MainBuilder, MainContext, MainnetEvm,
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv, ContextSetters, ContextTr, FrameStack, JournalTr, TxEnv},
    context_interface::{
        Host,
        block::BlobExcessGasAndPrice,
        either::Either,
        result::{EVMError, ExecutionResult, HaltReason},
        transaction::{
            AccessList, AccessListItem, Authorization, RecoveredAuthority, RecoveredAuthorization,
        },
    },
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameTr, Handler, MainnetContext, MainnetHandler,
        evm::{ContextDbError, FrameInitResult},
        instructions::InstructionProvider,
    },
    interpreter::{
        CallInput, CallScheme, CallValue, FrameInput, GasTable, InstructionResult, InstructionTable,
        Interpreter, InterpreterAction, interpreter::EthInterpreter,
    },
    primitives::{Address, B256, Bytes, TxKind, U256, hardfork::SpecId},
    state::EvmState,
};
use std::{convert::Infallible, ops::Range, panic::AssertUnwindSafe};

/// Frames cannot have more memory than this, in bytes, so that the limit is reached with little gas.
const MEMORY_LIMIT: u64 = 1 << 17;
/// From Amsterdam on a transaction's gas beyond this is for state alone (EIP-8037).
const REGULAR_GAS_CAP: u64 = 150_000;
/// Above the block's base fee.
const GAS_PRICE: u128 = 10;

type Revm = MainnetEvm<MainnetContext<World>>;

/// Runs a frame until it has an action, as `Interpreter::run_plain` does.
pub(crate) trait Runner {
    fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction;
}

/// The definition.
#[derive(Debug)]
pub(crate) struct Interpreted;

impl Runner for Interpreted {
    fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction {
        interpreter.run_plain(instructions, gas, host)
    }
}

impl Runner for Native {
    fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction {
        Native::run(self, interpreter, instructions, gas, host)
    }
}

/// Makes a runner for a fork.
pub(crate) trait Runners {
    type Runner: Runner;

    fn runner(&self, spec: SpecId, gas: &GasTable) -> Self::Runner;
}

/// What a frame asked for or how it ended, each time that it left its runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// It called.
    Call {
        scheme: CallScheme,
        code_of: Address,
        target: Address,
        caller: Address,
        value: CallValue,
        input: CallInput,
        output: Range<usize>,
        gas: u64,
        reservoir: u64,
        is_static: bool,
    },
    /// It created.
    Create {
        value: U256,
        init_code: Bytes,
        gas: u64,
        reservoir: u64,
    },
    /// It ended; with what is left where that is defined.
    End {
        result: InstructionResult,
        output: Bytes,
        left: Option<Left>,
    },
}

/// Gas of a frame that returned or reverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    remaining: u64,
    refunded: i64,
    reservoir: u64,
    state_gas_spent: i64,
}

impl Step {
    fn new(action: &InterpreterAction) -> Self {
        match action {
            InterpreterAction::NewFrame(FrameInput::Call(call)) => Self::Call {
                scheme: call.scheme,
                code_of: call.bytecode_address,
                target: call.target_address,
                caller: call.caller,
                value: call.value.clone(),
                input: call.input.clone(),
                output: call.return_memory_offset.clone(),
                gas: call.gas_limit,
                reservoir: call.reservoir,
                is_static: call.is_static,
            },
            InterpreterAction::NewFrame(FrameInput::Create(create)) => Self::Create {
                value: create.value(),
                init_code: create.init_code().clone(),
                gas: create.gas_limit(),
                reservoir: create.reservoir(),
            },
            InterpreterAction::NewFrame(FrameInput::Empty) => unreachable!("no instruction asks for this"),
            InterpreterAction::Return(end) => Self::End {
                result: end.result,
                output: end.output.clone(),
                left: (end.is_ok() || end.is_revert()).then(|| Left {
                    remaining: end.gas.remaining(),
                    refunded: end.gas.refunded(),
                    reservoir: end.gas.reservoir(),
                    state_gas_spent: end.gas.state_gas_spent(),
                }),
            },
        }
    }
}

/// All that an execution gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The transaction's result, or why it is not valid.
    pub(crate) result: Result<ExecutionResult<HaltReason>, String>,
    /// Every account that the transaction loaded.
    pub(crate) state: EvmState,
    /// Every frame, in order.
    pub(crate) steps: Vec<Step>,
}

/// The EVM, for one fork.
pub(crate) struct Machine<R> {
    evm: Revm,
    runner: R,
    steps: Vec<Step>,
}

impl<R: Runner> Machine<R> {
    pub(crate) fn new<F: Runners<Runner = R>>(spec: SpecId, runners: &F) -> Self {
        let mut cfg = CfgEnv::new().with_spec_and_mainnet_gas_params(spec);
        cfg.memory_limit = MEMORY_LIMIT;
        if spec.is_enabled_in(SpecId::AMSTERDAM) {
            cfg.tx_gas_limit_cap = Some(REGULAR_GAS_CAP);
        }
        let block = BlockEnv {
            number: U256::from(1000),
            beneficiary: BENEFICIARY,
            timestamp: U256::from(1_700_000_000),
            gas_limit: 1 << 40,
            basefee: 7,
            difficulty: U256::from(0x20_000),
            prevrandao: Some(B256::repeat_byte(0xd1)),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(1 << 20, 5_007_716)),
            slot_num: 77,
        };
        let evm = Context::mainnet()
            .with_db(World::new())
            .with_cfg(cfg)
            .with_block(block)
            .build_mainnet();
        let runner = runners.runner(spec, evm.instruction.gas_table());
        Self {
            evm,
            runner,
            steps: Vec::new(),
        }
    }

    /// Executes. A panic is an error, after which the machine is of no use.
    pub(crate) fn execute(&mut self, execution: &Execution, code: &Bytecode) -> Result<Outcome, String> {
        self.steps.clear();
        self.evm.ctx.journaled_state.database.set_code(code.clone());
        self.evm.ctx.set_tx(transaction(execution));
        let run = AssertUnwindSafe(|| MainnetHandler::default().run(&mut *self));
        let result: Result<_, EVMError<Infallible>> = std::panic::catch_unwind(run).map_err(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            format!("panicked: {}", message.unwrap_or_default())
        })?;
        Ok(Outcome {
            result: result.map_err(|error| error.to_string()),
            state: self.evm.ctx.journal_mut().finalize(),
            steps: std::mem::take(&mut self.steps),
        })
    }
}

/// The transaction of an execution.
fn transaction(execution: &Execution) -> TxEnv {
    let (kind, data) = match execution.entry {
        Entry::Call => (TxKind::Call(SUBJECT), execution.input.clone()),
        Entry::Delegated => (TxKind::Call(DELEGATED), execution.input.clone()),
        Entry::Create => {
            let data = [&execution.code[..], &execution.input].concat();
            (TxKind::Create, data.into())
        }
    };
    let mut tx = TxEnv {
        caller: SENDER,
        gas_limit: execution.gas,
        gas_price: GAS_PRICE,
        kind,
        value: U256::from(execution.value),
        data,
        chain_id: Some(1),
        ..TxEnv::default()
    };
    match execution.form {
        Form::Legacy => {}
        Form::AccessList => {
            tx.tx_type = 1;
            tx.access_list = AccessList(vec![
                AccessListItem {
                    address: SUBJECT,
                    storage_keys: vec![B256::ZERO, B256::with_last_byte(2)],
                },
                AccessListItem {
                    address: helper(0),
                    storage_keys: Vec::new(),
                },
            ]);
        }
        Form::Blob => {
            tx.tx_type = 3;
            tx.gas_priority_fee = Some(1);
            tx.max_fee_per_blob_gas = 1_000_000;
            tx.blob_hashes = [0xb1, 0xb2]
                .map(|byte| with_version(B256::repeat_byte(byte)))
                .to_vec();
        }
        Form::SetCode => {
            tx.tx_type = 4;
            tx.gas_priority_fee = Some(1);
            tx.authorization_list = [(AUTHORITY, 0, SUBJECT), (DELEGATED, 3, Address::ZERO)]
                .into_iter()
                .take(if execution.value.is_multiple_of(2) { 1 } else { 2 })
                .map(|(authority, nonce, address)| {
                    let chain_id = U256::from(1);
                    Either::Right(RecoveredAuthorization::new_unchecked(
                        Authorization {
                            chain_id,
                            address,
                            nonce,
                        },
                        RecoveredAuthority::Valid(authority),
                    ))
                })
                .collect();
        }
    }
    tx
}

/// A blob's hash begins with the version of its commitment, 1.
fn with_version(mut hash: B256) -> B256 {
    hash[0] = 1;
    hash
}

impl<R: Runner> EvmTr for Machine<R> {
    type Context = MainnetContext<World>;
    type Instructions = <Revm as EvmTr>::Instructions;
    type Precompiles = <Revm as EvmTr>::Precompiles;
    type Frame = EthFrame;

    fn all(
        &self,
    ) -> (
        &Self::Context,
        &Self::Instructions,
        &Self::Precompiles,
        &FrameStack<EthFrame>,
    ) {
        self.evm.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<EthFrame>,
    ) {
        self.evm.all_mut()
    }

    fn frame_init(
        &mut self,
        input: <EthFrame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, EthFrame>, ContextDbError<Self::Context>> {
        self.evm.frame_init(input)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<EthFrame>, ContextDbError<Self::Context>> {
        let (context, instructions, _, frames) = self.evm.all_mut();
        let frame = frames.get();
        let action = self.runner.run(
            &mut frame.interpreter,
            instructions.instruction_table(),
            instructions.gas_table(),
            context,
        );
        self.steps.push(Step::new(&action));
        frame
            .process_next_action::<_, ContextDbError<Self::Context>>(context, action)
            .inspect(|next| {
                if next.is_result() {
                    frame.set_finished(true);
                }
            })
    }

    fn frame_return_result(
        &mut self,
        result: <EthFrame as FrameTr>::FrameResult,
    ) -> Result<Option<<EthFrame as FrameTr>::FrameResult>, ContextDbError<Self::Context>> {
        self.evm.frame_return_result(result)
    }
}
