//! Ensembles of trees: a walk from the roots to the leaves by Gather, one step in every tree at once, then the sum of what
//! the leaves give. Every comparison is one of integers, and exact with respect to the integers that features are given as.

use super::functions::ROOM;
use super::state::{Lowered, Lowering, sum};
use crate::error::Problem;
use crate::trees::tables::{Column, Tables};
use crate::trees::{Aggregate, Ensemble};
use crate::typed::{Arg, TypedNode};
use metisvm_model::limits::{MAX_ELEMENTS, MAX_NODES};
use metisvm_model::{DType, Op, Shape, Value};
use std::collections::BTreeMap;

/// Bits that a sum over trees has, half of what would just fit: the other half is for the rounding of the leaves.
const SUM_BITS: f64 = 30.0;
/// Integer nodes of one step.
const STEP_NODES: usize = 8;

/// What leaves give, in fixed point.
struct Leaves {
    /// Which row each place of the tables gives.
    at: Vec<i32>,
    /// The rows, one after the other, each once.
    rows: Vec<i32>,
    count: usize,
    base: Vec<i32>,
    scale: f64,
    most: i64,
}

impl Lowering<'_> {
    pub(super) fn trees(
        &mut self,
        node: &TypedNode,
        ensemble: &Ensemble,
        shape: Shape,
    ) -> Result<Lowered, Problem> {
        let rows = shape.dims().first().copied().unwrap_or(1);
        let (x, columns) = self.features(&node.inputs)?;
        let tables = ensemble.tables(&columns)?;
        // Without any question there is one step all the same: results depend on an operand.
        let steps = tables.steps.max(1);
        if steps.saturating_mul(STEP_NODES) > MAX_NODES {
            return Err(Problem::TooMany {
                what: "integer operators, of a tree so deep; limit the depth when training,",
                count: steps.saturating_mul(STEP_NODES) as u64,
                limit: MAX_NODES as u64,
            });
        }
        let walked = u64::from(rows).saturating_mul(tables.roots.len() as u64);
        if walked.saturating_mul(ensemble.outputs as u64) > MAX_ELEMENTS {
            return Err(Problem::Unsupported(format!(
                "{rows} rows at once are too many for {} trees; import with a smaller batch",
                tables.roots.len()
            )));
        }
        let leaves = leaves(ensemble, &tables);
        let at = self.walk(x, rows, columns.len(), &tables, steps)?;
        let given = self.narrow(&[leaves.at.len() as u32], leaves.at)?;
        let leaf = self.emitter.node(Op::Gather { axis: 0 }, &[given, at]);
        let dims = [leaves.count as u32, ensemble.outputs as u32];
        let weights = self.narrow(&dims, leaves.rows)?;
        let each = self.emitter.node(Op::Gather { axis: 0 }, &[weights, leaf]);
        let reduce = match ensemble.aggregate {
            Aggregate::Sum | Aggregate::Average => Op::ReduceSum { axis: 1 },
            Aggregate::Min | Aggregate::Max => Op::ReduceMax { axis: 1 },
        };
        let all = self.emitter.node(reduce, &[each]);
        let scores = self.emitter.node(Op::Reshape { shape: shape.clone() }, &[all]);
        let least = ensemble.aggregate == Aggregate::Min;
        let scores = if least || leaves.base.iter().any(|&b| b != 0) {
            let base = self.narrow(&[ensemble.outputs as u32], leaves.base)?;
            // The least is the greatest of the negated, negated.
            let (op, operands) = if least {
                (Op::Sub, [base, scores])
            } else {
                (Op::Add, [scores, base])
            };
            self.emitter.node(op, &operands)
        } else {
            scores
        };
        Ok(Lowered::Real(sum(
            scores,
            shape,
            vec![leaves.scale],
            0,
            leaves.most,
        )))
    }

    /// All features as one matrix of integers, and what they stand for.
    fn features(&mut self, args: &[Arg]) -> Result<(Value, Vec<Column>), Problem> {
        let mut columns = Vec::new();
        let mut parts = Vec::new();
        for arg in args {
            let width = self.dims(arg).last().map_or(1, |&d| d as usize);
            let (value, dtype, scales, zero) = match self.state(arg)?.clone() {
                Lowered::Integers(value, dtype) => (value, dtype, vec![1.0], 0),
                Lowered::Real(real)
                    if real.done()
                        && (real.scales.len() == 1
                            || real.scales.len() == width && real.axis + 1 == real.shape.rank()) =>
                {
                    (real.value, real.dtype, real.scales, real.zero)
                }
                Lowered::Real(_) => {
                    let (value, scale) = self.words(arg)?;
                    (value, DType::I16, vec![scale], 0)
                }
            };
            let (low, high) = if dtype == DType::I32 {
                // Of what is given beyond, it is as good; the difference to a threshold then fits 32 bits.
                (-ROOM, ROOM)
            } else {
                (dtype.min(), dtype.max())
            };
            let value = self.emitter.clamp(value, dtype, low, high)?;
            columns.extend((0..width).map(|column| Column {
                scale: scales[if scales.len() == 1 { 0 } else { column }],
                zero,
                low,
                high,
            }));
            parts.push((value, dtype));
        }
        let alike = parts.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let mut values = Vec::with_capacity(parts.len());
        for (value, dtype) in parts {
            values.push(if alike || dtype == DType::I32 {
                value
            } else {
                let nothing = self.emitter.scalar(dtype, 0)?;
                self.emitter.node(Op::Add, &[value, nothing])
            });
        }
        Ok((self.joined(Op::Concat { axis: 1 }, values), columns))
    }

    /// The place in the tables that each row comes to in each tree.
    fn walk(
        &mut self,
        x: Value,
        rows: u32,
        width: usize,
        tables: &Tables,
        steps: usize,
    ) -> Result<Value, Problem> {
        let trees = tables.roots.len() as u32;
        let shape = u64::from(rows) * width as u64;
        let shape = u32::try_from(shape).ok().and_then(|n| Shape::new(&[n]));
        let shape = shape.ok_or_else(|| Problem::Shape("its operand is too large".to_string()))?;
        let x = self.emitter.node(Op::Reshape { shape }, &[x]);
        let starts: Vec<i32> = (0..rows as i32).map(|row| row * width as i32).collect();
        // The first step is the same for every row, and needs no look-up of where it starts.
        let of_roots = |list: &[i32]| -> Vec<i32> {
            let entry = |&root: &i32| list.get(root as usize).copied().unwrap_or_default();
            tables.roots.iter().map(entry).collect()
        };
        let asked = of_roots(&tables.features);
        let asked = starts
            .iter()
            .flat_map(|start| asked.iter().map(move |f| start + f));
        let asked = self.narrow(&[rows, trees], asked.collect())?;
        let limit = self.narrow(&[1, trees], of_roots(&tables.thresholds))?;
        let child = self.narrow(&[1, trees], of_roots(&tables.children))?;
        let mut at = self.step(x, asked, limit, child)?;
        if steps == 1 {
            return Ok(at);
        }
        let length = [tables.len() as u32];
        let features = self.narrow(&length, tables.features.clone())?;
        let thresholds = self.narrow(&length, tables.thresholds.clone())?;
        let children = self.narrow(&length, tables.children.clone())?;
        let starts = if rows > 1 {
            Some(self.narrow(&[rows, 1], starts)?)
        } else {
            None
        };
        let pick = Op::Gather { axis: 0 };
        for _ in 1..steps {
            let mut asked = self.emitter.node(pick.clone(), &[features, at]);
            if let Some(starts) = starts {
                asked = self.emitter.node(Op::Add, &[asked, starts]);
            }
            let limit = self.emitter.node(pick.clone(), &[thresholds, at]);
            let child = self.emitter.node(pick.clone(), &[children, at]);
            at = self.step(x, asked, limit, child)?;
        }
        Ok(at)
    }

    /// One step: to the child, or to the place behind it where the feature is over the threshold.
    fn step(&mut self, x: Value, asked: Value, limit: Value, child: Value) -> Result<Value, Problem> {
        let feature = self.emitter.node(Op::Gather { axis: 0 }, &[x, asked]);
        let over = self.emitter.node(Op::Sub, &[feature, limit]);
        let no = self.emitter.clamp(over, DType::I32, 0, 1)?;
        Ok(self.emitter.node(Op::Add, &[child, no]))
    }

    /// A constant of the narrowest type that holds it.
    fn narrow(&mut self, dims: &[u32], list: Vec<i32>) -> Result<Value, Problem> {
        let fits = |dtype: &DType| list.iter().all(|&v| v >= (*dtype).min() && v <= (*dtype).max());
        let dtype = [DType::U8, DType::I16].into_iter().find(fits);
        self.emitter.layer().weights += list.len() as u64;
        self.emitter.tensor(dtype.unwrap_or(DType::I32), dims, list)
    }
}

