/// What native code did, since it was switched on. Depends on the machine and on time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames (calls, and goings on after a call) that began in native code.
    pub native_frames: u64,
    /// Frames that began in the interpreter because nothing is compiled for them, with `JitMode::On` or `Always`.
    pub interpreted_frames: u64,
    /// Frames that left native code for the interpreter, whatever the reason.
    pub deoptimised_frames: u64,
    /// Those of them that left because a region is not compiled.
    pub missing_regions: u64,
    /// Contracts of which something is compiled.
    pub contracts: u64,
    /// Regions that were compiled.
    pub compiled_regions: u64,
    /// Regions that came from disk.
    pub loaded_regions: u64,
    /// Files on disk that were refused because their authentication or their form is wrong.
    pub refused_files: u64,
    /// Regions and contracts that the compiler declined.
    pub declined: u64,
    /// Bytecode of compiled regions, in bytes.
    pub bytecode_bytes: u64,
    /// Machine code in memory, in bytes.
    pub code_bytes: u64,
    /// Processor time of the compiler, in nanoseconds.
    pub compile_ns: u64,
    /// Of that, what was spent on the path of execution (`JitMode::Always` alone compiles there).
    pub compile_on_path_ns: u64,
}
