//! Random entries for two cards at once: completions, host memory and card memory come out alike.
//!
//! The functional card says what is right. The other is the card in RTL, on a bus that stalls and reorders, where
//! Verilator is; and a second functional card, so that the comparison itself is tested everywhere.

mod traffic;

use crate::support::scripts::{self, ENDINGS, Ending};
use crate::support::{NONCE, Random, rtl, small};
use metisvm_driver::ring::QueuePair;
use metisvm_driver::{DmaBuffer, InProcess, Transport};
use metisvm_firmware::keccak::{DESCRIPTOR_BYTES, DIGEST_BYTES, Descriptor};
use metisvm_firmware::port::CardModel;
use metisvm_firmware::registers as reg;
use metisvm_firmware::submission::flags;
use metisvm_firmware::{Capabilities, Opcode, Status, Submission};
use metisvm_sim::rtl::Meter;
use metisvm_sim::{Fault, FaultyCard, FunctionalCard, RtlOptions, Trigger};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use traffic::Traffic;

/// Entries that are submitted at once; a card in RTL fetches so many in a burst.
const BURST: usize = 8;
/// Bytes of input, all of which any entry may read.
const INPUT: usize = 64 << 10;
/// Bytes of output of one entry, and of the gap behind it, which nobody may write.
const SLOT: usize = 4096;
const GAP: usize = 64;
const STRIDE: usize = SLOT + GAP;
/// What output memory holds before an entry.
const FRESH: u8 = 0xc3;
/// Bytes for a program and what it needs, and where these lie.
const SCRIPT: usize = 64 << 10;
const DATA_AT: u64 = 0x8000;
const STATE_AT: u64 = 0xa000;
const ITEMS_AT: u64 = 0xb000;
/// The same in card memory, from [`scripts_at`] on; and the handles.
const PROGRAM_CARD: u64 = 0;
const DATA_CARD: u64 = 0x8000;
const STATE_CARD: u64 = 0xa000;
const WORKSPACE_CARD: u64 = 0xb000;
const SCRIPT_CARD: u64 = WORKSPACE_CARD + scripts::WORKSPACE_BYTES as u64;
const PROGRAM: u32 = 10;
const DATA: u32 = 11;
const STATE: u32 = 12;
/// One burst in so many runs a program.
const SCRIPTS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(20);

/// Where programs and what they need begin in a card's memory: beyond what random loads mostly take.
fn scripts_at(capabilities: &Capabilities) -> u64 {
    let last = capabilities.card_memory_bytes.saturating_sub(SCRIPT_CARD) & !63;
    last.min(0x4_0000)
}

/// A card with memory and one queue.
struct Side {
    pair: QueuePair,
    input: DmaBuffer,
    output: DmaBuffer,
    script: DmaBuffer,
    meter: Option<Meter>,
}

impl Side {
    fn new(card: Box<dyn CardModel>, meter: Option<Meter>) -> Self {
        let transport: Arc<dyn Transport> = Arc::new(InProcess::start(card).unwrap());
        transport.write32(reg::BOOT_NONCE, NONCE);
        let pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
        let input = DmaBuffer::new(&transport, INPUT).unwrap();
        let output = DmaBuffer::new(&transport, BURST * STRIDE).unwrap();
        let script = DmaBuffer::new(&transport, SCRIPT).unwrap();
        Self {
            pair,
            input,
            output,
            script,
            meter,
        }
    }

    /// What came of entries that were submitted at once.
    fn answers(&mut self, entries: &[Submission]) -> Result<Vec<(Status, u32)>, String> {
        let first = entries.iter().map(|entry| self.pair.push(*entry).unwrap());
        let sequences: Vec<u32> = first.collect();
        self.pair.ring_doorbell();
        let mut answers = BTreeMap::new();
        for _ in entries {
            let completion = self.pair.wait(Instant::now() + PATIENCE, PATIENCE);
            let completion = completion.map_err(|error| {
                let broken = self.meter.as_ref().and_then(Meter::broken);
                format!("{error}, answered {answers:?} of {sequences:?}, broken rule: {broken:?}")
            })?;
            let status = Status::from_bits(completion.status).unwrap();
            answers.insert(completion.sequence, (status, completion.detail));
        }
        Ok(sequences.iter().map(|sequence| answers[sequence]).collect())
    }
}

/// What resident memory must hold.
type Resident = BTreeMap<u32, (u64, Vec<u8>)>;

/// How often a RUN has ended with a status.
type Runs = BTreeMap<u16, usize>;

