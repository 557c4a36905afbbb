//! What each instruction becomes. To add one: a row in [`form`](crate::opcode::form), and an arm here where it is
//! `Kind::Inline`.

use super::{
    Emitter, Flow,
    bits::BitOperation,
    path::Path,
    word::{Limbs, Word},
};
use crate::{
    opcode::{Kind, immediate_bytes},
    plan::Step,
    record,
};
use cranelift_codegen::ir::{InstBuilder, Value};
use revm::{bytecode::opcode as op, primitives::U256};

/// An address has so many bits.
const ADDRESS_BITS: u32 = 160;
/// No data of a call or of memory has a length of so many bits.
const LENGTH_BITS: u32 = 48;

impl Emitter<'_, '_> {
    /// Emits an instruction, whose static gas has been taken and whose operands are on the stack.
    pub(super) fn instruction(&mut self, path: &mut Path, step: &Step, inline: usize, seen: &[u32]) -> Flow {
        match step.form.map(|form| form.kind) {
            Some(Kind::Jump) => return self.jump(path, inline, seen),
            Some(Kind::JumpIf) => return self.jump_if(path, step, inline, seen),
            Some(Kind::Call) if step.opcode == op::GAS => {
                self.push(path, Limbs::small(path.gas, 64));
                return Flow::Next;
            }
            Some(Kind::Inline) => {}
            _ => return self.call(path, step),
        }
        match step.opcode {
            op::JUMPDEST => {}
            op::POP => path.drop(1),
            op::PUSH0..=op::PUSH32 => {
                debug_assert_eq!(immediate_bytes(step.opcode), (step.next - step.pc) as usize - 1);
                self.push(path, Limbs::known(self.plan.operand(step)));
            }
            op::DUP1..=op::DUP16 => {
                let word = self.word(path, usize::from(step.opcode - op::DUP1));
                path.push(word);
            }
            op::SWAP1..=op::SWAP16 => {
                let depth = usize::from(step.opcode - op::SWAP1) + 1;
                let (top, other) = (self.word(path, 0), self.word(path, depth));
                path.set(0, other);
                path.set(depth, top);
            }
            op::MLOAD | op::MSTORE | op::MSTORE8 => return self.memory_instruction(path, step),
            op::ISZERO => match self.word(path, 0) {
                Word::Truth { bit, negated } => {
                    path.drop(1);
                    path.push(Word::Truth {
                        bit,
                        negated: !negated,
                    });
                }
                Word::Limbs(word) => {
                    path.drop(1);
                    let zero = self.is_zero(&word);
                    self.push_truth(path, zero);
                }
            },
            op::LT | op::GT | op::SLT | op::SGT | op::EQ => self.comparison(path, step.opcode),
            _ => {
                let result = self.computed(path, step);
                self.push(path, result);
            }
        }
        Flow::Next
    }

    fn push(&mut self, path: &mut Path, word: Limbs) {
        path.push(Word::Limbs(word));
    }

    fn push_truth(&mut self, path: &mut Path, truth: Result<Value, bool>) {
        path.push(match truth {
            Ok(bit) => Word::Truth { bit, negated: false },
            Err(known) => Word::Limbs(Limbs::known(U256::from(known))),
        });
    }

    fn memory_instruction(&mut self, path: &mut Path, step: &Step) -> Flow {
        let offset = self.peek(path, 0);
        let bytes = if step.opcode == op::MSTORE8 { 1 } else { 32 };
        let address = self.memory(path, step, &offset, bytes);
        path.drop(1);
        if step.opcode == op::MLOAD {
            let word = self.load_word(address);
            self.push(path, word);
            return Flow::Next;
        }
        let word = self.pop(path);
        if step.opcode == op::MSTORE {
            self.store_word(address, &word);
        } else {
            let value = self.value(word.limb(0));
            self.builder.ins().istore8(super::trusted(), value, address, 0);
        }
        Flow::Next
    }

