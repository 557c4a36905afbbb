//! Registers that nobody answers for: all ones, instead of the end of the process.
//!
//! The kernel takes a card's registers out of a process while the card does not decode memory, and for good when it
//! is removed. An access then is a SIGBUS, at any instruction that touches a register. As SPDK does, the handler puts
//! ordinary memory in the place of the registers and lets the instruction go on; that the window is lost is noted
//! first, and whoever reads a register looks at that note afterwards, so that what the memory holds is never taken
//! for the card's word. Any other SIGBUS goes to whoever handled it before.
#![allow(
    unsafe_code,
    reason = "a signal handler is installed, and replaces a mapping of which it is told"
)]

use libc::{c_int, c_void, siginfo_t};
use pci_driver::regions::MappedOwningPciRegion;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A handler that is told what happened.
type Action = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// Most windows that a process guards at a time: one a card.
const WINDOWS: usize = 64;

struct Window {
    /// Address of its first byte; 0 while nobody uses it.
    start: AtomicUsize,
    bytes: AtomicUsize,
    lost: AtomicBool,
}

static TABLE: [Window; WINDOWS] = [const {
    Window {
        start: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        lost: AtomicBool::new(false),
    }
}; WINDOWS];

/// Held while a window comes or goes. The handler takes no lock.
static CHANGES: Mutex<()> = Mutex::new(());

/// What the process did about the signal before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// Registers, or whatever else is mapped, that the process may touch even while nobody answers.
#[derive(Debug)]
pub(super) struct Guarded<T> {
    /// Before the mapping: it is given up first.
    slot: Slot,
    mapped: T,
}

#[derive(Debug)]
struct Slot(usize);

impl Guarded<MappedOwningPciRegion> {
    /// Guards registers.
    ///
    /// # Errors
    /// The system takes no handler, or there are more cards than windows.
    pub(super) fn new(mapped: MappedOwningPciRegion) -> io::Result<Self> {
        let slot = Slot::take(mapped.as_ptr().addr(), mapped.len())?;
        Ok(Self { slot, mapped })
    }
}

impl<T> Guarded<T> {
    /// What is mapped.
    pub(super) const fn mapped(&self) -> &T {
        &self.mapped
    }

    /// Whether an access found nobody. What was read before this is asked may be nobody's word.
    #[inline]
    pub(super) fn is_lost(&self) -> bool {
        TABLE[self.slot.0].lost.load(Ordering::Acquire)
    }
}

impl Slot {
    /// A window for a mapping of whole pages, which is to stay where it is until the slot is given up.
    fn take(start: usize, bytes: usize) -> io::Result<Self> {
        let _changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        install()?;
        let slot = TABLE
            .iter()
            .position(|window| window.start.load(Ordering::Relaxed) == 0)
            .ok_or_else(|| io::Error::other(format!("a process can use {WINDOWS} cards at a time")))?;
        TABLE[slot].lost.store(false, Ordering::Relaxed);
        TABLE[slot].bytes.store(bytes, Ordering::Relaxed);
        TABLE[slot].start.store(start, Ordering::SeqCst);
        Ok(Self(slot))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let _changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        TABLE[self.0].start.store(0, Ordering::SeqCst);
    }
}

/// Installs the handler, once in a process; under [`CHANGES`].
fn install() -> io::Result<()> {
    if BEFORE.get().is_some() {
        return Ok(());
    }
    // SAFETY: all zeros are a `sigaction` (a struct of C with integers and a nullable pointer).
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: with no new action, the call only writes the present one where it may.
    if unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut before) } != 0 {
        return Err(io::Error::last_os_error());
    }
    BEFORE.get_or_init(|| before);
    // SAFETY: as above.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handle as Action as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: `handle` has the signature that SA_SIGINFO asks for, and does only what a handler may: it takes no lock,
    // allocates nothing, and knows what it forwards to, as `BEFORE` was written first.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel calls this with a valid `info`, which has an address for a SIGBUS of its own making (those
    // have positive codes).
    let (by_kernel, address) = unsafe { ((*info).si_code > 0, (*info).si_addr().addr()) };
    if by_kernel && replace(address) {
        return;
    }
    forward(signal, info, context);
}

