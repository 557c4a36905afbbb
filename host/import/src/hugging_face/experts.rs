//! A mixture of experts: which of them a token goes to, and what they give.
//!
//! Every expert is computed for every token, and those that a token does not go to count nothing: a graph takes the
//! same steps for every input. The products of several experts are one product, whose columns are theirs side by side.

use super::config::Config;
use super::error::FolderError;
use super::writer::{Attr, T, Writer, elements};
use serde_json::json;
use std::borrow::Cow;
use std::ops::Range;

/// How many rows the last product of several experts has at most: it bounds what one sum adds up.
const MAX_ROWS: usize = 8192;

/// How a token's experts are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// DeepSeek V2: the greatest probabilities; of groups those whose greatest is greatest.
    Softmax,
    /// DeepSeek V3: the greatest sigmoids, each with a bias that has no part in the result; of groups those whose two
    /// greatest have the greatest sum.
    Sigmoid,
}

/// The experts of a model.
pub(super) struct Experts {
    choice: Choice,
    count: usize,
    chosen: usize,
    /// Groups, and how many of them a token's experts may be in, where that is not all.
    groups: Option<(usize, usize)>,
    normalised: bool,
    factor: f64,
    inner: usize,
    /// Experts that every token goes to, and whether they have biases.
    shared: usize,
    shared_biased: bool,
}

impl Experts {
    /// `sigmoid` is DeepSeek V3's choice.
    pub(super) fn new(config: &Config<'_>, sigmoid: bool, shared_biased: bool) -> Result<Self, FolderError> {
        let (choice, method, scoring) = match sigmoid {
            true => (Choice::Sigmoid, "noaux_tc", "sigmoid"),
            false => (Choice::Softmax, "greedy", "softmax"),
        };
        config.only("scoring_func", &[json!(scoring)], "other scores are not taken")?;
        config.only(
            "moe_layer_freq",
            &[json!(1)],
            "layers with and without experts in turn are not taken",
        )?;
        let method = config.text_or("topk_method", method)?;
        let grouped = match (choice, method) {
            (Choice::Sigmoid, "noaux_tc") | (Choice::Softmax, "group_limited_greedy") => true,
            (Choice::Softmax, "greedy") => false,
            _ => return Err(config.refused("topk_method", "this way to choose experts is not taken")),
        };
        let normalised = config.flag_or("norm_topk_prob", sigmoid)?;
        if normalised && !sigmoid {
            return Err(config.refused("norm_topk_prob", "of this model type transformers does not do it"));
        }
        let count = config.size("n_routed_experts")?;
        let chosen = config.size("num_experts_per_tok")?;
        if chosen > count {
            return Err(config.refused(
                "num_experts_per_tok",
                "there are fewer experts (n_routed_experts)",
            ));
        }
        let mut groups = None;
        if config.has("n_group") && config.has("topk_group") {
            let number = config.divisor("n_group", "n_routed_experts", count)?;
            let most = config.size("topk_group")?;
            if most > number || most * (count / number) < chosen {
                return Err(config.refused(
                    "topk_group",
                    "so few groups do not have as many experts as a token takes",
                ));
            }
            if grouped && most < number {
                groups = Some((number, most));
            }
        }
        Ok(Self {
            choice,
            count,
            chosen,
            groups,
            normalised,
            factor: config.number_or("routed_scaling_factor", if sigmoid { 2.5 } else { 1.0 })?,
            inner: config.size("moe_intermediate_size")?,
            shared: shared(config)?,
            shared_biased,
        })
    }

