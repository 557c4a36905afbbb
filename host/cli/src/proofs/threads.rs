//! The threads that make circuits and proofs.

use crate::error::CliError;

/// Does something on so many threads; `None` for one a core.
///
/// # Errors
/// If they cannot be started, or what is done fails.
pub fn on<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> Result<T, CliError> + Send,
) -> Result<T, CliError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build();
    let pool = pool.map_err(|error| CliError::Proof(format!("the threads cannot be started: {error}")))?;
    pool.install(work)
}
