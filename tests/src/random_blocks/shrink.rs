//! Shrinking: from a plan on which something fails to a small one on which it still does. Greedy, with a
//! bound on the attempts: first fewer transactions, then less of everything else, until nothing helps.

use super::{
    plan::{AccountPlan, Code, Envelope, Gas, Plan, TransactionPlan},
    program::{Input, Program, Statement, Value},
};
use alloy_primitives::{Address, U256};

/// Shrinks a plan. `still_fails` gives back the plan as it was settled, if it fails; it is asked at the most
/// `attempts` times.
pub fn shrink(plan: Plan, attempts: usize, still_fails: &mut dyn FnMut(&Plan) -> Option<Plan>) -> Plan {
    let mut shrinker = Shrinker {
        plan,
        attempts,
        still_fails,
    };
    while shrinker.round() {}
    shrinker.plan
}

struct Shrinker<'a> {
    plan: Plan,
    attempts: usize,
    still_fails: &'a mut dyn FnMut(&Plan) -> Option<Plan>,
}

impl Shrinker<'_> {
    /// One attempt: true where the changed plan fails, which is then the plan.
    fn attempt(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        if self.attempts == 0 {
            return false;
        }
        self.attempts -= 1;
        let mut smaller = self.plan.clone();
        change(&mut smaller);
        match (self.still_fails)(&smaller) {
            Some(settled) => {
                self.plan = settled;
                true
            }
            None => false,
        }
    }

    /// Everything once; true where something helped.
    fn round(&mut self) -> bool {
        let mut helped = self.transactions();
        helped |= self.block();
        helped |= self.accounts();
        helped |= self.contracts();
        for index in (0..self.plan.transactions.len()).rev() {
            helped |= self.transaction(index);
        }
        helped
    }

    /// Leaves out transactions: halves of them first, single ones last.
    fn transactions(&mut self) -> bool {
        let mut helped = false;
        let mut size = self.plan.transactions.len();
        while size > 0 {
            let mut end = self.plan.transactions.len();
            while end > 0 {
                let end_now = end.min(self.plan.transactions.len());
                let start = end_now.saturating_sub(size);
                helped |= self.attempt(|plan| {
                    plan.transactions.drain(start..end_now);
                });
                end = start;
            }
            size /= 2;
        }
        helped
    }

    fn block(&mut self) -> bool {
        let mut helped = false;
        if !self.plan.withdrawals.is_empty() {
            helped |= self.attempt(|plan| plan.withdrawals.clear());
        }
        for index in (0..self.plan.withdrawals.len()).rev() {
            helped |= self.plan.withdrawals.len() > 1
                && self.attempt(|plan| {
                    plan.withdrawals.remove(index);
                });
        }
        if !self.plan.ommers.is_empty() {
            helped |= self.attempt(|plan| plan.ommers.clear());
        }
        if self.plan.header.beneficiary != Address::repeat_byte(0xcb) {
            helped |= self.attempt(|plan| plan.header.beneficiary = Address::repeat_byte(0xcb));
        }
        if self.plan.header.base_fee_per_gas.is_some_and(|fee| fee > 0) {
            helped |= self.attempt(|plan| plan.header.base_fee_per_gas = Some(0));
        }
        // What is about the gas of the block needs fewer transactions where there is less of it.
        let limits = self.plan.transactions.iter().filter_map(|one| match one.gas {
            Gas::Limit(limit) if limit < self.plan.header.gas_limit => Some(limit),
            _ => None,
        });
        for limit in [limits.max(), Some(self.plan.header.gas_limit / 2)]
            .into_iter()
            .flatten()
        {
            helped |= limit >= 100_000 && self.attempt(|plan| plan.header.gas_limit = limit);
        }
        if self.plan.chain.inference {
            helped |= self.attempt(|plan| plan.chain.inference = false);
        }
        helped
    }

    fn accounts(&mut self) -> bool {
        let mut helped = false;
        let addresses: Vec<_> = self.plan.accounts.keys().copied().collect();
        let mut size = addresses.len();
        while size > 0 {
            for some in addresses.chunks(size) {
                if some
                    .iter()
                    .any(|address| self.plan.accounts.contains_key(address))
                {
                    helped |= self.attempt(|plan| {
                        some.iter().for_each(|address| {
                            plan.accounts.remove(address);
                        });
                    });
                }
            }
            size /= 2;
        }
        helped
    }

    /// Prunes the programs and slots of accounts, and the init codes.
    fn contracts(&mut self) -> bool {
        let mut helped = false;
        for address in self.plan.accounts.keys().copied().collect::<Vec<_>>() {
            let account = |plan: &mut Plan, change: &dyn Fn(&mut AccountPlan)| {
                plan.accounts.entry(address).and_modify(change);
            };
            if !self.plan.accounts[&address].storage.is_empty() {
                helped |= self.attempt(|plan| account(plan, &|account| account.storage.clear()));
            }
            // The list of simpler programs starts anew whenever one of them is taken.
            let mut next = 0;
            while let Code::Program(program) = &self.plan.accounts[&address].code {
                let Some(program) = simpler(program).into_iter().nth(next) else {
                    break;
                };
                if self.attempt(|plan| {
                    account(plan, &|account| account.code = Code::Program(program.clone()));
                }) {
                    helped = true;
                } else {
                    next += 1;
                }
                if !self.plan.accounts.contains_key(&address) {
                    break;
                }
            }
        }
        for index in 0..self.plan.transactions.len() {
            let mut next = 0;
            while let Some(Code::Program(program)) = self.plan.transactions.get(index).map(|one| &one.input) {
                let Some(program) = simpler(program).into_iter().nth(next) else {
                    break;
                };
                if self.attempt(|plan| plan.transactions[index].input = Code::Program(program)) {
                    helped = true;
                } else {
                    next += 1;
                }
            }
        }
        helped
    }

    /// Makes one transaction plainer.
    fn transaction(&mut self, index: usize) -> bool {
        type Change = (fn(&TransactionPlan) -> bool, fn(&mut TransactionPlan));
        let changes: [Change; 6] = [
            (|one| !one.value.is_zero(), |one| one.value = U256::ZERO),
            (
                |one| matches!(&one.input, Code::Bytes(bytes) if !bytes.is_empty()),
                |one| one.input = Code::NOTHING,
            ),
            (|one| !one.access_list.is_empty(), |one| one.access_list.clear()),
            (
                |one| !matches!(one.envelope, Envelope::Unprotected),
                |one| one.envelope = Envelope::Unprotected,
            ),
            (|one| one.tip > 0, |one| one.tip = 0),
            (
                |one| !matches!(one.gas, Gas::Limit(400_000)),
                |one| one.gas = Gas::Limit(400_000),
            ),
        ];
        let mut helped = false;
        for (applies, change) in changes {
            if self.plan.transactions.get(index).is_some_and(applies) {
                helped |= self.attempt(|plan| change(&mut plan.transactions[index]));
            }
        }
        helped
    }
}

