//! Scaled dot-product attention of several heads, with as many keys or fewer.

use super::error::FolderError;
use super::writer::{T, Writer};

/// The extents of one attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    /// Heads of queries, a multiple of those of keys.
    pub(super) queries: usize,
    /// Heads of keys and values.
    pub(super) keys: usize,
    /// Elements of a query and of a key.
    pub(super) width: usize,
    /// Elements of a value.
    pub(super) value_width: usize,
}

/// `[1, rows, heads · width]` becomes `[1, heads, rows, width]`.
pub(super) fn split_heads(
    w: &mut Writer<'_>,
    x: &T,
    rows: usize,
    heads: usize,
    width: usize,
) -> Result<T, FolderError> {
    let x = w.reshape(x, &[1, rows, heads, width])?;
    Ok(w.transpose(&x, &[0, 2, 1, 3]))
}

/// `softmax(q · kᵀ + mask) · v` of q `[1, queries, rows, width]`, k and v `[1, keys, columns, …]`, as
/// `[1, rows, queries · value_width]`. The scale is in q already. Queries that share a head of keys are rows of one
/// product.
pub(super) fn attend(
    w: &mut Writer<'_>,
    path: &str,
    heads: Heads,
    [rows, columns]: [usize; 2],
    [q, k, v]: [&T; 3],
    mask: Option<&T>,
) -> Result<T, FolderError> {
    w.at(path);
    let Heads {
        queries,
        keys,
        width,
        value_width,
    } = heads;
    let shared = queries / keys * rows;
    let grouped = queries != keys;
    let group = |w: &mut Writer<'_>, x: &T, dims: [usize; 4]| match grouped {
        true => w.reshape(x, &dims),
        false => Ok(x.clone()),
    };
    let q = group(w, q, [1, keys, shared, width])?;
    let k = w.transpose(k, &[0, 1, 3, 2]);
    let scores = w.named("qk", "MatMul", &[&q, &k], &[]);
    let mut scores = group(w, &scores, [1, queries, rows, columns])?;
    if let Some(mask) = mask {
        scores = w.named("masked", "Add", &[&scores, mask], &[]);
    }
    let parts = w.softmax(&scores);
    let parts = group(w, &parts, [1, keys, shared, columns])?;
    let y = w.named("weighted", "MatMul", &[&parts, v], &[]);
    let y = group(w, &y, [1, queries, rows, value_width])?;
    let y = w.transpose(&y, &[0, 2, 1, 3]);
    w.reshape(&y, &[1, rows, queries * value_width])
}
