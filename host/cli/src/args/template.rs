//! The command line of `metisvm model template`.

use crate::templates::TEMPLATES;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// Projects to begin with: a model, a contract that calls it, a test.
#[derive(Debug, Subcommand)]
pub enum Template {
    /// Say which there are
    List(ListTemplates),
    /// Write one into a new folder
    New(NewTemplate),
}

/// Say which templates there are.
#[derive(Debug, ClapArgs)]
pub struct ListTemplates {
    /// One JSON object a template instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Write a template into a new folder.
#[derive(Debug, ClapArgs)]
pub struct NewTemplate {
    /// Which, as `model template list` names it
    #[arg(value_name = "NAME", value_parser = names())]
    pub name: String,
    /// Where to; it must not exist, or be empty. Default: a folder of the template's name
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

fn names() -> PossibleValuesParser {
    let value = |name: &'static str, summary: &'static str| PossibleValue::new(name).help(summary);
    TEMPLATES
        .iter()
        .map(|template| value(template.name, template.summary))
        .collect::<Vec<_>>()
        .into()
}
