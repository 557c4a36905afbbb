//! Windows of pooling.

/// A window that moves over a plane. Of pairs the first is vertical, the second horizontal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Rows and columns of the plane.
    pub input: [usize; 2],
    /// Rows and columns of the result.
    pub output: [usize; 2],
    /// Taps of the window.
    pub kernel: [usize; 2],
    /// Elements of the plane from one window to the next, at least 1.
    pub stride: [usize; 2],
    /// Elements of the plane from one tap to the next, at least 1.
    pub dilation: [usize; 2],
    /// Padding before the first row and column.
    pub before: [usize; 2],
}

impl Pool {
    /// From the first tap to the last in dimension `d`, both counted.
    pub(super) fn extent(&self, d: usize) -> usize {
        (self.kernel[d] - 1) * self.dilation[d] + 1
    }
}
