//! Steps that every architecture takes: products, norms, activation functions, and moves of elements.

use super::config::Config;
use super::error::FolderError;
use super::writer::{Attr, T, Writer};

/// What is added to a score that a Softmax has to ignore. Import brings it near (`passes/mask.rs`).
pub(super) const MASKED: f32 = -1e9;

impl Writer<'_> {
    pub(super) fn add(&mut self, a: &T, b: &T) -> T {
        self.node("Add", &[a, b], &[])
    }

    pub(super) fn mul(&mut self, a: &T, b: &T) -> T {
        self.node("Mul", &[a, b], &[])
    }

    pub(super) fn matmul(&mut self, a: &T, b: &T) -> T {
        self.node("MatMul", &[a, b], &[])
    }

    /// Times one number, if that is not 1.
    pub(super) fn scale(&mut self, x: &T, factor: f64) -> Result<T, FolderError> {
        if factor == 1.0 {
            return Ok(x.clone());
        }
        let factor = self.f32(factor as f32)?;
        Ok(self.mul(x, &factor))
    }

    pub(super) fn reshape(&mut self, x: &T, dims: &[usize]) -> Result<T, FolderError> {
        let dims: Vec<i64> = dims.iter().map(|&d| d as i64).collect();
        let dims = self.list(&dims)?;
        Ok(self.node("Reshape", &[x, &dims], &[]))
    }

    pub(super) fn transpose(&mut self, x: &T, order: &[i64]) -> T {
        self.node("Transpose", &[x], &[Attr::Ints("perm", order)])
    }

    pub(super) fn concat(&mut self, parts: &[&T], axis: i64) -> T {
        match parts {
            [one] => (*one).clone(),
            parts => self.node("Concat", parts, &[Attr::Int("axis", axis)]),
        }
    }

    /// Elements `start..end` of one dimension.
    pub(super) fn slice(&mut self, x: &T, axis: i64, start: usize, end: usize) -> Result<T, FolderError> {
        let (start, end) = (self.list(&[start as i64])?, self.list(&[end as i64])?);
        let axis = self.list(&[axis])?;
        Ok(self.node("Slice", &[x, &start, &end, &axis], &[]))
    }

    /// Softmax of the last dimension.
    pub(super) fn softmax(&mut self, x: &T) -> T {
        self.node("Softmax", &[x], &[Attr::Int("axis", -1)])
    }

    /// A Linear of torch: weights `[out, in]`, and a bias where `bias` says so.
    pub(super) fn linear(
        &mut self,
        path: &str,
        x: &T,
        [inputs, outputs]: [usize; 2],
        bias: bool,
    ) -> Result<T, FolderError> {
        self.at(path);
        let weight = self.weight_t(&format!("{path}.weight"), [outputs, inputs])?;
        let y = self.matmul(x, &weight);
        self.biased(path, y, outputs, bias)
    }

    /// The same with weights that the folder has as `[in, out]`.
    pub(super) fn linear_in_out(&mut self, path: &str, x: &T, dims: [usize; 2]) -> Result<T, FolderError> {
        self.at(path);
        let weight = self.weight(&format!("{path}.weight"), &dims)?;
        let y = self.matmul(x, &weight);
        self.biased(path, y, dims[1], true)
    }

    fn biased(&mut self, path: &str, y: T, outputs: usize, bias: bool) -> Result<T, FolderError> {
        if !bias {
            return Ok(y);
        }
        let bias = self.weight(&format!("{path}.bias"), &[outputs])?;
        Ok(self.add(&y, &bias))
    }

    /// Two products, of which one is a gate for the other, and a third: `down(activation(gate(x)) · up(x))`.
    pub(super) fn gated(
        &mut self,
        path: &str,
        x: &T,
        [width, inner]: [usize; 2],
        bias: bool,
        (config, key, activation): (&Config<'_>, &str, &str),
    ) -> Result<T, FolderError> {
        let gate = self.linear(&format!("{path}.gate_proj"), x, [width, inner], bias)?;
        self.at(format!("{path}.act_fn"));
        let gate = self.activation(config, key, activation, &gate)?;
        let up = self.linear(&format!("{path}.up_proj"), x, [width, inner], bias)?;
        self.at(path);
        let y = self.mul(&gate, &up);
        self.linear(&format!("{path}.down_proj"), &y, [inner, width], bias)
    }

    /// LayerNorm of torch over the last dimension.
    pub(super) fn layer_norm(
        &mut self,
        path: &str,
        x: &T,
        width: usize,
        epsilon: f64,
    ) -> Result<T, FolderError> {
        self.at(path);
        // Old checkpoints of BERT have the names that TensorFlow gives.
        let old = self.tensors().has(&format!("{path}.gamma"));
        let [gain, offset] = if old {
            ["gamma", "beta"]
        } else {
            ["weight", "bias"]
        };
        let gain = self.weight(&format!("{path}.{gain}"), &[width])?;
        let offset = self.weight(&format!("{path}.{offset}"), &[width])?;
        let attributes = [Attr::Int("axis", -1), Attr::Float("epsilon", epsilon as f32)];
        Ok(self.node("LayerNormalization", &[x, &gain, &offset], &attributes))
    }

    /// RMSNorm over the last dimension; the operator of that name came after opset 21.
    pub(super) fn rms_norm(
        &mut self,
        path: &str,
        x: &T,
        width: usize,
        epsilon: f64,
    ) -> Result<T, FolderError> {
        self.at(path);
        let gain = self.weight(&format!("{path}.weight"), &[width])?;
        let square = self.mul(x, x);
        let last = self.list(&[-1])?;
        let mean = self.node("ReduceMean", &[&square, &last], &[Attr::Int("keepdims", 1)]);
        let epsilon = self.f32(epsilon as f32)?;
        let positive = self.add(&mean, &epsilon);
        let root = self.node("Sqrt", &[&positive], &[]);
        let normal = self.node("Div", &[x, &root], &[]);
        Ok(self.mul(&normal, &gain))
    }

    /// `x · sigmoid(factor · x)`.
    pub(super) fn silu(&mut self, x: &T, factor: f64) -> Result<T, FolderError> {
        let scaled = self.scale(x, factor)?;
        let gate = self.node("Sigmoid", &[&scaled], &[]);
        Ok(self.mul(x, &gate))
    }

    /// The activation function that transformers knows by `name`, which stands at `key` of the configuration.
    pub(super) fn activation(
        &mut self,
        config: &Config<'_>,
        key: &str,
        name: &str,
        x: &T,
    ) -> Result<T, FolderError> {
        let one = |w: &mut Self, op: &str| Ok(w.node(op, &[x], &[]));
        match name {
            "gelu" | "gelu_python" => one(self, "Gelu"),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_fast" | "gelu_accurate" => {
                Ok(self.node("Gelu", &[x], &[Attr::Text("approximate", "tanh")]))
            }
            "quick_gelu" => self.silu(x, 1.702),
            "silu" | "swish" => self.silu(x, 1.0),
            "relu" => one(self, "Relu"),
            "tanh" => one(self, "Tanh"),
            "sigmoid" => one(self, "Sigmoid"),
            "mish" => one(self, "Mish"),
            "linear" => Ok(x.clone()),
            _ => Err(config.refused(
                key,
                "the function is not known; known are gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, silu, \
                 relu, tanh, sigmoid, mish and linear",
            )),
        }
    }
}
