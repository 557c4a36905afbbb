//! The weights of many matrices in one piece of large pages.
//!
//! A product of one row by a large matrix takes as long as reading the matrix. A core reads nearly twice as fast over
//! large pages: a processor prefetches no further than to the end of a page, and looks each up before it is read.

use super::matrix::PackedMatrix;
use super::panels::Panels;
use super::scratch::Aligned;
use memmap2::MmapMut;
use std::sync::Arc;

/// A large page of most processors. Less than one is not worth mapping.
const PAGE: usize = 2 << 20;
/// A line of the cache.
const LINE: usize = 64;

/// Moves the weights of matrices to one piece of memory, one after the other in this order, which should be that in
/// which they are read. Where they are few, or the system has no such memory, they stay where they are.
pub fn join(mut matrices: Vec<&mut PackedMatrix>) {
    let room = |matrix: &PackedMatrix| matrix.panels().get().len().next_multiple_of(LINE);
    let bytes: usize = matrices.iter().map(|matrix| room(matrix)).sum();
    if bytes < PAGE {
        return;
    }
    let Ok(mut map) = MmapMut::map_anon(bytes) else {
        return;
    };
    // A wish: without it pages are small.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    let mut at = 0;
    let mut ranges = Vec::with_capacity(matrices.len());
    for matrix in &mut matrices {
        let panels = matrix.panels().get();
        let range = at..at + panels.len();
        map[range.clone()].copy_from_slice(panels);
        at += room(matrix);
        // What was copied is not held twice.
        matrix.set_panels(Panels::Own(Aligned::default()));
        ranges.push(range);
    }
    let map = Arc::new(map);
    for (matrix, range) in matrices.into_iter().zip(ranges) {
        matrix.set_panels(Panels::Joined(map.clone(), range));
    }
}
