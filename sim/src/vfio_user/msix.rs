//! Interrupts: the MSI-X table, its pending bits, and where the client wants vectors signalled.
//!
//! In VFIO it is the kernel that programs a function's table: a client only says which `eventfd` a vector goes to.
//! So a vector that has one is unmasked, whatever reset there was, until the client masks it: by a message, in the
//! table, or all vectors at once. A masked vector that is raised pends, and goes out when it is unmasked.

use super::events::{Events, check};
use super::refusal::Refusal;
use metisvm_firmware::pci::{MAX_VECTORS, MsixEntry};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MASKED: u32 = 1;
/// Bytes of an entry of the table.
const ENTRY_BYTES: u32 = size_of::<MsixEntry>() as u32;
const _: () = assert!(MAX_VECTORS as u32 <= u64::BITS);

#[derive(Debug, Default)]
struct State {
    entries: Vec<MsixEntry>,
    events: Vec<Option<Arc<OwnedFd>>>,
    /// Raised while masked, a bit each.
    pending: u64,
    /// Masked by message, a bit each.
    masked: u64,
    all_masked: bool,
}

impl State {
    /// Where a vector goes now, if it goes anywhere.
    fn way_out(&self, vector: usize) -> Option<&Arc<OwnedFd>> {
        let open = !self.all_masked
            && self.masked & 1 << vector == 0
            && self
                .entries
                .get(vector)
                .is_some_and(|entry| entry.control & MASKED == 0);
        self.events.get(vector)?.as_ref().filter(|_| open)
    }

    /// Takes what pends and is masked no more.
    fn take_due(&mut self) -> Vec<Arc<OwnedFd>> {
        let mut due = Vec::new();
        for vector in 0..self.events.len() {
            if self.pending & 1 << vector != 0
                && let Some(event) = self.way_out(vector).cloned()
            {
                self.pending &= !(1 << vector);
                due.push(event);
            }
        }
        due
    }

    /// The table as a reset leaves it.
    fn reset_table(&mut self) {
        for (entry, event) in self.entries.iter_mut().zip(&self.events) {
            *entry = MsixEntry {
                control: u32::from(event.is_none()) * MASKED,
                ..MsixEntry::default()
            };
        }
    }
}

/// The interrupts of a function.
#[derive(Debug)]
pub struct Msix {
    state: Mutex<State>,
    events: Events,
    vectors: u16,
}

impl Msix {
    /// So many vectors, as after power-up.
    ///
    /// # Errors
    /// The system has nothing to raise them with.
    pub fn new(vectors: u16) -> io::Result<Self> {
        let vectors = vectors.min(MAX_VECTORS);
        let mut state = State {
            entries: vec![MsixEntry::default(); vectors.into()],
            events: vec![None; vectors.into()],
            ..State::default()
        };
        state.reset_table();
        Ok(Self {
            state: Mutex::new(state),
            events: Events::new()?,
            vectors,
        })
    }

    /// How many there are.
    pub const fn vectors(&self) -> u16 {
        self.vectors
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and sends what is masked no more.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let due = state.take_due();
        drop(state);
        due.iter().for_each(|event| self.events.raise(event));
    }

    /// The card raises a vector; those that do not exist go nowhere.
    pub fn raise(&self, vector: u16) {
        if vector < self.vectors {
            self.change(|state| state.pending |= 1 << vector);
        }
    }

    /// Gives vectors from `start` on the descriptors where they go.
    ///
    /// # Errors
    /// One is no `eventfd`, or there are no such vectors.
    pub fn connect(&self, start: u32, events: Vec<OwnedFd>) -> Result<(), Refusal> {
        let range = self.range(start, events.len() as u32)?;
        events.iter().try_for_each(check)?;
        self.change(|state| {
            for (vector, event) in range.zip(events) {
                state.events[vector] = Some(Arc::new(event));
                state.entries[vector].control &= !MASKED;
            }
        });
        Ok(())
    }

    /// Takes the descriptors of vectors away.
    ///
    /// # Errors
    /// There are no such vectors.
    pub fn disconnect(&self, start: u32, count: u32) -> Result<(), Refusal> {
        let range = self.range(start, count)?;
        let mut state = self.lock();
        for vector in range {
            state.events[vector] = None;
            state.entries[vector].control |= MASKED;
            state.pending &= !(1 << vector);
        }
        Ok(())
    }

    /// Masks or unmasks vectors by message.
    ///
    /// # Errors
    /// There are no such vectors.
    pub fn mask(&self, start: u32, which: &[bool], masked: bool) -> Result<(), Refusal> {
        let range = self.range(start, which.len() as u32)?;
        self.change(|state| {
            for (vector, _) in range.zip(which).filter(|(_, which)| **which) {
                state.masked &= !(1 << vector);
                state.masked |= u64::from(masked) << vector;
            }
        });
        Ok(())
    }

    /// Raises vectors, as the card does.
    ///
    /// # Errors
    /// There are no such vectors.
    pub fn trigger(&self, start: u32, which: &[bool]) -> Result<(), Refusal> {
        let range = self.range(start, which.len() as u32)?;
        range
            .zip(which)
            .filter(|(_, which)| **which)
            .for_each(|(vector, _)| self.raise(vector as u16));
        Ok(())
    }

