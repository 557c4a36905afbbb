//! Doorbells that many threads ring: values reach the register in their order, and no thread waits for
//! another one that a hung card holds in its write.
//!
//! Who has a new value says so (under the lock that makes the values) and then rings (without it). One
//! thread at a time writes the register, for all that came meanwhile; the others leave at once. No value
//! is lost: the writer, done, looks once more after it has said so, and who found it at work had its value
//! in place before. One of the two sees the other.

use crate::transport::Transport;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often closing looks whether the thread in the midst of a write is done.
const LOOK: Duration = Duration::from_micros(50);

/// Nobody writes the register.
const FREE: u8 = 0;
/// A thread does.
const RINGING: u8 = 1;
/// Nobody may.
const CLOSED: u8 = 2;

#[derive(Debug)]
pub(crate) struct Doorbell {
    register: u32,
    wanted: AtomicU32,
    written: AtomicU32,
    state: AtomicU8,
}

/// The right to write the register; given back even by a transport that panics.
#[must_use = "nobody else can ring"]
pub(crate) struct Claim<'a>(&'a Doorbell);

impl Claim<'_> {
    /// As [`Doorbell::want`], where it is this thread that will write.
    #[inline]
    pub(crate) fn want(&self, value: u16) {
        self.0.wanted.store(value.into(), Ordering::Release);
    }

    /// Writes what is wanted by now.
    #[inline]
    pub(crate) fn ring(self, transport: &dyn Transport) {
        let bell = self.0;
        self.ring_once(transport);
        bell.ring(transport);
    }

    #[inline]
    fn ring_once(self, transport: &dyn Transport) {
        let bell = self.0;
        let value = bell.wanted.load(Ordering::SeqCst);
        if value != bell.written.load(Ordering::Relaxed) {
            transport.write32(bell.register, value);
            bell.written.store(value, Ordering::Release);
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.state.store(FREE, Ordering::SeqCst);
    }
}

impl Doorbell {
    /// A doorbell whose register holds 0.
    pub(crate) fn new(register: u32) -> Self {
        Self {
            register,
            wanted: AtomicU32::new(0),
            written: AtomicU32::new(0),
            state: AtomicU8::new(FREE),
        }
    }

    /// Says what the register is to hold next. Under the lock of whoever makes the values.
    #[inline]
    pub(crate) fn want(&self, value: u16) {
        self.wanted.store(value.into(), Ordering::SeqCst);
    }

    /// Takes the right to write the register, if it is free. Until [`Claim::ring`], no value goes out,
    /// whoever wants it: so what the values stand for may be finished meanwhile.
    #[inline]
    pub(crate) fn claim(&self) -> Option<Claim<'_>> {
        // Made only where it was taken: dropping a claim gives the register back.
        self.turn(RINGING).is_ok().then(|| Claim(self))
    }

    /// The value that the card has been given last.
    #[inline]
    pub(crate) fn written(&self) -> u16 {
        self.written.load(Ordering::Acquire) as u16
    }

    fn is_due(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) != self.written.load(Ordering::Acquire)
    }

    /// From free to another state, or the state that it is in.
    #[inline]
    fn turn(&self, state: u8) -> Result<u8, u8> {
        self.state
            .compare_exchange(FREE, state, Ordering::SeqCst, Ordering::SeqCst)
    }

    /// Writes the register, unless another thread is about to, or nothing is new.
    #[inline]
    pub(crate) fn ring(&self, transport: &dyn Transport) {
        while self.is_due()
            && let Some(claim) = self.claim()
        {
            claim.ring_once(transport);
        }
    }

    /// Keeps every thread from the register, for good or until [`Doorbell::reopen`]. Says whether that
    /// succeeded in time; if not, a write is still under way.
    pub(crate) fn close(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        while self.turn(CLOSED).is_err_and(|state| state != CLOSED) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }

    /// Begins anew, after [`Doorbell::close`], with a register that holds 0.
    pub(crate) fn reopen(&self) {
        self.wanted.store(0, Ordering::SeqCst);
        self.written.store(0, Ordering::SeqCst);
        self.state.store(FREE, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::Stub;
    use std::sync::Mutex;

    /// A register that remembers what it was given, and holds a write as long as the second lock is held.
    #[derive(Default)]
    struct Register(Mutex<Vec<u32>>, Mutex<()>);

    impl Stub for Register {
        fn writes(&self, _: u32, value: u32) {
            let _held = self.1.lock().unwrap();
            self.0.lock().unwrap().push(value);
        }
    }

    #[test]
    fn values_of_many_threads_arrive_in_order_and_the_last_one_arrives() {
        let register = Register::default();
        let bell = Doorbell::new(0);
        let last = Mutex::new(0_u16);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5000 {
                        let mut last = last.lock().unwrap();
                        *last += 1;
                        bell.want(*last);
                        drop(last);
                        bell.ring(&register);
                    }
                });
            }
        });
        let written = register.0.into_inner().unwrap();
        assert!(written.is_sorted_by(|a, b| a < b));
        assert_eq!(written.last(), Some(&20_000));
        assert_eq!(bell.written(), 20_000);
    }

    #[test]
    fn a_thread_held_in_its_write_holds_no_other_and_is_waited_for_only_so_long() {
        let register = Register::default();
        let bell = Doorbell::new(0);
        std::thread::scope(|scope| {
            let hold = register.1.lock().unwrap();
            bell.want(1);
            scope.spawn(|| bell.ring(&register));
            while bell.state.load(Ordering::SeqCst) == FREE {
                std::thread::yield_now();
            }
            bell.want(2);
            bell.ring(&register);
            assert!(!bell.close(Duration::from_millis(20)));
            assert!(register.0.lock().unwrap().is_empty());
            drop(hold);
        });
        let written = register.0.lock().unwrap().clone();
        assert_eq!(written.last(), Some(&2), "it wrote for the other one too");
        assert!(bell.close(Duration::ZERO) && bell.close(Duration::ZERO));
        bell.want(3);
        bell.ring(&register);
        assert_eq!(*register.0.lock().unwrap(), written, "it is closed");
        bell.reopen();
        assert_eq!(bell.written(), 0);
    }
}