/// Programs with one thing less in them.
fn simpler(program: &Program) -> Vec<Program> {
    let mut found = Vec::new();
    for (index, statement) in program.iter().enumerate() {
        let replaced = |by: Vec<Statement>| {
            let mut program = program.clone();
            program.splice(index..=index, by);
            program
        };
        found.push(replaced(Vec::new()));
        match statement {
            Statement::If(condition, then) => {
                found.push(replaced(then.clone()));
                for then in simpler(then) {
                    found.push(replaced(vec![Statement::If(condition.clone(), then)]));
                }
            }
            Statement::Deploy(code) => {
                for code in simpler(code) {
                    found.push(replaced(vec![Statement::Deploy(code)]));
                }
            }
            Statement::Create { salt, value, init } => {
                for init in simpler(init) {
                    let (salt, value) = (salt.clone(), value.clone());
                    found.push(replaced(vec![Statement::Create { salt, value, init }]));
                }
            }
            Statement::Op(op, operands) => {
                for (operand, value) in operands.iter().enumerate() {
                    if !matches!(value, Value::Constant(_)) {
                        let mut operands = operands.clone();
                        operands[operand] = Value::number(1);
                        found.push(replaced(vec![Statement::Op(*op, operands)]));
                    }
                }
            }
            Statement::Call(call) => {
                let mut plain = call.clone();
                plain.input = Input::Words(Vec::new());
                plain.value = Value::number(0);
                plain.gas = None;
                if plain != *call {
                    found.push(replaced(vec![Statement::Call(plain)]));
                }
            }
            _ => {}
        }
    }
    found
}
