//! `metisvm device list`: the cards on the bus.

use crate::args::List as Args;
use crate::error::CliError;
use crate::{output, slot_report};
use metisvm_firmware::pci::CLASS_CODE;

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    let bus = args.roots.folder().join("sys/bus/pci/devices");
    let slots = args
        .roots
        .kernel()?
        .cards()
        .map_err(|error| CliError::file(bus, error))?;
    if args.json {
        for slot in &slots {
            output::json(&slot_report::json(slot))?;
        }
        return Ok(true);
    }
    if slots.is_empty() {
        output::line(&format!(
            "no card is on the PCI bus (class {CLASS_CODE:06x}); metisvm device doctor says more"
        ))?;
        return Ok(true);
    }
    let mut table = output::table(&["card", "kind", "driver", "group", "link", "usable"]);
    for slot in &slots {
        table.add_row([
            slot.bdf.to_string().as_str(),
            slot_report::kind(&slot.identity),
            slot.driver.as_deref().unwrap_or("none"),
            &slot_report::group_number(slot.group.as_ref()),
            &slot_report::link(slot.link.as_ref()),
            if slot.usable.is_ok() { "yes" } else { "no" },
        ]);
    }
    output::line(&table.to_string())?;
    for problem in slots.iter().filter_map(|slot| slot.usable.as_ref().err()) {
        output::line(&problem.to_string())?;
    }
    Ok(true)
}
