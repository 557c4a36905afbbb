//! From a region of a plan to machine code, with Cranelift.

use crate::{
    JitError, emit,
    plan::{Declined, Plan},
    record::{self, Exit},
};
use core::fmt;
use cranelift_codegen::{
    Context,
    control::ControlPlane,
    ir::{Function, InstBuilder, types::I64},
    isa::{CallConv, OwnedTargetIsa},
    settings::{self, Configurable},
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use revm::primitives::{B256, keccak256};

/// To be raised with every change of what is emitted or of what [`Record`](crate::record::Record)'s functions do: code
/// on disk from before is then not used.
const VERSION: u32 = 1;
/// Machine code of a region that is longer than this is declined: 600 times its bytecode, and no contract's was a tenth.
const LONGEST: usize = 1 << 20;
/// A region with more instructions of Cranelift's form is declined before machine code is made of it, which takes most
/// of the time: a second for so many.
const MOST_INSTRUCTIONS: usize = 1 << 17;

/// Instructions beyond x86-64's first version that machine code uses where the processor has them.
#[cfg(target_arch = "x86_64")]
fn features() -> [(&'static str, bool); 4] {
    [
        ("has_bmi1", std::is_x86_feature_detected!("bmi1")),
        ("has_bmi2", std::is_x86_feature_detected!("bmi2")),
        ("has_lzcnt", std::is_x86_feature_detected!("lzcnt")),
        ("has_popcnt", std::is_x86_feature_detected!("popcnt")),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> [(&'static str, bool); 0] {
    []
}

/// The code generator for this machine. Shared by threads.
pub(crate) struct Compiler {
    isa: OwnedTargetIsa,
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl Compiler {
    pub(crate) fn new() -> Result<Self, JitError> {
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Err(JitError::Unsupported);
        }
        let failed = |problem: &dyn fmt::Display| JitError::Compiler(problem.to_string());
        let mut flags = settings::builder();
        for (name, value) in [
            // The emitter folds constants itself; what Cranelift would find besides costs more than it gains.
            ("opt_level", "none"),
            ("is_pic", "true"),
            // Frames of machine code are small, and no function in it calls itself.
            ("enable_probestack", "false"),
            ("unwind_info", "false"),
            ("enable_table_access_spectre_mitigation", "false"),
            (
                "enable_verifier",
                if cfg!(debug_assertions) { "true" } else { "false" },
            ),
            // Tail calls need them.
            ("preserve_frame_pointers", "true"),
        ] {
            flags.set(name, value).map_err(|error| failed(&error))?;
        }
        let mut isa = cranelift_codegen::isa::lookup_by_name("x86_64").map_err(|error| failed(&error))?;
        for (feature, present) in features() {
            if present {
                isa.enable(feature).map_err(|error| failed(&error))?;
            }
        }
        let isa = isa
            .finish(settings::Flags::new(flags))
            .map_err(|error| failed(&error))?;
        Ok(Self { isa })
    }

    /// What machine code depends on besides bytecode and rules: versions of the emitter and of Cranelift, features of
    /// the processor, and the layout of what code and helpers share.
    pub(crate) fn fingerprint(&self) -> B256 {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        bytes.extend(cranelift_codegen::VERSION.as_bytes());
        bytes.extend(features().map(|(_, present)| u8::from(present)));
        bytes.extend(record::OFFSETS.iter().flat_map(|offset| offset.to_le_bytes()));
        keccak256(bytes)
    }

    /// Machine code of a region: position independent, without relocations.
    pub(crate) fn region(&self, plan: &Plan, region: usize) -> Result<Vec<u8>, Declined> {
        let mut function = Function::new();
        let mut context = FunctionBuilderContext::new();
        emit::region(
            plan,
            region,
            &mut function,
            &mut context,
            self.isa.frontend_config(),
        );
        if function.dfg.num_insts() > MOST_INSTRUCTIONS {
            return Err(Declined);
        }
        self.machine_code(function)
    }

    fn machine_code(&self, function: Function) -> Result<Vec<u8>, Declined> {
        let mut context = Context::for_function(function);
        let compiled = context.compile(&*self.isa, &mut ControlPlane::default());
        let compiled = compiled.map_err(|error| {
            debug_assert!(false, "Cranelift: {:?}", error.inner);
            Declined
        })?;
        let code = compiled.code_buffer();
        if !compiled.buffer.relocs().is_empty() || code.len() > LONGEST {
            return Err(Declined);
        }
        Ok(code.to_vec())
    }

    /// The way in: a function of C's convention that takes a record, the function of a region and an entry, and gives
    /// what the region gives.
    pub(crate) fn way_in(&self) -> Result<Vec<u8>, Declined> {
        self.glue(CallConv::SystemV, 3, |builder, parameters| {
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

    /// What stands for a region without code.
    pub(crate) fn missing(&self) -> Result<Vec<u8>, Declined> {
        self.glue(CallConv::Tail, 4, |builder, parameters| {
            let record = parameters[0];
            for (value, at) in [
                (parameters[1], record::ENTRY),
                (parameters[2], record::GAS),
                (parameters[3], record::TOP),
            ] {
                builder.ins().store(emit::trusted(), value, record, at);
            }
            builder.ins().iconst(I64, Exit::Missing.code(0) as i64)
        })
    }

    fn glue(
        &self,
        convention: CallConv,
        parameters: usize,
        body: impl FnOnce(
            &mut FunctionBuilder<'_>,
            &[cranelift_codegen::ir::Value],
        ) -> cranelift_codegen::ir::Value,
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
        builder.finalize(self.isa.frontend_config());
        self.machine_code(function)
    }
}
