//! The memory that a program addresses, and what of it an instruction may reach.

use metisvm_firmware::{Burst, Dtype, Lanes, Space, Status, Walk};

/// What a program may address, besides the scratchpads.
#[derive(Debug)]
pub struct Spaces<'a> {
    /// The job's data.
    pub resident: &'a [u8],
    /// The item's input.
    pub input: &'a [u8],
    /// The item's output.
    pub output: &'a mut [u8],
    /// Scratch memory.
    pub workspace: &'a mut [u8],
    /// What stays from job to job.
    pub state: &'a mut [u8],
}

impl Spaces<'_> {
    pub(super) fn readable(&self, space: Space) -> &[u8] {
        match space {
            Space::Resident => self.resident,
            Space::Input => self.input,
            Space::Output => &[],
            Space::Workspace => self.workspace,
            Space::State => self.state,
        }
    }

    pub(super) fn writable(&mut self, space: Space) -> &mut [u8] {
        match space {
            Space::Resident | Space::Input => &mut [],
            Space::Output => self.output,
            Space::Workspace => self.workspace,
            Space::State => self.state,
        }
    }
}

/// Checks that all tiles of a burst lie in memory of `size` bytes.
pub(super) fn check_burst(
    burst: &Burst,
    rows: u16,
    cols: u16,
    tile_bytes: usize,
    size: usize,
) -> Result<(), Status> {
    // Below 2^48, 2^48 and 2^16·2^18: nothing here overflows.
    let rows = u64::from(rows - 1) * u64::from(burst.row_stride);
    let end = burst.offset + rows + u64::from(cols) * tile_bytes as u64;
    if end <= size as u64 {
        Ok(())
    } else {
        Err(Status::OutOfBounds)
    }
}

/// Checks that all of a walk's elements of `width` bytes lie in memory of `size` bytes.
pub(super) fn check_reach(walk: &Walk, lanes: &Lanes, width: usize, size: usize) -> Result<(), Status> {
    // Below 2^48 and 2^16·2^31: nothing here overflows.
    let rows = i64::from(lanes.rows - 1) * i64::from(walk.row_stride);
    let cols = i64::from(lanes.cols - 1) * i64::from(walk.col_stride);
    let offset = walk.offset as i64;
    let low = offset + rows.min(0) + cols.min(0);
    let high = offset + rows.max(0) + cols.max(0) + width as i64;
    if low >= 0 && high <= size as i64 {
        Ok(())
    } else {
        Err(Status::OutOfBounds)
    }
}

/// Byte offset of an element that [`check_reach`] has accepted.
#[inline]
pub(super) fn place(walk: &Walk, row: usize, col: usize) -> usize {
    let (row, col) = (row as i64, col as i64);
    (walk.offset as i64 + row * i64::from(walk.row_stride) + col * i64::from(walk.col_stride)) as usize
}

#[inline]
pub(super) fn read(dtype: Dtype, bytes: &[u8]) -> i32 {
    match dtype {
        Dtype::U8 => bytes[0].into(),
        Dtype::I8 => (bytes[0] as i8).into(),
        Dtype::I16 => i16::from_le_bytes([bytes[0], bytes[1]]).into(),
        Dtype::I32 => i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
    }
}
