//! Slices of elements: what is asked of them whatever their type.

use metisvm_model::DType;
use metisvm_simd::elements::{Slice, SliceMut};
use std::ops::Range;

/// One element.
pub(super) fn get(slice: Slice<'_>, index: usize) -> i32 {
    match slice {
        Slice::U8(s) => s[index].into(),
        Slice::I8(s) => s[index].into(),
        Slice::I16(s) => s[index].into(),
        Slice::I32(s) => s[index],
    }
}

/// Sets an element, to a value of its type.
pub(super) fn set(slice: &mut SliceMut<'_>, index: usize, value: i32) {
    match slice {
        SliceMut::U8(s) => s[index] = value as u8,
        SliceMut::I8(s) => s[index] = value as i8,
        SliceMut::I16(s) => s[index] = value as i16,
        SliceMut::I32(s) => s[index] = value,
    }
}

/// A part of elements.
pub(super) fn range(slice: Slice<'_>, range: Range<usize>) -> Slice<'_> {
    match slice {
        Slice::U8(s) => Slice::U8(&s[range]),
        Slice::I8(s) => Slice::I8(&s[range]),
        Slice::I16(s) => Slice::I16(&s[range]),
        Slice::I32(s) => Slice::I32(&s[range]),
    }
}

/// Elements as bytes.
pub(super) fn bytes_mut<'a>(slice: &'a mut SliceMut<'_>) -> &'a mut [u8] {
    match slice {
        SliceMut::U8(s) => s,
        SliceMut::I8(s) => bytemuck::cast_slice_mut(s),
        SliceMut::I16(s) => bytemuck::cast_slice_mut(s),
        SliceMut::I32(s) => bytemuck::cast_slice_mut(s),
    }
}

/// Fills with a value, saturated to the type.
pub(super) fn fill(y: SliceMut<'_>, value: i32) {
    match y {
        SliceMut::U8(y) => y.fill(DType::U8.saturate(value.into()) as u8),
        SliceMut::I8(y) => y.fill(DType::I8.saturate(value.into()) as i8),
        SliceMut::I16(y) => y.fill(DType::I16.saturate(value.into()) as i16),
        SliceMut::I32(y) => y.fill(value),
    }
}

/// The same elements for a shorter time.
pub(super) fn reborrow<'a>(slice: &'a mut SliceMut<'_>) -> SliceMut<'a> {
    match slice {
        SliceMut::U8(s) => SliceMut::U8(s),
        SliceMut::I8(s) => SliceMut::I8(s),
        SliceMut::I16(s) => SliceMut::I16(s),
        SliceMut::I32(s) => SliceMut::I32(s),
    }
}

/// A part of elements.
pub(super) fn range_mut<'a>(slice: &'a mut SliceMut<'_>, range: Range<usize>) -> SliceMut<'a> {
    match slice {
        SliceMut::U8(s) => SliceMut::U8(&mut s[range]),
        SliceMut::I8(s) => SliceMut::I8(&mut s[range]),
        SliceMut::I16(s) => SliceMut::I16(&mut s[range]),
        SliceMut::I32(s) => SliceMut::I32(&mut s[range]),
    }
}

/// Cuts elements in two.
pub(super) fn split_at<'a>(slice: SliceMut<'a>, middle: usize) -> (SliceMut<'a>, SliceMut<'a>) {
    match slice {
        SliceMut::U8(s) => {
            let (a, b) = s.split_at_mut(middle);
            (SliceMut::U8(a), SliceMut::U8(b))
        }
        SliceMut::I8(s) => {
            let (a, b) = s.split_at_mut(middle);
            (SliceMut::I8(a), SliceMut::I8(b))
        }
        SliceMut::I16(s) => {
            let (a, b) = s.split_at_mut(middle);
            (SliceMut::I16(a), SliceMut::I16(b))
        }
        SliceMut::I32(s) => {
            let (a, b) = s.split_at_mut(middle);
            (SliceMut::I32(a), SliceMut::I32(b))
        }
    }
}

/// Elements of 32 bits, which sums of products are.
pub(super) fn i32s<'a>(slice: &'a mut SliceMut<'_>) -> &'a mut [i32] {
    match slice {
        SliceMut::I32(s) => s,
        _ => unreachable!("a product has 32 bits"),
    }
}