    /// Masks or unmasks all vectors, as the function mask of the capability says.
    pub fn mask_all(&self, masked: bool) {
        self.change(|state| state.all_masked = masked);
    }

    /// A reset of the function: nothing pends, and the table is what it was.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.pending = 0;
        state.all_masked = false;
        state.reset_table();
    }

    /// The client is gone.
    pub fn forget_client(&self) {
        let mut state = self.lock();
        state.events.fill(None);
        state.masked = 0;
        state.pending = 0;
        state.all_masked = false;
        state.reset_table();
    }

    /// Reads the table, by words of four bytes.
    pub fn read_table(&self, offset: u32) -> u32 {
        let state = self.lock();
        let Some(entry) = state.entries.get((offset / ENTRY_BYTES) as usize) else {
            return 0;
        };
        let words: [u32; 4] = bytemuck::cast(*entry);
        words[(offset % ENTRY_BYTES / 4) as usize]
    }

    /// Writes to the table, by words of four bytes.
    pub fn write_table(&self, offset: u32, value: u32) {
        self.change(|state| {
            if let Some(entry) = state.entries.get_mut((offset / ENTRY_BYTES) as usize) {
                let mut words: [u32; 4] = bytemuck::cast(*entry);
                words[(offset % ENTRY_BYTES / 4) as usize] = value;
                *entry = bytemuck::cast(words);
                entry.control &= MASKED;
            }
        });
    }

    /// Reads the pending bits, by words of four bytes.
    pub fn read_pending(&self, offset: u32) -> u32 {
        let pending = self.lock().pending;
        match offset {
            0 => pending as u32,
            4 => (pending >> 32) as u32,
            _ => 0,
        }
    }

    fn range(&self, start: u32, count: u32) -> Result<std::ops::Range<usize>, Refusal> {
        let end = start.checked_add(count).filter(|&end| end <= self.vectors.into());
        let end = end.ok_or_else(|| {
            Refusal::invalid(format!(
                "vectors {start} and {count} from there on: there are {}",
                self.vectors
            ))
        })?;
        Ok(start as usize..end as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io::read;
    use std::os::fd::AsFd;

    fn event() -> (OwnedFd, OwnedFd) {
        let event = eventfd(0, EventfdFlags::NONBLOCK).unwrap();
        let theirs = event.as_fd().try_clone_to_owned().unwrap();
        (event, theirs)
    }

    fn raised(event: &OwnedFd) -> bool {
        read(event, &mut [0_u8; 8]).is_ok()
    }

    #[test]
    fn masked_vectors_pend_and_go_out_when_they_are_unmasked() {
        let msix = Msix::new(4).unwrap();
        let (event, theirs) = event();
        msix.raise(2);
        assert_eq!(msix.read_pending(0), 4, "nobody is there to hear it");
        msix.connect(2, vec![theirs]).unwrap();
        assert!(raised(&event) && msix.read_pending(0) == 0);
        let by_message = |masked| msix.mask(2, &[true], masked).unwrap();
        let in_the_table = |masked| msix.write_table(2 * 16 + 12, u32::from(masked));
        let all = |masked| msix.mask_all(masked);
        let ways: [&dyn Fn(bool); 3] = [&by_message, &in_the_table, &all];
        for mask in ways {
            mask(true);
            msix.raise(2);
            assert!(!raised(&event) && msix.read_pending(0) == 4);
            mask(false);
            assert!(raised(&event) && msix.read_pending(0) == 0);
            msix.raise(2);
            assert!(raised(&event) && !raised(&event));
        }
    }

    #[test]
    fn a_reset_keeps_where_vectors_go_and_a_client_that_leaves_does_not() {
        let msix = Msix::new(4).unwrap();
        let (event, theirs) = event();
        msix.connect(0, vec![theirs]).unwrap();
        msix.write_table(0, 0xfee0_0000);
        msix.mask_all(true);
        msix.raise(0);
        msix.reset();
        assert_eq!(
            (msix.read_table(0), msix.read_table(12), msix.read_table(28)),
            (0, 0, 1)
        );
        msix.raise(0);
        assert!(raised(&event) && !raised(&event));
        msix.forget_client();
        msix.raise(0);
        assert!(!raised(&event));
        assert_eq!(msix.read_table(12), 1);
    }

    #[test]
    fn only_eventfds_of_vectors_that_exist_are_taken() {
        let msix = Msix::new(2).unwrap();
        let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        assert!(
            msix.connect(0, vec![file])
                .unwrap_err()
                .why
                .contains("no eventfd")
        );
        assert!(msix.connect(1, vec![event().1, event().1]).is_err());
        assert!(msix.connect(u32::MAX, vec![event().1]).is_err());
        assert!(msix.disconnect(0, 3).is_err() && msix.mask(2, &[true], true).is_err());
        assert!(msix.trigger(0, &[true; 3]).is_err());
        msix.raise(2);
        msix.raise(u16::MAX);
        msix.write_table(u32::MAX - 3, 1);
        assert_eq!((msix.read_table(1 << 20), msix.read_pending(8)), (0, 0));
    }
}
