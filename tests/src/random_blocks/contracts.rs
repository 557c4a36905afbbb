//! The contracts of a random block: some with a purpose (counters, wrapped ether, factories, observers …),
//! some of arbitrary statements. All work on few slots and few addresses.

use super::{
    chain::Fork,
    models::models,
    program::{Call, Input, Program, Statement, Value},
    statements::{add, argument, increment, load, modulo, number, send, store},
    world::{DESTROY, World},
};
use crate::rng::Rng;
use alloy_primitives::{Bytes, U256, b256};
use alloy_sol_types::{SolCall, SolValue};
use metisvm_vm::IInference;
use metisvm_workload::{Digit, INFERENCE, Network};
use revm::bytecode::opcode as op;

/// The first words of call data that contracts look at are below this number.
pub(crate) const FUNCTIONS: u64 = 3;

/// The topic of a deposit event (EIP-6110).
const DEPOSIT_EVENT: Value = Value::Constant(U256::from_be_bytes(
    b256!("0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5").0,
));

fn on(function: u64, then: Program) -> Statement {
    Statement::If(Value::Op(op::EQ, vec![argument(0), number(function)]), then)
}

/// The call data of an inference: a digit mostly, sometimes an unknown model, a wrong length or no call.
pub(crate) fn infer(rng: &mut Rng) -> Bytes {
    let models = models();
    let network = rng.pick(&[Network::Mlp, Network::Cnn]);
    let digit = Digit::new(rng.index(4));
    let mut call = IInference::inferCall {
        modelId: models.of(network).id,
        input: network.input(&digit),
    };
    match rng.below(12) {
        0 => call.modelId = rng_word(rng).to_be_bytes().into(),
        1 => call.input = Bytes::from_static(&[1, 2, 3]),
        2 => return Bytes::from_static(b"no call of the precompile"),
        3 => {
            return IInference::modelInfoCall {
                modelId: call.modelId,
            }
            .abi_encode()
            .into();
        }
        _ => {}
    }
    call.abi_encode().into()
}

/// Some number.
fn rng_word(rng: &mut Rng) -> U256 {
    U256::from_limbs([rng.next(), rng.next(), rng.next(), rng.next()])
}

/// Makes contracts for a world.
#[derive(Debug)]
pub(crate) struct Contracts<'a> {
    /// Where everything is.
    pub world: &'a World,
    /// The arbitrariness.
    pub rng: &'a mut Rng,
}

