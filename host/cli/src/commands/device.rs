//! `metisvm device`: the cards of this machine, and what is in their way.

mod bind;
mod doctor;
mod examine;
mod list;
mod refused;
mod reset;
mod validate;

use crate::args::Device as Args;
use crate::error::CliError;

pub(super) fn run(args: &Args) -> Result<bool, CliError> {
    match args {
        Args::List(args) => list::run(args),
        Args::Examine(args) => examine::run(args),
        Args::Validate(args) => validate::run(args),
        Args::Reset(args) => reset::run(args),
        Args::Bind(args) => bind::bind(args),
        Args::Unbind(args) => bind::unbind(args),
        Args::Doctor(args) => doctor::run(args),
    }
}
