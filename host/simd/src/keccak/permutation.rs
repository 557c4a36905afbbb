//! Keccak-f\[1600\] (FIPS 202, section 3), written once for registers of every width.

/// What step iota adds to the first word, round by round.
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Defines `permute`, one Keccak-f for each lane of `$word`, from five functions in the scope of the call:
/// `xor(a, b)`, `xor3(a, b, c)`, `rotate::<N>(a)` to the left, `chi(a, b, c)` = a ^ (!b & c), and `splat(u64)`.
/// The attributes are the instructions that they need. A macro and no generic function, because functions with
/// `target_feature` cannot be a trait's without leave for unsafe code at each of them.
macro_rules! permutation {
    ($(#[$attribute:meta])* $word:ty) => {
        /// Keccak-f\[1600\] of each lane.
        $(#[$attribute])*
        #[inline]
        fn permute(state: &mut [$word; $crate::keccak::sponge::STATE_WORDS]) {
            let mut a = *state;
            for constant in $crate::keccak::permutation::ROUND_CONSTANTS {
                // Theta: each column's parity, then into every word that of the column before and, rotated by
                // one, that of the column after.
                let c0 = xor3(xor3(a[0], a[5], a[10]), a[15], a[20]);
                let c1 = xor3(xor3(a[1], a[6], a[11]), a[16], a[21]);
                let c2 = xor3(xor3(a[2], a[7], a[12]), a[17], a[22]);
                let c3 = xor3(xor3(a[3], a[8], a[13]), a[18], a[23]);
                let c4 = xor3(xor3(a[4], a[9], a[14]), a[19], a[24]);
                let r0 = rotate::<1>(c0);
                let r1 = rotate::<1>(c1);
                let r2 = rotate::<1>(c2);
                let r3 = rotate::<1>(c3);
                let r4 = rotate::<1>(c4);
                // Rho and pi: the words of a new row come, rotated, from a diagonal. Chi makes the row of them.
                let b0 = xor3(a[0], c4, r1);
                let b1 = rotate::<44>(xor3(a[6], c0, r2));
                let b2 = rotate::<43>(xor3(a[12], c1, r3));
                let b3 = rotate::<21>(xor3(a[18], c2, r4));
                let b4 = rotate::<14>(xor3(a[24], c3, r0));
                let row0 = [
                    xor(chi(b0, b1, b2), splat(constant)), // and iota
                    chi(b1, b2, b3),
                    chi(b2, b3, b4),
                    chi(b3, b4, b0),
                    chi(b4, b0, b1),
                ];
                let b0 = rotate::<28>(xor3(a[3], c2, r4));
                let b1 = rotate::<20>(xor3(a[9], c3, r0));
                let b2 = rotate::<3>(xor3(a[10], c4, r1));
                let b3 = rotate::<45>(xor3(a[16], c0, r2));
                let b4 = rotate::<61>(xor3(a[22], c1, r3));
                let row1 = [
                    chi(b0, b1, b2),
                    chi(b1, b2, b3),
                    chi(b2, b3, b4),
                    chi(b3, b4, b0),
                    chi(b4, b0, b1),
                ];
                let b0 = rotate::<1>(xor3(a[1], c0, r2));
                let b1 = rotate::<6>(xor3(a[7], c1, r3));
                let b2 = rotate::<25>(xor3(a[13], c2, r4));
                let b3 = rotate::<8>(xor3(a[19], c3, r0));
                let b4 = rotate::<18>(xor3(a[20], c4, r1));
                let row2 = [
                    chi(b0, b1, b2),
                    chi(b1, b2, b3),
                    chi(b2, b3, b4),
                    chi(b3, b4, b0),
                    chi(b4, b0, b1),
                ];
                let b0 = rotate::<27>(xor3(a[4], c3, r0));
                let b1 = rotate::<36>(xor3(a[5], c4, r1));
                let b2 = rotate::<10>(xor3(a[11], c0, r2));
                let b3 = rotate::<15>(xor3(a[17], c1, r3));
                let b4 = rotate::<56>(xor3(a[23], c2, r4));
                let row3 = [
                    chi(b0, b1, b2),
                    chi(b1, b2, b3),
                    chi(b2, b3, b4),
                    chi(b3, b4, b0),
                    chi(b4, b0, b1),
                ];
                let b0 = rotate::<62>(xor3(a[2], c1, r3));
                let b1 = rotate::<55>(xor3(a[8], c2, r4));
                let b2 = rotate::<39>(xor3(a[14], c3, r0));
                let b3 = rotate::<41>(xor3(a[15], c4, r1));
                let b4 = rotate::<2>(xor3(a[21], c0, r2));
                let row4 = [
                    chi(b0, b1, b2),
                    chi(b1, b2, b3),
                    chi(b2, b3, b4),
                    chi(b3, b4, b0),
                    chi(b4, b0, b1),
                ];
                a[..5].copy_from_slice(&row0);
                a[5..10].copy_from_slice(&row1);
                a[10..15].copy_from_slice(&row2);
                a[15..20].copy_from_slice(&row3);
                a[20..].copy_from_slice(&row4);
            }
            *state = a;
        }
    };
}

pub(super) use permutation;
