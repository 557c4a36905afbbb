//! The functions of a built card, which `wrapper.cpp` defines.
#![allow(
    unsafe_code,
    reason = "the card is a library in C++ that is built when it is first used"
)]

use super::library::Library;
use std::ffi::{CString, c_char, c_void};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

/// Most words of a read or of a write.
pub(super) const MOST_WORDS: usize = 512;
/// Most bytes of the text of a rule.
const RULE_BYTES: usize = 128;

/// The same as `Event` in wrapper.cpp.
#[repr(C)]
struct Event {
    kind: u32,
    tag: u32,
    address: u64,
    bytes: u64,
    words: [u64; MOST_WORDS],
}

/// What a card has done since it was made. The same as `Counts` in wrapper.cpp.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cycles of its clock.
    pub cycles: u64,
    /// Those in which something was in progress.
    pub busy: u64,
    /// DMA reads.
    pub reads: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// DMA writes.
    pub writes: u64,
    /// Their bytes.
    pub written_bytes: u64,
    /// Interrupts.
    pub interrupts: u64,
    /// What went to card memory beyond AXI pins.
    pub memory: MemoryCounts,
}

/// Bursts of card memory beyond AXI pins. The same as `MemoryCounts` in memory.hpp.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryCounts {
    /// Bursts that were read.
    pub reads: u64,
    /// Their words.
    pub read_words: u64,
    /// Bursts that were written.
    pub writes: u64,
    /// Their words.
    pub written_words: u64,
}

/// How card memory beyond AXI pins behaves, in cycles. The same as `MemoryModel` in memory.hpp.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryModel {
    pub(super) latency: u64,
    pub(super) width: u64,
    pub(super) access: u64,
    pub(super) error_address: u64,
    pub(super) error_bytes: u64,
    pub(super) error_times: u64,
    pub(super) error_reads: u32,
    pub(super) error_writes: u32,
    pub(super) error_response: u32,
}

/// What a card wants of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Words at an address, under a tag.
    Read { tag: u32, address: u64, words: usize },
    /// Words to be written, which [`Model::words`] gives.
    Write { address: u64, words: usize },
    /// An interrupt.
    Interrupt(u16),
}

/// Where a run of a card ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is in progress.
    Idle,
    /// The host is wanted.
    Wish(Wish),
    /// The cycles were used up.
    GoesOn,
}

type New = unsafe extern "C" fn(u64) -> *mut c_void;
type Delete = unsafe extern "C" fn(*mut c_void);
type Trace = unsafe extern "C" fn(*mut c_void, *const c_char) -> u32;
type Bus = unsafe extern "C" fn(*mut c_void, u32, u64);
type SetMemory = unsafe extern "C" fn(*mut c_void, *const MemoryModel);
type Fault = unsafe extern "C" fn(*mut c_void, u32) -> u32;
type Flr = unsafe extern "C" fn(*mut c_void);
type Run = unsafe extern "C" fn(*mut c_void, u64, *mut Event) -> u32;
type Answer = unsafe extern "C" fn(*mut c_void, u32, *const u64, u64, u32, u64);
type Access = unsafe extern "C" fn(*mut c_void, u32, u32, *mut u32, u64) -> u32;
type Rule = unsafe extern "C" fn(*const c_void, *mut c_char, u64) -> u64;
type Count = unsafe extern "C" fn(*const c_void, *mut Counts);
type Memory = unsafe extern "C" fn(*const c_void, u64, *mut u64, u64) -> u32;
type Rests = unsafe extern "C" fn(*const c_void) -> u32;

/// The functions of a library. Its code is never unloaded, so they stay valid.
#[derive(Clone, Copy)]
struct Functions {
    new: New,
    delete: Delete,
    trace: Trace,
    bus: Bus,
    memory_model: SetMemory,
    fault: Fault,
    flr: Flr,
    run: Run,
    answer: Answer,
    access: Access,
    rule: Rule,
    count: Count,
    memory: Memory,
    rests: Rests,
}

