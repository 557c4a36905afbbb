//! Choosing a token from logits, in integers.
//!
//! The greatest logit is the most likely token. Of every other the gap to it says how much less likely it is: a
//! gap of one octave halves the weight. The weights of all tokens that take part are added up, a number below the sum is
//! drawn from the seed and the position, and the token in whose part of the sum it falls is taken.

use crate::bundle::keccak256;
use alloc::vec::Vec;

/// A temperature of 1, at which tokens are as likely as the model says.
pub const TEMPERATURE_ONE: u32 = 1 << ONE_BITS;
/// Its logarithm to base 2.
const ONE_BITS: u8 = 16;
/// The greatest temperature: 64, where all tokens are about as likely as each other.
pub const MAX_TEMPERATURE: u32 = 64 << ONE_BITS;

/// Parts of an octave that weights tell apart: neighbours differ by 0.27 %.
const OCTAVE: u64 = 256;
/// Octaves below the most likely token at which nothing is left of a weight of 32 bits.
const OCTAVES: u64 = 32;

/// How steps of logits become octaves: `gap · multiplier / 2^shift` is in 256ths of an octave, at a temperature of 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// From 1 to 2^31 − 1.
    pub multiplier: u32,
    /// From 0 to 62.
    pub shift: u8,
}

impl Sampling {
    /// Whether both are in their ranges.
    pub(super) const fn check(self) -> Result<(), &'static str> {
        if self.multiplier == 0 || self.multiplier > i32::MAX as u32 || self.shift > 62 {
            return Err("the multiplier of its logits is 1 to 2^31 - 1, the shift at most 62");
        }
        Ok(())
    }

    /// The weight of a token whose logit is so much below the greatest one; 2^31 for none.
    fn weight(self, gap: u64, temperature: u32) -> u64 {
        // In 64 bits, for the speed of one division: gaps have 32 bits and multipliers 31. A temperature of 1 is 2^16,
        // so that less than 16 of the shift are left after it, or a product that is shifted up. What does not fit then
        // has 2^64 / 2^23 steps at least, far more than any weight is left of.
        let product = gap * u64::from(self.multiplier);
        let (down, up) = match self.shift.checked_sub(ONE_BITS) {
            Some(down) => (down, 0),
            None => (0, ONE_BITS - self.shift),
        };
        if product.leading_zeros() < u32::from(up) {
            return 0;
        }
        let steps = ((product >> down) << up) / u64::from(temperature.max(1));
        let octaves = steps / OCTAVE;
        if octaves >= OCTAVES {
            return 0;
        }
        u64::from(WEIGHTS[(steps % OCTAVE) as usize]) >> octaves
    }

    /// The token that follows. With a temperature of 0, or one token to choose from, that is the one with the greatest
    /// logit, of several the one with the lowest number. `position` is how many tokens come before the one that is
    /// chosen, so that a text that is continued later goes on as it would have.
    ///
    /// # Panics
    /// If there are no logits.
    pub fn choose(self, logits: &[i32], temperature: u32, top_k: u32, seed: &[u8; 32], position: u32) -> u32 {
        let best = greatest(logits);
        if temperature == 0 || top_k == 1 {
            return best as u32;
        }
        let most = i64::from(logits[best]);
        let gap = |token: usize| (most - i64::from(logits[token])) as u64;
        let kept = kept(logits, top_k);
        let weights: Vec<u64> = kept
            .iter()
            .map(|&token| self.weight(gap(token), temperature))
            .collect();
        // At most 2^24 weights of 2^31: the sum has 56 bits. It is 2^31 at least, the weight of the greatest.
        let sum: u64 = weights.iter().sum();
        let digest = keccak256(&[seed, &u64::from(position).to_le_bytes()]);
        let drawn = u64::from_le_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ]);
        let mut left = ((u128::from(drawn) * u128::from(sum)) >> 64) as u64;
        for (&token, &weight) in kept.iter().zip(&weights) {
            if left < weight {
                return token as u32;
            }
            left -= weight;
        }
        best as u32
    }
}

/// Where the greatest logit is; of several the first.
fn greatest(logits: &[i32]) -> usize {
    let mut best = 0;
    for (at, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = at;
        }
    }
    best
}