/// Gives `count` entries to two cards, the first of which is right; says what is not alike.
fn compare(cards: [(Box<dyn CardModel>, Option<Meter>); 2], seed: u64, count: usize) -> Result<Runs, String> {
    let mut sides = cards.map(|(card, meter)| Side::new(card, meter));
    let capabilities = rtl::board().unwrap_or(small().capabilities);
    let addresses = |side: &Side| [&side.input, &side.output, &side.script].map(|buffer| buffer.iova().0);
    assert_eq!(addresses(&sides[0]), addresses(&sides[1]));
    let [input, output, script] = addresses(&sides[0]);
    let mut traffic = Traffic {
        random: Random(seed),
        capabilities,
        input,
        output,
        script,
        sequence: 1,
        scripts: 0,
    };
    let noise = traffic.random.bytes(INPUT);
    for side in &sides {
        side.input.copy_in(0, &noise);
    }
    let mut resident = Resident::new();
    let mut runs = Runs::new();
    let mut done = 0;
    while done < count {
        for side in &sides {
            side.output.copy_in(0, &vec![FRESH; BURST * STRIDE]);
        }
        let entries = traffic.burst(&sides);
        let said = |what: &str| format!("seed {seed}, after {done} entries: {what}\nof {entries:#x?}");
        let [right, other] = &mut sides;
        let expected = right.answers(&entries).map_err(|error| said(&error))?;
        let found = other.answers(&entries).map_err(|error| said(&error))?;
        for (slot, entry) in entries.iter().enumerate() {
            if entry.opcode == Opcode::Run as u8 {
                *runs.entry(found[slot].0 as u16).or_default() += 1;
            }
            let alike = expected[slot] == found[slot]
                || found[slot].0 == expected[slot].0 && has_no_detail(found[slot].0)
                || cancelled(&entries, [&expected, &found], slot)
                || lacks_engine(&capabilities, entry, found[slot].0, expected[slot].0);
            if !alike {
                return Err(said(&format!(
                    "entry {slot} is answered {:?} instead of {:?}",
                    found[slot], expected[slot]
                )));
            }
            remember(&mut resident, entry, found[slot].0, &sides[0], input);
        }
        let [expected_bytes, found_bytes] = sides
            .each_ref()
            .map(|side| side.output.copy_out(0, BURST * STRIDE));
        for slot in 0..BURST {
            let (from, to) = (slot * STRIDE, slot * STRIDE + SLOT);
            if found_bytes[to..to + GAP].iter().any(|&byte| byte != FRESH) {
                return Err(said(&format!("memory behind slot {slot} is written")));
            }
            let ok =
                |answers: &[(Status, u32)]| answers.get(slot).is_none_or(|(status, _)| *status == Status::Ok);
            // Of a failed job the output is undefined.
            if ok(&expected) && ok(&found) && expected_bytes[from..to] != found_bytes[from..to] {
                return Err(said(&format!("the output of slot {slot} differs")));
            }
        }
        // The last bytes of a program's output are its state.
        let last = entries.last().filter(|entry| entry.state_handle == STATE as u16);
        let last = last.filter(|_| !rtl::has_block_memory());
        if let (Some(run), Some(meter), Some((Status::Ok, _))) = (last, &sides[1].meter, found.last()) {
            let end = (entries.len() - 1) * STRIDE + run.count as usize * scripts::OUTPUT_BYTES;
            let at = scripts_at(&capabilities) + STATE_CARD;
            let words = meter.card_memory(at, scripts::STATE_BYTES / 8).unwrap();
            let state: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            if state != expected_bytes[end - scripts::STATE_BYTES..end] {
                return Err(said("the state differs"));
            }
        }
        done += entries.len();
    }
    // What block RAM holds, programs tell: nothing else reaches it.
    let has_block_memory = rtl::has_block_memory();
    for (handle, (address, bytes)) in &resident {
        let Some(meter) = &sides[1].meter else { continue };
        if has_block_memory {
            continue;
        }
        let words = meter.card_memory(*address, bytes.len().div_ceil(8)).unwrap();
        let found: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if found[..bytes.len()] != bytes[..] {
            return Err(format!("seed {seed}: card memory of handle {handle} differs"));
        }
    }
    Ok(runs)
}

/// Whether a status comes without a detail that docs/device.md names.
fn has_no_detail(status: Status) -> bool {
    matches!(status, Status::TokenImbalance | Status::InvalidProgram)
}

/// Whether this entry, or the one that it cancels, was cancelled on one card and too late on the other.
fn cancelled(entries: &[Submission], answers: [&[(Status, u32)]; 2], slot: usize) -> bool {
    let cancels = |entry: &Submission| entry.opcode == Opcode::Cancel as u8 && entry.count != 0;
    let is = |status: Status| answers.iter().any(|answers| answers[slot].0 == status);
    let too_late = is(Status::NotFound) && is(Status::Ok);
    cancels(&entries[slot]) && too_late || is(Status::Cancelled) && entries[slot..].iter().any(cancels)
}

