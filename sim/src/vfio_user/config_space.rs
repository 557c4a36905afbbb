//! The configuration space of the function: a header of type 0, PCI Express and MSI-X capabilities.
//!
//! Names and bits are the PCI Express Base Specification's. What a driver may change is a mask; so a BAR answers
//! its size to whoever writes all ones.

use metisvm_firmware::pci::{
    BAR, BAR0_BYTES, CLASS_CODE, DEVICE_ID, MSIX_PENDING, MSIX_TABLE, REVISION, VENDOR_ID,
};

/// Size of the space of a PCI Express function, bytes.
pub const CONFIG_BYTES: usize = 4096;

const COMMAND: usize = 0x04;
const STATUS: usize = 0x06;
const BAR0: usize = 0x10;
const CAPABILITIES: usize = 0x34;
const EXPRESS: usize = 0x40;
const DEVICE_CONTROL: usize = EXPRESS + 0x08;
const MSIX: usize = 0x80;
const MSIX_CONTROL: usize = MSIX + 0x02;

const MEMORY_SPACE: u16 = 1 << 1;
const BUS_MASTER: u16 = 1 << 2;
/// Memory space, bus master, parity errors, SERR, INTx off.
const COMMAND_MASK: u16 = MEMORY_SPACE | BUS_MASTER | 1 << 6 | 1 << 8 | 1 << 10;
const STATUS_CAPABILITIES: u16 = 1 << 4;
/// 64-bit memory, not prefetchable.
const BAR_TYPE: u32 = 0b100;
const INITIATE_FLR: u16 = 1 << 15;
/// Relaxed ordering, no snoop, read requests of 512 bytes.
const DEVICE_CONTROL_DEFAULT: u16 = 1 << 4 | 1 << 11 | 2 << 12;
const CAPABLE_OF_FLR: u32 = 1 << 28;
const ROLE_BASED_ERRORS: u32 = 1 << 15;
/// 8 GT/s, eight lanes.
const LINK: u16 = 3 | 8 << 4;
const MSIX_FUNCTION_MASK: u16 = 1 << 14;
const MSIX_ENABLE: u16 = 1 << 15;

/// What a write to the space asks for beyond the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, but what the command register and MSI-X's control say may have changed.
    Changed,
    /// A function-level reset.
    Reset,
}

/// The space.
#[derive(Clone, Debug)]
pub struct ConfigSpace {
    bytes: [u8; CONFIG_BYTES],
    /// Bits that a write changes.
    mask: [u8; CONFIG_BYTES],
    vectors: u16,
    subsystem: u16,
}

impl ConfigSpace {
    /// The space of a function with so many interrupt vectors (there is one at least) and this subsystem number,
    /// after power-up.
    pub fn new(vectors: u16, subsystem: u16) -> Self {
        let mut space = Self {
            bytes: [0; CONFIG_BYTES],
            mask: [0; CONFIG_BYTES],
            vectors,
            subsystem,
        };
        space.put(0x00, &VENDOR_ID.to_le_bytes());
        space.put(0x02, &DEVICE_ID.to_le_bytes());
        space.allow(COMMAND, &COMMAND_MASK.to_le_bytes());
        space.put(STATUS, &STATUS_CAPABILITIES.to_le_bytes());
        space.put(0x08, &(CLASS_CODE << 8 | u32::from(REVISION)).to_le_bytes());
        space.allow(0x0c, &[0xff]);
        space.put(BAR0 + 4 * usize::from(BAR), &BAR_TYPE.to_le_bytes());
        let address = !u64::from(BAR0_BYTES - 1);
        space.allow(BAR0 + 4 * usize::from(BAR), &address.to_le_bytes());
        space.put(0x2c, &VENDOR_ID.to_le_bytes());
        space.put(0x2e, &subsystem.to_le_bytes());
        space.put(CAPABILITIES, &[EXPRESS as u8]);
        space.allow(0x3c, &[0xff]);
        space.express();
        space.msix();
        space
    }

    fn express(&mut self) {
        // Version 2, endpoint.
        self.put(EXPRESS, &[0x10, MSIX as u8, 0x02, 0x00]);
        self.put(
            EXPRESS + 0x04,
            &(CAPABLE_OF_FLR | ROLE_BASED_ERRORS).to_le_bytes(),
        );
        self.put(DEVICE_CONTROL, &DEVICE_CONTROL_DEFAULT.to_le_bytes());
        self.allow(DEVICE_CONTROL, &(!INITIATE_FLR).to_le_bytes());
        self.put(EXPRESS + 0x0c, &u32::from(LINK).to_le_bytes());
        self.put(EXPRESS + 0x12, &LINK.to_le_bytes());
        // 2.5, 5 and 8 GT/s; the target is the last.
        self.put(EXPRESS + 0x2c, &0x0e_u32.to_le_bytes());
        self.put(EXPRESS + 0x30, &3_u16.to_le_bytes());
    }