/// A Verilated card.
pub(super) struct Model {
    functions: Functions,
    card: NonNull<c_void>,
    event: Box<Event>,
}

// SAFETY: the card is one C++ object that only this handle reaches; it has no thread of its own and keeps
// nothing of the thread that made it.
unsafe impl Send for Model {}

impl Model {
    /// Loads a library and makes a card with so much memory.
    ///
    /// # Errors
    /// What the loader says, or no memory.
    pub(super) fn new(library: &Library, memory_bytes: u64) -> Result<Self, String> {
        let functions = load(&library.path).map_err(|error| {
            format!(
                "{error}; if you delete {}, it is built anew",
                library.path.display()
            )
        })?;
        // SAFETY: a function of the library that takes a number.
        let card = unsafe { (functions.new)(memory_bytes) };
        Ok(Self {
            functions,
            card: NonNull::new(card)
                .ok_or_else(|| format!("there is no room for {memory_bytes} bytes of card memory"))?,
            event: Box::new(Event {
                kind: 0,
                tag: 0,
                address: 0,
                bytes: 0,
                words: [0; MOST_WORDS],
            }),
        })
    }

    /// Writes waveforms into a file from now on; says whether it can be.
    pub(super) fn trace(&mut self, file: &Path) -> bool {
        let Ok(path) = CString::new(file.as_os_str().as_bytes()) else {
            return false;
        };
        // SAFETY: the card is alive, and the path ends with a zero and outlives the call.
        unsafe { (self.functions.trace)(self.card.as_ptr(), path.as_ptr()) != 0 }
    }

    /// Lets the bus stall in `stall` of 256 cycles, and order completions at random.
    pub(super) fn disorder(&mut self, stall: u8, seed: u64) {
        // SAFETY: the card is alive.
        unsafe { (self.functions.bus)(self.card.as_ptr(), stall.into(), seed) }
    }

    /// Says how memory beyond AXI pins behaves.
    pub(super) fn set_memory(&mut self, model: &MemoryModel) {
        // SAFETY: the card is alive, and copies the model during the call.
        unsafe { (self.functions.memory_model)(self.card.as_ptr(), model) }
    }

    /// Chooses a seeded fault; says whether the card was built with them.
    pub(super) fn select_fault(&mut self, fault: u32) -> bool {
        // SAFETY: the card is alive.
        unsafe { (self.functions.fault)(self.card.as_ptr(), fault) != 0 }
    }

    /// Raises the function-level reset for a cycle, the next one.
    pub(super) fn reset_function(&mut self) {
        // SAFETY: the card is alive.
        unsafe { (self.functions.flr)(self.card.as_ptr()) }
    }

    /// Clocks the card for so many cycles at most.
    pub(super) fn run(&mut self, cycles: u64) -> Step {
        // SAFETY: the card is alive, and the event is the library's to write during the call.
        let outcome = unsafe { (self.functions.run)(self.card.as_ptr(), cycles, &raw mut *self.event) };
        let Event {
            kind,
            tag,
            address,
            bytes,
            ..
        } = *self.event;
        let words = (bytes as usize).div_ceil(8).min(MOST_WORDS);
        match (outcome, kind) {
            (0, _) => Step::Idle,
            (1, 1) => Step::Wish(Wish::Read { tag, address, words }),
            (1, 2) => Step::Wish(Wish::Write { address, words }),
            (1, 3) => Step::Wish(Wish::Interrupt(tag as u16)),
            _ => Step::GoesOn,
        }
    }

    /// The words of the last [`Wish::Write`].
    pub(super) fn words(&self, count: usize) -> &[u64] {
        &self.event.words[..count.min(MOST_WORDS)]
    }

