//! A disk in memory that fails: power cuts that lose, tear and half-do the writes since the last sync,
//! and operations that return errors.

use super::chain::Rng;
use metisvm_state::store::StorageBackend;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// What happens at an operation. Writes, changes of length and syncs count, reads do not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The power goes in the middle of it: nothing works until [`Disk::restarted`].
    PowerCut,
    /// It returns this error. Part of a write may have been done; a failed sync drops some of what it
    /// should have kept (as operating systems do).
    Once(io::ErrorKind),
    /// It and all after it return this error.
    From(io::ErrorKind),
}

#[derive(Debug, Clone)]
enum Change {
    Bytes(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug, Default)]
struct State {
    /// What survives a power cut for certain.
    durable: Vec<u8>,
    /// What is read.
    seen: Vec<u8>,
    /// Changes since the last sync.
    unsynced: Vec<Change>,
    operations: usize,
    fault: Option<(usize, Fault)>,
    off: bool,
    lies: bool,
    random: u64,
}

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub(crate) fn operations(&self) -> usize {
        self.0.lock().unwrap().operations
    }

    /// Lets operation `at` (counted from the disk's beginning) fail.
    pub(crate) fn set_fault(&self, at: usize, fault: Fault, random: u64) {
        let mut state = self.0.lock().unwrap();
        state.fault = Some((at, fault));
        state.random = random;
    }

    /// From now on it says of every sync that it is done, and does none.
    pub(crate) fn lie(&self) {
        self.0.lock().unwrap().lies = true;
    }

    /// The disk after a power cut: of everything since the last sync, each piece may be there or not.
    pub(crate) fn restarted(&self, random: u64) -> Self {
        let state = self.0.lock().unwrap();
        let mut rng = Rng(random);
        let mut kept = state.durable.clone();
        settle(&mut kept, &state.unsynced, &mut rng);
        Self::of(kept)
    }

    /// The disk as another process finds it: nothing is lost that was written.
    pub(crate) fn reopened(&self) -> Self {
        Self::of(self.0.lock().unwrap().seen.clone())
    }

    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State {
            seen: bytes.clone(),
            durable: bytes,
            ..State::default()
        })))
    }

    pub(crate) fn flip_bit(&self, bit: usize) {
        let mut state = self.0.lock().unwrap();
        state.seen[bit / 8] ^= 1 << (bit % 8);
        state.durable = state.seen.clone();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().unwrap().seen.len()
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => bytes.resize(*length as usize, 0),
        Change::Bytes(offset, data) => {
            let (start, end) = (*offset as usize, *offset as usize + data.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[start..end].copy_from_slice(data);
        }
    }
}

/// Does, loses or tears each of the changes. Torn: cut at arbitrary bytes, each piece there or not.
fn settle(bytes: &mut Vec<u8>, changes: &[Change], rng: &mut Rng) {
    // Now and then nothing, everything, or all but one thing.
    let mood = rng.below(8);
    let spared = rng.below(changes.len().max(1) as u64) as usize;
    for (at, change) in changes.iter().enumerate() {
        let fate = match mood {
            0 => 0,
            1 => 1,
            2 => u64::from(at != spared),
            3 => u64::from(at == spared),
            _ => rng.below(3),
        };
        match (fate, change) {
            (0, _) => {}
            (1, change) | (_, change @ Change::Length(_)) => apply(bytes, change),
            (_, Change::Bytes(offset, data)) => {
                let mut start = 0;
                while start < data.len() {
                    let longest = if rng.one_in(2) { 64 } else { data.len() as u64 };
                    let end = (start + 1 + rng.below(longest) as usize).min(data.len());
                    if rng.one_in(2) {
                        apply(
                            bytes,
                            &Change::Bytes(offset + start as u64, data[start..end].to_vec()),
                        );
                    }
                    start = end;
                }
            }
        }
    }
}

impl State {
    /// Counts an operation, and fails it where it should.
    fn operation(&mut self, change: Option<Change>) -> io::Result<()> {
        self.powered()?;
        let at = self.operations;
        self.operations += 1;
        let fault = self.fault.and_then(|(failing, fault)| match fault {
            Fault::From(_) => (at >= failing).then_some(fault),
            Fault::Once(_) | Fault::PowerCut => (at == failing).then_some(fault),
        });
        match (fault, change) {
            (None, Some(change)) => {
                apply(&mut self.seen, &change);
                self.unsynced.push(change);
                Ok(())
            }
            (None, None) if self.lies => Ok(()),
            (None, None) => {
                self.durable.clone_from(&self.seen);
                self.unsynced.clear();
                Ok(())
            }
            (Some(Fault::PowerCut), change) => {
                self.unsynced.extend(change);
                self.off = true;
                self.powered()
            }
            (Some(Fault::Once(kind) | Fault::From(kind)), change) => {
                let mut rng = Rng(self.random);
                match change {
                    Some(Change::Bytes(offset, mut data)) => {
                        data.truncate(rng.below(data.len() as u64 + 1) as usize);
                        let part = Change::Bytes(offset, data);
                        apply(&mut self.seen, &part);
                        self.unsynced.push(part);
                    }
                    Some(Change::Length(_)) => {}
                    None => {
                        settle(&mut self.durable, &self.unsynced, &mut rng);
                        self.unsynced.clear();
                    }
                }
                Err(kind.into())
            }
        }
    }

    fn powered(&self) -> io::Result<()> {
        if self.off {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(())
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        let state = self.0.lock().unwrap();
        state.powered()?;
        Ok(state.seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        state.powered()?;
        let start = offset as usize;
        let bytes = state.seen.get(start..start + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().operation(Some(Change::Length(len)))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.lock().unwrap().operation(None)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0
            .lock()
            .unwrap()
            .operation(Some(Change::Bytes(offset, data.to_vec())))
    }
}
