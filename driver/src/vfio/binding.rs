//! A function given to VFIO, and taken away from it: by `driver_override`, so that no other function of the same kind
//! goes with it.

use super::bdf::Bdf;
use super::error::VfioError;
use super::sysfs::{Kernel, VFIO_PCI};
use metisvm_firmware::pci::CLASS_CODE;
use rustix::fs::OFlags;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long a driver may take to take a function on, or to let it go.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What drove the function before.
    pub before: Option<String>,
    /// What drives it now.
    pub now: Option<String>,
    /// Its IOMMU group.
    pub group: Option<u32>,
    /// Whether anything was to be done.
    pub changed: bool,
}

/// Why not.
#[derive(Debug, Error)]
pub enum BindError {
    /// VFIO could not use it.
    #[error(transparent)]
    Function(#[from] VfioError),
    /// It is something else: to take that away from its driver would harm the machine.
    #[error(
        "{bdf}: it is no card: its class is {class:06x}, and a card's {CLASS_CODE:06x} (metisvm device list says which are)"
    )]
    NoCard {
        /// The function.
        bdf: Bdf,
        /// Its class.
        class: u32,
    },
    /// The driver is not there.
    #[error(
        "{0}: the kernel has no vfio-pci: load it (modprobe vfio-pci), and for each start of the machine (echo vfio-pci >> \
         /etc/modules-load.d/metisvm.conf)"
    )]
    NoModule(Bdf),
    /// Somebody else's driver has it.
    #[error(
        "{bdf}: it is driven by {driver}, which may be using it: if nobody does, take it away (metisvm device bind \
         --force {bdf})"
    )]
    Driven {
        /// The function.
        bdf: Bdf,
        /// What drives it.
        driver: String,
    },
    /// A process has it open: the kernel would wait for its end.
    #[error(
        "{bdf}: a process uses its group ({path}): end it first (fuser -v {path} says which it is)",
        path = path.display()
    )]
    InUse {
        /// The function.
        bdf: Bdf,
        /// The group's node.
        path: PathBuf,
    },
    /// This user may not.
    #[error("{bdf}: this user may not write {path}: do it as root (sudo metisvm device {what} {bdf})", path = path.display())]
    NoPermission {
        /// The function.
        bdf: Bdf,
        /// The command.
        what: &'static str,
        /// What was to be written.
        path: PathBuf,
    },
    /// The kernel said no.
    #[error("{bdf}: writing {path} failed: {error}; the kernel's log may say more (dmesg)", path = path.display())]
    Write {
        /// The function.
        bdf: Bdf,
        /// What was to be written.
        path: PathBuf,
        /// What the kernel said.
        error: io::Error,
    },
    /// The kernel did it, and it did not happen.
    #[error(
        "{bdf}: {}: the kernel's log says why (dmesg)",
        match now {
            Some(driver) => format!("it is driven by {driver} all the same"),
            None => "vfio-pci does not take it".to_owned(),
        }
    )]
    NotTaken {
        /// The function.
        bdf: Bdf,
        /// What drives it.
        now: Option<String>,
    },
}

impl Kernel {
    /// Gives a card to vfio-pci. One that another driver has is taken away from it with `force` only; one that is
    /// there already stays there.
    ///
    /// # Errors
    /// What is in the way; nothing was changed then.
    pub fn bind(&self, bdf: Bdf, force: bool) -> Result<Binding, BindError> {
        // What the IOMMU cannot hold back is not given to a process, whoever asks.
        let group = self.group(bdf)?;
        self.is_card(bdf)?;
        if !self.driver_folder(VFIO_PCI).exists() {
            return Err(BindError::NoModule(bdf));
        }
        self.is_viable(bdf, group)?;
        let before = self.driver(bdf);
        let done = |now: Option<String>, changed| Binding {
            before: before.clone(),
            now,
            group: Some(group),
            changed,
        };
        let call = Call {
            kernel: self,
            bdf,
            what: "bind",
        };
        let of = &self.folder(bdf).join("driver_override");
        let overridden = self.driver_override(bdf);
        if before.as_deref() == Some(VFIO_PCI) {
            let stays = overridden.as_deref() == Some(VFIO_PCI);
            if !stays {
                call.write(of, VFIO_PCI)?;
            }
            return Ok(done(before.clone(), !stays));
        }
        if let Some(driver) = before.as_ref().filter(|_| !force) {
            return Err(BindError::Driven {
                bdf,
                driver: driver.clone(),
            });
        }
        call.write(of, VFIO_PCI)?;
        let taken = call.release(before.as_deref()).and_then(|()| call.probe());
        let now = self.settled(bdf, |driver| driver == Some(VFIO_PCI));
        match taken {
            Ok(()) if now.as_deref() == Some(VFIO_PCI) => Ok(done(now, true)),
            taken => {
                // As it was: what had it before takes it again.
                let _ = call
                    .write(of, overridden.as_deref().unwrap_or("\n"))
                    .and_then(|()| call.probe());
                taken.and(Err(BindError::NotTaken { bdf, now }))
            }
        }
    }