    /// What the experts give for `[1, rows, width]`.
    pub(super) fn apply(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        x: &T,
        [rows, width]: [usize; 2],
        activation: (&Config<'_>, &str, &str),
    ) -> Result<T, FolderError> {
        let gates = self.gates(w, &format!("{path}.gate"), x, [rows, width])?;
        let (config, key, name) = activation;
        let together = (MAX_ROWS / self.inner).clamp(1, self.count);
        let stored = Stored::new(w, path, self.count, width, self.inner)?;
        let mut sum: Option<T> = None;
        for first in (0..self.count).step_by(together) {
            let some = first..(first + together).min(self.count);
            let (number, columns) = (some.len(), some.len() * self.inner);
            let [gate, up, down] = self.weights(w, path, &stored, some.clone(), width)?;
            w.at(format!("{path}.experts.gate_proj"));
            let gate = w.matmul(x, &gate);
            let gate = w.activation(config, key, name, &gate)?;
            w.at(format!("{path}.experts.up_proj"));
            let up = w.matmul(x, &up);
            w.at(format!("{path}.experts"));
            let y = w.mul(&gate, &up);
            let y = w.reshape(&y, &[1, rows, number, self.inner])?;
            let part = match number == self.count {
                true => gates.clone(),
                false => w.slice(&gates, 2, some.start, some.end)?,
            };
            let part = w.reshape(&part, &[1, rows, number, 1])?;
            let y = w.mul(&y, &part);
            let y = w.reshape(&y, &[1, rows, columns])?;
            w.at(format!("{path}.experts.down_proj"));
            let y = w.matmul(&y, &down);
            sum = Some(match sum {
                Some(sum) => w.add(&sum, &y),
                None => y,
            });
        }
        let mut all = sum.unwrap_or_else(|| x.clone());
        if self.shared > 0 {
            let extents = [width, self.inner * self.shared];
            let shared = w.gated(
                &format!("{path}.shared_experts"),
                x,
                extents,
                self.shared_biased,
                activation,
            )?;
            w.at(path);
            all = w.add(&all, &shared);
        }
        Ok(all)
    }

    /// What each expert counts for each token, `[1, rows, experts]`: 0 for those that it does not go to.
    fn gates(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        x: &T,
        [rows, width]: [usize; 2],
    ) -> Result<T, FolderError> {
        let logits = w.linear(path, x, [width, self.count], false)?;
        let (mut scores, mut choice);
        // What is lower than any expert that may be chosen.
        let low;
        match self.choice {
            Choice::Softmax => {
                scores = w.softmax(&logits);
                choice = scores.clone();
                low = 0.0;
            }
            Choice::Sigmoid => {
                scores = w.node("Sigmoid", &[&logits], &[]);
                let name = format!("{path}.e_score_correction_bias");
                let numbers = w.tensors().read(&name, &[self.count])?;
                let least = numbers.iter().copied().fold(0.0, f32::min);
                low = least - 1.0;
                let bias = w.weight(&name, &[self.count])?;
                choice = w.named("biased", "Add", &[&scores, &bias], &[]);
            }
        }
        if let Some((number, most)) = self.groups {
            let open = self.open(w, &choice, rows, number, most)?;
            let low = w.f32(low)?;
            choice = w.node("Where", &[&open, &choice, &low], &[]);
            if self.choice == Choice::Softmax {
                scores = choice.clone();
            }
        }
        let chosen = greatest(w, &choice, self.chosen, self.count)?;
        let mut gates = w.mul(&scores, &chosen);
        if self.normalised {
            let last = w.list(&[-1])?;
            let sum = w.node("ReduceSum", &[&gates, &last], &[Attr::Int("keepdims", 1)]);
            // As transformers keeps the quotient from being one by zero.
            let tiny = w.f32(1e-20)?;
            let sum = w.add(&sum, &tiny);
            gates = w.node("Div", &[&gates, &sum], &[]);
        }
        w.scale(&gates, self.factor)
    }

    /// Whether each expert is in a group that a token may go to, `[1, rows, experts]`.
    fn open(
        &self,
        w: &mut Writer<'_>,
        choice: &T,
        rows: usize,
        number: usize,
        most: usize,
    ) -> Result<T, FolderError> {
        let size = self.count / number;
        let grouped = w.reshape(choice, &[1, rows, number, size])?;
        let last = w.list(&[-1])?;
        let flat = [Attr::Int("keepdims", 0)];
        let scores = match self.choice {
            Choice::Softmax => w.node("ReduceMax", &[&grouped, &last], &flat),
            Choice::Sigmoid => {
                let two = w.list(&[2.min(size as i64)])?;
                let best = w.nodes("TopK", &[&grouped, &two], &[], 2);
                w.node("ReduceSum", &[&best[0], &last], &flat)
            }
        };
        let open = greatest(w, &scores, most, number)?;
        let half = w.f32(0.5)?;
        let open = w.node("Greater", &[&open, &half], &[]);
        let open = w.reshape(&open, &[1, rows, number, 1])?;
        let shape = w.list(&[1, rows as i64, number as i64, size as i64])?;
        let open = w.node("Expand", &[&open, &shape], &[]);
        w.reshape(&open, &[1, rows, self.count])
    }

    /// The weights of some experts side by side: of both first products `[width, columns]`, of the last `[columns,
    /// width]`.
    fn weights(
        &self,
        w: &mut Writer<'_>,
        path: &str,
        stored: &Stored,
        some: Range<usize>,
        width: usize,
    ) -> Result<[T; 3], FolderError> {
        let (inner, columns) = (self.inner, some.len() * self.inner);
        let size = elements("the weights of some experts", &[width, columns])?;
        let mut firsts = [Vec::new(), Vec::new()];
        let mut last = Vec::new();
        for (at, expert) in some.enumerate() {
            // Read first: a size that is only in the configuration is not one to allocate by.
            let [gate, up, down] = stored.expert(w, path, expert, width, inner)?;
            for (all, one) in firsts.iter_mut().zip([&gate, &up]) {
                all.resize(size, 0.0);
                for (column, row) in one.chunks_exact(width).enumerate() {
                    for (k, number) in row.iter().enumerate() {
                        all[k * columns + at * inner + column] = *number;
                    }
                }
            }
            for row in 0..inner {
                last.extend((0..width).map(|column| down[column * inner + row]));
            }
        }
        w.at(format!("{path}.experts"));
        let [gate, up] = firsts;
        Ok([
            w.constant("gate_proj.weight", &[width, columns], &gate)?,
            w.constant("up_proj.weight", &[width, columns], &up)?,
            w.constant("down_proj.weight", &[columns, width], &last)?,
        ])
    }
}

/// The matrices of all experts of a layer as the folder has them.
enum Stored {
    /// Each in tensors of its own.
    Apart,
    /// `[experts, 2 · inner, width]` and `[experts, width, inner]`.
    Joined(Vec<f32>, Vec<f32>),
}

impl Stored {
    fn new(
        w: &Writer<'_>,
        path: &str,
        count: usize,
        width: usize,
        inner: usize,
    ) -> Result<Self, FolderError> {
        let joined = format!("{path}.experts.gate_up_proj");
        if !w.tensors().has(&joined) {
            return Ok(Self::Apart);
        }
        let both = w.tensors().read(&joined, &[count, 2 * inner, width])?;
        let down = format!("{path}.experts.down_proj");
        let down = w.tensors().read(&down, &[count, width, inner])?;
        Ok(Self::Joined(both, down))
    }

