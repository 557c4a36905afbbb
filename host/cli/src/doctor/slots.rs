//! The cards in slots.

use super::finding::{Finding, commands};
use metisvm_driver::vfio::sysfs::VFIO_PCI;
use metisvm_driver::vfio::{Bdf, Kernel, Slot, VfioError};
use metisvm_firmware::pci::CLASS_CODE;

/// The driver of ports, which are in groups of what is behind them.
const PORTS: &str = "pcieport";

/// The cards on the bus, or the one that is named.
pub(super) fn slots(kernel: &Kernel, named: Option<Bdf>) -> Vec<Finding> {
    const KEY: &str = "card";
    let found = match named {
        Some(bdf) => Ok(kernel.slot(bdf).into_iter().collect()),
        None => kernel.cards(),
    };
    let slots = match found {
        Ok(slots) => slots,
        Err(error) => {
            let what = format!("the PCI bus cannot be read: {error}");
            return vec![Finding::blocks(KEY, what, commands(&["lspci -D"]))];
        }
    };
    if slots.is_empty() {
        let what = named.map_or_else(
            || format!("no card is on the PCI bus (class {CLASS_CODE:06x})"),
            |bdf| VfioError::NoSuchFunction(bdf).to_string(),
        );
        let mend = commands(&[
            "echo 1 | sudo tee /sys/bus/pci/rescan",
            "# see that the card is powered and sits in its slot, and start the machine anew",
        ]);
        return vec![Finding::blocks(KEY, what, mend)];
    }
    slots.iter().flat_map(|slot| one(kernel, slot)).collect()
}

fn one(kernel: &Kernel, slot: &Slot) -> Vec<Finding> {
    if !slot.identity.is_accelerator() {
        let what = format!("{} is no card: a card has class {CLASS_CODE:06x}", slot.identity);
        return vec![
            Finding::blocks("card", what, commands(&["metisvm device list"])).of(slot.bdf.to_string()),
        ];
    }
    let mut findings = vec![Finding::fine("card", slot.identity.to_string())];
    findings.extend(group(kernel, slot));
    findings.push(driver(slot));
    findings.extend(node(slot));
    findings.push(link(slot));
    findings.push(errors(slot));
    let card = slot.bdf.to_string();
    findings
        .into_iter()
        .map(|finding| finding.of(card.clone()))
        .collect()
}

/// Who else is in its group, and whether that is in the way.
fn group(kernel: &Kernel, slot: &Slot) -> Vec<Finding> {
    const KEY: &str = "iommu_group";
    let number = match kernel.group(slot.bdf) {
        Ok(number) => number,
        Err(error) => {
            let mend = commands(&["# what mends the IOMMU, above"]);
            return vec![Finding::blocks(KEY, error.to_string(), mend)];
        }
    };
    let others = kernel.others(slot.bdf);
    let mut findings = Vec::new();
    if let Err(VfioError::NotViable { others: used, .. }) = kernel.is_viable(slot.bdf, number) {
        let named: Vec<String> = used
            .iter()
            .map(|(bdf, driver)| format!("{bdf} by {driver}"))
            .collect();
        // A name that is none of a PCI function is put into no command.
        let unbind = used.iter().map(|(name, driver)| match name.parse::<Bdf>() {
            Ok(bdf) => format!("echo {bdf} | sudo tee /sys/bus/pci/devices/{bdf}/driver/unbind"),
            Err(_) => format!("# take {name:?} away from its driver, {driver:?}"),
        });
        let mut mend: Vec<String> = unbind.collect();
        mend.push("# or put the card into a slot with a group of its own".to_owned());
        let what = format!(
            "group {number} is not viable: others in it are in use ({})",
            named.join(", ")
        );
        findings.push(Finding::blocks(KEY, what, mend));
    } else {
        findings.push(Finding::fine(KEY, format!("group {number} is viable")));
    }
    let beside: Vec<&str> = others
        .iter()
        .filter(|(_, driver)| driver.as_deref() != Some(PORTS))
        .map(|(bdf, _)| bdf.as_str())
        .collect();
    findings.push(if beside.is_empty() {
        Finding::fine("acs", "nothing but ports shares its group: traffic between functions goes through the IOMMU")
    } else {
        let what = format!(
            "it shares its group with {}: the ports above them do not keep their traffic apart (ACS), so what one of \
             them has, all have",
            beside.join(", ")
        );
        let mend = commands(&[
            "# switch ACS on in the firmware's set-up, where it has that",
            "# or put the card into a slot of the processor's own ports",
        ]);
        Finding::warning("acs", what, mend)
    });
    findings
}

