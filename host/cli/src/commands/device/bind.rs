//! `metisvm device bind` and `unbind`: cards given to VFIO, and taken away from it.

use crate::args::{Bind, Unbind};
use crate::error::CliError;
use crate::output;
use metisvm_driver::vfio::{Bdf, BindError, Binding};
use serde_json::json;

pub(super) fn bind(args: &Bind) -> Result<bool, CliError> {
    let kernel = args.roots.kernel()?;
    each(&args.cards, args.json, |bdf| kernel.bind(bdf, args.force))
}

pub(super) fn unbind(args: &Unbind) -> Result<bool, CliError> {
    let kernel = args.roots.kernel()?;
    each(&args.cards, args.json, |bdf| kernel.unbind(bdf))
}

/// One that cannot be done does not keep the others from it.
fn each(
    cards: &[Bdf],
    json: bool,
    act: impl Fn(Bdf) -> Result<Binding, BindError>,
) -> Result<bool, CliError> {
    let mut done = true;
    for &bdf in cards {
        match act(bdf) {
            Ok(binding) if json => output::json(&json!({
                "card": bdf.to_string(),
                "driver_before": binding.before,
                "driver": binding.now,
                "iommu_group": binding.group,
                "changed": binding.changed,
            }))?,
            Ok(binding) => output::line(&said(bdf, &binding))?,
            Err(error) => {
                done = false;
                if json {
                    output::json(&json!({ "card": bdf.to_string(), "error": error.to_string() }))?;
                }
                output::complain(&error.to_string());
            }
        }
    }
    Ok(done)
}

fn said(bdf: Bdf, binding: &Binding) -> String {
    let drives = |driver: &Option<String>| match driver {
        Some(driver) => format!("driven by {driver}"),
        None => "driven by nothing".to_owned(),
    };
    let group = binding
        .group
        .map_or_else(String::new, |group| format!(", IOMMU group {group}"));
    if binding.changed && binding.before == binding.now {
        format!("{bdf} is {}{group}, and stays so", drives(&binding.now))
    } else if binding.changed {
        format!(
            "{bdf} is {}{group}; it was {}",
            drives(&binding.now),
            drives(&binding.before)
        )
    } else {
        format!("{bdf} was {} already{group}", drives(&binding.now))
    }
}
