use std::path::PathBuf;

/// When bytecode is compiled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JitMode {
    /// Never: everything is interpreted.
    Off,
    /// When it is hot, by threads in the background.
    #[default]
    On,
    /// Before it is first executed, by the thread that executes it: for tests.
    Always,
}

/// How native code is made and kept. None of it changes what a block does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JitOptions {
    /// When bytecode is compiled.
    pub mode: JitMode,
    /// Threads that compile in the background, with `JitMode::On`.
    pub threads: usize,
    /// Where compiled code is kept from run to run; `None` for memory alone.
    pub folder: Option<PathBuf>,
    /// How much machine code may be in memory, in bytes. Beyond it nothing more is compiled until contracts that were
    /// not executed for longest are dropped.
    pub memory_bytes: usize,
    /// How much may be kept on disk, in bytes.
    pub disk_bytes: u64,
    /// So many entries make a contract hot, and then each of its regions.
    pub hot: u32,
}

impl Default for JitOptions {
    fn default() -> Self {
        Self {
            mode: JitMode::On,
            threads: 1,
            folder: None,
            memory_bytes: 256 << 20,
            disk_bytes: 1 << 30,
            hot: 8,
        }
    }
}
