//! Element types, and what is said of those that are not taken.

use super::*;

/// As NumPy writes it, but for the padding.
fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
}

#[test]
fn half_precision_is_taken_exactly() {
    let bits = [0x3c00_u16, 0xc000, 0x0001, 0x7bff].map(u16::to_le_bytes);
    let numbers = read_numbers(&file("<f2", "(2, 2)", bits.as_flattened())).unwrap();
    assert_eq!(numbers.shape, [2, 2]);
    assert_eq!(numbers.data, [1.0, -2.0, 2f64.powi(-24), 65504.0]);
    let array = numbers.to_array().unwrap();
    assert_eq!(array.data(), [1.0, -2.0, 2f32.powi(-24), 65504.0]);
}

#[test]
fn what_to_do_fits_what_is_wrong() {
    let said = |descr: &str, data: &[u8]| {
        let refused = read_numbers(&file(descr, "(1,)", data)).unwrap_err();
        refused.to_string()
    };
    assert!(said("|O", &[0; 8]).contains("Python objects"));
    assert!(said(">f4", &[0; 4]).contains("little-endian"));
    assert!(said("<U1", &[0; 4]).contains("texts"));
    assert!(said("<f2", &[0x00, 0x7e]).contains("element 0 is NaN"));
    for (descr, data) in [("|O", &[0; 8][..]), ("<f4", &f32::NAN.to_le_bytes())] {
        assert!(!said(descr, data).contains("little-endian"), "{descr}");
    }
    let beyond = said("<i8", &i64::MAX.to_le_bytes());
    assert!(
        beyond.contains("beyond 2^53") && beyond.contains("float64"),
        "{beyond}"
    );
    let float = read_integers(&file("<f4", "(1,)", &[0; 4])).unwrap_err();
    assert!(float.to_string().contains("quantise it first"), "{float}");
}
