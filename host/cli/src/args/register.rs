//! The command line of `metisvm model register`.

use crate::node_url::{NodeUrl, OWN_NODE};
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Add a bundle to a running node, and register it there.
#[derive(Debug, ClapArgs)]
pub struct Register {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Where the node listens
    #[arg(long, value_name = "URL", default_value = OWN_NODE)]
    pub rpc: NodeUrl,
    /// Stop if the node is of another chain than the one with this id
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
