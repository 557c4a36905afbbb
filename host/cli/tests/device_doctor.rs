//! `metisvm device doctor`, on machines of files: each thing that can be wrong is found, and said with what mends it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use support::doctor::{findings, only, says};
use support::machine::{CARD, Machine};
use support::{stderr, stdout};

const CMDLINE: &str = "proc/cmdline";
const GROUP: &str = "sys/kernel/iommu_groups/7";

#[test]
fn nothing_is_in_the_way_on_a_machine_that_is_set_up() {
    let machine = Machine::new().bound();
    let (all, last) = findings(&machine.device(&["doctor", "--json"]));
    assert_eq!(
        (&last["blocks"], &last["warnings"]),
        (&0.into(), &0.into()),
        "{all:#?}"
    );
    assert!(all.len() > 12);
    assert_eq!(
        stdout(&machine.device(&["doctor"])).lines().last(),
        Some("nothing is in the way")
    );
    let named = machine.device(&["doctor", &format!("vfio:{CARD}"), "--json"]);
    assert_eq!(findings(&named).0.len(), all.len());
}

/// A machine that is set up, but for one thing.
struct Wrong {
    spoil: fn(&Machine),
    key: &'static str,
    state: &'static str,
    words: &'static [&'static str],
}

const fn wrong(
    spoil: fn(&Machine),
    key: &'static str,
    state: &'static str,
    words: &'static [&'static str],
) -> Wrong {
    Wrong {
        spoil,
        key,
        state,
        words,
    }
}

const WRONG: &[Wrong] = &[
    wrong(
        |machine| {
            machine.write(
                "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
                "Y\n",
            )
        },
        "interrupt_remapping",
        "warning",
        &["could raise any", "echo N | sudo tee"],
    ),
    wrong(
        |machine| machine.write(CMDLINE, "quiet intremap=off\n"),
        "interrupt_remapping",
        "blocks",
        &["intremap=off", "update-grub"],
    ),
    wrong(
        |machine| machine.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n"),
        "no_iommu_mode",
        "warning",
        &["without an IOMMU", "enable_unsafe_noiommu_mode"],
    ),
    wrong(
        |machine| machine.remove("sys/module/vfio_iommu_type1"),
        "vfio_iommu",
        "blocks",
        &["sudo modprobe vfio_iommu_type1", "modules-load.d"],
    ),
    wrong(
        |machine| machine.limit("8388608"),
        "locked_memory",
        "blocks",
        &["8.0 MiB", "128 MiB", "limits.d", "LimitMEMLOCK"],
    ),
    wrong(
        |machine| machine.limit("536870912"),
        "locked_memory",
        "warning",
        &["512 MiB", "1024 MiB", "limits.d"],
    ),
    wrong(
        |machine| machine.remove("proc/self/limits"),
        "locked_memory",
        "warning",
        &["not known", "ulimit -l"],
    ),
    wrong(
        |machine| machine.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n"),
        "huge_pages",
        "warning",
        &["no huge pages", "nr_hugepages", "sysctl.d"],
    ),
    wrong(
        |machine| machine.function("0000:01:00.1", 0x04_03_00, Some(7), None),
        "acs",
        "warning",
        &["0000:01:00.1", "ACS", "slot"],
    ),
    wrong(
        |machine| machine.link("2.5 GT/s PCIe", 8),
        "link",
        "warning",
        &["2.5 GT/s x8", "could be 8.0 GT/s x8", "LnkSta"],
    ),
    wrong(
        |machine| machine.link("8.0 GT/s PCIe", 1),
        "link",
        "warning",
        &["8.0 GT/s x1", "could be 8.0 GT/s x8"],
    ),
    wrong(
        |machine| {
            machine.link("8.0 GT/s PCIe", 4);
            fs::write(machine.folder("0000:00:01.0").join("max_link_width"), "4\n").unwrap();
        },
        "link",
        "warning",
        &["as the slot has it", "wider or faster slot"],
    ),
    wrong(
        |machine| {
            let counts = "Undefined 0\nDLP 2\nTOTAL_ERR_FATAL 2\n";
            fs::write(machine.folder(CARD).join("aer_dev_fatal"), counts).unwrap();
        },
        "link_errors",
        "warning",
        &["2 that lost the link", "aer_dev_"],
    ),
    wrong(
        |machine| {
            for (file, name) in [("aer_dev_fatal", "FATAL"), ("aer_dev_correctable", "COR")] {
                let counts = format!("TOTAL_ERR_{name} {}\n", if name == "COR" { u64::MAX } else { 1 });
                fs::write(machine.folder(CARD).join(file), counts).unwrap();
            }
        },
        "link_errors",
        "warning",
        &["18446744073709551615 correctable", "1 that lost the link"],
    ),
    wrong(
        |machine| machine.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n"),
        "huge_pages",
        "warning",
        &["of 64 huge pages", "none is free", "nr_hugepages"],
    ),
    wrong(
        |machine| machine.remove("dev/vfio/7"),
        "permission",
        "blocks",
        &["dev/vfio/7", "modprobe"],
    ),
];

