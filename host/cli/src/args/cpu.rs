//! Options of the cpu backend.

use metisvm_simd::Level;
use std::num::NonZeroU32;

/// What of `--cpu-level` and `--audit` does nothing, where the cpu backend is none of those in use.
pub(super) fn idle(level: Option<Level>, audit: Option<NonZeroU32>) -> Option<String> {
    let given = [("--cpu-level", level.is_some()), ("--audit", audit.is_some())];
    let (option, _) = given.into_iter().find(|(_, given)| *given)?;
    Some(format!("{option} does nothing here: add cpu to --backend"))
}

/// A share, written 1/N.
pub(super) fn audit(text: &str) -> Result<NonZeroU32, String> {
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let denominator = text.strip_prefix("1/").filter(digits);
    let denominator = denominator
        .ok_or_else(|| "it is written 1/N, as 1/64 for one inference in 64; 1/1 is every one".to_owned())?;
    denominator.parse().map_err(|_| {
        let most = NonZeroU32::MAX;
        format!("N of 1/N is a number from 1 to {most}; 1/1 is every inference")
    })
}

#[cfg(test)]
mod tests {
    use super::audit;

    #[test]
    fn share_is_one_of_a_number_within_bounds() {
        for (text, denominator) in [("1/1", 1), ("1/64", 64), ("1/4294967295", u32::MAX)] {
            assert_eq!(audit(text).map(u32::from), Ok(denominator));
        }
        for text in ["1/0", "1/000", "1/4294967296", "1/99999999999999999999999"] {
            let said = audit(text).unwrap_err();
            assert!(said.contains("from 1 to 4294967295"), "{text}: {said}");
        }
        for text in ["", "1/", "64", "2/3", "1/x", "1/-1", "1/+1", "1/1.5", " 1/2"] {
            let said = audit(text).unwrap_err();
            assert!(said.contains("written 1/N"), "{text}: {said}");
        }
    }
}