    fn msix(&mut self) {
        self.put(MSIX, &[0x11, 0x00]);
        self.put(MSIX_CONTROL, &(self.vectors.max(1) - 1).to_le_bytes());
        self.allow(MSIX_CONTROL, &(MSIX_ENABLE | MSIX_FUNCTION_MASK).to_le_bytes());
        self.put(MSIX + 0x04, &(MSIX_TABLE | u32::from(BAR)).to_le_bytes());
        self.put(MSIX + 0x08, &(MSIX_PENDING | u32::from(BAR)).to_le_bytes());
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn allow(&mut self, offset: usize, mask: &[u8]) {
        self.mask[offset..offset + mask.len()].copy_from_slice(mask);
    }

    fn word(&self, offset: usize) -> u16 {
        u16::from_le_bytes([self.bytes[offset], self.bytes[offset + 1]])
    }

    /// Reads; past the end there are zeros.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            let at = offset.saturating_add(index);
            *byte = self.bytes.get(at).copied().unwrap_or(0);
        }
    }

    /// Writes what may be written, and says what else that asks for.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Effect {
        let mut effect = Effect::Changed;
        for (index, &byte) in bytes.iter().enumerate() {
            let at = offset.saturating_add(index);
            let Some((old, mask)) = self.bytes.get_mut(at).zip(self.mask.get(at)) else {
                break;
            };
            *old = *old & !mask | byte & mask;
            if at == DEVICE_CONTROL + 1 && byte & (INITIATE_FLR >> 8) as u8 != 0 {
                effect = Effect::Reset;
            }
        }
        effect
    }

    /// As after power-up.
    pub fn reset(&mut self) {
        *self = Self::new(self.vectors, self.subsystem);
    }

    /// Whether BAR0 answers.
    pub fn decodes_memory(&self) -> bool {
        self.word(COMMAND) & MEMORY_SPACE != 0
    }

    /// Whether the function may do DMA.
    pub fn is_bus_master(&self) -> bool {
        self.word(COMMAND) & BUS_MASTER != 0
    }

    /// Whether all vectors are masked at once.
    pub fn masks_all_vectors(&self) -> bool {
        self.word(MSIX_CONTROL) & MSIX_FUNCTION_MASK != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dword(space: &ConfigSpace, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        space.read(offset, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn the_function_is_who_the_abi_says() {
        let space = ConfigSpace::new(8, 1);
        assert_eq!(dword(&space, 0), 0x4d56_1234);
        assert_eq!(dword(&space, 8), 0x1200_0002);
        assert_eq!(dword(&space, 0x2c), 0x0001_1234);
        assert_eq!(dword(&space, 0x3c) >> 8, 0, "there is no INTx");
    }

    #[test]
    fn a_bar_answers_its_size_and_the_others_are_not_there() {
        let mut space = ConfigSpace::new(8, 1);
        space.write(BAR0, &[0xff; 24]);
        let size = u64::from(dword(&space, BAR0)) | u64::from(dword(&space, BAR0 + 4)) << 32;
        assert_eq!(size & 0xf, 0b100, "64-bit memory, not prefetchable");
        assert_eq!((!(size & !0xf)).wrapping_add(1), u64::from(BAR0_BYTES));
        assert!((BAR0 + 8..0x28).step_by(4).all(|bar| dword(&space, bar) == 0));
        space.write(0x30, &[0xff; 4]);
        assert_eq!(dword(&space, 0x30), 0, "there is no ROM");
        space.write(BAR0, &0x1_2345_8000_u64.to_le_bytes());
        assert_eq!((dword(&space, BAR0), dword(&space, BAR0 + 4)), (0x2345_8004, 1));
    }

    #[test]
    fn the_chain_of_capabilities_ends_and_has_pci_express_and_msix() {
        let space = ConfigSpace::new(64, 1);
        let mut found = Vec::new();
        let mut at = dword(&space, CAPABILITIES) & 0xff;
        while at != 0 && found.len() < 48 {
            let head = dword(&space, at as usize);
            found.push((head & 0xff, head >> 16));
            at = head >> 8 & 0xff;
        }
        assert_eq!(found, [(0x10, 2), (0x11, 63)]);
        assert_eq!(dword(&space, EXPRESS + 4) >> 28 & 1, 1, "function-level reset");
        assert_eq!(
            (dword(&space, MSIX + 4), dword(&space, MSIX + 8)),
            (0x2000, 0x3000)
        );
        assert_eq!(dword(&space, 0x100), 0, "no extended capability");
    }

    #[test]
    fn a_function_level_reset_is_asked_for_by_one_bit_and_undoes_everything() {
        let mut space = ConfigSpace::new(8, 1);
        space.write(COMMAND, &[0xff; 2]);
        space.write(MSIX_CONTROL, &[0xff; 2]);
        assert!(space.decodes_memory() && space.is_bus_master() && space.masks_all_vectors());
        assert_eq!(space.word(MSIX_CONTROL), 0xc007, "the number of vectors stays");
        assert_eq!(space.write(DEVICE_CONTROL, &[0xff]), Effect::Changed);
        assert_eq!(space.write(DEVICE_CONTROL + 1, &[0x7f]), Effect::Changed);
        assert_eq!(space.write(DEVICE_CONTROL, &[0x10, 0xa8]), Effect::Reset);
        assert_eq!(space.word(DEVICE_CONTROL) >> 15, 0, "it reads as zero");
        space.reset();
        assert!(!space.decodes_memory() && !space.is_bus_master() && !space.masks_all_vectors());
    }

    #[test]
    fn accesses_past_the_end_are_nothing() {
        let mut space = ConfigSpace::new(8, 1);
        let mut bytes = [7; 8];
        space.read(CONFIG_BYTES - 4, &mut bytes);
        assert_eq!(bytes, [0; 8]);
        space.read(usize::MAX, &mut bytes);
        assert_eq!(space.write(usize::MAX, &[1; 8]), Effect::Changed);
    }
}
