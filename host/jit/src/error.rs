/// Why native code cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JitError {
    /// No code is emitted for this machine; its blocks are interpreted.
    #[error("native code is emitted for x86-64 on Linux alone; this machine interprets")]
    Unsupported,
    /// The folder of compiled code cannot be used.
    #[error("the folder of compiled code {folder}: {problem}")]
    Folder {
        /// Which.
        folder: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The compiler does not start.
    #[error("the native compiler does not start: {0}")]
    Compiler(String),
}
