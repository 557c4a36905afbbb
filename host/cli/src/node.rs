//! `metisvm node`: the command. The node itself is host/node.

mod additions;
mod args;
mod code;
mod console;
mod import;
mod models;
mod start;

pub use args::{ImportChain, Node};
pub use import::run as import_chain;

use crate::error::CliError;
use crate::output;
use metisvm_node::guard::Access;
use metisvm_node::server::{self, Limits};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Threads that talk to clients; what takes time runs on others.
const TALKERS: usize = 2;
/// The most requests that run at a time; others wait for them.
const WORKERS: usize = 64;
/// How long an idle thread is kept.
const IDLE: Duration = Duration::from_secs(10);
/// How long requests that are under way may take to end when the node is stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a chain until a signal ends it.
///
/// # Errors
/// Whatever keeps the node from serving.
pub fn run(args: &Node) -> Result<bool, CliError> {
    console::begin_logs(&args.log, args.json)?;
    let ready = start::start(args)?;
    for problem in &ready.problems {
        output::complain(problem);
    }
    let node = Arc::new(ready.node);
    let access = Access {
        hosts: args.allow_host.clone(),
        origins: args.allow_origin.clone(),
    };
    let address = SocketAddr::new(args.host, args.port);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(TALKERS)
        .max_blocking_threads(WORKERS)
        .thread_keep_alive(IDLE)
        .thread_name("node")
        .enable_all()
        .build()
        .map_err(|error| CliError::Listen { address, error })?;
    let served = runtime.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt()).map_err(CliError::Signals)?;
        let mut ended = signal(SignalKind::terminate()).map_err(CliError::Signals)?;
        let serving = server::serve(node.clone(), address, access, Limits::default())
            .await
            .map_err(|error| CliError::Listen { address, error })?;
        console::welcome(args, &node, serving.address, ready.mnemonic)?;
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = ended.recv() => {}
        }
        tracing::info!("stopping");
        // A client that does not read must not keep the node from ending.
        let _ = tokio::time::timeout(PATIENCE, serving.stop()).await;
        Ok(true)
    });
    runtime.shutdown_timeout(PATIENCE);
    served
}
