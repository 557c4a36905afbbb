//! Which pages memory for DMA is made of: huge ones where the machine has any, as an IOMMU maps one of them with one
//! entry, and 512 base pages with as many.

use crate::region::{HUGE_PAGE_BYTES, Memory, Pages};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the operator is told something.
pub type Tell = fn(&str);

/// Whether the operator was told, which is once in a process.
static TOLD: AtomicBool = AtomicBool::new(false);

/// Memory of at least so many bytes.
///
/// # Errors
/// There is none.
pub(super) fn allocate(bytes: usize, tell: Option<Tell>) -> io::Result<Memory> {
    match tell {
        Some(tell) => choose(bytes, &TOLD, tell, Memory::allocate),
        None => choose(bytes, &AtomicBool::new(true), |_| {}, Memory::allocate),
    }
}

fn choose(
    bytes: usize,
    told: &AtomicBool,
    tell: impl FnOnce(&str),
    allocate: impl Fn(usize, Pages) -> io::Result<Memory>,
) -> io::Result<Memory> {
    if bytes < HUGE_PAGE_BYTES {
        return allocate(bytes, Pages::Base);
    }
    let error = match allocate(bytes, Pages::Huge) {
        Ok(memory) => return Ok(memory),
        Err(error) => error,
    };
    let memory = allocate(bytes, Pages::Base)?;
    if !told.swap(true, Ordering::Relaxed) {
        tell(&format!(
            "memory for DMA is made of base pages, 512 entries of the IOMMU for 2 MiB, as no huge pages could be had \
             ({error}): sysctl -w vm.nr_hugepages=64 reserves some"
        ));
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    #[test]
    fn huge_pages_are_taken_where_there_are_any_and_not_for_less_than_one() {
        let asked = RefCell::new(Vec::new());
        let allocate = |bytes, pages| {
            asked.borrow_mut().push((bytes, pages));
            // Whether this machine has any is its operator's choice.
            Memory::allocate(bytes, Pages::Base)
        };
        let told = AtomicBool::new(false);
        for bytes in [4096, HUGE_PAGE_BYTES - 1, HUGE_PAGE_BYTES, 3 * HUGE_PAGE_BYTES] {
            let memory = choose(bytes, &told, |words| panic!("{words}"), allocate).unwrap();
            assert!(memory.bytes() >= bytes);
        }
        let pages = asked.take().into_iter().map(|(_, pages)| pages);
        let expected = [Pages::Base, Pages::Base, Pages::Huge, Pages::Huge];
        assert!(pages.eq(expected));
    }

    #[test]
    fn that_there_are_no_huge_pages_is_told_once_and_costs_no_memory() {
        let none = |bytes, pages| match pages {
            Pages::Huge => Err(io::Error::from_raw_os_error(libc::ENOMEM)),
            Pages::Base => Memory::allocate(bytes, pages),
        };
        let (told, times) = (AtomicBool::new(false), Cell::new(0));
        let tell = |words: &str| {
            times.set(times.get() + 1);
            assert!(words.contains("vm.nr_hugepages"), "{words}");
        };
        for _ in 0..5 {
            let memory = choose(HUGE_PAGE_BYTES, &told, tell, none).unwrap();
            assert_eq!(memory.bytes(), HUGE_PAGE_BYTES);
        }
        assert_eq!(times.get(), 1);
    }

    #[test]
    fn where_there_is_no_memory_at_all_nothing_is_told() {
        let nothing = |_, _| Err(io::ErrorKind::OutOfMemory.into());
        let told = AtomicBool::new(false);
        assert!(choose(HUGE_PAGE_BYTES, &told, |words| panic!("{words}"), nothing).is_err());
    }
}
