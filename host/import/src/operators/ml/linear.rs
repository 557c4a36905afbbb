//! Linear models.

use super::lists::floats;
use super::{Labels, Post, greatest, real_matrix, second};
use crate::attributes::wrong;
use crate::builder::Builder;
use crate::call::Call;
use crate::error::Problem;
use crate::operators::make::Maker;
use crate::typed::{Arg, Element, Operator};

pub(crate) fn regressor(b: &mut Builder, call: &Call<'_>) -> Result<Arg, Problem> {
    call.arity(1, 1, "1")?;
    let post = Post::given(call)?;
    let targets = call.attributes.int("targets", 1)?;
    let targets = usize::try_from(targets).ok().filter(|&t| t > 0);
    let targets = targets.ok_or_else(|| wrong("targets", "there must be one at least"))?;
    let mut m = Maker::new(b, call);
    let model = Linear::of(call, targets)?;
    let scores = model.apply(&mut m, call)?;
    post.apply(&mut m, scores)
}

/// Results: the class of each row and its scores.
pub(crate) fn classifier(b: &mut Builder, call: &Call<'_>) -> Result<Vec<Option<Arg>>, Problem> {
    call.arity(1, 1, "1")?;
    // How it was trained; it changes nothing.
    call.attributes.int("multi_class", 0)?;
    let labels = Labels::of(call, "classlabels_ints", "classlabels_strings")?;
    let labels = labels.ok_or_else(|| wrong("classlabels_ints", "class labels are missing"))?;
    let post = Post::given(call)?;
    let mut m = Maker::new(b, call);
    let rows = real_matrix(&mut m, call)?.1[1] as usize;
    let given = call.attributes.floats("coefficients")?.map_or(0, <[f32]>::len);
    let outputs = given / rows.max(1);
    let mut model = Linear::of(call, outputs)?;
    if outputs == labels.len() && outputs > 1 {
        let scores = model.apply(&mut m, call)?;
        let label = greatest(&mut m, scores.clone())?;
        let scores = post.apply(&mut m, scores)?;
        return labels.results(&mut m, label, scores);
    }
    if outputs != 1 || labels.len() != 2 {
        return Err(wrong(
            "coefficients",
            format!("{given} of them for {} classes of {rows} columns", labels.len()),
        ));
    }
    if post != Post::Logistic {
        return Err(wrong(
            "post_transform",
            "of one score for two classes only LOGISTIC makes two",
        ));
    }
    // The score of the first class is the second's with the other sign.
    model = model.of_two();
    let scores = model.apply(&mut m, call)?;
    let label = second(&mut m, scores.clone(), 0.0)?;
    let scores = post.apply(&mut m, scores)?;
    labels.results(&mut m, label, scores)
}

/// Weights, row by row one output each, and what is added.
struct Linear {
    outputs: usize,
    coefficients: Vec<f32>,
    intercepts: Vec<f32>,
}

impl Linear {
    fn of(call: &Call<'_>, outputs: usize) -> Result<Self, Problem> {
        let coefficients = floats(call, "coefficients")?;
        let coefficients = coefficients.ok_or_else(|| wrong("coefficients", "they are missing"))?;
        let intercepts = floats(call, "intercepts")?.unwrap_or_else(|| vec![0.0; outputs]);
        if intercepts.len() != outputs || outputs == 0 || !coefficients.len().is_multiple_of(outputs) {
            return Err(wrong(
                "coefficients",
                format!(
                    "{} of them and {} intercepts do not fit {outputs} outputs",
                    coefficients.len(),
                    intercepts.len()
                ),
            ));
        }
        Ok(Self {
            outputs,
            coefficients,
            intercepts,
        })
    }

    fn of_two(mut self) -> Self {
        let minus = |list: &[f32]| list.iter().map(|v| -v).collect::<Vec<_>>();
        self.coefficients = [minus(&self.coefficients), self.coefficients].concat();
        self.intercepts = [minus(&self.intercepts), self.intercepts].concat();
        self.outputs = 2;
        self
    }

    fn apply(&self, m: &mut Maker<'_>, call: &Call<'_>) -> Result<Arg, Problem> {
        let (x, [rows, columns]) = real_matrix(m, call)?;
        let (k, n) = (columns as usize, self.outputs);
        if self.coefficients.len() != k * n {
            return Err(wrong(
                "coefficients",
                format!(
                    "{} of them for {columns} columns and {n} outputs",
                    self.coefficients.len()
                ),
            ));
        }
        m.b.folds(k * n)?;
        let mut weights = Vec::with_capacity(k * n);
        for column in 0..k {
            weights.extend(self.coefficients.iter().skip(column).step_by(k));
        }
        let weights = m.constant(vec![columns, n as u32], weights)?;
        let bias = self.intercepts.iter().map(|&v| f64::from(v)).collect();
        let op = Operator::MatMul { bias: Some(bias) };
        m.emit(op, vec![x, weights], &[rows, n as u32], Element::Real)
    }
}
