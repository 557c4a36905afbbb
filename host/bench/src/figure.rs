//! Figures as people read them.

/// A number with three digits that count, and its thousands apart.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let magnitude = value.abs();
    if magnitude >= 999.5 {
        return thousands(value);
    }
    let digits = match magnitude {
        m if m >= 99.95 => 0,
        m if m >= 9.995 => 1,
        m if m >= 0.9995 => 2,
        m if m >= 0.0995 => 3,
        m if m >= 0.000_995 => 4,
        _ => return format!("{value:.2e}"),
    };
    format!("{value:.digits$}")
}

/// A size: whole numbers as they are, others as figures.
pub(crate) fn size(value: f64) -> String {
    if value.is_finite() && value.fract() == 0.0 {
        return thousands(value);
    }
    figure(value)
}

fn thousands(value: f64) -> String {
    if value.abs() >= 1e12 {
        return format!("{value:.2e}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::from(if value < 0.0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{figure, size};

    #[test]
    fn sizes_are_whole_where_they_are() {
        for (value, text) in [(64.0, "64"), (4096.0, "4,096"), (2.5, "2.50"), (0.1, "0.100")] {
            assert_eq!(size(value), text);
        }
    }

    #[test]
    fn three_digits_count() {
        for (value, text) in [
            (1_234_567.4, "1,234,567"),
            (999.7, "1,000"),
            (123.4, "123"),
            (12.34, "12.3"),
            (1.234, "1.23"),
            (0.1234, "0.123"),
            (0.01234, "0.0123"),
            (1.5e-7, "1.50e-7"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
