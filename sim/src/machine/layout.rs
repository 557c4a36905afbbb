//! Where in a scratchpad a lane lies.

use metisvm_firmware::{Buffer, Geometry, Lanes};

/// The order of a scratchpad's lanes.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Layout {
    pub(super) fn of(geometry: &Geometry, buffer: Buffer) -> Self {
        let (height, width) = geometry.tile(buffer);
        Self {
            height: height.into(),
            width: width.into(),
        }
    }

    pub(super) fn lanes(self) -> usize {
        self.height * self.width
    }

    #[inline]
    pub(super) fn at(self, base: u16, pitch: u16, row: usize, col: usize) -> usize {
        let tile = usize::from(base) + row / self.height * usize::from(pitch) + col / self.width;
        tile * self.lanes() + row % self.height * self.width + col % self.width
    }

    #[inline]
    pub(super) fn lane(self, lanes: &Lanes, row: usize, col: usize) -> usize {
        self.at(
            lanes.base,
            lanes.pitch,
            usize::from(lanes.row) + row,
            usize::from(lanes.col) + col,
        )
    }
}
