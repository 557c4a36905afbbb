//! Bytecode that means to keep the compiler busy: it compiles within a time and a memory that are stated here, or stays
//! interpreted, and is executed as the interpreter has it.
//!
//! What is measured is a process, so the contracts are compiled in one of their own, which this test starts.

use crate::{
    check::Pair,
    execution::{Entry, Execution, Form},
    isolated,
    native::{Compilers, is_left_out},
    source::Source,
};
use metisvm_jit::Rules;
use revm::{
    bytecode::{Bytecode, opcode as op},
    interpreter::instructions::gas_table_spec,
    primitives::{Bytes, eip170, eip3860, eip7954, hardfork::SpecId},
};
use std::fs;

/// Processor time that a contract of 24 KiB takes at most, in milliseconds, and longer ones in proportion. Measured in the
/// dev profile, in which Cranelift verifies what it is given: 3,000 for memory accesses with a full set of registers, 2,400
/// for loops of which each has the whole stack, 1,000 for SLOAD, 0 to 700 for the others.
const MOST_MILLISECONDS: u64 = if cfg!(debug_assertions) { 15_000 } else { 5_000 };
/// Memory that a compilation takes on top of what the process has, in KiB. Measured: 25,000.
const MOST_KIB: u64 = 200 << 10;
/// Machine code for each byte of bytecode. Measured: 650 for memory accesses with a full set of registers, of which each
/// has a way out that stores them; 203 at most for the others.
const MOST_CODE: usize = 1024;

/// A contract that is the same few bytes again and again; `unit` makes them from their place.
fn repeated(length: usize, start: &[u8], mut unit: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
    let mut code = start.to_vec();
    loop {
        let next = unit(code.len());
        if code.len() + next.len() > length {
            break;
        }
        code.extend(next);
    }
    code.resize(length, op::JUMPDEST);
    code
}

/// PUSH2 of a place.
fn push2(place: usize) -> [u8; 3] {
    let [high, low] = (place as u16).to_be_bytes();
    [op::PUSH2, high, low]
}

/// `[PUSH1 3; 17]`: enough for the deepest DUP and SWAP.
const SEVENTEEN: [u8; 34] = {
    let mut pushes = [3; 34];
    let mut at = 0;
    while at < 34 {
        pushes[at] = op::PUSH1;
        at += 2;
    }
    pushes
};

