//! Entries and queues as a hostile or broken host would write them, and hosts' cards as hostile.

mod broken;
mod queues;
mod refused;
mod resets;

use crate::support::{NONCE, Random, Raw, card, impatient, programs, small, submit};
use metisvm_driver::ring::QueuePair;
use metisvm_driver::{Device, DeviceError, DmaBuffer, InProcess, Options, Transport, TransportError};
use metisvm_firmware::capabilities::MAX_WORK_BUDGET;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use metisvm_firmware::registers::{self as reg, QueueState, queue, queue_register};
use metisvm_firmware::{
    Dependencies, Dtype, Gemm, Geometry, Instruction, Lanes, Module, Opcode, Operation, Program, Space,
    Status, Store, Submission, Vector, VectorOp, Walk,
};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

fn transport() -> Arc<dyn Transport> {
    let transport = InProcess::start(card(small())).unwrap();
    transport.write32(reg::BOOT_NONCE, NONCE);
    Arc::new(transport)
}

fn statuses(pair: &mut QueuePair, entries: &[Submission]) -> Vec<Status> {
    submit(pair, entries)
        .into_iter()
        .map(|(status, _)| status)
        .collect()
}

fn entry(opcode: Opcode) -> Submission {
    Submission {
        opcode: opcode as u8,
        ..Submission::default()
    }
}
