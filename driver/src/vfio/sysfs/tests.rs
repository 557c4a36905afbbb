use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicU32, Ordering};

/// A kernel of files, removed with this.
struct Fake(PathBuf);

const CARD: &str = "0000:01:00.0";
const GROUP: &str = "sys/kernel/iommu_groups/7";

impl Fake {
    /// A card that may be opened.
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let fake = Self(std::env::temp_dir().join(format!("metisvm-sysfs-{}-{number}", std::process::id())));
        fake.function(CARD, Some("vfio-pci"));
        fs::create_dir_all(fake.0.join("dev/vfio")).unwrap();
        for node in ["vfio", "7"] {
            fs::write(fake.0.join("dev/vfio").join(node), "").unwrap();
        }
        fake
    }

    /// A function in the group, and its driver.
    fn function(&self, bdf: &str, driver: Option<&str>) {
        let folder = self.0.join("sys/bus/pci/devices").join(bdf);
        let devices = self.0.join(GROUP).join("devices");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&devices).unwrap();
        let _ = symlink(self.0.join(GROUP), folder.join("iommu_group"));
        let _ = symlink(&folder, devices.join(bdf));
        let _ = fs::remove_file(folder.join("driver"));
        if let Some(driver) = driver {
            symlink(
                self.0.join("sys/bus/pci/drivers").join(driver),
                folder.join("driver"),
            )
            .unwrap();
        }
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.0.join(path)).unwrap();
    }

    fn check(&self) -> Result<u32, String> {
        let kernel = Kernel::at(&self.0.join("sys"), &self.0.join("dev"));
        kernel
            .check(CARD.parse().unwrap())
            .map_err(|error| error.to_string())
    }

    fn is_refused(&self, said: &[&str]) {
        let error = self.check().unwrap_err();
        assert!(error.starts_with(CARD), "where: {error}");
        for said in said {
            assert!(error.contains(said), "{said}: {error}");
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_card_that_nothing_is_in_the_way_of_is_in_its_group() {
    let fake = Fake::new();
    fake.function("0000:00:01.0", Some("pcieport"));
    fake.function("0000:01:00.1", None);
    assert_eq!(fake.check(), Ok(7));
}

#[test]
fn who_only_looks_opens_no_node() {
    let fake = Fake::new();
    // A folder may be read and written, and cannot be opened for that.
    fake.remove("dev/vfio/7");
    fs::create_dir(fake.0.join("dev/vfio/7")).unwrap();
    assert_eq!(fake.check(), Ok(7));
}

#[test]
fn a_group_that_cannot_be_read_is_not_viable() {
    let fake = Fake::new();
    fs::remove_dir_all(fake.0.join(GROUP).join("devices")).unwrap();
    fake.is_refused(&["who is in its IOMMU group"]);
}

#[test]
fn whatever_is_in_the_way_is_said_with_what_to_do() {
    let fake = Fake::new();
    fs::remove_dir_all(fake.0.join("sys/bus/pci/devices").join(CARD)).unwrap();
    fake.is_refused(&["no such PCI function", "lspci -D"]);

    let fake = Fake::new();
    fake.remove("sys/bus/pci/devices/0000:01:00.0/iommu_group");
    fake.is_refused(&["no IOMMU group", "intel_iommu=on"]);

    let fake = Fake::new();
    fs::write(fake.0.join(GROUP).join("name"), "vfio-noiommu\n").unwrap();
    fake.is_refused(&["no-IOMMU mode", "enable_unsafe_noiommu_mode"]);

    let fake = Fake::new();
    fake.function(CARD, Some("nvme"));
    fake.is_refused(&["driven by nvme", "metisvm device bind 0000:01:00.0"]);
    fake.function(CARD, None);
    fake.is_refused(&["driven by nothing", "modprobe vfio-pci"]);

    let fake = Fake::new();
    fake.function("0000:01:00.1", Some("snd_hda_intel"));
    fake.is_refused(&["group 7 is not viable", "0000:01:00.1 by snd_hda_intel"]);

    let fake = Fake::new();
    fake.remove("dev/vfio/7");
    fake.is_refused(&["dev/vfio/7 is missing"]);
    fake.remove("dev/vfio/vfio");
    fake.is_refused(&["dev/vfio/vfio is missing", "vfio_iommu_type1"]);
}

#[test]
fn a_node_of_another_user_is_said_to_be_one() {
    let fake = Fake::new();
    let node = fake.0.join("dev/vfio/7");
    fs::set_permissions(&node, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may open it all the same.
    if fs::File::open(&node).is_err() {
        fake.is_refused(&["may not open", "udev"]);
    }
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let of_node = |error| VfioError::of_node(CARD.parse().unwrap(), &node, error).to_string();
    let error = of_node(denied);
    assert!(
        error.contains("may not open") && error.contains("udev"),
        "{error}"
    );
    // What is neither is not taken for a module that is not loaded.
    let read_only = rustix::io::Errno::ROFS.into();
    let error = of_node(read_only);
    assert!(
        error.contains("Read-only file system") && error.contains("findmnt") && !error.contains("modprobe"),
        "{error}"
    );
    let absent = of_node(std::io::ErrorKind::NotFound.into());
    assert!(absent.contains("modprobe"), "{absent}");
    let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
    let error = VfioError::of_open(CARD.parse().unwrap(), node, busy).to_string();
    assert!(error.contains("another process"), "{error}");
}