/// Contracts of a length, with their names.
fn contracts(length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut source = Source::of_seed(length as u64);
    let mut random = Source::of_seed(!(length as u64));
    let fixed = |start: &[u8], unit: &[u8]| repeated(length, start, |_| unit.to_vec());
    let places = length / 5;
    vec![
        ("JUMPDEST", fixed(&[], &[op::JUMPDEST])),
        (
            "JUMPDEST, each named by a PUSH",
            repeated(length, &[], |at| {
                [&push2(at + 4)[..], &[op::POP, op::JUMPDEST]].concat()
            }),
        ),
        (
            "JUMPI, each to the next",
            repeated(length, &[], |at| {
                [
                    &[op::CALLDATASIZE][..],
                    &push2(at + 5),
                    &[op::JUMPI, op::JUMPDEST],
                ]
                .concat()
            }),
        ),
        (
            "JUMPI, each to the end",
            repeated(length, &[], |_| {
                [&[op::CALLDATASIZE][..], &push2(length - 1), &[op::JUMPI]].concat()
            }),
        ),
        (
            "blocks that jump to each other",
            repeated(length, &[], |_| {
                let place = 5 * (source.next() as usize % places);
                [&[op::JUMPDEST][..], &push2(place), &[op::JUMP]].concat()
            }),
        ),
        (
            "blocks that ask call data where to go",
            fixed(&[], &[op::JUMPDEST, op::MSIZE, op::CALLDATALOAD, op::JUMP]),
        ),
        ("PUSH32", fixed(&[], &[op::PUSH32; 33])),
        (
            "PUSH32, POP",
            fixed(&[], &[&[op::PUSH32; 33][..], &[op::POP]].concat()),
        ),
        ("MSTORE8", fixed(&[], &[op::MSIZE, op::MSIZE, op::MSTORE8])),
        ("MSTORE8 of nothing", fixed(&[], &[op::MSTORE8])),
        ("SWAP16", fixed(&SEVENTEEN, &[op::SWAP16])),
        ("DUP16", fixed(&SEVENTEEN, &[op::DUP16])),
        ("DUP16, POP", fixed(&SEVENTEEN, &[op::DUP16, op::POP])),
        (
            "SWAP1 to SWAP16",
            repeated(length, &SEVENTEEN, |at| vec![op::SWAP1 + (at * 7 % 16) as u8]),
        ),
        (
            "MULMOD",
            fixed(
                &SEVENTEEN,
                &[op::DUP3, op::DUP3, op::DUP3, op::MULMOD, op::SWAP1, op::POP],
            ),
        ),
        ("MULMOD of nothing", fixed(&[], &[op::MULMOD])),
        (
            "SDIV, SMOD",
            fixed(&SEVENTEEN, &[op::DUP2, op::SDIV, op::DUP2, op::SMOD]),
        ),
        ("EXP", fixed(&SEVENTEEN, &[op::DUP2, op::EXP])),
        ("SLOAD", fixed(&[op::MSIZE], &[op::SLOAD])),
        ("SSTORE", fixed(&[], &[op::MSIZE, op::MSIZE, op::SSTORE])),
        (
            "CALL",
            fixed(
                &[],
                &[
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::GAS,
                    op::CALL,
                    op::POP,
                ],
            ),
        ),
        (
            "CREATE",
            fixed(&[], &[op::MSIZE, op::MSIZE, op::MSIZE, op::CREATE, op::POP]),
        ),
        ("GAS", fixed(&[], &[op::GAS, op::POP])),
        (
            "KECCAK256",
            fixed(&[], &[op::MSIZE, op::MSIZE, op::KECCAK256, op::POP]),
        ),
        (
            "LOG4",
            fixed(
                &[],
                &[
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::MSIZE,
                    op::LOG4,
                ],
            ),
        ),
        ("one block of arithmetic on a deep stack", {
            let pushes: Vec<u8> = (0..500)
                .map(|at| if at < 17 { op::CALLDATASIZE } else { op::DUP16 })
                .collect();
            repeated(length, &pushes, |_| {
                let depth = random.below(16) as u8;
                let opcode = random.pick(&[op::ADD, op::MUL, op::XOR, op::SUB, op::LT, op::SHL, op::BYTE]);
                vec![op::SWAP1 + random.below(16) as u8, op::DUP1 + depth, opcode]
            })
        }),
        ("loops of which each has the whole stack", {
            repeated(length, &[], |at| {
                let mut unit = vec![op::JUMPDEST];
                unit.extend([op::SWAP16, op::SWAP8, op::ADD, op::CALLDATASIZE, op::CALLDATASIZE]);
                unit.extend(push2(at));
                unit.push(op::JUMPI);
                unit
            })
        }),
        ("wide products of a full stack", {
            let words = [op::CALLVALUE; 17];
            repeated(length, &words, |_| vec![op::DUP16, op::MUL, op::DUP16])
        }),
        ("branches with hundreds of words in registers", {
            repeated(length, &[op::CALLVALUE, op::ISZERO], |at| {
                // Each kilobyte begins with a named JUMPDEST, so that it is a region of its own.
                let mut unit = vec![op::JUMPDEST, op::CALLVALUE];
                unit.extend([op::DUP1; 700]);
                unit.extend([op::DUP1, op::PUSH0, op::JUMPI].repeat(44));
                unit.extend([op::POP; 700]);
                unit.extend(push2(at));
                unit.push(op::JUMP);
                unit
            })
        }),
        ("memory accesses with a full set of registers", {
            repeated(length, &[], |at| {
                let mut unit = vec![op::JUMPDEST, op::PUSH0, op::CALLDATALOAD];
                unit.extend([op::DUP1; 22]);
                unit.extend([op::DUP1, op::MLOAD, op::CALLDATALOAD, op::MLOAD, op::POP].repeat(200));
                unit.extend(push2(at));
                unit.push(op::JUMP);
                unit
            })
        }),
        ("random bytes", {
            let mut bytes = Source::of_seed(3);
            repeated(length, &[], |_| vec![bytes.next() as u8])
        }),
        ("random instructions", {
            let all: Vec<u8> = crate::instructions::ordinary().collect();
            let mut bytes = Source::of_seed(4);
            repeated(length, &[], |_| match bytes.below(3) {
                0 => vec![op::PUSH1, bytes.below(200) as u8],
                1 => vec![op::JUMPDEST, op::DUP1],
                _ => vec![bytes.pick(&all)],
            })
        }),
    ]
}

