//! The flame graph, which inferno draws of collapsed stacks.

use super::names::Form;
use super::stacks;
use crate::args::Weight;
use inferno::flamegraph::{self, Options, TextTruncateDirection};
use metisvm_executor::profile::Profile;

/// Percent of the width: narrower frames are left out, as nobody could see them, and the file stays small.
const LEAST_WIDTH: f64 = 0.1;

/// The file. An error says why there is nothing to draw.
pub(super) fn draw(profile: &Profile, weight: Weight) -> Result<Vec<u8>, String> {
    let unit = match weight {
        Weight::Gas => "gas",
        Weight::Time => "ns",
        Weight::Instructions => "instructions",
    };
    let lines = stacks::lines(profile, weight, Form::Short);
    if lines.is_empty() {
        return Err(format!(
            "there is nothing to draw: no call of the blocks took any {unit}; leave --flame out"
        ));
    }
    let mut options = Options::default();
    options.title = match profile.blocks {
        1 => format!("Calls of a block by {unit}"),
        blocks => format!("Calls of {blocks} blocks by {unit}"),
    };
    options.count_name = unit.to_owned();
    options.name_type = "Call:".to_owned();
    options.min_width = LEAST_WIDTH;
    // Colours follow from names, so that two graphs can be compared.
    options.deterministic = true;
    options.text_truncate_direction = TextTruncateDirection::Right;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(|error| error.to_string())?;
    Ok(svg)
}
