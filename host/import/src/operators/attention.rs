//! Attention as one operator: ONNX's from opset 23 on, and those that ONNX Runtime's optimiser makes of a transformer.
//! Each becomes the products, masks and Softmax that it stands for.

mod embedding;
mod heads;
mod microsoft;
mod rotary;

pub(super) use embedding::layer as embedding_layer;
pub(super) use microsoft::{attention as packed, multi_head, quantised};
pub(super) use rotary::{microsoft as microsoft_rotary, rotary};

use super::make::{Maker, broadcast, numeric};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::typed::{Arg, Element};
use heads::{Heads, Scores, joined, masked, split, with_past};

/// Opset 23. Operands: q, k, v, a mask, past k and v; results: y, present k and v, the scores.
pub(super) fn attention(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(3, 7, "3 to 6")?;
    if call.optional(6).is_some() {
        return Err(Problem::Unsupported(
            "lengths of the key as an operand are not supported; export it with a mask".to_string(),
        ));
    }
    for name in ["left_window_size", "right_window_size"] {
        if call.attributes.int(name, -1)? != -1 {
            return Err(wrong(
                name,
                "sliding windows are not supported; export it with a mask",
            ));
        }
    }
    // How runtimes compute Softmax; here it has 15 bits whatever they do.
    call.attributes.int("softmax_precision", 0)?;
    let mode = call.attributes.int("qk_matmul_output_mode", 0)?;
    let softcap = call.attributes.float("softcap", 0.0)?;
    let causal = call.attributes.flag("is_causal", false)?;
    let scale = call.attributes.float_if_any("scale")?;
    let numbers = [
        call.attributes.int_if_any("q_num_heads")?,
        call.attributes.int_if_any("kv_num_heads")?,
    ];
    let operands = [
        call.real(b, 0)?.clone(),
        call.real(b, 1)?.clone(),
        call.real(b, 2)?.clone(),
    ];
    let mask = match call.optional(3) {
        Some(_) => Some(numeric(b, call, 3)?),
        None => None,
    };
    let past = heads::past(b, call, 4)?;
    let m = &mut Maker::new(b, call);
    let flat = m.dims(&operands[0]).len() == 3;
    let [q, k, v] = operands;
    let [q, k, v] = if flat {
        let [Some(of_q), Some(of_kv)] = numbers else {
            return Err(wrong(
                "q_num_heads",
                "operands of three dimensions need it and kv_num_heads",
            ));
        };
        [split(m, q, of_q)?, split(m, k, of_kv)?, split(m, v, of_kv)?]
    } else {
        [q, k, v]
    };
    let (k, v, before) = with_past(m, k, v, past)?;
    let heads = Heads::of(m, &q, &k, &v)?;
    let mut scores = Scores {
        scale,
        softcap: (softcap > 0.0).then_some(softcap),
        masks: Vec::new(),
    };
    if let Some(mask) = mask {
        let mask = match m.element(&mask) {
            Element::Real => mask,
            _ => masked(m, mask, f32::MIN)?,
        };
        let (own, all) = (m.dims(&mask), heads.scores());
        if broadcast(&own, &all).ok().as_ref() != Some(&all) {
            return Err(Problem::Shape(format!("a mask {own:?} for scores {all:?}")));
        }
        scores.masks.push(mask);
    }
    if causal {
        scores.masks.push(heads.causal(m, before, f32::MIN)?);
    }
    let (y, product) = heads.attend(m, q, k.clone(), v.clone(), &scores)?;
    let y = if flat { joined(m, y)? } else { y };
    Ok(vec![Some(y), Some(k), Some(v), (mode == 0).then_some(product)])
}

#[cfg(test)]
mod tests {
    #[test]
    fn attention_agrees_with_onnx_runtime() {
        crate::float::cases::check("attention");
    }
}