/// Processor time of this thread, in milliseconds.
fn processor_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: u64 = text
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    nanoseconds / 1_000_000
}

/// A line of `/proc/self/status`, in KiB.
fn kib(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

/// Compiles every contract of a length and executes it by both.
fn all(spec: SpecId, length: usize, entry: Entry) {
    let mut problems = Vec::new();
    let gas = gas_table_spec(spec);
    let rules = Rules::new(spec, &gas);
    for (name, code) in contracts(length) {
        println!("{spec:?}, {length} bytes, {entry:?}: {name}");
        let compilers = Compilers::new();
        let bytecode = Bytecode::new_raw(code.clone().into());
        // The kernel begins anew with the peak of memory (proc(5)).
        let _ = fs::write("/proc/self/clear_refs", "5");
        let (memory, time) = (kib("VmRSS"), processor_time());
        let compiled = compilers
            .jit
            .compile(bytecode.hash_slow(), &bytecode, &rules)
            .expect("it is no error");
        let (time, memory) = (processor_time() - time, kib("VmHWM").saturating_sub(memory));
        println!("    {time} ms, {memory} KiB, {compiled:?}");
        for (what, is, most) in [
            (
                "ms of processor time",
                time,
                MOST_MILLISECONDS * length as u64 / eip170::MAX_CODE_SIZE as u64,
            ),
            ("KiB of memory", memory, MOST_KIB),
            (
                "bytes of code",
                compiled.code_bytes as u64,
                (MOST_CODE * length) as u64,
            ),
        ] {
            if is > most {
                problems.push(format!("{name}, {length} bytes: {is} {what}, more than {most}"));
            }
        }
        let mut pair = Pair::new(compilers);
        for (gas, input) in [
            (3_000_000, vec![]),
            (3_000_001, vec![0; 96]),
            (1_200_000, vec![1; 32]),
        ] {
            let execution = Execution {
                spec,
                entry,
                form: Form::Legacy,
                gas,
                value: 0,
                code: code.clone().into(),
                input: Bytes::from(input),
            };
            if let (_, Some(difference)) = pair.execute(&execution, &bytecode) {
                problems.push(format!("{name}, {length} bytes, with {gas} gas: {difference}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The process that is measured.
#[test]
#[ignore = "started by hostile_bytecode_compiles_in_bounds_or_stays_interpreted, whose process this is"]
fn measured() {
    all(SpecId::OSAKA, eip170::MAX_CODE_SIZE, Entry::Call);
}

/// Init code, and what Amsterdam allows.
#[test]
#[ignore = "a minute; cargo test --release -p metisvm-jit --test identity -- --ignored longest"]
fn longest() {
    all(SpecId::OSAKA, eip3860::MAX_INITCODE_SIZE, Entry::Create);
    all(SpecId::AMSTERDAM, eip7954::MAX_CODE_SIZE, Entry::Call);
    // Executed as the code of an account, since the gas of such a transaction is beyond the machine's cap.
    all(SpecId::AMSTERDAM, eip7954::MAX_INITCODE_SIZE, Entry::Call);
}

#[test]
fn hostile_bytecode_compiles_in_bounds_or_stays_interpreted() {
    if is_left_out("hostile bytecode") {
        return;
    }
    let output = isolated::this_program("hostile::measured")
        .output()
        .expect("this program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let errors = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    assert!(output.status.success(), "{}: {last:?}\n{errors}", output.status);
    assert!(
        said.contains("1 passed"),
        "the process that is measured did not run"
    );
}