    /// The rule of the pin-level contract that the card broke, if it did: then it is not clocked any more.
    pub(super) fn broken_rule(&self) -> Option<String> {
        let mut text = [0_u8; RULE_BYTES];
        let (to, room) = (text.as_mut_ptr().cast(), RULE_BYTES as u64);
        // SAFETY: the card is alive, and writes no more bytes than there is room for.
        let length = unsafe { (self.functions.rule)(self.card.as_ptr(), to, room) };
        let text = &text[..usize::try_from(length).map_or(0, |length| length.min(RULE_BYTES))];
        (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
    }

    /// Answers a read after so many cycles; without words with an error.
    pub(super) fn answer(&mut self, tag: u32, words: Option<&[u64]>, delay: u64) {
        let error = u32::from(words.is_none());
        let words = words.unwrap_or_default();
        // SAFETY: the card is alive, and copies as many words as the slice has, or none.
        unsafe {
            (self.functions.answer)(
                self.card.as_ptr(),
                tag,
                words.as_ptr(),
                words.len() as u64,
                error,
                delay,
            );
        }
    }

    /// Reads a register; `None` if the card does not answer within so many cycles.
    pub(super) fn read(&mut self, offset: u32, cycles: u64) -> Option<u32> {
        self.access(0, offset, 0, cycles)
    }

    /// Writes a register; `None` if the card does not take it within so many cycles.
    pub(super) fn write(&mut self, offset: u32, value: u32, cycles: u64) -> Option<()> {
        self.access(1, offset, value, cycles).map(|_| ())
    }

    fn access(&mut self, write: u32, offset: u32, mut value: u32, cycles: u64) -> Option<u32> {
        // SAFETY: the card is alive, and the value is the library's to read and write during the call.
        let done =
            unsafe { (self.functions.access)(self.card.as_ptr(), write, offset, &raw mut value, cycles) };
        (done != 0).then_some(value)
    }

    /// What it has done.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        // SAFETY: the card is alive, and the counts are the library's to write during the call.
        unsafe { (self.functions.count)(self.card.as_ptr(), &raw mut counts) };
        counts
    }

    /// Whether nothing is in progress, and nothing waits to be taken by the host.
    pub(super) fn rests(&self) -> bool {
        // SAFETY: the card is alive.
        unsafe { (self.functions.rests)(self.card.as_ptr()) != 0 }
    }

    /// Reads card memory; `false` if it does not reach so far.
    pub(super) fn read_memory(&self, address: u64, words: &mut [u64]) -> bool {
        let (to, count) = (words.as_mut_ptr(), words.len() as u64);
        // SAFETY: the card is alive, and writes no more words than the slice has.
        unsafe { (self.functions.memory)(self.card.as_ptr(), address, to, count) != 0 }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the card is alive, and nothing uses it after this.
        unsafe { (self.functions.delete)(self.card.as_ptr()) }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

fn load(path: &Path) -> Result<Functions, dlopen2::Error> {
    let library = dlopen2::raw::Library::open(path)?;
    // SAFETY: the library was built from wrapper.cpp, whose hash is part of its name, so its functions have
    // these types.
    let functions = unsafe {
        Functions {
            new: library.symbol("metisvm_card_new")?,
            delete: library.symbol("metisvm_card_delete")?,
            trace: library.symbol("metisvm_card_trace")?,
            bus: library.symbol("metisvm_card_bus")?,
            memory_model: library.symbol("metisvm_card_memory_model")?,
            fault: library.symbol("metisvm_card_fault")?,
            flr: library.symbol("metisvm_card_flr")?,
            run: library.symbol("metisvm_card_run")?,
            answer: library.symbol("metisvm_card_answer")?,
            access: library.symbol("metisvm_card_access")?,
            rule: library.symbol("metisvm_card_rule")?,
            count: library.symbol("metisvm_card_counts")?,
            memory: library.symbol("metisvm_card_memory")?,
            rests: library.symbol("metisvm_card_rests")?,
        }
    };
    // Never closed: the functions outlive this, and a second opening gives the same code.
    std::mem::forget(library);
    Ok(functions)
}