#[test]
fn each_thing_that_is_wrong_is_found_by_itself() {
    for Wrong {
        spoil,
        key,
        state,
        words,
    } in WRONG
    {
        let machine = Machine::new().bound();
        spoil(&machine);
        says(&only(&machine.device(&["doctor", "--json"])), key, state, words);
    }
}

#[test]
fn a_name_that_is_no_function_s_is_put_into_no_command() {
    let machine = Machine::new().bound();
    let other = machine.path("sys/kernel/iommu_groups/7/devices/$(id) ;reboot");
    fs::create_dir_all(&other).unwrap();
    std::os::unix::fs::symlink("somewhere/its-driver", other.join("driver")).unwrap();
    let (all, _) = findings(&machine.device(&["doctor", "--json"]));
    let group = all
        .iter()
        .find(|finding| finding["check"] == "iommu_group")
        .unwrap();
    says(group, "iommu_group", "blocks", &["its-driver"]);
    for step in group["mend"].as_array().unwrap() {
        let step = step.as_str().unwrap();
        assert!(step.starts_with('#') || !step.contains("reboot"), "{step}");
    }
}

#[test]
fn a_machine_without_an_iommu_is_told_how_to_get_one() {
    let off = |cmdline: &str, cpuinfo: &str| {
        let machine = Machine::new();
        machine.remove("sys/kernel/iommu_groups");
        machine.remove("sys/bus/pci/devices/0000:01:00.0/iommu_group");
        machine.write(CMDLINE, cmdline);
        machine.write("proc/cpuinfo", cpuinfo);
        let (all, _) = findings(&machine.device(&["doctor", "--json"]));
        // The card itself says so as well.
        assert!(
            all.iter()
                .any(|finding| finding["check"] == "iommu_group" && finding["state"] == "blocks")
        );
        all[0].clone()
    };
    let intel = "vendor_id\t: GenuineIntel\n";
    says(
        &off("quiet\n", intel),
        "iommu",
        "blocks",
        &["VT-d", "intel_iommu=on", "update-grub"],
    );
    // Whoever does it twice adds it once.
    let mend = off("quiet\n", intel)["mend"][1].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let grub = folder.path().join("grub");
    std::fs::write(&grub, "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX=\"quiet\"\n").unwrap();
    let command = mend
        .replace("sudo ", "")
        .replace("/etc/default/grub", &grub.to_string_lossy());
    for _ in 0..2 {
        let done = std::process::Command::new("sh").args(["-c", &command]).status();
        assert!(done.unwrap().success(), "{command}");
    }
    assert_eq!(
        std::fs::read_to_string(&grub).unwrap(),
        "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX=\"intel_iommu=on quiet\"\n"
    );
    // What is there already is not said again.
    let said = off("quiet intel_iommu=on\n", intel);
    assert_eq!(said["mend"].as_array().unwrap().len(), 1, "{said}");
    let amd = off("quiet\n", "vendor_id\t: AuthenticAMD\n");
    says(&amd, "iommu", "blocks", &["AMD-Vi"]);
    assert!(!amd.to_string().contains("intel_iommu=on"), "{amd}");
    says(
        &off("quiet amd_iommu=off\n", intel),
        "iommu",
        "blocks",
        &["started with amd_iommu=off"],
    );
    let guest = off("quiet\n", "vendor_id\t: GenuineIntel\nflags\t: fpu hypervisor\n");
    says(
        &guest,
        "iommu",
        "blocks",
        &["virtual machine", "-device intel-iommu"],
    );
}

#[test]
fn a_machine_without_vfio_is_told_how_to_load_it() {
    let machine = Machine::new();
    machine.remove("sys/bus/pci/drivers/vfio-pci");
    let (all, _) = findings(&machine.device(&["doctor", "--json"]));
    let of = |key: &str| all.iter().find(|finding| finding["check"] == key).unwrap();
    says(
        of("vfio_pci"),
        "vfio_pci",
        "blocks",
        &["sudo modprobe vfio-pci", "modules-load.d/metisvm.conf"],
    );
    says(
        of("driver"),
        "driver",
        "blocks",
        &["driven by nothing", "sudo metisvm device bind 0000:01:00.0"],
    );
}

#[test]
fn a_card_of_another_driver_or_in_a_group_that_is_in_use_is_told_so() {
    let machine = Machine::new().bound();
    machine.driver("habanalabs");
    machine.drive(CARD, Some("habanalabs"));
    let finding = only(&machine.device(&["doctor", "--json"]));
    says(
        &finding,
        "driver",
        "blocks",
        &["habanalabs", "bind --force 0000:01:00.0"],
    );
    assert_eq!(finding["card"], CARD);
    let machine = Machine::new().bound();
    machine.function("0000:01:00.1", 0x04_03_00, Some(7), Some("snd_hda_intel"));
    let (all, _) = findings(&machine.device(&["doctor", "--json"]));
    let group = all
        .iter()
        .find(|finding| finding["check"] == "iommu_group")
        .unwrap();
    let command = "/sys/bus/pci/devices/0000:01:00.1/driver/unbind";
    says(
        group,
        "iommu_group",
        "blocks",
        &["not viable", "0000:01:00.1 by snd_hda_intel", command],
    );
}