/// Whether an entry for an engine that is not there is refused for that on one card, and for a field on the other.
fn lacks_engine(capabilities: &Capabilities, entry: &Submission, one: Status, other: Status) -> bool {
    let lacks = match Opcode::from_bits(entry.opcode) {
        Some(Opcode::Run) => capabilities.features & reg::features::TENSOR == 0,
        Some(Opcode::Keccak) => capabilities.features & reg::features::KECCAK == 0,
        _ => false,
    };
    let both = [one, other];
    lacks && both.contains(&Status::InvalidOpcode) && both.contains(&Status::InvalidField)
}

fn remember(resident: &mut Resident, entry: &Submission, status: Status, side: &Side, input: u64) {
    if status != Status::Ok {
        return;
    }
    match Opcode::from_bits(entry.opcode) {
        Some(Opcode::LoadResident) => {
            // Descriptors change from burst to burst, and loads of a burst may have read them before. No byte
            // comes from anywhere.
            let offset = entry.input.wrapping_sub(input) as usize;
            let known = BURST * 128 * DESCRIPTOR_BYTES..INPUT;
            let bytes = if known.contains(&offset) {
                entry.card_bytes as usize
            } else {
                0
            };
            let bytes = side.input.copy_out(if bytes == 0 { 0 } else { offset }, bytes);
            resident.insert(entry.data_handle, (entry.card_address, bytes));
        }
        Some(Opcode::Evict) => {
            resident.remove(&entry.data_handle);
        }
        _ => {}
    }
}

/// How many entries: `METISVM_RING_ENTRIES`, or few.
fn entries(few: usize) -> usize {
    std::env::var("METISVM_RING_ENTRIES").map_or(few, |text| text.parse().unwrap())
}

/// A functional card that can do what the card in RTL can.
fn functional(capabilities: Option<Capabilities>) -> (Box<dyn CardModel>, Option<Meter>) {
    let mut options = crate::support::programs();
    options.capabilities = capabilities.unwrap_or(options.capabilities);
    (Box::new(FunctionalCard::new(options)), None)
}

#[test]
fn a_card_is_like_itself() {
    for seed in 0..4 {
        let cards = [functional(rtl::board()), functional(rtl::board())];
        let runs = compare(cards, seed, 2500).unwrap();
        // Of every way in which a program can end, but for what no program of these does: to be over the budget.
        let ways = [0, 4, 8, 9, 10, 11, 12, 13, 14];
        let engine = metisvm_firmware::registers::features::TENSOR;
        let lacks_engine = rtl::board().is_some_and(|board| board.features & engine == 0);
        assert!(
            lacks_engine || ways.iter().all(|way| runs.contains_key(way)),
            "{runs:?}"
        );
    }
}

#[test]
fn a_card_that_differs_in_one_thing_is_noticed() {
    let mut capabilities = rtl::board().unwrap_or(small().capabilities);
    capabilities.card_memory_bytes -= 64;
    let cards = [functional(rtl::board()), functional(Some(capabilities))];
    assert!(compare(cards, 1, 2500).unwrap_err().contains("instead of"));
}

#[test]
fn a_byte_of_a_programs_output_that_differs_is_noticed() {
    let (card, _) = functional(rtl::board());
    let faulty = FaultyCard::new(card);
    faulty.faults().arm(Trigger::Run(30), Fault::WrongOutput(13));
    let cards = [functional(rtl::board()), (Box::new(faulty) as _, None)];
    let noticed = compare(cards, 2, 5000).unwrap_err();
    // The checksum is that of the wrong byte; of a card without Keccak the job may be a batch, which it refuses.
    let keccak = metisvm_firmware::registers::features::KECCAK;
    let refuses = rtl::board().is_some_and(|board| board.features & keccak == 0);
    assert!(
        noticed.contains("is answered (Ok") || refuses && noticed.contains("is answered (InvalidOpcode"),
        "{noticed}"
    );
}

#[test]
fn random_entries_come_out_alike_on_the_card_in_rtl() {
    let Some(capabilities) = rtl::board() else { return };
    let buses = [(0, None), (1000, None), (200, Some(11)), (2000, Some(12))];
    let on_bus = |seed, (latency, disorder)| {
        let options = RtlOptions {
            latency: Duration::from_nanos(latency),
            disorder,
            ..RtlOptions::default()
        };
        let card = rtl::card(&options);
        let meter = card.meter();
        let cards = [functional(Some(capabilities)), (Box::new(card) as _, Some(meter))];
        let runs = compare(cards, seed, entries(4000) / buses.len()).unwrap();
        println!("bus of {latency} ns, disorder {disorder:?}: RUNs by status {runs:?}");
        assert!(
            runs.contains_key(&0) || capabilities.features & reg::features::TENSOR == 0,
            "{runs:?}"
        );
    };
    // Each bus has a card of its own, so all processors have something to do.
    std::thread::scope(|scope| {
        for (seed, bus) in (100..).zip(buses) {
            scope.spawn(move || on_bus(seed, bus));
        }
    });
}
