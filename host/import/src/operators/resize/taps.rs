//! Which elements a resized one is made of, and how much of each.

use super::coordinates::Axis;
use crate::attributes::wrong;
use crate::error::Problem;

/// One element for each result, and what it is multiplied by.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    pub(super) indices: Vec<u32>,
    pub(super) weights: Vec<f32>,
}

impl Tap {
    fn new(taps: impl Iterator<Item = (u32, f32)>) -> Self {
        let (indices, weights) = taps.unzip();
        Self { indices, weights }
    }
}

/// Which neighbour is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearest {
    Floor,
    Ceil,
    PreferFloor,
    PreferCeil,
    /// Before opset 11: the next one where the dimension shrinks, else the one before.
    Simple,
}

impl Nearest {
    pub(super) fn of(name: &str) -> Result<Self, Problem> {
        Ok(match name {
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "round_prefer_floor" => Self::PreferFloor,
            "round_prefer_ceil" => Self::PreferCeil,
            other => return Err(wrong("nearest_mode", format!("{other:?} is unknown"))),
        })
    }
}

fn within(index: f32, extent: u32) -> u32 {
    // Casts of floats saturate.
    (index as i64).clamp(0, i64::from(extent) - 1) as u32
}

pub(super) fn nearest(axis: &Axis, coordinates: &[f32], nearest: Nearest) -> Vec<u32> {
    let index = |x: f32| match nearest {
        Nearest::Floor => x.floor(),
        Nearest::Ceil => x.ceil(),
        Nearest::PreferFloor if x == x.floor() + 0.5 => x.floor(),
        Nearest::PreferFloor | Nearest::PreferCeil => x.round(),
        Nearest::Simple if axis.scale < 1.0 => x.ceil(),
        Nearest::Simple => x.trunc(),
    };
    coordinates.iter().map(|&x| within(index(x), axis.from)).collect()
}

/// Both neighbours, each the more the nearer it is.
pub(super) fn linear(axis: &Axis, coordinates: &[f32]) -> Vec<Tap> {
    let last = axis.from.saturating_sub(1) as f32;
    let split = |x: f32| {
        let x = x.clamp(0.0, last);
        (within(x, axis.from), x - x.floor())
    };
    let before = coordinates.iter().map(|&x| {
        let (index, part) = split(x);
        (index, 1.0 - part)
    });
    let after = coordinates.iter().map(|&x| {
        let (index, part) = split(x);
        ((index + 1).min(axis.from.saturating_sub(1)), part)
    });
    vec![Tap::new(before), Tap::new(after)]
}

/// Four neighbours by a piece of a cubic; those outside are the nearest inside, or do not count.
pub(super) fn cubic(axis: &Axis, coordinates: &[f32], a: f32, exclude_outside: bool) -> Vec<Tap> {
    let weights = |part: f32| {
        let far = |d: f32| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
        let near = |d: f32| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
        [far(part + 1.0), near(part), near(1.0 - part), far(2.0 - part)]
    };
    let of = |x: f32, tap: usize| {
        let base = x.floor();
        let mut all = weights(x - base);
        let place = |tap: usize| base - 1.0 + tap as f32;
        if exclude_outside {
            for (tap, weight) in all.iter_mut().enumerate() {
                if place(tap) < 0.0 || place(tap) >= axis.from as f32 {
                    *weight = 0.0;
                }
            }
            let total: f32 = all.iter().sum();
            all = all.map(|w| w / total);
        }
        (within(place(tap), axis.from), all[tap])
    };
    (0..4)
        .map(|tap| Tap::new(coordinates.iter().map(|&x| of(x, tap))))
        .collect()
}
