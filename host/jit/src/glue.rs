//! Machine code that all contracts share.

use crate::{
    code_memory::CodeMemory,
    emit,
    machine_code::machine_code,
    plan::Declined,
    record::{self, Exit},
};
use cranelift_codegen::{
    ir::{Function, InstBuilder, Value, types::I64},
    isa::{CallConv, OwnedTargetIsa},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use std::{io, sync::Arc};

/// Machine code that all contracts share.
#[derive(Debug)]
pub(crate) struct Glue {
    /// The way in: a function of C's convention that takes a record, the function of a region and an entry, and gives
    /// what the region gives.
    pub(crate) way_in: CodeMemory,
    /// What stands for a region without code.
    pub(crate) missing: CodeMemory,
}

impl Glue {
    pub(crate) fn new(isa: &OwnedTargetIsa) -> io::Result<Arc<Self>> {
        let into_memory = |code: Result<Vec<u8>, Declined>| {
            let declined = |_| io::Error::other("Cranelift does not compile what all contracts share");
            CodeMemory::new(&code.map_err(declined)?)
        };
        Ok(Arc::new(Self {
            way_in: into_memory(way_in(isa))?,
            missing: into_memory(missing(isa))?,
        }))
    }
}

fn way_in(isa: &OwnedTargetIsa) -> Result<Vec<u8>, Declined> {
    function(isa, CallConv::SystemV, 3, |builder, parameters| {
        let (record, function, entry) = (parameters[0], parameters[1], parameters[2]);
        let gas = builder.ins().load(I64, emit::trusted(), record, record::GAS);
        let top = builder.ins().load(I64, emit::trusted(), record, record::TOP);
        let signature = builder.import_signature(emit::region_signature());
        let call = builder
            .ins()
            .call_indirect(signature, function, &[record, entry, gas, top]);
        builder.inst_results(call)[0]
    })
}

fn missing(isa: &OwnedTargetIsa) -> Result<Vec<u8>, Declined> {
    function(isa, CallConv::Tail, 4, |builder, parameters| {
        let record = parameters[0];
        let fields = [record::ENTRY, record::GAS, record::TOP];
        for (value, field) in parameters[1..].iter().zip(fields) {
            builder.ins().store(emit::trusted(), *value, record, field);
        }
        builder.ins().iconst(I64, Exit::Missing.code(0) as i64)
    })
}

/// A function of one block that gives what its body gives.
fn function(
    isa: &OwnedTargetIsa,
    convention: CallConv,
    parameters: usize,
    body: impl FnOnce(&mut FunctionBuilder<'_>, &[Value]) -> Value,
) -> Result<Vec<u8>, Declined> {
    let mut function = Function::new();
    function.signature = emit::signature(convention, parameters, 1);
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let parameters = builder.block_params(block).to_vec();
    let result = body(&mut builder, &parameters);
    builder.ins().return_(&[result]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    machine_code(isa, function)
}
