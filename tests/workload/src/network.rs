use crate::Digit;
use alloy_primitives::Bytes;

/// Which network a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// 64 → 32 → 10; takes the pixels as they are.
    Mlp,
    /// Two convolutions and a dense layer; takes signed bytes.
    Cnn,
}

impl Network {
    /// A digit as the input of this network: quantised as its file says, exactly.
    pub fn input(self, digit: &Digit) -> Bytes {
        match self {
            Self::Mlp => Bytes::copy_from_slice(digit.pixels),
            Self::Cnn => {
                let quantise = |pixel: &u8| (8 * i16::from(*pixel) - 128) as i8 as u8;
                digit.pixels.iter().map(quantise).collect()
            }
        }
    }

    /// Its file in models/digits.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Mlp => "mlp_qdq.onnx",
            Self::Cnn => "cnn_qdq.onnx",
        }
    }

    /// The bytes of its file.
    pub(crate) const fn onnx(self) -> &'static [u8] {
        match self {
            Self::Mlp => include_bytes!("../../../models/digits/mlp_qdq.onnx"),
            Self::Cnn => include_bytes!("../../../models/digits/cnn_qdq.onnx"),
        }
    }
}