/// Puts memory in the place of the window that has this address. Says whether there is one.
fn replace(address: usize) -> bool {
    for window in &TABLE {
        let start = window.start.load(Ordering::SeqCst);
        let bytes = window.bytes.load(Ordering::SeqCst);
        let hit = start != 0 && address.wrapping_sub(start) < bytes;
        // The window may have become another's meanwhile.
        if !hit || window.start.load(Ordering::SeqCst) != start {
            continue;
        }
        window.lost.store(true, Ordering::SeqCst);
        // SAFETY: the window is a mapping of registers, whole pages, whose owner is in the middle of an access to it
        // and so keeps it; nothing else is replaced. Nobody has a reference to registers, only volatile accesses
        // through pointers.
        let memory = unsafe {
            libc::mmap(
                ptr::without_provenance_mut(start),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        return memory != libc::MAP_FAILED;
    }
    false
}

/// Does what would have been done without this file.
fn forward(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let Some(before) = BEFORE.get() else {
        return;
    };
    match before.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: plain calls; the signal is held back until this handler returns, and then ends the process, as
            // a SIGBUS does.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: the kernel would have called it so: it was installed with SA_SIGINFO.
            let handler = unsafe { std::mem::transmute::<usize, Action>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above, without SA_SIGINFO.
            let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memmap2::{MmapOptions, MmapRaw};
    use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
    use std::os::fd::OwnedFd;
    use std::process::Command;

    const BYTES: usize = 8192;

    impl Guarded<MmapRaw> {
        fn pages(mapped: MmapRaw) -> io::Result<Self> {
            let slot = Slot::take(mapped.as_ptr().addr(), mapped.len())?;
            Ok(Self { slot, mapped })
        }
    }

    /// Pages that can be taken away, as those of a card can.
    fn pages() -> (OwnedFd, MmapRaw) {
        let file = memfd_create("registers", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, BYTES as u64).unwrap();
        let map = MmapOptions::new().len(BYTES).map_raw(&file).unwrap();
        (file, map)
    }

    fn load(map: &MmapRaw, offset: usize) -> u32 {
        // SAFETY: within the mapping, aligned, and any bits are a number; what is not there is what is tried.
        unsafe { map.as_ptr().add(offset).cast::<u32>().read_volatile() }
    }

    fn store(map: &MmapRaw, offset: usize, value: u32) {
        // SAFETY: as `load`.
        unsafe { map.as_mut_ptr().add(offset).cast::<u32>().write_volatile(value) };
    }

    fn guarded() -> (OwnedFd, Guarded<MmapRaw>) {
        let (file, map) = pages();
        (file, Guarded::pages(map).unwrap())
    }

    #[test]
    fn an_access_to_pages_that_are_gone_is_noted_and_goes_on() {
        let (file, guard) = guarded();
        let (others, other) = guarded();
        store(guard.mapped(), 4096, 7);
        assert_eq!((load(guard.mapped(), 4096), guard.is_lost()), (7, false));
        ftruncate(&file, 0).unwrap();
        let _ = load(guard.mapped(), 4096);
        assert!(guard.is_lost() && !other.is_lost());
        // Once lost, whatever is done goes nowhere, and hurts nobody.
        store(guard.mapped(), 0, 1);
        let _ = load(guard.mapped(), 8188);
        ftruncate(&others, 0).unwrap();
        store(other.mapped(), 4, 1);
        assert!(other.is_lost());
        drop((guard, other));
        assert!(!guarded().1.is_lost(), "a window that is used again starts anew");
    }

    #[test]
    fn many_threads_lose_a_window_at_once() {
        for _ in 0..50 {
            let (file, guard) = guarded();
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let guard = &guard;
                    scope.spawn(move || {
                        while !guard.is_lost() {
                            let _ = load(guard.mapped(), 1024 * thread);
                            store(guard.mapped(), 4096 + 512 * thread, 1);
                        }
                    });
                }
                ftruncate(&file, 0).unwrap();
            });
            assert!(guard.is_lost());
        }
    }

    #[test]
    fn more_windows_than_there_are_is_an_error() {
        // Of a process of its own, as the other tests need windows.
        const CASE: &str = "METISVM_WINDOWS";
        if std::env::var_os(CASE).is_none() {
            let (code, said) = again("more_windows_than_there_are_is_an_error", CASE);
            assert!(code == Some(0) && said.contains("1 passed"), "{code:?}: {said}");
            return;
        }
        let guards: Vec<_> = (0..WINDOWS).map(|_| guarded()).collect();
        let error = Guarded::pages(pages().1).unwrap_err();
        assert!(error.to_string().contains("64 cards"), "{error}");
        drop(guards);
        guarded();
    }

    #[test]
    fn a_sigbus_elsewhere_ends_the_process_as_ever() {
        const CASE: &str = "METISVM_SIGBUS";
        match std::env::var_os(CASE) {
            None => {
                let (code, said) = again("a_sigbus_elsewhere_ends_the_process_as_ever", CASE);
                // By the signal, or by a sanitizer that handles it: in no case by a test that was over.
                assert!(
                    code.is_none() || !said.contains("test result"),
                    "{code:?}: {said}"
                );
            }
            Some(_) => {
                let _guarded = guarded();
                let (file, unguarded) = pages();
                ftruncate(&file, 0).unwrap();
                let _ = load(&unguarded, 0);
            }
        }
    }

    /// Runs a test in a process of its own, and gives its exit code and what it said.
    fn again(test: &str, case: &str) -> (Option<i32>, String) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("vfio::sigbus::tests::{test}")])
            .env(case, "1")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}