fn driver(slot: &Slot) -> Finding {
    const KEY: &str = "driver";
    let bdf = slot.bdf;
    match slot.driver.as_deref() {
        Some(VFIO_PCI) if slot.driver_override.as_deref() == Some(VFIO_PCI) => {
            Finding::fine(KEY, "it is driven by vfio-pci")
        }
        // By the module's list of numbers, for one.
        Some(VFIO_PCI) => Finding::fine(KEY, "it is driven by vfio-pci, though not by its override"),
        Some(other) => Finding::blocks(
            KEY,
            format!("it is driven by {other}, not by vfio-pci"),
            vec![format!("sudo metisvm device bind --force {bdf}")],
        ),
        None => Finding::blocks(
            KEY,
            "it is driven by nothing",
            vec![
                format!("sudo metisvm device bind {bdf}"),
                format!(
                    "sudo systemctl enable --now metisvm-bind@{bdf}.service  # at every start of the machine"
                ),
            ],
        ),
    }
}

/// Whether this user may open it, where nothing else is in the way.
fn node(slot: &Slot) -> Option<Finding> {
    const KEY: &str = "permission";
    let finding = match &slot.usable {
        Ok(()) => Finding::fine(KEY, "this user may use it"),
        Err(error @ VfioError::NoPermission { .. }) => Finding::blocks(
            KEY,
            error.to_string(),
            commands(&[
                "sudo groupadd --system --force metisvm",
                "sudo install -m 644 deploy/udev/70-metisvm.rules /etc/udev/rules.d/",
                "sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=vfio",
                "sudo usermod --append --groups metisvm \"$USER\"  # then log in anew",
            ]),
        ),
        Err(error @ VfioError::NoNode { .. }) => {
            let mend = commands(&["sudo modprobe -a vfio-pci vfio_iommu_type1"]);
            Finding::blocks(KEY, error.to_string(), mend)
        }
        Err(error @ VfioError::Node { path, .. }) => {
            let mend = vec![format!("findmnt -T {}", path.display())];
            Finding::blocks(KEY, error.to_string(), mend)
        }
        // Said before.
        Err(_) => return None,
    };
    Some(finding)
}

fn link(slot: &Slot) -> Finding {
    const KEY: &str = "link";
    let Some(link) = slot.link else {
        return Finding::fine(
            KEY,
            "the kernel does not know of a link, as with a simulated card",
        );
    };
    if link.is_degraded() {
        let mend = vec![
            format!("sudo lspci -vvs {} | grep LnkSta", slot.bdf),
            "# set the card into its slot anew, and look at the slot's width and speed in the firmware's set-up".to_owned(),
        ];
        let what = format!("the link is {}, and could be {}", link.now, link.possible());
        return Finding::warning(KEY, what, mend);
    }
    if link.is_held_back() {
        let mend = commands(&["# put the card into a wider or faster slot"]);
        let what = format!(
            "the link is {}, as the slot has it; the card could {}",
            link.now, link.card
        );
        return Finding::warning(KEY, what, mend);
    }
    Finding::fine(KEY, format!("the link is {}, all that it can be", link.now))
}

fn errors(slot: &Slot) -> Finding {
    const KEY: &str = "link_errors";
    let errors = slot.errors;
    let [correctable, non_fatal, fatal] =
        [errors.correctable, errors.non_fatal, errors.fatal].map(Option::unwrap_or_default);
    if [correctable, non_fatal, fatal] == [0; 3] {
        return Finding::fine(KEY, "PCI Express has reported no errors");
    }
    let what = format!(
        "PCI Express has reported {correctable} correctable errors, {non_fatal} that lost a transaction, {fatal} that \
         lost the link"
    );
    let mend = vec![
        format!("grep . /sys/bus/pci/devices/{}/aer_dev_*", slot.bdf),
        "# set the card into its slot anew; try another slot, or another riser".to_owned(),
    ];
    Finding::warning(KEY, what, mend)
}
