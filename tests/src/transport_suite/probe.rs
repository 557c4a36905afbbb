//! A card that does as it is told: it keeps what is written to its registers, and does DMA and interrupts on
//! command. Its registers are its own, not the device ABI's.

use super::Attach;
use metisvm_driver::Transport;
use metisvm_firmware::port::{Activity, CardModel, DmaFault, HostPort, Registers};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Registers that read back what was written, from offset 0.
pub(super) const SCRATCH: u32 = 16;
/// A write here makes the card carry out its orders.
const KICK: u32 = 0x100;
/// How long the card may take over an order, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What the card is to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Read so many bytes at an address.
    Read(u64, usize),
    /// Write bytes at an address.
    Write(u64, Vec<u8>),
    /// Read a word at an address.
    ReadWord(u64),
    /// Write words at an address.
    WriteWords(u64, Vec<u64>),
    /// Raise an interrupt.
    Raise(u16),
}

/// What came of an order: the bytes that were read.
pub(super) type Answer = Result<Vec<u8>, DmaFault>;

#[derive(Debug, Default)]
struct Shared {
    scratch: Mutex<[u32; SCRATCH as usize]>,
    writes: Mutex<Vec<(u32, u32)>>,
    orders: Mutex<VecDeque<Order>>,
    answers: Mutex<VecDeque<Answer>>,
    answered: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registers for Shared {
    fn read32(&self, offset: u32) -> u32 {
        let scratch = lock(&self.scratch);
        scratch.get(offset as usize / 4).copied().unwrap_or(0)
    }

    fn write32(&self, offset: u32, value: u32) {
        if offset == KICK {
            return;
        }
        lock(&self.writes).push((offset, value));
        if let Some(register) = lock(&self.scratch).get_mut(offset as usize / 4) {
            *register = value;
        }
    }
}

struct Card(Arc<Shared>);

impl CardModel for Card {
    fn registers(&self) -> Arc<dyn Registers> {
        self.0.clone()
    }

    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        let Some(order) = lock(&self.0.orders).pop_front() else {
            return Activity::Idle;
        };
        let answer = match order {
            Order::Read(address, bytes) => {
                let mut read = vec![0; bytes];
                host.read_bytes(address, &mut read).map(|()| read)
            }
            Order::Write(address, bytes) => host.write_bytes(address, &bytes).map(|()| Vec::new()),
            Order::ReadWord(address) => {
                let mut word = [0];
                let read = host.read_words(address, &mut word);
                read.map(|()| word[0].to_le_bytes().to_vec())
            }
            Order::WriteWords(address, words) => host.write_words(address, &words).map(|()| Vec::new()),
            Order::Raise(vector) => {
                host.raise(vector);
                Ok(Vec::new())
            }
        };
        lock(&self.0.answers).push_back(answer);
        self.0.answered.notify_all();
        Activity::Worked
    }
}

/// The link under test, with the probe behind it.
pub(super) struct Probe {
    pub(super) link: Box<dyn Transport>,
    card: Arc<Shared>,
}

impl Probe {
    pub(super) fn attach(attach: &Attach<'_>) -> Result<Self, String> {
        let card = Arc::new(Shared::default());
        let link = attach(Box::new(Card(card.clone()))).map_err(|error| error.to_string())?;
        if let Some(failure) = link.failure() {
            return Err(format!("the link claims that it is broken: {failure}"));
        }
        Ok(Self { link, card })
    }

    /// Gives an order and rings for it, without waiting.
    pub(super) fn order(&self, order: Order) {
        lock(&self.card.orders).push_back(order);
        self.link.write32(KICK, 1);
    }

    /// Has an order carried out.
    pub(super) fn carry_out(&self, order: Order) -> Result<Answer, String> {
        let what = format!("{order:?}");
        self.order(order);
        let answers = lock(&self.card.answers);
        let (mut answers, _) = self
            .card
            .answered
            .wait_timeout_while(answers, PATIENCE, |answers| answers.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let what = what.get(..80).unwrap_or(&what);
        answers
            .pop_front()
            .ok_or_else(|| format!("the card was not woken by a register write: {what}"))
    }

    /// Reads by DMA what must be there.
    pub(super) fn read(&self, address: u64, bytes: usize) -> Result<Vec<u8>, String> {
        self.carry_out(Order::Read(address, bytes))?
            .map_err(|fault| fault.to_string())
    }

    /// Writes by DMA where it must be possible.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), String> {
        let written = self.carry_out(Order::Write(address, bytes.to_vec()))?;
        written.map(|_| ()).map_err(|fault| fault.to_string())
    }

    /// All writes of registers but the kicks, in the order in which they arrived.
    pub(super) fn writes(&self) -> Vec<(u32, u32)> {
        lock(&self.card.writes).clone()
    }
}