    /// Those of one expert: `[inner, width]`, `[inner, width]`, `[width, inner]`.
    fn expert(
        &self,
        w: &Writer<'_>,
        path: &str,
        expert: usize,
        width: usize,
        inner: usize,
    ) -> Result<[Cow<'_, [f32]>; 3], FolderError> {
        let size = inner * width;
        match self {
            Self::Apart => {
                let read = |name: &str, dims| {
                    let name = format!("{path}.experts.{expert}.{name}.weight");
                    w.tensors().read(&name, dims).map(Cow::Owned)
                };
                Ok([
                    read("gate_proj", &[inner, width])?,
                    read("up_proj", &[inner, width])?,
                    read("down_proj", &[width, inner])?,
                ])
            }
            Self::Joined(both, down) => {
                let (gate, up) = both[expert * 2 * size..][..2 * size].split_at(size);
                let down = &down[expert * size..][..size];
                Ok([gate, up, down].map(Cow::Borrowed))
            }
        }
    }
}

/// 1 where an element of the last dimension, which has `width`, is among the `k` greatest, else 0.
fn greatest(w: &mut Writer<'_>, x: &T, k: usize, width: usize) -> Result<T, FolderError> {
    let k = w.list(&[k as i64])?;
    let places = w.nodes("TopK", &[x, &k], &[], 2);
    let depth = w.i64s(&[], &[width as i64])?;
    let values = w.f32s(&[2], &[0.0, 1.0])?;
    let each = w.node("OneHot", &[&places[1], &depth, &values], &[Attr::Int("axis", -1)]);
    let axis = w.list(&[-2])?;
    Ok(w.node("ReduceSum", &[&each, &axis], &[Attr::Int("keepdims", 0)]))
}

/// Experts that every token goes to. Defaults differ between versions of the library, so the key has to be there.
fn shared(config: &Config<'_>) -> Result<usize, FolderError> {
    if !config.has("n_shared_experts") {
        let why = "it is missing: say how many experts every token goes to, or null for none";
        return Err(FolderError::config("n_shared_experts", why));
    }
    Ok(config.count_if_any("n_shared_experts")?.unwrap_or(0))
}
