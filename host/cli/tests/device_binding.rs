//! `metisvm device list`, `bind` and `unbind`, on a machine of files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use serde_json::Value;
use std::fs;
use std::process::Output;
use support::machine::{CARD, Machine};
use support::{objects, stderr, stdout};

/// What a command that failed said.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stderr(output)
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// Binding is refused, says why and what to do, and changes nothing.
fn is_refused(machine: &Machine, arguments: &[&str], words: &[&str]) {
    let before = (machine.driver_of(CARD), machine.driver_override());
    let said = refusal(&machine.device(arguments));
    assert!(said.starts_with(&format!("metisvm: {CARD}: ")), "where: {said}");
    says(&said, words);
    let after = (
        machine.driver_of(CARD),
        machine.driver_override().replace("(null)", ""),
    );
    assert_eq!(after, (before.0, before.1.replace("(null)", "")));
}

#[test]
fn a_card_is_bound_once_and_unbound_once() {
    let machine = Machine::new();
    let bind = |changed: bool| {
        let output = machine.device(&["bind", CARD, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let object = objects(&output)[0].clone();
        assert_eq!(object["changed"], changed, "{object}");
        assert_eq!(
            (&object["driver"], &object["iommu_group"]),
            (&"vfio-pci".into(), &7.into())
        );
        assert_eq!(machine.driver_of(CARD).as_deref(), Some("vfio-pci"));
        assert_eq!(machine.driver_override(), "vfio-pci");
        object
    };
    assert_eq!(bind(true)["driver_before"], Value::Null);
    assert_eq!(bind(false)["driver_before"], "vfio-pci");
    // By the module's own list, and so not for good.
    fs::write(machine.folder(CARD).join("driver_override"), "(null)\n").unwrap();
    bind(true);
    for changed in [true, false] {
        let output = machine.device(&["unbind", CARD, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let object = &objects(&output)[0];
        assert_eq!(object["changed"], changed, "{object}");
        assert_eq!(object["driver"], Value::Null);
        assert_eq!(
            (machine.driver_of(CARD), machine.driver_override()),
            (None, String::new())
        );
    }
    // For people; the way that --card has it is taken as well.
    let said = stdout(&machine.device(&["bind", "vfio:01:00.0"]));
    says(
        &said,
        &[
            CARD,
            "driven by vfio-pci, IOMMU group 7; it was driven by nothing",
        ],
    );
    let said = stdout(&machine.device(&["bind", CARD]));
    says(&said, &["driven by vfio-pci already"]);
}

#[test]
fn another_driver_keeps_its_card_unless_it_is_taken_by_force_and_gets_it_back() {
    let machine = Machine::new();
    machine.driver("habanalabs");
    fs::write(machine.folder(CARD).join("own-driver"), "habanalabs").unwrap();
    machine.drive(CARD, Some("habanalabs"));
    is_refused(
        &machine,
        &["bind", CARD],
        &["driven by habanalabs", "metisvm device bind --force"],
    );
    let output = machine.device(&["bind", "--force", CARD, "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(objects(&output)[0]["driver_before"], "habanalabs");
    assert_eq!(machine.driver_of(CARD).as_deref(), Some("vfio-pci"));
    // One that is not VFIO's is left alone.
    let output = machine.device(&["unbind", CARD]);
    assert!(output.status.success(), "{}", stderr(&output));
    let start = std::time::Instant::now();
    while machine.driver_of(CARD).as_deref() != Some("habanalabs") {
        assert!(start.elapsed().as_secs() < 10);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = machine.device(&["unbind", CARD, "--json"]);
    assert_eq!(objects(&output)[0]["changed"], false);
    assert_eq!(machine.driver_of(CARD).as_deref(), Some("habanalabs"));
}

#[test]
fn a_function_that_is_not_there_is_not_bound() {
    let machine = Machine::new();
    for command in ["bind", "unbind"] {
        let said = refusal(&machine.device(&[command, "0000:77:00.0"]));
        says(&said, &["0000:77:00.0", "no such PCI function", "lspci -D"]);
    }
    // It keeps no other from being bound.
    let output = machine.device(&["bind", "0000:77:00.0", CARD, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let objects = objects(&output);
    says(objects[0]["error"].as_str().unwrap(), &["no such PCI function"]);
    assert_eq!(objects[1]["driver"], "vfio-pci");
}

#[test]
fn what_is_no_card_is_not_bound() {
    let machine = Machine::new();
    machine.function("0000:02:00.0", 0x02_00_00, Some(9), Some("e1000e"));
    for command in ["bind", "unbind"] {
        let said = refusal(&machine.device(&[command, "0000:02:00.0"]));
        says(
            &said,
            &["0000:02:00.0", "no card", "020000", "metisvm device list"],
        );
    }
    assert_eq!(machine.driver_of("0000:02:00.0").as_deref(), Some("e1000e"));
}

#[test]
fn without_an_iommu_no_card_is_bound() {
    let machine = Machine::new();
    machine.remove("sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/iommu_group");
    is_refused(
        &machine,
        &["bind", CARD],
        &["no IOMMU group", "VT-d", "intel_iommu=on"],
    );
    is_refused(&machine, &["bind", "--force", CARD], &["no IOMMU group"]);
    // VFIO would do without one.
    machine.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
    is_refused(
        &machine,
        &["bind", CARD],
        &["no-IOMMU mode", "enable_unsafe_noiommu_mode off"],
    );
    let machine = Machine::new();
    machine.write("sys/kernel/iommu_groups/7/name", "vfio-noiommu\n");
    is_refused(&machine, &["bind", CARD], &["no-IOMMU mode"]);
}

#[test]
fn a_group_with_others_in_use_is_not_bound() {
    let machine = Machine::new();
    machine.function("0000:01:00.1", 0x04_03_00, Some(7), Some("snd_hda_intel"));
    let words = [
        "group 7 is not viable",
        "0000:01:00.1 by snd_hda_intel",
        "unbind them",
    ];
    is_refused(&machine, &["bind", CARD], &words);
    is_refused(&machine, &["bind", "--force", CARD], &words);
    // What nobody uses is no harm.
    machine.drive("0000:01:00.1", None);
    assert!(machine.device(&["bind", CARD]).status.success());
}

#[test]
fn without_the_module_no_card_is_bound() {
    let machine = Machine::new();
    machine.remove("sys/bus/pci/drivers/vfio-pci");
    is_refused(
        &machine,
        &["bind", CARD],
        &["no vfio-pci", "modprobe vfio-pci", "modules-load.d"],
    );
}

#[test]
fn a_usual_user_is_told_to_bind_as_root() {
    let machine = Machine::new();
    machine.protect(&machine.folder(CARD).join("driver_override"), 0o444);
    let said = refusal(&machine.device_as_nobody(&["bind", CARD]));
    says(
        &said,
        &[
            CARD,
            "may not write",
            "driver_override",
            "sudo metisvm device bind",
        ],
    );
    assert_eq!(machine.driver_of(CARD), None);
    let machine = machine.bound();
    machine.protect(&machine.folder(CARD).join("driver_override"), 0o444);
    let said = refusal(&machine.device_as_nobody(&["unbind", CARD]));
    says(&said, &[CARD, "sudo metisvm device unbind"]);
    assert_eq!(machine.driver_of(CARD).as_deref(), Some("vfio-pci"));
}

#[test]
fn a_card_that_vfio_does_not_take_stays_as_it_was() {
    let machine = Machine::new();
    machine.write("refuses", "");
    let said = refusal(&machine.device(&["bind", CARD]));
    says(&said, &[CARD, "vfio-pci does not take it", "dmesg"]);
    assert_eq!(
        (machine.driver_of(CARD), machine.driver_override()),
        (None, String::new())
    );
    fs::write(machine.folder(CARD).join("driver_override"), "pci-stub\n").unwrap();
    refusal(&machine.device(&["bind", CARD]));
    assert_eq!(machine.driver_override(), "pci-stub");
}

#[test]
fn what_the_kernel_does_not_take_is_said_with_its_place() {
    let machine = Machine::new();
    machine.remove("sys/bus/pci/drivers_probe");
    let said = refusal(&machine.device(&["bind", CARD]));
    says(&said, &[CARD, "sys/bus/pci/drivers_probe", "dmesg"]);
    assert_eq!(machine.driver_override(), "");
}

#[test]
fn the_list_has_every_card_and_says_what_is_in_the_way_of_each() {
    let machine = Machine::new();
    let list = || objects(&machine.device(&["list", "--json"]));
    let [card] = &list()[..] else {
        panic!("{:?}", list())
    };
    for (key, value) in [
        ("card", Value::from(CARD)),
        ("vendor", "1234".into()),
        ("device", "4d56".into()),
        ("subsystem", "1234:0001".into()),
        ("class", "120000".into()),
        ("kind", "simulated".into()),
        ("driver", Value::Null),
        ("iommu_group", 7.into()),
        ("usable", false.into()),
    ] {
        assert_eq!(card[key], value, "{key}: {card}");
    }
    assert_eq!(card["group_others"][0]["function"], "0000:00:01.0");
    assert_eq!(
        (&card["link"]["width"], &card["link"]["degraded"]),
        (&8.into(), &false.into())
    );
    says(
        card["problem"].as_str().unwrap(),
        &["driven by nothing", &format!("metisvm device bind {CARD}")],
    );
    // A link that was trained for less, and errors on it.
    machine.link("2.5 GT/s PCIe", 4);
    let errors = "RxErr 3\nBadTLP 4\nTOTAL_ERR_COR 7\n";
    fs::write(machine.folder(CARD).join("aer_dev_correctable"), errors).unwrap();
    assert!(machine.device(&["bind", CARD]).status.success());
    let [card] = &list()[..] else { panic!() };
    assert_eq!((&card["usable"], &card["problem"]), (&true.into(), &Value::Null));
    assert_eq!(
        (&card["link"]["degraded"], &card["link"]["speed_gts"]),
        (&true.into(), &2.5.into())
    );
    assert_eq!(card["errors_correctable"], 7);
    // An accelerator of somebody else's may be a card or not.
    machine.function("0000:03:00.0", 0x12_00_00, Some(8), Some("habanalabs"));
    let folder = machine.folder("0000:03:00.0");
    fs::write(folder.join("vendor"), "0x1da3\n").unwrap();
    let cards = list();
    assert_eq!(
        (&cards[1]["card"], &cards[1]["kind"]),
        (&"0000:03:00.0".into(), &"accelerator".into())
    );
    assert_eq!(cards[1]["link"], Value::Null);
    let table = stdout(&machine.device(&["list"]));
    says(
        &table,
        &[
            CARD,
            "vfio-pci",
            "2.5 GT/s x4",
            "possible",
            "0000:03:00.0: it is driven by habanalabs",
        ],
    );
    assert!(
        table
            .lines()
            .filter(|line| line.starts_with(['┌', '│']))
            .all(|line| line.chars().count() <= 80)
    );
}

#[test]
fn a_machine_without_cards_or_without_a_bus_has_an_empty_list() {
    let machine = Machine::new();
    for path in ["sys/bus/pci/devices/0000:01:00.0", "sys/bus/pci"] {
        machine.remove(path);
        let output = machine.device(&["list", "--json"]);
        assert!(
            output.status.success() && stdout(&output).is_empty(),
            "{output:?}"
        );
        says(
            &stdout(&machine.device(&["list"])),
            &["no card", "metisvm device doctor"],
        );
    }
}