    /// Takes a card away from vfio-pci; the kernel's own driver for it, where there is one, gets it again. One that
    /// is not there is left alone.
    ///
    /// # Errors
    /// What is in the way.
    pub fn unbind(&self, bdf: Bdf) -> Result<Binding, BindError> {
        self.is_card(bdf)?;
        let (before, group) = (self.driver(bdf), self.group(bdf).ok());
        let is_ours = before.as_deref() == Some(VFIO_PCI);
        let is_kept = self.driver_override(bdf).as_deref() == Some(VFIO_PCI);
        let done = |now: Option<String>, changed| Binding {
            before: before.clone(),
            now,
            group,
            changed,
        };
        if !is_ours && !is_kept {
            return Ok(done(before.clone(), false));
        }
        let call = Call {
            kernel: self,
            bdf,
            what: "unbind",
        };
        if let (true, Some(group)) = (is_ours, group) {
            self.is_idle(bdf, group)?;
        }
        call.write(&self.folder(bdf).join("driver_override"), "\n")?;
        if is_ours {
            call.release(Some(VFIO_PCI))?;
        }
        call.probe()?;
        let now = self.settled(bdf, |driver| driver != Some(VFIO_PCI));
        if now.as_deref() == Some(VFIO_PCI) {
            return Err(BindError::NotTaken { bdf, now });
        }
        Ok(done(now, true))
    }

    fn driver_folder(&self, driver: &str) -> PathBuf {
        self.sys.join("bus/pci/drivers").join(driver)
    }

    fn is_card(&self, bdf: Bdf) -> Result<(), BindError> {
        let slot = self.slot(bdf).ok_or(VfioError::NoSuchFunction(bdf))?;
        if slot.identity.is_accelerator() {
            return Ok(());
        }
        let class = slot.identity.class;
        Err(BindError::NoCard { bdf, class })
    }

    /// Looks whether nobody has a group open.
    fn is_idle(&self, bdf: Bdf, group: u32) -> Result<(), BindError> {
        let path = self.node(group);
        match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(BindError::InUse { bdf, path }),
            _ => Ok(()),
        }
    }

    /// The driver of a function, once it is one that was waited for, or at the end of all patience.
    fn settled(&self, bdf: Bdf, wanted: impl Fn(Option<&str>) -> bool) -> Option<String> {
        let start = Instant::now();
        loop {
            let driver = self.driver(bdf);
            if wanted(driver.as_deref()) || start.elapsed() > PATIENCE {
                return driver;
            }
            thread::sleep(LOOK);
        }
    }
}

/// What is asked of the kernel, for a function.
struct Call<'a> {
    kernel: &'a Kernel,
    bdf: Bdf,
    what: &'static str,
}

impl Call<'_> {
    fn write(&self, path: &Path, text: &str) -> Result<(), BindError> {
        let (bdf, what) = (self.bdf, self.what);
        let written = OpenOptions::new()
            .write(true)
            .truncate(true)
            // A pipe in a tree of somebody's making is not waited for.
            .custom_flags(OFlags::NONBLOCK.bits() as i32)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| {
            let path = path.to_owned();
            match error.kind() {
                io::ErrorKind::PermissionDenied => BindError::NoPermission { bdf, what, path },
                _ => BindError::Write { bdf, path, error },
            }
        })
    }

    /// Takes the function away from a driver.
    fn release(&self, driver: Option<&str>) -> Result<(), BindError> {
        let Some(driver) = driver else { return Ok(()) };
        let unbind = self.kernel.driver_folder(driver).join("unbind");
        self.write(&unbind, &self.bdf.to_string())?;
        self.kernel.settled(self.bdf, |now| now != Some(driver));
        Ok(())
    }

    /// Lets the kernel look for a driver.
    fn probe(&self) -> Result<(), BindError> {
        let probe = self.kernel.sys.join("bus/pci/drivers_probe");
        self.write(&probe, &self.bdf.to_string())
    }
}