/// Weights of leaves in steps of the finest power of two with which no sum over trees leaves 32 bits.
fn leaves(ensemble: &Ensemble, tables: &Tables) -> Leaves {
    let count = ensemble.roots.len().max(1) as f64;
    let sums = matches!(ensemble.aggregate, Aggregate::Sum | Aggregate::Average);
    let average = ensemble.aggregate == Aggregate::Average;
    let sign = if ensemble.aggregate == Aggregate::Min {
        -1.0
    } else {
        1.0
    };
    let base = ensemble
        .base
        .iter()
        .map(|&b| f64::from(b) * if average { count } else { 1.0 });
    let base: Vec<f64> = base.collect();
    let given: Vec<Option<Vec<f64>>> = tables
        .leaves
        .iter()
        .map(|leaf| leaf.map(|node| ensemble.leaf(node)))
        .collect();
    let greatest = |list: &[f64]| list.iter().fold(0f64, |m, v| m.max(v.abs()));
    let most = given.iter().flatten().fold(0f64, |m, list| m.max(greatest(list)));
    let most = most * if sums { count } else { 1.0 } + greatest(&base);
    let step = if most > 0.0 {
        // An f32 still has its bits there, and no file means more by its weights.
        (most.log2().ceil() - SUM_BITS).clamp(-100.0, 100.0).exp2()
    } else {
        1.0
    };
    let steps = |v: f64| (v / step).round() as i32;
    let mut known: BTreeMap<Vec<i32>, i32> = BTreeMap::new();
    let mut rows = Vec::new();
    let at = given.iter().map(|list| {
        let Some(list) = list else { return 0 };
        let row: Vec<i32> = list.iter().map(|&v| steps(sign * v)).collect();
        let next = known.len() as i32;
        *known.entry(row).or_insert_with_key(|row| {
            rows.extend(row);
            next
        })
    });
    let at = at.collect();
    Leaves {
        at,
        count: known.len(),
        rows,
        base: base.into_iter().map(steps).collect(),
        scale: if average { step / count } else { step },
        most: (1i64 << 30) + ensemble.roots.len() as i64 + 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::error::ImportError;
    use crate::options::Options;
    use crate::trees::{Aggregate, Branch, Ensemble, Node, Test};
    use crate::typed::{Arg, Element, Operator, Typed, TypedNode, TypedValue};
    use crate::{lower, plan};
    use metisvm_model::{Bundle, Reference, Shape};
    use std::rc::Rc;
    use std::sync::Arc;

    /// Full trees that ask for one feature after the other, and a chain that is as deep as it is long.
    fn imported(
        trees: u32,
        depth: u32,
        chain: u32,
        features: u32,
    ) -> Result<metisvm_model::Graph, ImportError> {
        let mut nodes = Vec::new();
        let mut roots = Vec::new();
        let mut weights = Vec::new();
        let mut leaf = |tree: u32, at: u32| {
            weights.push((0, (tree * 31 + at) as f32 / 1000.0 - 3.0));
            Node::Leaf {
                weights: weights.len() - 1..weights.len(),
            }
        };
        let branch = |at: u32, yes: u32, no: u32| {
            Node::Branch(Branch {
                feature: at % features,
                test: Test::AtMost,
                threshold: (at % 97) as f32 * 0.37 - 15.0,
                yes,
                no,
            })
        };
        for tree in 0..trees {
            let first = nodes.len() as u32;
            roots.push(first);
            for at in 0..(1u32 << (depth + 1)) - 1 {
                nodes.push(if at + 1 < 1 << depth {
                    branch(at + tree, first + 2 * at + 1, first + 2 * at + 2)
                } else {
                    leaf(tree, at)
                });
            }
        }
        for at in 0..chain {
            let first = nodes.len() as u32;
            if at == 0 {
                roots.push(first);
            }
            let last = at + 1 == chain;
            nodes.push(if last {
                leaf(trees, at)
            } else {
                branch(at, first + 1, first + 2)
            });
            if !last {
                nodes.push(leaf(trees, at));
            }
        }
        let ensemble = Ensemble {
            features: features as usize,
            outputs: 1,
            roots,
            nodes,
            weights,
            aggregate: Aggregate::Sum,
            base: vec![0.5],
            depth: depth.max(chain) as usize,
        };
        let value = |name: &str, dims: &[u32]| TypedValue {
            name: name.to_string(),
            shape: Shape::new(dims).unwrap(),
            element: Element::Real,
        };
        let typed = Typed {
            values: vec![value("x", &[2, features]), value("y", &[2, 1])],
            nodes: vec![TypedNode {
                name: Default::default(),
                op: Operator::Trees(Rc::new(ensemble)),
                inputs: vec![Arg::Value(0)],
                output: 1,
            }],
            inputs: vec![0],
            outputs: vec![("y".to_string(), 1)],
            ..Typed::default()
        };
        let plan = plan::plan(&typed, &Options::default())?;
        Ok(lower::lower(&typed, &plan, None)?.graph)
    }

    #[test]
    fn five_hundred_trees_are_a_megabyte() {
        let graph = imported(500, 6, 0, 40).unwrap();
        let bytes = Bundle::encode(graph.clone()).unwrap().1.len();
        assert!(bytes < 1 << 20, "{bytes} bytes");
        let input: Vec<u8> = (0..2 * 40i32).flat_map(|i| (i << 22).to_le_bytes()).collect();
        assert_eq!(Reference::new(Arc::new(graph)).run(&input).unwrap().len(), 4);
    }

    #[test]
    fn a_tree_that_is_too_deep_is_refused() {
        assert!(imported(1, 2, 500, 3).is_ok());
        let error = imported(1, 2, 20_000, 3).unwrap_err().to_string();
        assert!(error.contains("limit the depth"), "{error}");
    }
}
