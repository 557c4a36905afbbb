//! Positions of patches for an image of another size than the model was trained with: interpolated as transformers
//! does it (`interpolate_pos_encoding`), with torch's bicubic.

/// The coefficient of torch's bicubic.
const A: f64 = -0.75;

/// Rows for the class and for each patch of `grid`, of a table with those of `trained`.
pub(super) fn resized(table: &[f32], width: usize, trained: [usize; 2], grid: [usize; 2]) -> Vec<f32> {
    if trained == grid {
        return table.to_vec();
    }
    let (class, patches) = table.split_at(width);
    let [down, across] = [0, 1].map(|axis| taps(trained[axis], grid[axis]));
    let mut rows = class.to_vec();
    for vertical in &down {
        for horizontal in &across {
            let mut row = vec![0.0; width];
            for (y, part) in vertical {
                for (x, of_that) in horizontal {
                    let patch = &patches[(y * trained[1] + x) * width..][..width];
                    let weight = part * of_that;
                    for (sum, number) in row.iter_mut().zip(patch) {
                        *sum += weight * f64::from(*number);
                    }
                }
            }
            rows.extend(row.into_iter().map(|sum| sum as f32));
        }
    }
    rows
}

/// For each place of the result four places of the table, each with its part. Beyond the border the last one counts.
fn taps(from: usize, to: usize) -> Vec<[(usize, f64); 4]> {
    (0..to)
        .map(|at| {
            let place = (at as f64 + 0.5) * from as f64 / to as f64 - 0.5;
            let (floor, beyond) = (place.floor(), place - place.floor());
            let parts = [
                far(beyond + 1.0),
                near(beyond),
                near(1.0 - beyond),
                far(2.0 - beyond),
            ];
            let mut tap = -1.0;
            parts.map(|part| {
                let index = (floor + tap).clamp(0.0, (from - 1) as f64) as usize;
                tap += 1.0;
                (index, part)
            })
        })
        .collect()
}

/// The part of an element at a distance up to 1.
fn near(x: f64) -> f64 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

/// At a distance of 1 to 2.
fn far(x: f64) -> f64 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_one_and_meet_the_elements() {
        for (from, to) in [(4, 6), (5, 3), (1, 4), (7, 7)] {
            for tap in taps(from, to) {
                let sum: f64 = tap.iter().map(|(_, part)| part).sum();
                assert!((sum - 1.0).abs() < 1e-12, "{tap:?}");
            }
        }
        for (at, tap) in taps(7, 7).iter().enumerate() {
            assert_eq!(tap[1], (at, 1.0));
        }
    }

    /// `torch.nn.functional.interpolate(…, size=(3, 4), mode="bicubic", align_corners=False)` of the same.
    #[test]
    fn patches_between_others_are_torchs() {
        let class = 9.0;
        let table = [class, 1.0, 5.0, 2.0, 0.0, -3.0, 4.0];
        let expected = [
            class, 0.756082, 4.459033, 4.806796, 1.54875, 0.464111, 0.600098, 1.775635, 3.143555, 0.172141,
            -3.258835, -1.255524, 4.738359,
        ];
        let rows = resized(&table, 1, [2, 3], [3, 4]);
        assert_eq!(rows.len(), expected.len());
        for (got, want) in rows.iter().zip(expected) {
            assert!((got - want).abs() < 2e-6, "{rows:?}");
        }
    }
}
