//! One token of a GPT-2 of 124 million parameters as an integer graph, with random weights: the operators and
//! constants that the importer makes of such a step, and keys and values as bytes that enter and leave.

use metisvm_model::{Constant, DType, Graph, Op, Parsed, Shape, Tensor, TensorType, Value};

pub(crate) const LAYERS: u32 = 12;
pub(crate) const WIDTH: u32 = 768;
const HEADS: u32 = 12;
const HEAD: u32 = WIDTH / HEADS;
pub(crate) const CONTEXT: u32 = 256;
pub(crate) const VOCABULARY: u32 = 50_257;
/// Of words that products with constants read: what the overflow proof leaves of 16 bits.
const WORD: i32 = 4095;

/// How the operands of products with constant weights are held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sites {
    Bytes,
    Words,
}

/// A graph, and the bytes of weights that every token reads.
pub(crate) struct Step {
    pub(crate) graph: Graph,
    pub(crate) weights: usize,
}

/// The step for so many tokens at once.
pub(crate) fn step(tokens: u32, sites: Sites) -> Step {
    let mut b = Builder {
        g: Parsed::default(),
        state: 1,
        weights: 0,
        sites,
        tokens,
    };
    let tokens_in = b.g.input("tokens", ty(DType::I32, &[1, tokens]));
    let position = b.g.input("position", ty(DType::U8, &[1]));
    let most = b.scalar(DType::I32, VOCABULARY as i32 - 1);
    let zero = b.scalar(DType::I32, 0);
    let tokens_in = b.node(Op::Clamp, &[tokens_in, zero, most]);
    let embeddings = b.random(DType::I16, &[VOCABULARY, WIDTH]);
    let embedded = b.node(Op::Gather { axis: 0 }, &[embeddings, tokens_in]);
    let places = b.random(DType::I16, &[CONTEXT, WIDTH]);
    let own = b.node(Op::Gather { axis: 0 }, &[places, position]);
    let sum = b.node(Op::Add, &[embedded, own]);
    let mut x = b.requantise(sum, DType::I16, 16_384, 15);
    let mask = b.mask(position);
    let mut states = Vec::new();
    for layer in 0..LAYERS {
        for name in ["key", "value"] {
            let dims = [1, HEADS, CONTEXT, HEAD];
            states.push(b.g.input(format!("{name}.{layer}"), ty(DType::U8, &dims)));
        }
    }
    let mut rows = Vec::new();
    for layer in 0..LAYERS as usize {
        let site = b.norm(x);
        let qkv = b.product(site, WIDTH, 3 * WIDTH);
        let [q, k, v] = [0, 1, 2].map(|part| {
            let index = b.range(part * WIDTH..(part + 1) * WIDTH);
            b.node(Op::Gather { axis: 2 }, &[qkv, index])
        });
        let q = b.by_column(q, DType::I16, WIDTH, 12);
        let q = b.heads(q);
        let [k, v] = [k, v].map(|new| {
            let new = b.by_column(new, DType::U8, WIDTH, 20);
            b.heads(new)
        });
        rows.extend([k, v]);
        let [keys, values] = [(2 * layer, k), (2 * layer + 1, v)].map(|(state, new)| {
            let index = b.range(0..CONTEXT - tokens);
            let old = b.node(Op::Gather { axis: 2 }, &[states[state], index]);
            b.node(Op::Concat { axis: 2 }, &[old, new])
        });
        let perm = vec![0, 1, 3, 2];
        let keys = b.node(Op::Transpose { perm }, &[keys]);
        let scores = b.wide(q, keys);
        let scores = b.requantise(scores, DType::I16, 20_000, 25);
        let scores = b.node(Op::Add, &[scores, mask]);
        let greatest = b.node(Op::ReduceMax { axis: 3 }, &[scores]);
        let below = b.node(Op::Sub, &[scores, greatest]);
        let below = b.requantise(below, DType::I16, 16_384, 14);
        let exp = b.table(|at| (32_767.0 * ((at as f64 - 128.0) / 8.0).min(0.0).exp()) as i32);
        let exp = b.node(Op::Interpolate, &[below, exp]);
        let sum = b.node(Op::ReduceSum { axis: 3 }, &[exp]);
        let numerator = 1 << 46;
        let share = b.node(Op::Reciprocal { numerator }, &[sum]);
        let share = b.mul(exp, share, 31, DType::I16);
        let attended = b.wide(share, values);
        let attended = b.joined(attended);
        let site = b.by_column(attended, b.site(), WIDTH, 24);
        let attended = b.product(site, WIDTH, WIDTH);
        x = b.residual(x, attended);
        let site = b.norm(x);
        let hidden = b.product(site, WIDTH, 4 * WIDTH);
        let hidden = b.by_column(hidden, DType::I16, 4 * WIDTH, 17);
        let gelu = b.table(|at| ((at as i32 - 128).max(0) * 255).min(32_767));
        let hidden = b.node(Op::Interpolate, &[hidden, gelu]);
        let site = b.by_column(hidden, b.site(), 4 * WIDTH, 21);
        let hidden = b.product(site, 4 * WIDTH, WIDTH);
        x = b.residual(x, hidden);
    }
    let site = b.norm(x);
    let logits = b.product(site, WIDTH, VOCABULARY);
    let logits = b.by_column(logits, DType::I16, VOCABULARY, 18);
    b.g.output("logits", logits);
    for (at, row) in rows.into_iter().enumerate() {
        b.g.output(format!("new.{at}"), row);
    }
    Step {
        graph: b.g.check().expect("a sound graph"),
        weights: b.weights,
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

struct Builder {
    g: Parsed,
    state: u64,
    weights: usize,
    sites: Sites,
    tokens: u32,
}

impl Builder {
    fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.g.node(op, operands)
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], values: Vec<i32>) -> Value {
        let tensor = Tensor::new(ty(dtype, dims), values).expect("in range");
        self.g.constant(&tensor)
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.constant(dtype, &[], vec![value])
    }

    fn range(&mut self, range: std::ops::Range<u32>) -> Value {
        let values: Vec<i32> = range.map(|at| at as i32).collect();
        self.constant(DType::I16, &[values.len() as u32], values)
    }

    /// Random bytes: of a type with more than one, small numbers.
    fn random(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let ty = ty(dtype, dims);
        let mut bytes = vec![0; ty.bytes()];
        for element in bytes.chunks_exact_mut(dtype.size()) {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = i32::from((self.state >> 33) as i8);
            element.copy_from_slice(&number.to_le_bytes()[..dtype.size()]);
        }
        self.g.constants.push(Constant { ty, bytes });
        Value::Constant(self.g.constants.len() as u32 - 1)
    }

    /// The type of what products with constants read.
    fn site(&self) -> DType {
        match self.sites {
            Sites::Bytes => DType::U8,
            Sites::Words => DType::I16,
        }
    }

    fn requantise(&mut self, x: Value, to: DType, multiplier: i32, shift: i32) -> Value {
        let multiplier = self.scalar(DType::I16, multiplier);
        let shift = self.scalar(DType::U8, shift);
        let zero = self.scalar(to, 0);
        self.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }

    /// To a type with a multiplier for each column, about `2^(14.5 − shift)`.
    fn by_column(&mut self, x: Value, to: DType, columns: u32, shift: i32) -> Value {
        let spread = |at: u32| 16_384 + (at * 7919 % 16_000) as i32;
        let multipliers = self.constant(DType::I16, &[columns], (0..columns).map(spread).collect());
        let shift = self.scalar(DType::U8, shift);
        let zero = self.scalar(to, if to == DType::U8 { 128 } else { 0 });
        let y = self.node(Op::Requantise { to, axis: 2 }, &[x, multipliers, shift, zero]);
        if to == DType::U8 {
            return y;
        }
        let [low, high] = [-WORD, WORD].map(|bound| self.scalar(to, bound));
        self.node(Op::Clamp, &[y, low, high])
    }

    fn mul(&mut self, a: Value, b: Value, shift: u8, to: DType) -> Value {
        self.node(Op::Mul { shift, to }, &[a, b])
    }

    fn table(&mut self, node: impl Fn(usize) -> i32) -> Value {
        self.constant(DType::I16, &[257], (0..257).map(node).collect())
    }

    /// By constant weights, with a bias.
    fn product(&mut self, x: Value, from: u32, to: u32) -> Value {
        let w = self.random(DType::I8, &[from, to]);
        self.weights += (from * to) as usize;
        let bias = self.random(DType::I32, &[to]);
        let w_zero = self.scalar(DType::I8, 0);
        let (op, zero) = match self.sites {
            Sites::Bytes => (Op::MatMul, self.scalar(DType::U8, 128)),
            Sites::Words => (Op::WideMatMul, self.scalar(DType::I16, 0)),
        };
        self.node(op, &[x, w, zero, w_zero, bias])
    }

    /// Words by the bytes of a state.
    fn wide(&mut self, x: Value, w: Value) -> Value {
        let x_zero = self.scalar(DType::I16, 0);
        let w_zero = self.scalar(DType::U8, 128);
        self.node(Op::WideMatMul, &[x, w, x_zero, w_zero])
    }

    /// Heads become a dimension of their own, before that of the tokens; of one token they lie as they did.
    fn heads(&mut self, x: Value) -> Value {
        if self.tokens == 1 {
            return self.reshape(x, &[1, HEADS, 1, HEAD]);
        }
        let split = self.reshape(x, &[1, self.tokens, HEADS, HEAD]);
        self.exchanged(split)
    }

    /// The other way round.
    fn joined(&mut self, x: Value) -> Value {
        let x = if self.tokens == 1 { x } else { self.exchanged(x) };
        self.reshape(x, &[1, self.tokens, WIDTH])
    }

    fn reshape(&mut self, x: Value, dims: &[u32]) -> Value {
        let shape = Shape::new(dims).expect("within the limits");
        self.node(Op::Reshape { shape }, &[x])
    }

    fn exchanged(&mut self, x: Value) -> Value {
        let perm = vec![0, 2, 1, 3];
        self.node(Op::Transpose { perm }, &[x])
    }

    /// Adds what a product gave to the residual stream.
    fn residual(&mut self, x: Value, sums: Value) -> Value {
        let sums = self.by_column(sums, DType::I16, WIDTH, 19);
        let sum = self.node(Op::Add, &[x, sums]);
        self.requantise(sum, DType::I16, 16_384, 14)
    }

    /// A LayerNormalization, to what the product behind it reads.
    fn norm(&mut self, x: Value) -> Value {
        let sum = self.node(Op::ReduceSum { axis: 2 }, &[x]);
        let mean = self.requantise(sum, DType::I16, 21_845, 24);
        let centred = self.node(Op::Sub, &[x, mean]);
        let (shift, epsilon) = (62, 1);
        let inverse = self.node(Op::InvNorm { shift, epsilon }, &[centred]);
        let y = self.mul(centred, inverse, 16, DType::I16);
        let gamma = self.random(DType::I16, &[WIDTH]);
        let y = self.mul(y, gamma, 0, DType::I32);
        let beta = self.random(DType::I32, &[WIDTH]);
        let y = self.node(Op::Add, &[y, beta]);
        self.by_column(y, self.site(), WIDTH, 26)
    }

    /// What is added to scores: nothing where a token is seen, a great negative number where there is none yet.
    fn mask(&mut self, position: Value) -> Value {
        let old = self.range(0..CONTEXT - self.tokens);
        let behind = self.node(Op::Sub, &[old, position]);
        let [low, high] = [-1, 0].map(|bound| self.scalar(DType::I32, bound));
        let seen = self.node(Op::Clamp, &[behind, low, high]);
        let one = self.scalar(DType::I32, 1);
        let unseen = self.node(Op::Add, &[seen, one]);
        let far = self.scalar(DType::I32, -32_767);
        let old = self.mul(unseen, far, 0, DType::I16);
        let new = self.constant(DType::I16, &[self.tokens], vec![0; self.tokens as usize]);
        self.node(Op::Concat { axis: 0 }, &[old, new])
    }
}
