//! Matrix products and convolutions, with their constants packed.

use super::Compiler;
use super::chains::Open;
use crate::cpu::program::{Home, Parameter, Product};
use crate::cpu::space::Space;
use metisvm_model::{DType, Op, TensorType, Value, Window};
use metisvm_simd::product::{Conv2dShape, Elements, PackedFilters, PackedMatrix, XKind, Zeros};

/// Elements of 8 bits as they lie in a bundle.
fn bytes_of<'b>(ty: &TensorType, bytes: &'b [u8]) -> Elements<'b> {
    match ty.dtype {
        DType::I8 => Elements::I8(bytemuck::cast_slice(bytes)),
        _ => Elements::U8(bytes),
    }
}

/// Parameters of a product that are constants.
struct Fixed {
    x_zero: i32,
    w_zeros: Vec<i32>,
    bias: Option<Vec<i32>>,
}

impl Fixed {
    fn zeros(&self) -> Zeros<'_> {
        match self.w_zeros.as_slice() {
            [one] => Zeros::One(*one),
            each => Zeros::Each(each),
        }
    }
}

impl Compiler<'_> {
    /// A matrix product, or a convolution whose parameters are constants, if the node is one.
    pub(super) fn begin_product(&mut self, index: usize) -> Option<Open> {
        let node = &self.graph.nodes()[index];
        let (product, space) = match node.op {
            Op::MatMul => self.matrix(index, XKind::Byte),
            Op::WideMatMul => self.matrix(index, XKind::Word),
            Op::Conv2d { window, groups } => self.convolution(index, &window, groups)?,
            _ => return None,
        };
        self.set_done(index);
        Some(Open::of_product(product, Value::Node(index as u32), space))
    }

    fn fixed(&self, index: usize) -> Option<Fixed> {
        let operands = &self.graph.nodes()[index].operands;
        let bias = match operands.get(4) {
            Some(&bias) => Some(self.elements(bias)?),
            None => None,
        };
        Some(Fixed {
            x_zero: self.scalar(operands[2])?,
            w_zeros: self.elements(operands[3])?,
            bias,
        })
    }

    /// Zero points or a bias of a matrix product.
    fn parameter(&mut self, value: Value) -> Parameter {
        match self.elements(value) {
            Some(known) => Parameter::Known(known),
            None => Parameter::Read(self.spot(value)),
        }
    }

    fn matrix(&mut self, index: usize, kind: XKind) -> (Product, Space) {
        let operands = &self.graph.nodes()[index].operands;
        let (x_ty, w_ty) = (self.ty(operands[0]), self.ty(operands[1]));
        let rank = x_ty.shape.rank();
        let (rows, depth) = (x_ty.shape.dim(rank - 2), x_ty.shape.dim(rank - 1));
        let columns = w_ty.shape.dim(w_ty.shape.rank() - 1);
        let space = Space {
            rows: x_ty.elements() / depth,
            columns,
        };
        let x = self.spot(operands[0]);
        let constant = self.constant(operands[1]);
        if let (Some(w), Some(fixed), 2, Home::Slot(_)) =
            (constant, self.fixed(index), w_ty.shape.rank(), x.home)
        {
            let weights = PackedMatrix::new(
                self.level,
                bytes_of(&w.ty, &w.bytes),
                depth,
                columns,
                fixed.zeros(),
                kind,
            );
            let product = Product::Matrix {
                x,
                x_zero: fixed.x_zero,
                weights: Box::new(weights),
                bias: fixed.bias,
                depth,
            };
            return (product, space);
        }
        let w_step = match w_ty.shape.rank() {
            2 => 0,
            _ => depth * columns,
        };
        let left = self.turned(index);
        let w = self.spot(left.unwrap_or(operands[1]));
        self.close_slices(index);
        let product = Product::Computed {
            x,
            w,
            turned: left.is_some(),
            x_zero: self.parameter(operands[2]),
            w_zeros: self.parameter(operands[3]),
            bias: operands.get(4).map(|&bias| self.parameter(bias)),
            size: [rows, depth, columns],
            w_step,
            kind,
        };
        (product, space)
    }

    fn convolution(&mut self, index: usize, window: &Window, groups: u32) -> Option<(Product, Space)> {
        let operands = &self.graph.nodes()[index].operands;
        let fixed = self.fixed(index)?;
        let w = self.constant(operands[1])?.clone();
        let x = self.spot(operands[0]);
        let y = &self.ty(Value::Node(index as u32)).shape;
        let (outs, rows, cols) = (y.dim(1), y.dim(2), y.dim(3));
        let pair = |values: [u32; 2]| values.map(|value| value as usize);
        let padding = &window.padding;
        let shape = Conv2dShape {
            channels: x.ty.shape.dim(1),
            height: x.ty.shape.dim(2),
            width: x.ty.shape.dim(3),
            outs,
            kernel: [w.ty.shape.dim(2), w.ty.shape.dim(3)],
            stride: pair(window.stride),
            dilation: pair(window.dilation),
            padding: [padding.top, padding.left, padding.bottom, padding.right].map(|p| p as usize),
            groups: groups as usize,
            rows,
            cols,
        };
        let filters = PackedFilters::new(self.level, shape, bytes_of(&w.ty, &w.bytes), fixed.zeros());
        let product = Product::Convolution {
            image: x.ty.elements() / x.ty.shape.dim(0),
            x,
            x_zero: fixed.x_zero,
            filters: Box::new(filters),
            bias: fixed.bias,
            outs,
            depth: w.ty.elements() / outs,
        };
        let space = Space {
            rows: y.dim(0) * outs,
            columns: rows * cols,
        };
        Some((product, space))
    }
}
