//! MatMulNBits of ONNX Runtime: weights of a few bits, a scale for each block of what is summed over.

use super::make::Maker;
use super::product::product;
use super::quantisation::sound_scales;
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::constant::{Constant, Data};
use crate::error::Problem;
use crate::typed::{Arg, Operator};

/// The layout of a weight.
struct Layout {
    /// Rows of the weight as it is stored: columns of the result.
    columns: usize,
    /// What is summed over.
    k: usize,
    bits: usize,
    block: usize,
}

impl Layout {
    const fn blocks(&self) -> usize {
        self.k.div_ceil(self.block)
    }

    /// Number `index` of a packed list, the lowest bits first.
    fn unpacked(&self, bytes: &[u8], index: usize) -> u8 {
        let per_byte = 8 / self.bits;
        let byte = bytes.get(index / per_byte).copied().unwrap_or(0);
        let mask = if self.bits == 8 { 255 } else { (1 << self.bits) - 1 };
        (byte >> (index % per_byte * self.bits)) & mask
    }
}

pub(super) fn mat_mul(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(3, 6, "3 to 6")?;
    // How exact a runtime's kernel may be.
    call.attributes.int("accuracy_level", 0)?;
    if call.optional(4).is_some() {
        return Err(Problem::Unsupported(
            "an order of groups (g_idx) is not supported; export without it".to_string(),
        ));
    }
    let size = |name: &'static str| {
        let value = call.attributes.int(name, 0)?;
        let size = u32::try_from(value).ok().filter(|&v| v > 0 && v <= 1 << 26);
        size.map(|v| v as usize)
            .ok_or_else(|| wrong(name, format!("it is {value}")))
    };
    let bits = call.attributes.int("bits", 4)?;
    let layout = Layout {
        columns: size("N")?,
        k: size("K")?,
        block: size("block_size")?,
        bits: match bits {
            2 | 4 | 8 => bits as usize,
            _ => return Err(wrong("bits", format!("{bits} is none of 2, 4 and 8"))),
        },
    };
    let x = call.real(b, 0)?.clone();
    let w = weight(b, call, &layout)?;
    let m = &mut Maker::new(b, call);
    let y = product(m, x, w)?;
    match call.optional(5) {
        Some(bias) => {
            let bias = bias.clone();
            m.pair(Operator::Add, y, bias)
        }
        None => Ok(y),
    }
}

/// The weight `[K,N]` in real numbers: blocks lie across what a product sums over, where one scale a column is needed.
fn weight(b: &mut Builder, call: &Call<'_>, layout: &Layout) -> Result<Arg, Problem> {
    let packed = call.needed(1, "the weight")?;
    let Data::U8(bytes) = &*packed.data else {
        return Err(Problem::UnsupportedType {
            actual: packed.type_name().to_string(),
            expected: "a packed weight is UINT8",
        });
    };
    let blocks = layout.blocks();
    let count = layout.columns.saturating_mul(blocks);
    let block_bytes = (layout.block * layout.bits).div_ceil(8);
    let scale = call.needed(2, "the scale")?;
    if count.saturating_mul(block_bytes) != bytes.len() || scale.len() != count {
        return Err(Problem::Shape(format!(
            "a weight of {} bytes and {} scales for {} columns of {blocks} blocks of {block_bytes} bytes",
            bytes.len(),
            scale.len(),
            layout.columns,
        )));
    }
    let elements = layout.columns.saturating_mul(layout.k);
    b.folds(elements)?;
    let scales = sound_scales(scale)?;
    let zeros = zeros(call, layout)?;
    let mut data = vec![0f32; elements];
    for column in 0..layout.columns {
        for row in 0..layout.k {
            let at = column * blocks + row / layout.block;
            let own = &bytes[at * block_bytes..][..block_bytes];
            let value = f32::from(layout.unpacked(own, row % layout.block));
            data[row * layout.columns + column] = (value - zeros[at]) * scales[at];
        }
    }
    let dims = vec![layout.k as u32, layout.columns as u32];
    let constant = Constant::new(&packed.name, dims, Data::F32(data))?;
    constant.finite()?;
    Ok(Arg::Constant(constant))
}

/// A zero point for each block: packed as the weights are with each column on bytes of its own, or real numbers, or the
/// middle.
fn zeros(call: &Call<'_>, layout: &Layout) -> Result<Vec<f32>, Problem> {
    let blocks = layout.blocks();
    let count = layout.columns * blocks;
    let Some(zero) = call.constant(3, "the zero point")? else {
        return Ok(vec![f32::from(1u8 << (layout.bits - 1)); count]);
    };
    let row_bytes = (blocks * layout.bits).div_ceil(8);
    match &*zero.data {
        Data::U8(bytes) if !zero.is_float() && bytes.len() == layout.columns * row_bytes => {
            let of = |i: usize| layout.unpacked(&bytes[i / blocks * row_bytes..][..row_bytes], i % blocks);
            Ok((0..count).map(|i| of(i).into()).collect())
        }
        Data::F32(_) if zero.len() == count => zero.finite(),
        _ => Err(Problem::ZeroPoint(format!(
            "{} numbers of type {} for {count} blocks",
            zero.len(),
            zero.type_name()
        ))),
    }
}
