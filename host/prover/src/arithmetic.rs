//! One way to write a constraint for the three places where plonky2 evaluates it: over the trace (base field,
//! several points at once), at the opening point (extension field), and inside of a recursive verifier
//! (targets).

use metisvm_verifier::field::{D, F};
use plonky2::field::extension::FieldExtension;
use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use std::marker::PhantomData;

/// The extension field.
pub(crate) type Extension = <F as plonky2::field::extension::Extendable<D>>::Extension;

/// An element of the field in its extension.
fn extension(value: F) -> Extension {
    FieldExtension::<D>::from_basefield(value)
}

/// What a constraint is written in.
pub trait Arithmetic {
    /// A value: of a wire, of a constant, of an expression.
    type Value: Copy;

    /// A number.
    fn constant(&mut self, value: F) -> Self::Value;

    /// `a · b + c`.
    fn multiply_add(&mut self, a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;

    /// `factor · a + c`.
    fn scale_add(&mut self, factor: F, a: Self::Value, c: Self::Value) -> Self::Value;

    /// `a − b`.
    fn subtract(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;

    /// `a · b`.
    fn multiply(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
}

/// Over the trace.
pub(crate) struct Base<P>(PhantomData<P>);

impl<P> Base<P> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: PackedField<Scalar = F>> Arithmetic for Base<P> {
    type Value = P;

    fn constant(&mut self, value: F) -> P {
        P::from(value)
    }

    fn multiply_add(&mut self, a: P, b: P, c: P) -> P {
        a * b + c
    }

    fn scale_add(&mut self, factor: F, a: P, c: P) -> P {
        a * factor + c
    }

    fn subtract(&mut self, a: P, b: P) -> P {
        a - b
    }

    fn multiply(&mut self, a: P, b: P) -> P {
        a * b
    }
}

/// At the opening point.
pub(crate) struct Opened;

impl Arithmetic for Opened {
    type Value = Extension;

    fn constant(&mut self, value: F) -> Extension {
        extension(value)
    }

    fn multiply_add(&mut self, a: Extension, b: Extension, c: Extension) -> Extension {
        a * b + c
    }

    fn scale_add(&mut self, factor: F, a: Extension, c: Extension) -> Extension {
        FieldExtension::<D>::scalar_mul(&a, factor) + c
    }

    fn subtract(&mut self, a: Extension, b: Extension) -> Extension {
        a - b
    }

    fn multiply(&mut self, a: Extension, b: Extension) -> Extension {
        a * b
    }
}

impl Arithmetic for CircuitBuilder<F, D> {
    type Value = ExtensionTarget<D>;

    fn constant(&mut self, value: F) -> ExtensionTarget<D> {
        self.constant_extension(extension(value))
    }

    fn multiply_add(
        &mut self,
        a: ExtensionTarget<D>,
        b: ExtensionTarget<D>,
        c: ExtensionTarget<D>,
    ) -> ExtensionTarget<D> {
        self.mul_add_extension(a, b, c)
    }

    fn scale_add(&mut self, factor: F, a: ExtensionTarget<D>, c: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.mul_const_add_extension(factor, a, c)
    }

    fn subtract(&mut self, a: ExtensionTarget<D>, b: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.sub_extension(a, b)
    }

    fn multiply(&mut self, a: ExtensionTarget<D>, b: ExtensionTarget<D>) -> ExtensionTarget<D> {
        self.mul_extension(a, b)
    }
}

/// The product of `value − root` over the roots 0..n: zero where the value is one of them.
pub(crate) fn vanishes_below<A: Arithmetic>(a: &mut A, n: u64, value: A::Value) -> A::Value {
    let mut product = value;
    for root in 1..n {
        let root = a.constant(F::from_canonical_u64(root));
        let factor = a.subtract(value, root);
        product = a.multiply(product, factor);
    }
    product
}
