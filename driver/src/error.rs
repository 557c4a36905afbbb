//! Everything that can go wrong between host and card, by name.

use crate::transport::{Transport, TransportError};
use metisvm_firmware::Status;
use metisvm_firmware::capabilities::AbsurdCapability;
use metisvm_firmware::program::ProgramError;
use metisvm_firmware::registers::QueueState;
use std::time::Duration;
use thiserror::Error;

/// A fault of a device, or a wrong use of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// The link failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What is attached is no card of ours.
    #[error("the magic register reads {0:#010x}: no MetisVM card")]
    NotACard(u32),
    /// The card speaks another major version of the ABI.
    #[error("the card has ABI {major}.{minor}, this driver needs 2.x")]
    AbiVersion {
        /// The card's major version.
        major: u16,
        /// The card's minor version.
        minor: u16,
    },
    /// A capability register holds what no card can have.
    #[error("absurd capability: {0}")]
    Capability(#[from] AbsurdCapability),
    /// The card does not keep the boot nonce that was written: it was reset by somebody else, or is in the hands
    /// of another host.
    #[error("the boot nonce reads {found:#x} after {written:#x} was written")]
    BootNonce {
        /// What was written.
        written: u32,
        /// What is read.
        found: u32,
    },
    /// The card has other capabilities after a reset than before.
    #[error("the card's capabilities changed with a reset")]
    CapabilitiesChanged,
    /// The status register does not say ready.
    #[error("the card is not ready: its status register reads {0:#x}")]
    NotReady(u32),
    /// A queue stopped.
    #[error("the queue's state reads {state:#x} ({known:?})")]
    Queue {
        /// The register.
        state: u32,
        /// Its meaning, if it has one.
        known: Option<QueueState>,
    },
    /// The self-test gave a wrong result.
    #[error("the self-test's output is wrong at byte {0}")]
    SelfTest(usize),
    /// The self-test could not be built for the card's geometry.
    #[error("the self-test does not fit the card: {0}")]
    SelfTestProgram(ProgramError),
    /// The user's own check found a wrong result.
    #[error("the card computed a wrong result: {0}")]
    WrongResult(String),
    /// No completion in time.
    #[error("no completion within {0:?}")]
    Timeout(Duration),
    /// Registers read all ones.
    #[error("the card is dead: its registers read all ones")]
    Dead,
    /// A reset was not acknowledged in time; memory that the card may still write is leaked.
    #[error("the card did not acknowledge a reset within {0:?}")]
    ResetUnacknowledged(Duration),
    /// A completion for an entry that is not outstanding: never submitted, or answered before.
    #[error("a completion carries sequence {0}, which is not outstanding")]
    UnexpectedSequence(u32),
    /// A completion with another boot nonce.
    #[error("a completion carries boot nonce {found:#x}, not {expected:#x}")]
    WrongNonce {
        /// The nonce that was written after the last reset.
        expected: u32,
        /// The completion's.
        found: u32,
    },
    /// A completion with a status that the ABI does not have.
    #[error("a completion carries the unknown status {0}")]
    UnknownStatus(u16),
    /// A completion claims that more entries were fetched than were submitted.
    #[error("a completion claims submission head {head}, beyond tail {tail}")]
    HeadBeyondTail {
        /// What it claims.
        head: u16,
        /// What was submitted.
        tail: u16,
    },
    /// A completion claims that fewer entries were fetched than have been answered.
    #[error(
        "a completion claims submission head {head}, though all but {unanswered} up to {tail} are answered"
    )]
    HeadBehind {
        /// What it claims.
        head: u16,
        /// What was submitted.
        tail: u16,
        /// Entries that are not answered.
        unanswered: u16,
    },
    /// The card refused or failed the job. What a card may refuse is checked before it is asked, so
    /// this is the card's fault, or that of a program which no compiler of ours made.
    #[error("the job failed: {status} (detail {detail})")]
    Job {
        /// Why.
        status: Status,
        /// Meaning given by the status.
        detail: u32,
    },
    /// The output in host memory is not what the card wrote: writes to it were lost or changed.
    #[error("the output has CRC-32 {found:#010x}, and the card wrote {written:#010x}")]
    OutputChecksum {
        /// What the completion says.
        written: u32,
        /// What the memory holds.
        found: u32,
    },
    /// The device was marked unhealthy before; only a reset helps.
    #[error("the device is out of service: {0}")]
    OutOfService(String),
    /// A request is over a limit of the card or the driver.
    #[error("{what}: {asked} asked, {limit} possible")]
    TooLarge {
        /// What is limited.
        what: &'static str,
        /// How much was asked.
        asked: u64,
        /// How much is possible.
        limit: u64,
    },
    /// An item is no whole number of elements.
    #[error("{what} of {bytes} bytes are no whole elements of {element} bytes")]
    PartialElement {
        /// Which item.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The size of an element.
        element: usize,
    },
    /// Inputs of one batch differ in size.
    #[error("input {index} has {bytes} bytes, the first has {expected}")]
    UnevenBatch {
        /// The input's index.
        index: usize,
        /// Its size.
        bytes: usize,
        /// The size of the first.
        expected: usize,
    },
    /// Memory for DMA would exceed the operator's bound.
    #[error(
        "{bytes} more bytes cannot be mapped for DMA: {mapped} of {bound} are; allow more (--dma-memory), or give the \
         card less at once"
    )]
    DmaMemoryFull {
        /// Bytes that were to be mapped.
        bytes: u64,
        /// Bytes that are mapped.
        mapped: u64,
        /// Bytes that may be.
        bound: u64,
    },
    /// Card memory is full.
    #[error("no {0} bytes of card memory are free in one piece")]
    CardMemoryFull(u64),
    /// All handles are in use.
    #[error("all {0} handles are in use")]
    HandlesExhausted(u32),
    /// Resident memory from before a reset, or of another device.
    #[error("resident memory was lost with a reset, or belongs to another device")]
    StaleResident,
    /// The outcome of a job was collected before.
    #[error("the outcome of this job was collected before")]
    Collected,
    /// The link has no interrupt for the device's queue.
    #[error("the link to the card has no interrupt vector")]
    NoInterrupt,
    /// Resident memory given for what it is not: a state for a program or data, or the other way round.
    #[error("a state is neither program nor data, and only a state may be written")]
    WrongKind,
    /// The card lacks an engine.
    #[error("the card has no {0} engine")]
    NoEngine(&'static str),
}

