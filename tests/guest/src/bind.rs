//! Functions and their drivers.

use metisvm_driver::vfio::{Bdf, Kernel};
use std::fs;
use std::path::Path;

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Gives a function that is no card to vfio-pci, which `metisvm device bind` refuses.
pub(crate) fn bind(bdf: Bdf) -> Result<String, String> {
    let kernel = Kernel::default();
    write(&kernel.folder(bdf).join("driver_override"), "vfio-pci")?;
    write(Path::new("/sys/bus/pci/drivers_probe"), &bdf.to_string())?;
    match kernel.driver(bdf) {
        Some(driver) if driver == "vfio-pci" => Ok(format!("{bdf} is bound")),
        driver => Err(format!("{bdf} has the driver {driver:?}")),
    }
}

/// Looks whether the function is there.
pub(crate) fn is_there(bdf: Bdf) -> Result<String, String> {
    let folder = Kernel::default().folder(bdf);
    let class = fs::read_to_string(folder.join("class")).map_err(|error| format!("{bdf}: {error}"))?;
    Ok(class.trim_end().to_owned())
}

/// Removes the function from the bus; the kernel waits until nobody has it open.
pub(crate) fn remove(bdf: Bdf) -> Result<String, String> {
    write(&Kernel::default().folder(bdf).join("remove"), "1")?;
    Ok(format!("{bdf} is removed"))
}

/// Looks for functions anew, and for this one among them.
pub(crate) fn rescan(bdf: Bdf) -> Result<String, String> {
    write(Path::new("/sys/bus/pci/rescan"), "1")?;
    is_there(bdf)
}
