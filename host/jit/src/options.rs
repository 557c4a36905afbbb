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
    /// Threads that compile in the background, with `JitMode::On`; one at least.
    pub threads: usize,
    /// How much of one processor's time all threads in the background may use together, in hundredths: 1 to 100. A
    /// second of it is theirs in advance, so that a start does not wait.
    pub budget_percent: u8,
    /// Where compiled code is kept from run to run; `None` for memory alone.
    pub folder: Option<PathBuf>,
    /// How much memory compiled contracts may take, in bytes: machine code in whole pages, and what is known of their
    /// bytecode. Where it does not suffice, contracts that were not executed for longest are dropped.
    pub memory_bytes: usize,
    /// How much may be kept on disk, in bytes. The files that were not used for longest are removed; between two
    /// rounds of that there may be a sixteenth more.
    pub disk_bytes: u64,
    /// So many entries make a contract hot: it is analysed, and its regions are counted.
    pub hot: u32,
    /// So often a region of a hot contract is to be reached, of late, to be compiled: what was counted halves with every
    /// 4,096 frames. Machine code takes ten times the room of bytecode in the processor's caches, so that it gains nothing
    /// where it is executed a few times in a block. With 1, a region is compiled as soon as it is reached.
    pub hot_region: u32,
}

impl Default for JitOptions {
    fn default() -> Self {
        Self {
            mode: JitMode::On,
            threads: 1,
            budget_percent: 50,
            folder: None,
            memory_bytes: 256 << 20,
            disk_bytes: 1 << 30,
            hot: 8,
            hot_region: 64,
        }
    }
}
