use crate::{
    Counters, JitError, JitMode, JitOptions, Rules,
    background::Background,
    builder::{Builder, Built, Caller, timed},
    cache::{Cache, Domain},
    compiler::Compiler,
    contract::Contract,
    counters::{AllFrames, Frames},
    disk::Disk,
    enter::{self, Way},
    executable::Executable,
};
use revm::{
    bytecode::Bytecode,
    context_interface::Host,
    interpreter::{GasTable, InstructionTable, Interpreter, InterpreterAction, interpreter::EthInterpreter},
    primitives::{B256, map::B256Map},
};
use std::{sync::Arc, time::Duration};

/// So many contracts an EVM keeps at hand. Beyond it, it looks all of them up anew.
const CONTRACTS_AT_HAND: usize = 4096;

/// The native compiler with its cache: one for a process, shared by all EVMs.
#[derive(Debug)]
pub struct Jit {
    options: JitOptions,
    frames: AllFrames,
    /// `None` if nothing is compiled.
    service: Option<Service>,
}

/// What compiles.
#[derive(Debug)]
struct Service {
    background: Background<Compiler>,
    builder: Arc<Builder<Compiler>>,
}

/// What ahead-of-time compilation of one contract gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Length of the bytecode.
    pub bytecode_bytes: usize,
    /// Regions it has; none if the compiler declined the contract as a whole.
    pub regions: usize,
    /// Those that were compiled now; the others came from memory or disk.
    pub compiled_regions: usize,
    /// Regions that the compiler declined: they are interpreted.
    pub declined_regions: usize,
    /// Length of all its machine code.
    pub code_bytes: usize,
    /// Processor time of the compiler.
    pub compile_time: Duration,
}

impl Jit {
    /// A compiler that works as the options say. With `JitMode::Off`, and on machines for which no code is emitted
    /// ([`Jit::is_supported`]), everything is interpreted.
    ///
    /// # Errors
    /// If the folder cannot be used, or compiler and threads do not start.
    pub fn new(options: JitOptions) -> Result<Arc<Self>, JitError> {
        let compiles = options.mode != JitMode::Off && Self::is_supported();
        let service = if compiles {
            Some(Service::new(&options)?)
        } else {
            None
        };
        Ok(Arc::new(Self {
            options,
            frames: AllFrames::default(),
            service,
        }))
    }

    /// Whether code is emitted for this machine.
    pub const fn is_supported() -> bool {
        cfg!(all(target_arch = "x86_64", target_os = "linux"))
    }

    /// The options.
    pub fn options(&self) -> &JitOptions {
        &self.options
    }

    /// What was done until now.
    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        self.frames.add_to(&mut counters);
        if let Some(service) = &self.service {
            service.builder.add_to(&mut counters);
            service.background.add_to(&mut counters);
        }
        counters
    }

    /// What went wrong last, in words: with a file, with memory for code, within the compiler. None of it changes what is
    /// executed; `Counters::disk_errors`, `refused_files` and `declined` say how often.
    pub fn last_problem(&self) -> Option<String> {
        self.service
            .as_ref()
            .and_then(|service| service.builder.last_problem())
    }

    /// Compiles all of a contract now, and keeps it in memory and, where there is a folder, on disk.
    ///
    /// # Errors
    /// If nothing is ever compiled here, if `hash` is not the bytecode's, or if the file cannot be written.
    pub fn compile(&self, hash: B256, code: &Bytecode, rules: &Rules) -> Result<Compiled, JitError> {
        let Some(Service { builder, .. }) = &self.service else {
            return Err(if Self::is_supported() {
                JitError::Off
            } else {
                JitError::Unsupported
            });
        };
        let actual = code.hash_slow();
        if actual != hash {
            return Err(JitError::CodeHash { given: hash, actual });
        }
        let contract = builder.cache.contract(&builder.cache.domain(rules), hash);
        let mut compiled = Compiled {
            bytecode_bytes: code.len(),
            ..Compiled::default()
        };
        let (ready, mut compile_time) = timed(|| builder.prepare(&contract, code, Caller::Aside));
        if let Some(ready) = ready {
            compiled.regions = ready.regions();
            for region in 0..compiled.regions {
                let (built, time) = timed(|| builder.region(&contract, ready, region, Caller::Aside));
                compile_time += time;
                match built {
                    Built::Compiled => compiled.compiled_regions += 1,
                    Built::Declined => compiled.declined_regions += 1,
                    Built::Present | Built::Evicted => {}
                }
                compiled.code_bytes += ready.code.code(region).map_or(0, <[u8]>::len);
            }
        }
        compiled.compile_time = compile_time;
        if compiled.compiled_regions > 0 {
            builder.save(&contract).map_err(|problem| JitError::Folder {
                folder: self
                    .options
                    .folder
                    .as_deref()
                    .unwrap_or("".as_ref())
                    .display()
                    .to_string(),
                problem,
            })?;
        }
        Ok(compiled)
    }

    /// Waits until the background has nothing to do, and what is to be kept is on disk. No budget is kept meanwhile.
    pub fn settle(&self) {
        if let Some(service) = &self.service {
            service.background.settle();
        }
    }

    /// What one EVM runs frames with.
    pub fn native(self: &Arc<Self>, rules: Rules) -> Native {
        let contracts = self.service.as_ref().map(|service| Contracts {
            domain: service.builder.cache.domain(&rules),
            at_hand: B256Map::default(),
            generation: service.builder.cache.generation(),
            frames: self.frames.enter(),
            tick: self.frames.tick(),
        });
        Native {
            jit: self.clone(),
            contracts,
        }
    }
}