impl Contracts<'_> {
    /// The contract of a number: each purpose once, the rest arbitrary.
    pub(crate) fn contract(&mut self, index: usize) -> Program {
        match index {
            0 | 1 => self.factory(),
            2 => self.counter(),
            3 => self.wrapped_ether(),
            4 => token(),
            5 => self.destroyer(),
            6 => self.drainer(),
            7 => self.observer(),
            8 if self.world.chain.inference => self.classifier(),
            _ => {
                let length = 1 + self.rng.below(6);
                self.program(length, 2)
            }
        }
    }

    /// Deposits raise the caller's slot; function 1 pays an amount back if there is enough.
    fn wrapped_ether(&self) -> Program {
        let mine = || load(Value::read(op::CALLER));
        let enough = Value::Op(op::ISZERO, vec![Value::Op(op::LT, vec![mine(), argument(1)])]);
        let rest = Value::Op(op::SUB, vec![mine(), argument(1)]);
        vec![
            store(Value::read(op::CALLER), add(mine(), Value::read(op::CALLVALUE))),
            on(
                1,
                vec![Statement::If(
                    enough,
                    vec![
                        store(Value::read(op::CALLER), rest),
                        send(Value::read(op::CALLER), argument(1), self.all_gas()),
                        Statement::If(
                            Value::Op(op::ISZERO, vec![Value::Last]),
                            vec![Statement::Revert(number(1))],
                        ),
                    ],
                )],
            ),
        ]
    }

    /// Sends everything to the caller: as the code of an account that delegates to it, it drains that account.
    fn drainer(&self) -> Program {
        vec![send(
            Value::read(op::CALLER),
            Value::Op(op::BALANCE, vec![Value::read(op::ADDRESS)]),
            self.all_gas(),
        )]
    }

    fn counter(&mut self) -> Program {
        let slot = self.slot();
        vec![
            increment(slot),
            on(1, vec![increment(modulo(argument(1), 3))]),
            on(2, vec![increment(Value::read(op::CALLER))]),
            Statement::Log(vec![load(number(0))], load(number(1))),
            Statement::Return(load(number(0))),
        ]
    }

    fn factory(&mut self) -> Program {
        let init = self.rng.pick(&self.world.shared_inits);
        let salt = modulo(argument(1), 2);
        let create = |salt, init| Statement::Create {
            salt,
            value: modulo(Value::read(op::CALLVALUE), 3),
            init,
        };
        let gas = self.all_gas();
        let call_created = |function| {
            Statement::Call(Call {
                op: op::CALL,
                to: load(number(7)),
                value: number(0),
                gas: gas.clone(),
                input: Input::Words(vec![number(function)]),
            })
        };
        let mut first = vec![
            create(
                (self.fork() >= Fork::Petersburg).then_some(salt.clone()),
                init.clone(),
            ),
            Statement::If(Value::Last, vec![store(number(7), Value::Last)]),
            call_created(0),
        ];
        if self.rng.one_in(3) {
            // Created and destroyed in one transaction.
            first.push(call_created(DESTROY));
        }
        let arbitrary = self.init(1);
        vec![
            on(0, first),
            on(1, vec![create(None, arbitrary), store(number(6), Value::Last)]),
            on(DESTROY, vec![call_created(DESTROY)]),
        ]
    }

    fn destroyer(&mut self) -> Program {
        let to = match self.rng.below(5) {
            0 => Value::read(op::ADDRESS),
            1 => Value::read(op::COINBASE),
            2 => Value::read(op::CALLER),
            3 => self.rng.pick(&self.world.fresh).into(),
            _ => self.world.anyone(self.rng).into(),
        };
        vec![
            increment(number(0)),
            on(DESTROY, vec![Statement::Op(op::SELFDESTRUCT, vec![to])]),
        ]
    }

    fn observer(&mut self) -> Program {
        (0..4)
            .map(|slot| {
                let value = self.observation();
                store(number(slot), value)
            })
            .collect()
    }

    fn classifier(&mut self) -> Program {
        vec![
            self.inference(),
            store(number(0), add(Value::Returned, load(number(0)))),
            on(1, vec![self.inference(), store(number(1), Value::Last)]),
            on(2, vec![self.inference(), Statement::Revert(Value::Returned)]),
        ]
    }

    fn inference(&mut self) -> Statement {
        let kinds = [op::CALL, op::STATICCALL, op::DELEGATECALL, op::CALLCODE];
        Statement::Call(Call {
            op: self.rng.pick(&kinds),
            to: INFERENCE.into(),
            value: number(u64::from(self.rng.one_in(6))),
            gas: self.rng.one_in(8).then(|| number(3_000)),
            input: Input::Bytes(infer(self.rng)),
        })
    }
}

/// Function 0 mints one unit to whom the argument says, function 1 moves a third of the caller's units.
fn token() -> Program {
    let caller = || Value::read(op::CALLER);
    let third = || Value::Op(op::DIV, vec![load(caller()), number(3)]);
    vec![
        on(0, vec![increment(argument(1)), increment(number(0))]),
        on(
            1,
            vec![
                store(argument(1), add(load(argument(1)), third())),
                store(caller(), Value::Op(op::SUB, vec![load(caller()), third()])),
                Statement::Log(vec![caller(), argument(1)], load(argument(1))),
            ],
        ),
        Statement::Return(load(caller())),
    ]
}

/// A deposit contract: whoever calls it gets a well-formed event out of it, and with [`BAD_DEPOSIT`] one
/// that cannot be decoded, which makes the block invalid.
pub(crate) fn deposit_contract() -> Program {
    let field = |length: usize| Bytes::from(vec![length as u8; length]);
    let event = (field(48), field(32), field(8), field(96), field(8));
    let bad = Statement::LogBytes(DEPOSIT_EVENT, Bytes::from_static(&[1, 2, 3]));
    vec![
        on(BAD_DEPOSIT, vec![bad]),
        Statement::LogBytes(DEPOSIT_EVENT, event.abi_encode_params().into()),
    ]
}

/// The call data word that makes the deposit contract misbehave.
pub(crate) const BAD_DEPOSIT: u64 = 0xbad;