    fn comparison(&mut self, path: &mut Path, opcode: u8) {
        let (a, b) = (self.pop(path), self.pop(path));
        if let (Some(a), Some(b)) = (a.constant(), b.constant()) {
            // As signed words, in the order of unsigned ones.
            let sign = U256::ONE << 255;
            let truth = match opcode {
                op::LT => a < b,
                op::GT => a > b,
                op::SLT => a ^ sign < b ^ sign,
                op::SGT => a ^ sign > b ^ sign,
                _ => a == b,
            };
            return self.push_truth(path, Err(truth));
        }
        let truth = match opcode {
            op::LT => Ok(self.less(&a, &b, false)),
            op::GT => Ok(self.less(&b, &a, false)),
            op::SLT => Ok(self.less(&a, &b, true)),
            op::SGT => Ok(self.less(&b, &a, true)),
            _ => self.equal(&a, &b),
        };
        self.push_truth(path, truth);
    }

    /// The word that an instruction pushes, its operands taken from the stack.
    fn computed(&mut self, path: &mut Path, step: &Step) -> Limbs {
        let opcode = step.opcode;
        let operands = step.form.map_or(0, |form| form.pops);
        let words: Vec<Limbs> = (0..operands).map(|_| self.pop(path)).collect();
        match (opcode, words.as_slice()) {
            (op::ADD, [a, b]) => self.add(a, b),
            (op::SUB, [a, b]) => self.sub(a, b),
            (op::MUL, [a, b]) => self.mul(a, b),
            (op::DIV | op::MOD, [a, b]) => self.divide(opcode, a, b),
            (op::ADDMOD | op::MULMOD, [_, _, modulus]) => self.function(opcode, &words, modulus.bits()),
            (op::AND, [a, b]) => self.bit_operation(BitOperation::And, a, b),
            (op::OR, [a, b]) => self.bit_operation(BitOperation::Or, a, b),
            (op::XOR, [a, b]) => self.bit_operation(BitOperation::Xor, a, b),
            (op::NOT, [word]) => self.not(word),
            (op::SIGNEXTEND, [place, word]) => match place.constant().map(u32::try_from) {
                // A word that is known is folded below.
                Some(Ok(place @ 0..31)) if word.constant().is_none() => self.sign_extend(word, place),
                Some(Ok(31..) | Err(_)) => *word,
                _ => self.function(opcode, &words, 256),
            },
            (op::BYTE, [place, word]) => match place.constant().map(u32::try_from) {
                Some(Ok(place @ 0..32)) => {
                    let byte = self.shift_right(word, 248 - 8 * place);
                    let low = Limbs::known(U256::from(0xff));
                    self.bit_operation(BitOperation::And, &byte, &low)
                }
                Some(_) => Limbs::known(U256::ZERO),
                None => self.function(opcode, &words, 8),
            },
            (op::SHL | op::SHR | op::SAR, [shift, word]) => match shift.constant() {
                Some(shift) => {
                    let bits = u32::try_from(shift).unwrap_or(256).min(256);
                    match opcode {
                        op::SHL => self.shift_left(word, bits),
                        op::SHR => self.shift_right(word, bits),
                        _ => self.shift_right_signed(word, bits),
                    }
                }
                None => {
                    let bits = if opcode == op::SHR { word.bits() } else { 256 };
                    self.function(opcode, &words, bits)
                }
            },
            (op::ADDRESS, []) => self.record_word(record::ADDRESS, ADDRESS_BITS),
            (op::CALLER, []) => self.record_word(record::CALLER, ADDRESS_BITS),
            (op::CALLVALUE, []) => self.record_word(record::VALUE, 256),
            (op::CALLDATALOAD, [offset]) => self.input_word(offset),
            (op::CALLDATASIZE, []) => {
                let bytes = self.constant_field(record::INPUT_BYTES);
                Limbs::small(bytes, LENGTH_BITS)
            }
            (op::RETURNDATASIZE, []) => {
                let bytes = self.field(record::RETURN_BYTES);
                Limbs::small(bytes, LENGTH_BITS)
            }
            (op::MSIZE, []) => {
                let bytes = self.field(record::MEMORY_BYTES);
                Limbs::small(bytes, LENGTH_BITS)
            }
            (op::CODESIZE, []) => Limbs::known(U256::from(self.plan.code_bytes())),
            (op::PC, []) => Limbs::known(U256::from(step.pc)),
            // SDIV, SMOD, CLZ
            _ => self.function(opcode, &words, 256),
        }
    }
}
