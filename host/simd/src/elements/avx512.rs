//! Kernels in AVX-512's own instructions, where plain code is far from what the processor can do.
//!
//! A value of [`Avx512`] or [`Vbmi`] proves that the instructions are there; its methods step into functions
//! that were compiled for them.
#![allow(
    unsafe_code,
    reason = "calls functions compiled for instructions that a Level proves to be there"
)]

mod interpolate;
mod lanes;
mod mul;
mod requantise;
mod table;

use super::entries::Table256;
use super::form::Form;
use super::interpolation::Interpolation;
use super::slice::{Element, Operand};
use crate::Level;
use crate::level::Kind;

/// The instructions of AVX-512 F, BW, DQ and VL are there.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// Those of VBMI are there too.
#[derive(Clone, Copy)]
pub(super) struct Vbmi(());

impl Avx512 {
    /// From the two levels that have them.
    #[inline]
    pub(super) fn of(level: Level) -> Option<Self> {
        matches!(level.kind(), Kind::Avx512 | Kind::Avx512Vnni | Kind::Amx).then_some(Self(()))
    }

    /// [`super::requantise_one`].
    #[inline]
    pub(super) fn requantise<X: Element, Y: Element>(self, x: &[X], form: Form, y: &mut [Y]) {
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
                } => requantise::whole(x, multiplier, shift, zero, y),
            }
        }
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
}

impl Vbmi {
    /// From the level that has them.
    #[inline]
    pub(super) fn of(level: Level) -> Option<Self> {
        matches!(level.kind(), Kind::Avx512Vnni | Kind::Amx).then_some(Self(()))
    }

    /// [`Table256::apply`].
    #[inline]
    pub(super) fn table<X: Element, Y: Element>(self, table: &Table256, x: &[X], y: &mut [Y]) {
        // SAFETY: self proves that the instructions are there.
        unsafe { table::table(table, x, y) }
    }

    /// [`Interpolation::apply`].
    #[inline]
    pub(super) fn interpolate<Y: Element>(self, function: &Interpolation, x: &[i16], y: &mut [Y]) {
        // SAFETY: self proves that the instructions are there.
        unsafe { interpolate::permuted(function, x, y) }
    }
}