/// The tokens that take part, rising: the `top_k` with the greatest logits, of equal ones those with the lower numbers.
fn kept(logits: &[i32], top_k: u32) -> Vec<usize> {
    let count = top_k as usize;
    if count == 0 || count >= logits.len() {
        return (0..logits.len()).collect();
    }
    let mut order = logits.to_vec();
    let (_, &mut least, _) = order.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
    // All that are greater take part, and of those equal to the least as many as there is room for.
    let mut room = count - logits.iter().filter(|&&logit| logit > least).count();
    let mut kept = Vec::with_capacity(count);
    for (token, &logit) in logits.iter().enumerate() {
        let equal = logit == least && room > 0;
        room -= usize::from(equal);
        if logit > least || equal {
            kept.push(token);
        }
    }
    kept
}

/// `⌊2^(31 − i/256)⌋` for i from 0 to 255.
#[rustfmt::skip]
const WEIGHTS: [u32; OCTAVE as usize] = [
    0x8000_0000, 0x7fa7_65ac, 0x7f4f_08ae, 0x7ef6_e8da, 0x7e9f_0606, 0x7e47_6008, 0x7def_f6b6, 0x7d98_c9e6,
    0x7d41_d96d, 0x7ceb_2523, 0x7c94_acdd, 0x7c3e_7072, 0x7be8_6fb9, 0x7b92_aa88, 0x7b3d_20b6, 0x7ae7_d219,
    0x7a92_be8a, 0x7a3d_e5df, 0x79e9_47ef, 0x7994_e491, 0x7940_bb9e, 0x78ec_ccec, 0x7899_1853, 0x7845_9dac,
    0x77f2_5ccd, 0x779f_5590, 0x774c_87cc, 0x76f9_f358, 0x76a7_980f, 0x7655_75c7, 0x7603_8c5b, 0x75b1_dba1,
    0x7560_6373, 0x750f_23ab, 0x74be_1c20, 0x746d_4cac, 0x741c_b528, 0x73cc_556d, 0x737c_2d55, 0x732c_3cb9,
    0x72dc_8373, 0x728d_015d, 0x723d_b650, 0x71ee_a226, 0x719f_c4b9, 0x7151_1de3, 0x7102_ad7f, 0x70b4_7367,
    0x7066_6f76, 0x7018_a185, 0x6fcb_096f, 0x6f7d_a70f, 0x6f30_7a41, 0x6ee3_82de, 0x6e96_c0c2, 0x6e4a_33c8,
    0x6dfd_dbcb, 0x6db1_b8a7, 0x6d65_ca37, 0x6d1a_1056, 0x6cce_8ae1, 0x6c83_39b2, 0x6c38_1ca6, 0x6bed_3398,
    0x6ba2_7e65, 0x6b57_fce8, 0x6b0d_aeff, 0x6ac3_9484, 0x6a79_ad55, 0x6a2f_f94f, 0x69e6_784c, 0x699d_2a2b,
    0x6954_0ec8, 0x690b_2601, 0x68c2_6fb1, 0x6879_ebb6, 0x6831_99ed, 0x67e9_7a34, 0x67a1_8c67, 0x6759_d065,
    0x6712_460a, 0x66ca_ed35, 0x6683_c5c3, 0x663c_cf91, 0x65f6_0a7f, 0x65af_7669, 0x6569_132f, 0x6522_e0ad,
    0x64dc_dec3, 0x6497_0d4e, 0x6451_6c2e, 0x640b_fb40, 0x63c6_ba64, 0x6381_a978, 0x633c_c85a, 0x62f8_16eb,
    0x62b3_9508, 0x626f_4291, 0x622b_1f66, 0x61e7_2b64, 0x61a3_666d, 0x615f_d05e, 0x611c_6918, 0x60d9_307a,
    0x6096_2665, 0x6053_4ab7, 0x6010_9d50, 0x5fce_1e12, 0x5f8b_ccdb, 0x5f49_a98b, 0x5f07_b404, 0x5ec5_ec25,
    0x5e84_51cf, 0x5e42_e4e2, 0x5e01_a53f, 0x5dc0_92c6, 0x5d7f_ad59, 0x5d3e_f4d7, 0x5cfe_6922, 0x5cbe_0a1b,
    0x5c7d_d7a3, 0x5c3d_d19b, 0x5bfd_f7e5, 0x5bbe_4a61, 0x5b7e_c8f1, 0x5b3f_7377, 0x5b00_49d4, 0x5ac1_4be9,
    0x5a82_7999, 0x5a43_d2c6, 0x5a05_5751, 0x59c7_071c, 0x5988_e209, 0x594a_e7fa, 0x590d_18d3, 0x58cf_7474,
    0x5891_fac0, 0x5854_ab9b, 0x5817_86e5, 0x57da_8c83, 0x579d_bc56, 0x5761_1642, 0x5724_9a29, 0x56e8_47ee,
    0x56ac_1f75, 0x5670_209f, 0x5634_4b52, 0x55f8_9f6f, 0x55bd_1cda, 0x5581_c377, 0x5546_9329, 0x550b_8bd3,
    0x54d0_ad5a, 0x5495_f7a0, 0x545b_6a8b, 0x5421_05fd, 0x53e6_c9da, 0x53ac_b607, 0x5372_ca67, 0x5339_06e0,
    0x52ff_6b54, 0x52c5_f7a9, 0x528c_abc3, 0x5253_8786, 0x521a_8ad7, 0x51e1_b59a, 0x51a9_07b4, 0x5170_810a,
    0x5138_2181, 0x50ff_e8fe, 0x50c7_d765, 0x508f_ec9c, 0x5058_2887, 0x5020_8b0d, 0x4fe9_1412, 0x4fb1_c37c,
    0x4f7a_9930, 0x4f43_9513, 0x4f0c_b70c, 0x4ed5_feff, 0x4e9f_6cd3, 0x4e69_006d, 0x4e32_b9b4, 0x4dfc_988c,
    0x4dc6_9cdc, 0x4d90_c68b, 0x4d5b_157e, 0x4d25_899b, 0x4cf0_22c9, 0x4cba_e0ee, 0x4c85_c3f1, 0x4c50_cbb7,
    0x4c1b_f828, 0x4be7_492a, 0x4bb2_bea4, 0x4b7e_587d, 0x4b4a_169b, 0x4b15_f8e5, 0x4ae1_ff43, 0x4aae_299b,
    0x4a7a_77d4, 0x4a46_e9d6, 0x4a13_7f87, 0x49e0_38d0, 0x49ad_1597, 0x497a_15c4, 0x4947_393e, 0x4914_7fee,
    0x48e1_e9b9, 0x48af_7689, 0x487d_2645, 0x484a_f8d5, 0x4818_ee21, 0x47e7_0610, 0x47b5_408b, 0x4783_9d7a,
    0x4752_1cc5, 0x4720_be54, 0x46ef_8210, 0x46be_67e0, 0x468d_6fad, 0x465c_9960, 0x462b_e4e2, 0x45fb_521a,
    0x45ca_e0f1, 0x459a_9151, 0x456a_6322, 0x453a_564d, 0x450a_6aba, 0x44da_a053, 0x44aa_f701, 0x447b_6ead,
    0x444c_0740, 0x441c_c0a3, 0x43ed_9abf, 0x43be_957f, 0x438f_b0cb, 0x4360_ec8c, 0x4332_48ad, 0x4303_c517,
    0x42d5_61b3, 0x42a7_1e6c, 0x4278_fb2b, 0x424a_f7d9, 0x421d_1461, 0x41ef_50ad, 0x41c1_aca7, 0x4194_2838,
    0x4166_c34c, 0x4139_7dcb, 0x410c_57a1, 0x40df_50b8, 0x40b2_68f9, 0x4085_a050, 0x4058_f6a7, 0x402c_6be9,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// One octave is 256 steps.
    const PLAIN: Sampling = Sampling {
        multiplier: 1,
        shift: 0,
    };

    #[test]
    fn weights_are_powers_of_two() {
        // w = ⌊2^(31 − i/256)⌋ if and only if w^256 ≤ 2^(31·256 − i) < (w + 1)^256; logarithms by repeated squaring of
        // 64-bit mantissas give both sides far more exactly than they lie apart.
        let log2 = |x: u64| {
            let whole = 63 - x.leading_zeros();
            let mut mantissa = u128::from(x) << (63 - whole);
            let mut fraction = 0u64;
            for _ in 0..40 {
                mantissa = (mantissa * mantissa) >> 63;
                fraction <<= 1;
                if mantissa >> 64 != 0 {
                    mantissa >>= 1;
                    fraction |= 1;
                }
            }
            (u64::from(whole) << 40) + fraction
        };
        for (i, &weight) in WEIGHTS.iter().enumerate() {
            let exact = (31u64 << 40) - ((i as u64) << 32);
            assert!(log2(weight.into()) <= exact, "{i}");
            assert!(log2(u64::from(weight) + 1) >= exact, "{i}");
        }
        assert_eq!(WEIGHTS[0], 1 << 31);
    }

    #[test]
    fn greedy_takes_the_first_of_the_greatest() {
        assert_eq!(PLAIN.choose(&[1, 9, 9, -4], 0, 0, &[0; 32], 5), 1);
        assert_eq!(PLAIN.choose(&[i32::MIN, i32::MAX], 0, 0, &[0; 32], 0), 1);
        assert_eq!(PLAIN.choose(&[3, 9, 9], TEMPERATURE_ONE, 1, &[7; 32], 0), 1);
    }

    #[test]
    fn tokens_come_as_often_as_their_weights_say() {
        // Octaves below the greatest: 0, 1, 2, 3 and far away.
        let logits = [0, -256, -512, -768, -100_000];
        let mut seen = [0u32; 5];
        for position in 0..30_000 {
            seen[PLAIN.choose(&logits, TEMPERATURE_ONE, 0, &[3; 32], position) as usize] += 1;
        }
        let expected = [16_000, 8_000, 4_000, 2_000, 0];
        for (seen, expected) in seen.iter().zip(expected) {
            assert!(seen.abs_diff(expected) <= 500, "{seen} for {expected}");
        }
    }

    #[test]
    fn half_the_temperature_doubles_the_gaps() {
        let weight = |gap, temperature| PLAIN.weight(gap, temperature);
        assert_eq!(weight(256, TEMPERATURE_ONE / 2), 1 << 29);
        assert_eq!(weight(256, TEMPERATURE_ONE * 2), u64::from(WEIGHTS[128]));
        assert_eq!(weight(u64::from(u32::MAX), 1), 0);
        assert_eq!(weight(0, 1), 1 << 31);
    }

    #[test]
    fn only_the_most_likely_take_part() {
        let logits = [5, 7, 7, 6, 7];
        assert_eq!(kept(&logits, 2), [1, 2]);
        assert_eq!(kept(&logits, 4), [1, 2, 3, 4]);
        assert_eq!(kept(&logits, 0), [0, 1, 2, 3, 4]);
        assert_eq!(kept(&logits, 9), [0, 1, 2, 3, 4]);
        for position in 0..200 {
            let token = PLAIN.choose(&logits, MAX_TEMPERATURE, 2, &[1; 32], position);
            assert!(token == 1 || token == 2);
        }
    }

    /// Numbers that jump about.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 1u64;
        core::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state ^ (state >> 29)
        })
    }

    #[test]
    fn weights_are_those_of_whole_products() {
        let mut numbers = numbers();
        let mut below = |bits: u64| numbers.next().map_or(0, |n| (n >> 20) & ((1 << bits) - 1));
        for round in 0..200_000 {
            let sampling = Sampling {
                multiplier: 1 + (below(31) as u32 >> (round % 31)).min(i32::MAX as u32 - 1),
                shift: (below(16) % 63) as u8,
            };
            let (gap, temperature) = (below(32) >> (round % 32), below(23) as u32 >> (round % 23));
            let whole = (u128::from(gap) * u128::from(sampling.multiplier)) << 16;
            let steps = (whole >> sampling.shift) / u128::from(temperature.max(1));
            let expected = match u32::try_from(steps / 256) {
                Ok(octaves @ 0..32) => u64::from(WEIGHTS[(steps % 256) as usize]) >> octaves,
                _ => 0,
            };
            assert_eq!(
                sampling.weight(gap, temperature),
                expected,
                "{sampling:?} {gap} {temperature}"
            );
        }
    }

    #[test]
    fn those_that_take_part_come_first_in_order() {
        let mut numbers = numbers();
        for length in 1..60 {
            let logits: Vec<i32> = numbers
                .by_ref()
                .take(length)
                .map(|n| (n >> 30) as i32 % 7)
                .collect();
            for top_k in 0..length as u32 + 2 {
                let mut order: Vec<usize> = (0..length).collect();
                order.sort_by_key(|&token| (core::cmp::Reverse(logits[token]), token));
                if top_k > 0 {
                    order.truncate(top_k as usize);
                }
                order.sort_unstable();
                assert_eq!(kept(&logits, top_k), order, "{logits:?} {top_k}");
            }
        }
    }
}