#[test]
fn a_user_without_leave_is_told_of_the_udev_rule() {
    let machine = Machine::new().bound();
    machine.protect(&machine.path("dev/vfio/7"), 0o400);
    let output = machine.device_as_nobody(&["doctor", "--json"]);
    let finding = only(&output);
    let words = [
        "may not open",
        "dev/vfio/7",
        "deploy/udev/70-metisvm.rules",
        "usermod",
    ];
    says(&finding, "permission", "blocks", &words);
    assert!(support::repository("deploy/udev/70-metisvm.rules").exists());
}

#[test]
fn a_locked_down_kernel_and_the_leave_to_lock_memory_are_no_obstacle() {
    let machine = Machine::new().bound();
    machine.write(
        "sys/kernel/security/lockdown",
        "none [integrity] confidentiality\n",
    );
    machine.limit("0");
    machine.write("proc/self/status", "CapEff:\t000001ffffffffff\n");
    let (all, last) = findings(&machine.device(&["doctor", "--json"]));
    assert_eq!(
        (&last["blocks"], &last["warnings"]),
        (&0.into(), &0.into()),
        "{all:#?}"
    );
    let of = |key: &str| all.iter().find(|finding| finding["check"] == key).unwrap();
    says(of("lockdown"), "lockdown", "ok", &["integrity", "signed"]);
    says(of("locked_memory"), "locked_memory", "ok", &["CAP_IPC_LOCK"]);
}

#[test]
fn a_machine_without_a_card_is_told_to_look_for_it() {
    let machine = Machine::new();
    machine.remove("sys/bus/pci/devices/0000:01:00.0");
    says(
        &only(&machine.device(&["doctor", "--json"])),
        "card",
        "blocks",
        &["120000", "rescan"],
    );
    let named = machine.device(&["doctor", "vfio:0000:77:00.0", "--json"]);
    says(
        &only(&named),
        "card",
        "blocks",
        &["0000:77:00.0", "no such PCI function"],
    );
    machine.function("0000:02:00.0", 0x02_00_00, Some(9), Some("e1000e"));
    let other = machine.device(&["doctor", "vfio:0000:02:00.0", "--json"]);
    says(
        &only(&other),
        "card",
        "blocks",
        &["no card", "metisvm device list"],
    );
    let text = stdout(&machine.device(&["doctor"]));
    assert!(text.lines().any(|line| line.starts_with("blocks ")), "{text}");
    assert!(
        text.contains("\n           echo 1 | sudo tee /sys/bus/pci/rescan"),
        "{text}"
    );
    assert!(text.ends_with("in the way: 1; warnings: 0\n"), "{text}");
}

#[test]
fn group_is_that_of_the_machine() {
    let machine = Machine::new().bound();
    machine.write(&format!("{GROUP}/name"), "vfio-noiommu\n");
    let (all, _) = findings(&machine.device(&["doctor", "--json"]));
    let group = all
        .iter()
        .find(|finding| finding["check"] == "iommu_group")
        .unwrap();
    says(group, "iommu_group", "blocks", &["no-IOMMU mode"]);
}

#[test]
fn a_folder_that_is_no_machine_is_an_error_and_not_a_machine_without_cards() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (root, said) in [
        ("none", "none: No such file"),
        ("file", "file: it is no folder"),
        ("empty", "empty/sys: No such file"),
    ] {
        for command in [
            &["list"][..],
            &["doctor"],
            &["doctor", "vfio:01:00.0"],
            &["bind", "01:00.0"],
            &["unbind", "01:00.0"],
        ] {
            let arguments = [&["device"], command, &["--root", root]].concat();
            let output = support::run(folder.path(), &arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert_eq!(stdout(&output), "", "{arguments:?}");
            let error = stderr(&output);
            assert!(
                error.contains(said) && error.contains("sys, dev and proc"),
                "{arguments:?}: {error}"
            );
        }
    }
    // What is not looked at there is not to be passed over.
    for card in ["functional", "rtl", "vfio-user:card"] {
        let output = support::run(folder.path(), &["device", "doctor", card, "--root", "empty"]);
        assert_eq!(output.status.code(), Some(2), "{card}");
        let error = stderr(&output);
        assert!(
            error.contains("--root is for cards in slots") && error.contains("device doctor"),
            "{error}"
        );
    }
}

#[test]
fn what_mends_the_modules_keeps_what_was_there() {
    let machine = Machine::new();
    for gone in ["sys/bus/pci/drivers/vfio-pci", "sys/module/vfio_iommu_type1"] {
        machine.remove(gone);
    }
    let (all, _) = findings(&machine.device(&["doctor", "--json"]));
    let mends: Vec<&str> = all
        .iter()
        .flat_map(|finding| finding["mend"].as_array().unwrap())
        .filter_map(|step| step.as_str())
        .collect();
    let appends: Vec<_> = mends
        .iter()
        .filter(|step| step.contains("/etc/modules-load.d/"))
        .collect();
    assert_eq!(appends.len(), 2, "{mends:?}");
    assert!(appends.iter().all(|step| step.contains("tee -a ")), "{appends:?}");
}
