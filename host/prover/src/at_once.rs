//! Several proofs at once, as many as a limit on memory allows.

use rayon::prelude::*;

/// `work` for each item, in parallel, where one takes so many bytes. The results are in the order of the items,
/// whatever the order in which they were ready.
pub(crate) fn at_once<T: Sync, R: Send, E: Send>(
    bytes: u64,
    memory_limit: u64,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let fit = usize::try_from(memory_limit / bytes.max(1)).unwrap_or(usize::MAX);
    let together = fit.clamp(1, rayon::current_num_threads());
    let mut results = Vec::with_capacity(items.len());
    for chunk in items.chunks(together) {
        let done: Vec<Result<R, E>> = chunk.par_iter().map(&work).collect();
        for result in done {
            results.push(result?);
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_than_fit_run_together_and_order_is_kept() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..20).collect();
        let doubled = at_once(10, 25, &items, |&i| {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(2 * i)
        });
        assert_eq!(doubled, Ok(items.iter().map(|i| 2 * i).collect()));
        assert!(most.into_inner() <= 2);
        assert_eq!(
            at_once(10, 5, &[1, 2], |&i| if i == 2 { Err(i) } else { Ok(i) }),
            Err(2)
        );
    }
}
