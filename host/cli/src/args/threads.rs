//! How many threads.

/// So many threads a processor: more only wait for each other, and each costs memory and time to start.
const THREADS_A_PROCESSOR: usize = 4;
/// So many are taken on any machine: state that has to be read from a disk is waited for by several at once.
const THREADS_ANYWHERE: usize = 16;

pub(crate) fn threads(text: &str) -> Result<usize, String> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let most = (processors * THREADS_A_PROCESSOR).max(THREADS_ANYWHERE);
    match text.parse::<usize>() {
        Ok(0) | Err(_) => Err(format!(
            "it must be a number from 1 to {most}; leave the option out for one a core"
        )),
        Ok(n) if n > most => Err(format!(
            "this machine has {processors} processors, and more than {most} threads only get into each other's way; \
             leave the option out for one a core"
        )),
        Ok(n) => Ok(n),
    }
}
