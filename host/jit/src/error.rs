use revm::primitives::B256;

/// Why native code cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JitError {
    /// No code is emitted for this machine; its blocks are interpreted.
    #[error("native code is emitted for x86-64 on Linux alone; this machine interprets")]
    Unsupported,
    /// Something is to be compiled, and the options say that nothing ever is.
    #[error("native code is switched off, so nothing can be compiled; switch it on")]
    Off,
    /// The folder of compiled code cannot be used.
    #[error("the folder of compiled code {folder}: {problem}")]
    Folder {
        /// Which.
        folder: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The compiler does not start.
    #[error("the native compiler does not start: {0}")]
    Compiler(String),
    /// Bytecode came with the hash of another.
    #[error("the bytecode has the hash {actual}, not {given}")]
    CodeHash {
        /// The hash that was given.
        given: B256,
        /// The hash of the bytecode.
        actual: B256,
    },
}
