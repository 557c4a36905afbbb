//! How far a range may be clipped.

/// The part of the range that is not clipped: what seven columns of eight reach. Rows that were picked may not show what it
/// costs others, and columns are those of all rows.
pub(super) fn least_clip(reaches: impl Iterator<Item = f64>) -> f64 {
    let mut reaches: Vec<f64> = reaches.collect();
    reaches.sort_by(f64::total_cmp);
    match (reaches.get(reaches.len() * 7 / 8), reaches.last()) {
        (Some(most), Some(greatest)) if *greatest > 0.0 => most / greatest,
        _ => 1.0,
    }
}
