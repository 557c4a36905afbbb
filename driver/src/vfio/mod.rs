//! A card in a slot, or in a guest's: a PCI function that the kernel's VFIO gives to this process.
//!
//! The IOMMU maps regions for the card and nothing else, so memory that was unmapped is out of its reach; without one,
//! or where VFIO is told to do without, the card is refused. Registers are mapped into this process; vectors are
//! `eventfd`s. The crate `pci-driver` makes the calls of the kernel.
//!
//! * [`bdf`], [`sysfs`], [`error`]: where a function is, what is in the way of using it, and how that is said.
//! * [`attribute`]: what the kernel's files say. [`slots`]: the cards on the bus. [`binding`]: given to VFIO, and taken away from it.
//! * [`function`]: the function, opened. [`bar`]: its registers; `sigbus`: when nobody answers them.
//! * [`space`]: regions; `addresses`: where they lie; `mapping`: mapped.

mod addresses;
pub mod attribute;
pub mod bar;
pub mod bdf;
pub mod binding;
pub mod error;
pub mod function;
mod mapping;
mod sigbus;
pub mod slots;
pub mod space;
pub mod sysfs;

pub use bdf::Bdf;
pub use binding::{BindError, Binding};
pub use error::VfioError;
pub use function::{Function, Interrupts};
pub use slots::Slot;
pub use space::Space;
pub use sysfs::Kernel;

use crate::identity::Identity;
use crate::transport::{DmaRegion, Transport, TransportError};
use crate::vectors::Vectors;
use bar::Bar;
use metisvm_firmware::pci::{BAR, BAR0_BYTES, CLASS_CODE, MAX_VECTORS, MSIX_TABLE};
use metisvm_firmware::registers::{ALL_ONES, MAGIC};
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

/// The transport to a card that VFIO gives to this process.
#[derive(Debug)]
pub struct Vfio {
    /// What can be mapped is given up before the function is.
    bar: Bar,
    vectors: Vectors,
    space: Space,
    function: Arc<Function>,
    identity: Identity,
}

impl Vfio {
    /// Opens the card at a place and makes it ready.
    ///
    /// # Errors
    /// [`TransportError::Start`]: what is in the way, where, and what to do about it.
    pub fn open(bdf: Bdf) -> Result<Self, TransportError> {
        Self::attach(&Kernel::default(), bdf).map_err(|error| TransportError::Start(error.to_string()))
    }

    fn attach(kernel: &Kernel, bdf: Bdf) -> Result<Self, VfioError> {
        let function = Arc::new(Function::open(kernel, bdf)?);
        let identity = function.identity()?;
        if !identity.is_accelerator() {
            return Err(function.no_card(format!("{identity} is not of class {CLASS_CODE:06x}")));
        }
        function.switch_on()?;
        // The table of interrupts, behind the registers, is the kernel's.
        let bar = function.bar(BAR.into(), MSIX_TABLE.into(), BAR0_BYTES.into())?;
        let vectors = function.connect(Interrupts::MsiX, MAX_VECTORS)?;
        Ok(Self {
            bar,
            vectors,
            space: Space::new(Arc::clone(&function)),
            function,
            identity,
        })
    }

    /// What the card shows of itself on PCI.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The function itself.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Resets the function and makes it ready again. The card has no nonce afterwards; its memory stays mapped. A card
    /// that does not answer is left alone, as the kernel would wait for it for a minute.
    ///
    /// # Errors
    /// The card does not answer, or does not come back.
    pub fn reset_function(&self) -> Result<(), TransportError> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let gone = |error: VfioError| TransportError::Gone(error.to_string());
        if self.read32(MAGIC) == ALL_ONES {
            let problem = "it does not answer, so it is not reset".to_owned();
            return Err(gone(self.function.no_card(problem)));
        }
        self.function.reset().map_err(gone)?;
        self.function.switch_on().map_err(gone)
    }
}

impl Transport for Vfio {
    fn read32(&self, offset: u32) -> u32 {
        let value = self.bar.read32(offset);
        // Loads that follow in the program follow what the card has done.
        fence(Ordering::SeqCst);
        value
    }

    fn write32(&self, offset: u32, value: u32) {
        fence(Ordering::SeqCst);
        self.bar.write32(offset, value);
        fence(Ordering::SeqCst);
    }

    fn allocate(&self, bytes: usize) -> Result<DmaRegion, TransportError> {
        self.space.allocate(bytes)
    }

    fn unmap(&self, region: &DmaRegion) -> Result<(), TransportError> {
        self.space.unmap(region)
    }

    fn isolates_on_unmap(&self) -> bool {
        true
    }

    fn vectors(&self) -> u16 {
        self.vectors.count()
    }

    fn wait_interrupt(&self, vector: u16, timeout: Duration) -> bool {
        // Of a card that is gone nothing more will come, and whoever waits is to see why.
        let timeout = if self.bar.is_lost() {
            Duration::ZERO
        } else {
            timeout
        };
        self.vectors.wait(vector, timeout)
    }

    fn failure(&self) -> Option<TransportError> {
        self.bar.is_lost().then(|| {
            TransportError::Gone(format!(
                "{}: its registers were taken away: it was removed, or does not decode memory",
                self.function.bdf()
            ))
        })
    }
}
