//! The cards on the bus, as the kernel shows them before anybody opens one.

use super::attribute;
use super::bdf::Bdf;
use super::error::VfioError;
use super::sysfs::Kernel;
use crate::identity::Identity;
use std::fs;
use std::io;
use std::path::Path;

/// A function of the class that cards have.
#[derive(Debug)]
pub struct Slot {
    /// Where it is.
    pub bdf: Bdf,
    /// What it shows of itself.
    pub identity: Identity,
    /// What drives it.
    pub driver: Option<String>,
    /// The only driver that may drive it, if it was given one.
    pub driver_override: Option<String>,
    /// Its IOMMU group, and who else is in it with what drives them.
    pub group: Option<Group>,
    /// Its link, where the kernel knows it.
    pub link: Option<LinkState>,
    /// Errors that PCI Express has reported of it.
    pub errors: LinkErrors,
    /// Whether this process may open it, and what is in the way.
    pub usable: Result<(), VfioError>,
}

/// An IOMMU group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub number: u32,
    /// The other functions in it, and what drives each.
    pub others: Vec<(String, Option<String>)>,
}

/// How fast and how wide a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Tenths of a gigatransfer a second and lane.
    pub speed: u32,
    /// Lanes.
    pub width: u32,
}

/// A link as it is, and as it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// As it was trained.
    pub now: Link,
    /// What the card can do.
    pub card: Link,
    /// What the port above it can do, where the kernel says so.
    pub port: Option<Link>,
}

/// Errors that the function has counted (Advanced Error Reporting).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkErrors {
    /// The link made up for them.
    pub correctable: Option<u64>,
    /// A transaction was lost.
    pub non_fatal: Option<u64>,
    /// The link was.
    pub fatal: Option<u64>,
}

impl Link {
    /// Its speed, gigatransfers a second.
    pub fn gigatransfers(&self) -> f64 {
        f64::from(self.speed) / 10.0
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} GT/s x{}", self.gigatransfers(), self.width)
    }
}

impl LinkState {
    /// What both ends can do.
    pub fn possible(&self) -> Link {
        self.port.map_or(self.card, |port| Link {
            speed: self.card.speed.min(port.speed),
            width: self.card.width.min(port.width),
        })
    }

    /// Whether it was trained for less than both ends can do.
    pub fn is_degraded(&self) -> bool {
        let possible = self.possible();
        self.now.speed < possible.speed || self.now.width < possible.width
    }

    /// Whether the port holds the card back.
    pub fn is_held_back(&self) -> bool {
        self.possible() != self.card
    }
}

impl LinkErrors {
    fn read(folder: &Path) -> Self {
        let total = |name: &str| {
            let text = attribute::read(&folder.join(name)).ok()?;
            let line = text.lines().find(|line| line.starts_with("TOTAL_ERR"))?;
            line.split_whitespace().last()?.parse().ok()
        };
        Self {
            correctable: total("aer_dev_correctable"),
            non_fatal: total("aer_dev_nonfatal"),
            fatal: total("aer_dev_fatal"),
        }
    }
}

impl Kernel {
    /// The functions on the bus that are of the class of cards, in the order of their places.
    ///
    /// # Errors
    /// The bus cannot be read. A machine without one has no cards.
    pub fn cards(&self) -> io::Result<Vec<Slot>> {
        let entries = match fs::read_dir(self.sys.join("bus/pci/devices")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut slots = Vec::new();
        for entry in entries {
            let Ok(bdf) = entry?.file_name().to_string_lossy().parse() else {
                continue;
            };
            slots.extend(self.slot(bdf).filter(|slot| slot.identity.is_accelerator()));
        }
        slots.sort_by_key(|slot| slot.bdf);
        Ok(slots)
    }

    /// One function, of whatever class; `None` where there is none.
    pub fn slot(&self, bdf: Bdf) -> Option<Slot> {
        let folder = self.folder(bdf);
        let identity = identity(&folder)?;
        let group = self.group(bdf).ok().map(|number| Group {
            number,
            others: self.others(bdf),
        });
        Some(Slot {
            bdf,
            identity,
            driver: self.driver(bdf),
            driver_override: self.driver_override(bdf),
            group,
            link: link_state(&folder),
            errors: LinkErrors::read(&folder),
            usable: self.check(bdf).map(drop),
        })
    }

    /// The only driver that may drive a function, if it was given one.
    pub(super) fn driver_override(&self, bdf: Bdf) -> Option<String> {
        let name = attribute::read(&self.folder(bdf).join("driver_override")).ok()?;
        // What the kernel writes where there is none.
        (!matches!(name.as_str(), "" | "(null)")).then_some(name)
    }
}

fn identity(folder: &Path) -> Option<Identity> {
    let number = |name: &str| {
        let text = attribute::read(&folder.join(name)).ok()?;
        u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
    };
    let short = |name: &str| number(name).and_then(|number| u16::try_from(number).ok());
    Some(Identity {
        vendor: short("vendor")?,
        device: short("device")?,
        revision: number("revision").and_then(|number| u8::try_from(number).ok())?,
        class: number("class")?,
        subsystem: (
            short("subsystem_vendor").unwrap_or_default(),
            short("subsystem_device").unwrap_or_default(),
        ),
    })
}

fn link_state(folder: &Path) -> Option<LinkState> {
    let link = |folder: &Path, which: &str| {
        let text = |what: &str| attribute::read(&folder.join(format!("{which}_link_{what}"))).ok();
        let speed = speed(&text("speed")?)?;
        let width = text("width")?.parse().ok()?;
        // What the kernel says of a link that is down, or of none.
        (!matches!(width, 0 | 255)).then_some(Link { speed, width })
    };
    // The link itself points into the tree of the buses, where the port is the folder above.
    let port = fs::canonicalize(folder)
        .ok()
        .and_then(|place| link(place.parent()?, "max"));
    Some(LinkState {
        now: link(folder, "current")?,
        card: link(folder, "max")?,
        port,
    })
}

/// `8.0 GT/s PCIe`, in tenths.
fn speed(text: &str) -> Option<u32> {
    let number = text.split_once(" GT/s")?.0;
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let tenth = tenth.parse::<u32>().ok().filter(|tenth| *tenth < 10)?;
    whole.parse::<u32>().ok()?.checked_mul(10)?.checked_add(tenth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_read_as_the_kernel_writes_it() {
        for (text, tenths) in [
            ("2.5 GT/s PCIe", Some(25)),
            ("16.0 GT/s PCIe\n", Some(160)),
            ("8 GT/s", Some(80)),
            ("Unknown", None),
            ("x GT/s", None),
            ("99999999999 GT/s", None),
        ] {
            assert_eq!(speed(text), tenths, "{text}");
        }
    }

    #[test]
    fn a_link_is_degraded_by_what_both_ends_can_do() {
        let of = |speed, width| Link { speed, width };
        let state = |now, card, port| LinkState { now, card, port };
        let full = of(80, 8);
        assert!(!state(full, full, None).is_degraded());
        assert!(state(of(25, 8), full, None).is_degraded());
        assert!(state(of(80, 4), full, Some(full)).is_degraded());
        // A narrow slot is no fault of the training.
        let narrow = state(of(80, 4), full, Some(of(160, 4)));
        assert!(!narrow.is_degraded() && narrow.is_held_back());
        assert_eq!(narrow.possible().to_string(), "8.0 GT/s x4");
    }
}
