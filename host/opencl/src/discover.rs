//! Which devices there are. Nothing is loaded before somebody asks.

use crate::error::Error;
use crate::raw::DeviceId;
use opencl3::device::{CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_CPU, Device};
use opencl3::error_codes::{DLOPEN_FUNCTION_NOT_AVAILABLE, DLOPEN_RUNTIME_LOAD_FAILED};
use opencl3::platform::get_platforms;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// What is known of a device before it is opened.
#[derive(Clone, Debug)]
pub struct Found {
    pub(crate) id: DeviceId,
    /// Its name.
    pub name: String,
    /// The name of the platform (the driver) that it belongs to.
    pub platform: String,
    /// The driver's version.
    pub driver: String,
    /// Whether it is a processor, and not an accelerator.
    pub is_processor: bool,
    /// The extensions that it has.
    pub extensions: String,
    /// Compute units.
    pub units: u32,
    /// Bytes of its memory.
    pub memory: u64,
    /// The most bytes of one buffer.
    pub most_bytes: u64,
}

impl Found {
    /// A line that tells this device with this driver from others: what measurements and binaries are kept by.
    pub fn identity(&self) -> String {
        format!("{}, {}, driver {}", self.platform, self.name, self.driver)
    }

    /// Whether its driver keeps what it compiled by itself.
    pub fn keeps_programs(&self) -> bool {
        self.platform == "Portable Computing Language"
    }
}

/// Which device is meant.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first accelerator, or the first device if there is none.
    #[default]
    Any,
    /// By its place in the list, from 0.
    Index(usize),
    /// The first whose name has this text, whatever the case.
    Name(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err("it is the place of a device in the list, from 0, or a part of its name".to_owned()),
            text => Ok(text
                .parse()
                .map_or_else(|_| Self::Name(text.to_owned()), Self::Index)),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Held while drivers are asked for devices, or open one: not all of them take that from several threads at once.
pub(crate) static OPENING: Mutex<()> = Mutex::new(());

/// All devices that can compile programs, platform by platform.
///
/// # Errors
/// If there is no OpenCL. No device is no error: the list is empty.
pub fn devices() -> Result<Vec<Found>, Error> {
    let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    let platforms = match get_platforms() {
        Ok(platforms) => platforms,
        Err(error) if [DLOPEN_RUNTIME_LOAD_FAILED, DLOPEN_FUNCTION_NOT_AVAILABLE].contains(&error.0) => {
            return Err(Error::NoLibrary);
        }
        // The loader is there and no driver (-1001).
        Err(_) => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    for platform in platforms {
        let name = text(platform.name());
        for id in platform.get_devices(CL_DEVICE_TYPE_ALL).unwrap_or_default() {
            let device = Device::new(id);
            if !device.available().unwrap_or(false) || !device.compiler_available().unwrap_or(false) {
                continue;
            }
            found.push(Found {
                id: DeviceId(id),
                name: text(device.name()),
                platform: name.clone(),
                driver: text(device.driver_version()),
                is_processor: device.dev_type().is_ok_and(|kind| kind & CL_DEVICE_TYPE_CPU != 0),
                extensions: text(device.extensions()),
                units: device.max_compute_units().unwrap_or(1),
                memory: device.global_mem_size().unwrap_or(0),
                most_bytes: device.max_mem_alloc_size().unwrap_or(0),
            });
        }
    }
    Ok(found)
}

/// The device that is meant.
///
/// # Errors
/// If there is none; the text lists those that there are.
pub fn find(choice: &Choice) -> Result<Found, Error> {
    let mut all = devices()?;
    let place = match choice {
        Choice::Any => all
            .iter()
            .position(|device| !device.is_processor)
            .or((!all.is_empty()).then_some(0)),
        Choice::Index(index) => (*index < all.len()).then_some(*index),
        Choice::Name(name) => {
            let name = name.to_lowercase();
            all.iter()
                .position(|device| device.name.to_lowercase().contains(&name))
        }
    };
    match place {
        Some(place) => Ok(all.swap_remove(place)),
        None if all.is_empty() => Err(Error::NoDevice(
            "OpenCL is here, but no device of it: no driver is installed".to_owned(),
        )),
        None => {
            let names = all.iter().enumerate();
            let names: Vec<String> = names.map(|(i, device)| format!("{i}: {}", device.name)).collect();
            Err(Error::NoDevice(format!(
                "there is no OpenCL device {choice}; there are {}",
                names.join(", ")
            )))
        }
    }
}

fn text<E>(answer: Result<String, E>) -> String {
    answer
        .unwrap_or_default()
        .trim_matches(['\0', ' ', '\n'])
        .to_owned()
}