impl Service {
    fn new(options: &JitOptions) -> Result<Self, JitError> {
        let compiler = Compiler::new()?;
        let folder = options.folder.as_deref();
        let disk = folder
            .map(|folder| Disk::open(folder, options.disk_bytes))
            .transpose()?;
        let builder = Arc::new(Builder::new(compiler, Cache::new(options.memory_bytes), disk));
        let threads = if options.mode == JitMode::On {
            options.threads.max(1)
        } else {
            0
        };
        if threads == 0 {
            builder.trim();
        }
        Ok(Self {
            background: Background::new(builder.clone(), threads, options)?,
            builder,
        })
    }

    /// Counts that a frame of a hot contract found a region missing, and asks for it when it is hot as well.
    fn want_region(&self, contract: &Arc<Contract<Executable>>, region: usize, tick: u16, hot: u32) {
        if let Some(Some(ready)) = contract.prepared()
            && ready.is_wanted(region, tick, hot)
            && !self.background.request_region(contract, region)
        {
            ready.forget_request(region);
        }
    }

    /// Compiles what a frame of a contract found missing; whether there is code now.
    fn compile_region(&self, contract: &Arc<Contract<Executable>>, region: usize) -> bool {
        let Some(Some(ready)) = contract.prepared() else {
            return false;
        };
        let built = self.builder.region(contract, ready, region, Caller::Path);
        if built == Built::Compiled {
            self.background.save(contract);
        }
        matches!(built, Built::Compiled | Built::Present)
    }
}

/// What one EVM runs frames with, for one set of rules.
#[derive(Debug)]
pub struct Native {
    jit: Arc<Jit>,
    /// `None` if nothing is compiled.
    contracts: Option<Contracts>,
}

/// The contracts that one EVM has at hand.
#[derive(Debug)]
struct Contracts {
    domain: Arc<Domain<Executable>>,
    at_hand: B256Map<Arc<Contract<Executable>>>,
    /// The cache's generation when none of them was known to be dropped.
    generation: u32,
    frames: Arc<Frames>,
    /// When the EVM came, on the clock of frames.
    tick: u16,
}

impl Native {
    /// Runs a frame from where its instruction pointer stands until it has an action: what `Interpreter::run_plain`
    /// does, in native code as far as there is some.
    pub fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction {
        let (Some(contracts), Some(service)) = (&mut self.contracts, &self.jit.service) else {
            return interpreter.run_plain(instructions, gas, host);
        };
        let always = self.jit.options.mode == JitMode::Always;
        let (tick, hot_region) = (contracts.tick, self.jit.options.hot_region);
        // Code that runs once, to create a contract, has no hash.
        let Some(hash) = interpreter.bytecode.hash() else {
            contracts.frames.count_interpreted();
            return interpreter.run_plain(instructions, gas, host);
        };
        let cache = &service.builder.cache;
        let (contract, frames) = contracts.find(cache, hash);
        let ready = match contract.prepared() {
            Some(ready) => ready,
            None if always => service
                .builder
                .prepare(contract, &interpreter.bytecode, Caller::Path),
            None => {
                if contract.heats_up(self.jit.options.hot)
                    && !service.background.request(contract, &interpreter.bytecode)
                {
                    contract.cool_down();
                }
                None
            }
        };
        let Some(ready) = ready else {
            frames.count_interpreted();
            return interpreter.run_plain(instructions, gas, host);
        };
        contract.touch(cache.epoch());
        let mut missing = |region| {
            if always {
                return service.compile_region(contract, region);
            }
            service.want_region(contract, region, tick, hot_region);
            false
        };
        let (action, way) = enter::run(&ready.code, interpreter, instructions, gas, host, &mut missing);
        match way {
            Way::Native => frames.count_native(),
            Way::Interpreted => frames.count_interpreted(),
            Way::Deoptimised => frames.count_deoptimised(),
            Way::Missing => frames.count_missing(),
        }
        action
    }
}

impl Contracts {
    /// A contract by its hash, and where its frames are counted.
    fn find(&mut self, cache: &Cache<Executable>, hash: B256) -> (&Arc<Contract<Executable>>, &Frames) {
        let generation = cache.generation();
        if generation != self.generation {
            self.at_hand.retain(|_, contract| !contract.is_evicted());
            self.generation = generation;
        }
        if self.at_hand.len() > CONTRACTS_AT_HAND {
            self.at_hand.clear();
        }
        let contract = self.at_hand.entry(hash);
        let contract = contract.or_insert_with(|| cache.contract(&self.domain, hash));
        (contract, &self.frames)
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        if let Some(contracts) = &self.contracts {
            self.jit.frames.leave(&contracts.frames);
        }
    }
}
