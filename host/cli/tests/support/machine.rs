//! A machine of files: what the kernel shows of its bus, and a thread in the kernel's place that binds and unbinds.

use super::metisvm;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use tempfile::TempDir;

/// The card.
pub(crate) const CARD: &str = "0000:01:00.0";
/// A user who may nothing.
const NOBODY: u32 = 65_534;

/// The machine; its files go with it.
pub(crate) struct Machine(TempDir);

impl Machine {
    /// One with a card behind a port, in a group of its own, all modules, and a usual user.
    pub(crate) fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        // Others look at it as well.
        fs::set_permissions(machine.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(machine.path("sys/bus/pci/devices")).unwrap();
        fs::create_dir_all(machine.path("dev/vfio")).unwrap();
        machine.write("dev/vfio/vfio", "");
        machine.protect(&machine.path("dev/vfio/vfio"), 0o666);
        machine.write(
            "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
            "N\n",
        );
        machine.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
        machine.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
        machine.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60\n");
        machine.write(
            "sys/kernel/security/lockdown",
            "[none] integrity confidentiality\n",
        );
        machine.write("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet\n");
        machine.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n");
        machine.write("proc/self/status", "Name:\tmetisvm\nCapEff:\t0000000000000000\n");
        machine.limit("unlimited");
        machine.fifo("sys/bus/pci/drivers_probe");
        machine.driver("vfio-pci");
        machine.driver("pcieport");
        machine.function("0000:00:01.0", 0x06_04_00, Some(7), Some("pcieport"));
        machine.function(CARD, 0x12_00_00, Some(7), None);
        machine.link("8.0 GT/s PCIe", 8);
        machine.serve_probe();
        machine
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The folder of a function.
    pub(crate) fn folder(&self, bdf: &str) -> PathBuf {
        // As the kernel has it: the bus has links into the tree of ports.
        let port = if bdf == CARD { "0000:00:01.0/" } else { "" };
        self.path(&format!("sys/devices/pci0000:00/{port}{bdf}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// A function of a class, in a group, with a driver.
    pub(crate) fn function(&self, bdf: &str, class: u32, group: Option<u32>, driver: Option<&str>) {
        let folder = self.folder(bdf);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("vendor", "0x1234\n".to_owned()),
            ("device", "0x4d56\n".to_owned()),
            ("subsystem_vendor", "0x1234\n".to_owned()),
            ("subsystem_device", "0x0001\n".to_owned()),
            ("revision", "0x02\n".to_owned()),
            ("class", format!("{class:#08x}\n")),
            ("driver_override", "(null)\n".to_owned()),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let on_bus = self.path("sys/bus/pci/devices").join(bdf);
        let _ = fs::remove_file(&on_bus);
        symlink(&folder, on_bus).unwrap();
        if let Some(group) = group {
            let group = self.path(&format!("sys/kernel/iommu_groups/{group}"));
            fs::create_dir_all(group.join("devices")).unwrap();
            let _ = symlink(&group, folder.join("iommu_group"));
            let _ = symlink(&folder, group.join("devices").join(bdf));
        }
        self.drive(bdf, driver);
    }

    /// Gives a function to a driver.
    pub(crate) fn drive(&self, bdf: &str, driver: Option<&str>) {
        let link = self.folder(bdf).join("driver");
        let _ = fs::remove_file(&link);
        if let Some(driver) = driver {
            let folder = self.path("sys/bus/pci/drivers").join(driver);
            symlink(folder, link).unwrap();
        }
        if bdf == CARD && driver == Some("vfio-pci") {
            self.write("dev/vfio/7", "");
        }
    }

    /// Gives the card to vfio-pci, as `bind` does.
    pub(crate) fn bound(self) -> Self {
        self.drive(CARD, Some("vfio-pci"));
        fs::write(self.folder(CARD).join("driver_override"), "vfio-pci\n").unwrap();
        self
    }

    pub(crate) fn driver_of(&self, bdf: &str) -> Option<String> {
        let link = fs::read_link(self.folder(bdf).join("driver")).ok()?;
        Some(link.file_name().unwrap().to_string_lossy().into_owned())
    }

    pub(crate) fn driver_override(&self) -> String {
        let text = fs::read_to_string(self.folder(CARD).join("driver_override")).unwrap();
        text.trim().to_owned()
    }

    /// The limit on locked memory.
    pub(crate) fn limit(&self, limit: &str) {
        let line = format!("Max locked memory         {limit:<20} {limit:<20} bytes     \n");
        self.write("proc/self/limits", &line);
    }

    /// What the card's link was trained for; it and its port can have 8.0 GT/s x8.
    pub(crate) fn link(&self, speed: &str, width: u32) {
        for folder in [self.folder("0000:00:01.0"), self.folder(CARD)] {
            fs::write(folder.join("max_link_speed"), "8.0 GT/s PCIe\n").unwrap();
            fs::write(folder.join("max_link_width"), "8\n").unwrap();
        }
        fs::write(self.folder(CARD).join("current_link_speed"), format!("{speed}\n")).unwrap();
        fs::write(self.folder(CARD).join("current_link_width"), format!("{width}\n")).unwrap();
    }

    /// A driver that is loaded.
    pub(crate) fn driver(&self, name: &str) {
        let folder = format!("sys/bus/pci/drivers/{name}");
        fs::create_dir_all(self.path(&folder)).unwrap();
        let unbind = format!("{folder}/unbind");
        self.fifo(&unbind);
        let (devices, name) = (self.path("sys/bus/pci/devices"), name.to_owned());
        serve(&self.path(&unbind), move |bdf| {
            let link = devices.join(bdf).join("driver");
            let driven = fs::read_link(&link).is_ok_and(|to| to.ends_with(&name));
            if driven {
                let _ = fs::remove_file(link);
            }
        });
    }

    /// Gives a function that nothing drives to the driver of its override, or to the driver that is its own: the one
    /// that `own-driver` names.
    fn serve_probe(&self) {
        let root = self.0.path().to_owned();
        serve(&self.path("sys/bus/pci/drivers_probe"), move |bdf| {
            let folder = root.join("sys/bus/pci/devices").join(bdf);
            let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let wanted = match read("driver_override").trim() {
                "" | "(null)" => read("own-driver").trim().to_owned(),
                driver => driver.to_owned(),
            };
            let driver = root.join("sys/bus/pci/drivers").join(&wanted);
            let refuses = root.join("refuses").exists();
            if wanted.is_empty() || !driver.exists() || refuses || folder.join("driver").exists() {
                return;
            }
            let _ = symlink(driver, folder.join("driver"));
            if wanted == "vfio-pci" {
                let _ = fs::write(root.join("dev/vfio/7"), "");
            }
        });
    }

    fn fifo(&self, path: &str) {
        let made = Command::new("mkfifo").arg(self.path(path)).status().unwrap();
        assert!(made.success());
    }

    /// `metisvm device …` on this machine.
    pub(crate) fn device(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.arg("--root").arg(self.0.path());
        command.output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = metisvm(Path::new("/"));
        command.arg("device").args(arguments);
        command
    }

    /// The same as a user who may write none of the machine's files. Files without leave to write are enough of that,
    /// but for the superuser, who becomes nobody.
    pub(crate) fn device_as_nobody(&self, arguments: &[&str]) -> Output {
        let mut all = arguments.to_vec();
        let root = self.0.path().to_string_lossy();
        all.extend(["--root", &root]);
        self.as_nobody(&all)
    }

    /// The same of what is no part of the machine's set-up, and needs no `--root`.
    pub(crate) fn as_nobody(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let is_superuser = fs::metadata("/proc/self").unwrap().uid() == 0;
        if is_superuser {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    }

    /// Takes the leave to write away.
    pub(crate) fn protect(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Carries out what is written to a pipe, as long as this process lives.
fn serve(fifo: &Path, act: impl Fn(&str) + Send + 'static) {
    // With a writer of its own it never ends.
    let mut pipe = fs::OpenOptions::new().read(true).write(true).open(fifo).unwrap();
    thread::spawn(move || -> io::Result<()> {
        let mut bdf = [0; CARD.len()];
        loop {
            pipe.read_exact(&mut bdf)?;
            act(&String::from_utf8_lossy(&bdf));
        }
    });
}
