//! Kernels in AVX2's own instructions, where plain code is far from what the processor can do.
//!
//! A value of [`Avx2`] proves that the instructions are there; its methods step into functions that were
//! compiled for them.
#![allow(
    unsafe_code,
    reason = "calls functions compiled for instructions that a Level proves to be there"
)]

mod interpolate;
mod lanes;
mod max_pool2d;
mod mul;
mod requantise;
mod transpose;

use super::form::Form;
use super::interpolation::Interpolation;
use super::pool::Pool;
use super::slice::{Element, Operand};
use crate::Level;
use crate::level::Kind;

/// The instructions of AVX2 are there.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// From a level that has nothing wider.
    #[inline]
    pub(super) fn of(level: Level) -> Option<Self> {
        matches!(level.kind(), Kind::Avx2).then_some(Self(()))
    }

    /// From any level that has them, for what is no faster in wider vectors.
    #[inline]
    pub(super) fn within(level: Level) -> Option<Self> {
        matches!(
            level.kind(),
            Kind::Avx2 | Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx
        )
        .then_some(Self(()))
    }

    /// [`super::requantise_one`], if the form has a kernel here.
    #[inline]
    pub(super) fn requantise<X: Element, Y: Element>(self, x: &[X], form: Form, y: &mut [Y]) -> bool {
        // SAFETY: self proves that the instructions are there.
        unsafe {
            match form {
                Form::Short {
                    multiplier,
                    half,
                    shift,
                    zero,
                } => {
                    requantise::short(x, multiplier, half, shift, zero, y);
                }
                Form::High {
                    multiplier,
                    bias,
                    shift,
                } => requantise::high(x, multiplier, bias, shift, y),
                Form::Whole {
                    multiplier,
                    shift,
                    zero,
                } => {
                    return requantise::whole(x, multiplier, shift, zero, y);
                }
            }
        }
        true
    }

    /// A part of a row of [`super::RequantiseColumns`]: multipliers of the form with the upper half, and zero
    /// points, for each element.
    #[inline]
    pub(super) fn requantise_high<X: Element, Y: Element>(
        self,
        x: &[X],
        multipliers: &[i32],
        zeros: &[i32],
        y: &mut [Y],
    ) {
        // SAFETY: self proves that the instructions are there.
        unsafe { requantise::high_each(x, multipliers, zeros, y) }
    }

    /// [`super::mul`].
    #[inline]
    pub(super) fn mul<A: Element, Y: Element>(self, a: &[A], b: Operand<'_>, shift: u32, y: &mut [Y]) {
        // SAFETY: self proves that the instructions are there.
        unsafe { mul::mul(a, b, shift, y) }
    }

    /// [`Interpolation::apply`].
    #[inline]
    pub(super) fn interpolate<Y: Element>(self, function: &Interpolation, x: &[i16], y: &mut [Y]) {
        // SAFETY: self proves that the instructions are there.
        unsafe { interpolate::gathered(function, x, y) }
    }

    /// [`super::max_pool2d()`] of what is not empty, if the window fits.
    pub(super) fn max_pool2d<T: Element>(self, x: &[T], pool: &Pool, y: &mut [T]) -> bool {
        // SAFETY: self proves that the instructions are there.
        unsafe { max_pool2d::max_pool2d(x, pool, y) }
    }

    /// Rows to columns, as `swap` of the portable level, if there are enough of them.
    #[inline]
    pub(super) fn swap<T: Element>(
        self,
        x: &[T],
        x_step: usize,
        rows: usize,
        y: &mut [T],
        y_step: usize,
        columns: usize,
    ) -> bool {
        // SAFETY: self proves that the instructions are there.
        unsafe { transpose::swap(x, x_step, rows, y, y_step, columns) }
    }
}
