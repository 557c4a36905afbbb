/// Why a workload could not be made. But for a scenario's size, each means that something it is made of was
/// changed: models, contracts or the rules of the chain.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// A model file could not be imported.
    #[error("models/digits/{file}: {problem}")]
    Import {
        /// The file.
        file: &'static str,
        /// What the importer says.
        problem: String,
    },
    /// A model has not the outputs that its contract understands.
    #[error("models/digits/{0} has not the outputs that DigitClassifier understands")]
    Outputs(&'static str),
    /// The graph of a model is not sound after its outputs were chosen.
    #[error("the graph of a model is not sound: {0}")]
    Graph(#[from] metisvm_model::GraphError),
    /// The graph of a model makes no bundle.
    #[error("the graph of a model makes no bundle: {0}")]
    Bundle(#[from] metisvm_model::bundle::BundleError),
    /// A scenario of no size, or of one that does not fit into memory.
    #[error(
        "a scenario cannot have {blocks} blocks of {transactions} transactions: ask for 1 to {} blocks of 1 to {} \
         transactions, and for not more than 2,000,000 transactions together",
        crate::chains::MOST_BLOCKS,
        crate::chains::MOST_TRANSACTIONS
    )]
    Size {
        /// Transactions a block.
        transactions: usize,
        /// Blocks.
        blocks: usize,
    },
    /// A transaction that was made to be in the block cannot be in it.
    #[error("transaction {index} of the workload cannot be in its block: {problem}")]
    Skipped {
        /// Its index.
        index: usize,
        /// Why.
        problem: String,
    },
    /// The block could not be executed.
    #[error(transparent)]
    Execute(#[from] metisvm_executor::Error),
}
