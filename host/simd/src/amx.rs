//! Whether this process may use Intel's Advanced Matrix Extensions.
#![allow(unsafe_code)]
// The processor's word, the system's, and its leave for the process: none of which the standard library asks
// for.

/// Whether the processor has tiles with products of bytes, and the system keeps them for this process. The
/// first call asks for the system's leave, which holds for all threads.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) fn is_here() -> bool {
    static HERE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HERE.get_or_init(|| has_tiles() && are_permitted())
}

/// Elsewhere nobody has tried.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(crate) fn is_here() -> bool {
    false
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn has_tiles() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const OSXSAVE: u32 = 1 << 27;
    const AMX_TILE: u32 = 1 << 24;
    const AMX_INT8: u32 = 1 << 25;
    const TILE_STATE: u32 = 1 << 17 | 1 << 18;
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let state: u32;
    // SAFETY: the system saves extended states, so that the register of those may be read.
    unsafe {
        std::arch::asm!("xgetbv", in("ecx") 0, out("eax") state, out("edx") _, options(nomem, nostack));
    }
    let both = AMX_TILE | AMX_INT8;
    __cpuid_count(7, 0).edx & both == both && state & TILE_STATE == TILE_STATE
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn are_permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let result: u64;
    // SAFETY: the system call asks for leave to use tiles. It changes nothing in memory; what it does not
    // know it refuses.
    unsafe {
        std::arch::asm!(
            "syscall",
            inout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    result == 0
}
