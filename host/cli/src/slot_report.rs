//! What is told of a card in a slot: by programs and by people.

use metisvm_driver::Identity;
use metisvm_driver::vfio::Slot;
use metisvm_driver::vfio::slots::{Group, LinkState};
use metisvm_firmware::pci::{DEVICE_ID, VENDOR_ID};
use serde_json::{Value, json};

/// What kind of card a function is, as far as its numbers say.
pub fn kind(identity: &Identity) -> &'static str {
    if (identity.vendor, identity.device) != (VENDOR_ID, DEVICE_ID) {
        // Its class is a card's; whether it is one, its registers say.
        "accelerator"
    } else if identity.is_rtl() {
        "simulated gates"
    } else {
        "simulated"
    }
}

/// A function's numbers.
pub fn identity_json(identity: &Identity) -> Value {
    let (vendor, device) = identity.subsystem;
    json!({
        "vendor": format!("{:04x}", identity.vendor),
        "device": format!("{:04x}", identity.device),
        "subsystem": format!("{vendor:04x}:{device:04x}"),
        "class": format!("{:06x}", identity.class),
        "revision": identity.revision,
        "kind": kind(identity),
    })
}

/// A slot for programs.
pub fn json(slot: &Slot) -> Value {
    let mut object = json!({
        "card": slot.bdf.to_string(),
        "driver": slot.driver,
        "driver_override": slot.driver_override,
        "iommu_group": slot.group.as_ref().map(|group| group.number),
        "group_others": slot.group.as_ref().map(|group| {
            let others = group.others.iter();
            others.map(|(function, driver)| json!({ "function": function, "driver": driver })).collect::<Vec<_>>()
        }),
        "link": slot.link.as_ref().map(link_json),
        "errors_correctable": slot.errors.correctable,
        "errors_non_fatal": slot.errors.non_fatal,
        "errors_fatal": slot.errors.fatal,
        "usable": slot.usable.is_ok(),
        "problem": slot.usable.as_ref().err().map(ToString::to_string),
    });
    if let (Some(object), Value::Object(identity)) = (object.as_object_mut(), identity_json(&slot.identity)) {
        object.extend(identity);
    }
    object
}

fn link_json(link: &LinkState) -> Value {
    let possible = link.possible();
    json!({
        "speed_gts": link.now.gigatransfers(),
        "width": link.now.width,
        "possible_speed_gts": possible.gigatransfers(),
        "possible_width": possible.width,
        "card_speed_gts": link.card.gigatransfers(),
        "card_width": link.card.width,
        "degraded": link.is_degraded(),
    })
}

/// A link for people.
pub fn link(link: Option<&LinkState>) -> String {
    let Some(link) = link else {
        return "unknown".to_owned();
    };
    if link.is_degraded() {
        format!("{}, possible {}", link.now, link.possible())
    } else if link.is_held_back() {
        format!("{}, as the slot has it; the card {}", link.now, link.card)
    } else {
        link.now.to_string()
    }
}

/// The driver of ports, which are in the group of what is behind them.
const PORTS: &str = "pcieport";

/// A group for a table's cell: its number, and how many others are in it, ports apart.
pub fn group_number(group: Option<&Group>) -> String {
    let Some(group) = group else {
        return "none".to_owned();
    };
    let others = group
        .others
        .iter()
        .filter(|(_, driver)| driver.as_deref() != Some(PORTS));
    match others.count() {
        0 => group.number.to_string(),
        others => format!("{} and {others} others", group.number),
    }
}

/// A group for people.
pub fn group(group: Option<&Group>) -> String {
    let Some(group) = group else {
        return "none".to_owned();
    };
    let others = group.others.iter().map(|(function, driver)| match driver {
        Some(driver) => format!("{function} ({driver})"),
        None => function.clone(),
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() {
        format!("{}, alone", group.number)
    } else {
        format!("{}, with {}", group.number, others.join(", "))
    }
}