impl DeviceError {
    /// The fault of a card whose registers read all ones: if the link is broken, why.
    pub(crate) fn dead(link: &dyn Transport) -> Self {
        link.failure().map_or(Self::Dead, Self::from)
    }

    /// Whether the fault says that the card cannot be trusted until it is reset, and may still
    /// write the memory of the job. Other errors leave the device as it was.
    pub fn condemns(&self) -> bool {
        match self {
            Self::Transport(_)
            | Self::Job { .. }
            | Self::Queue { .. }
            | Self::SelfTest(_)
            | Self::WrongResult(_)
            | Self::Timeout(_)
            | Self::Dead
            | Self::ResetUnacknowledged(_)
            | Self::UnexpectedSequence(_)
            | Self::WrongNonce { .. }
            | Self::UnknownStatus(_)
            | Self::HeadBeyondTail { .. }
            | Self::HeadBehind { .. }
            | Self::NotReady(_)
            | Self::NotACard(_)
            | Self::AbiVersion { .. }
            | Self::Capability(_)
            | Self::BootNonce { .. }
            | Self::OutputChecksum { .. }
            | Self::CapabilitiesChanged => true,
            Self::SelfTestProgram(_)
            | Self::OutOfService(_)
            | Self::TooLarge { .. }
            | Self::PartialElement { .. }
            | Self::UnevenBatch { .. }
            | Self::DmaMemoryFull { .. }
            | Self::CardMemoryFull(_)
            | Self::HandlesExhausted(_)
            | Self::StaleResident
            | Self::WrongKind
            | Self::Collected
            | Self::NoInterrupt
            | Self::NoEngine(_) => false,
        }
    }
}
