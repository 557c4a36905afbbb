//! The contracts as callers see them, and where the deployments of the blocks put them.

use crate::artefacts;
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolConstructor, sol};

// The names are those of contracts/src, which documents them.
sol! {
    #[allow(missing_docs)]
    contract Token {
        event Transfer(address indexed from, address indexed to, uint256 value);

        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

        constructor(string name, string symbol, uint8 decimals);

        function mint(address to, uint256 value) external;
        function transfer(address to, uint256 value) external returns (bool);
        function approve(address spender, uint256 value) external returns (bool);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
    }

    #[allow(missing_docs)]
    contract Pair {
        event Swapped(
            address indexed sender, address indexed tokenIn, address indexed to, uint256 amountIn, uint256 amountOut
        );

        error InsufficientOutput(uint256 amount, uint256 minimum);

        constructor(address tokenA, address tokenB);

        function addLiquidity(uint256 max0, uint256 max1, uint256 minShares, address to)
            external returns (uint256 shares);
        function removeLiquidity(uint256 shares, uint256 min0, uint256 min1, address to)
            external returns (uint256 amount0, uint256 amount1);
        function swap(address tokenIn, uint256 amountIn, uint256 minOut, address to)
            external returns (uint256 amountOut);
    }

    #[allow(missing_docs)]
    contract DigitClassifier {
        event Classified(uint256 indexed id, uint8 class);

        constructor(bytes32 modelId);

        function classify(uint256 id, bytes image) external returns (uint8 class);
    }

    #[allow(missing_docs)]
    contract ClassifierCaller {
        event OutcomeRecorded(uint256 indexed id, bool success, bytes4 selector, uint256 returnedBytes);

        error RevertedOnPurpose(uint256 id, uint8 class);

        constructor(address classifier);

        function classifyMany(uint256[] ids, bytes[] images) external;
        function classifyThenRevert(uint256 id, bytes image) external;
        function classifyRolledBack(uint256 id, bytes image) external;
        function classifyCaught(uint256 id, bytes image) external;
        function classifyStarved(uint256 id, bytes image, uint256 gasLimit) external;
        function inferStarved(uint256 id, bytes image, uint256 gasLimit) external;
        function inferWithValue(uint256 id, bytes image) external payable;
        function classifyDelegated(uint256 id, bytes image) external;
        function classifyMalformed(uint256 id, bytes image, uint8 kind) external;
        function inferRaw(uint256 id, bytes data) external;
    }

    #[allow(missing_docs)]
    contract Dao {
        enum Choice { Against, For, Abstain }

        event VoteCast(uint256 indexed id, address indexed voter, Choice choice, uint256 power);

        function vote(uint256 id, Choice choice) external;
    }

    #[allow(missing_docs)]
    contract Collectible {
        event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

        function mint(address to) external returns (uint256 tokenId);
    }

    #[allow(missing_docs)]
    contract ModelRegistry {
        event ModelRegistered(bytes32 indexed modelId);
        event ModelUnregistered(bytes32 indexed modelId);

        error NotOwner(address caller);
        error AlreadyRegistered(bytes32 modelId);

        function register(bytes32 modelId) external;
        function unregister(bytes32 modelId) external;
    }

    #[allow(missing_docs)]
    contract KeyRegistry {
        function register(bytes32 modelId, uint256 circuitVersion, bytes32 keyDigest) external;
    }

    #[allow(missing_docs)]
    #[derive(Debug)]
    contract InferenceLedger {
        struct Entry {
            bytes32 modelId;
            bytes32 inputCommitment;
            bytes32 outputHash;
            uint64 blockNumber;
            bool proven;
        }

        event Ran(uint256 indexed id, bytes32 indexed modelId, bytes output);
        event Confirmed(uint256 indexed id, bytes32 indexed jobId);
        event InferenceProven(bytes32 indexed jobId, bytes32 indexed modelId, address indexed prover, bytes output);

        error AlreadyProven(uint256 id);
        error InvalidProof(bytes32 jobId);
        error OtherOutput(uint256 id);

        function run(bytes32[] modelIds, bytes[] inputs) external;
        function prove(uint256 id, uint256 transactionIndex, uint256 callIndex, bytes output, bytes proof) external;
        function entryOf(uint256 id) external view returns (Entry entry);
    }

    #[allow(missing_docs)]
    #[derive(Debug)]
    contract PrivateCredit {
        error InvalidProof(bytes32 jobId);
        error JobNotOpen(bytes32 jobId, uint8 state);
        error NothingAttested(address borrower);

        event InferenceAsked(
            bytes32 indexed jobId, bytes32 indexed modelId, address indexed asker, bytes32 inputCommitment, uint64 deadline
        );
        event Decided(address indexed borrower, bytes32 indexed jobId, bool approved);

        constructor(bytes32 modelId_, address authority_, uint64 patience_);

        function attest(address borrower, bytes32 inputCommitment) external;
        function applyForCredit() external returns (bytes32 jobId);
        function fulfil(bytes32 jobId, bytes calldata output, bytes calldata proof) external;
        function decisionOf(address borrower) external view returns (uint8 decision);
    }

    #[allow(missing_docs)]
    #[derive(Debug, PartialEq, Eq)]
    contract Storyteller {
        event Told(address indexed teller, uint32[] prompt, uint32[] text);
        event Begun(address indexed teller, uint256 indexed id, uint32[] prompt);
        event Continued(address indexed teller, uint256 indexed id, uint32[] text);

        error AnotherStory(uint256 id, bytes32 expected, bytes32 actual);

        constructor(bytes32 modelId_);

        function tell(uint32[] calldata prompt, uint32 count) external returns (uint32[] memory text);
        function begin(uint256 id, uint32[] calldata prompt) external;
        function proceed(uint256 id, uint32[] calldata tokens, uint32 count) external returns (uint32[] memory text);
        function stories(address teller, uint256 id) external view returns (bytes32 commitment);
    }
}

/// What creates the ledger of inferences that are proven later.
pub fn inference_ledger() -> Bytes {
    artefacts::inference_ledger().creation
}

/// What creates the contract that decides on credit by a model; it waits for a proof for so many seconds.
pub fn private_credit(model: B256, authority: Address, patience: u64) -> Bytes {
    let arguments = PrivateCredit::constructorCall {
        modelId_: model,
        authority_: authority,
        patience_: patience,
    };
    artefacts::private_credit().deploy(&arguments.abi_encode())
}

/// What creates the contract that tells stories with a model.
pub fn storyteller(model: B256) -> Bytes {
    let arguments = Storyteller::constructorCall { modelId_: model };
    artefacts::storyteller().deploy(&arguments.abi_encode())
}

/// Where the contracts lie. They are deployed by the first transactions of one account, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contracts {
    /// The classifier of the MLP.
    pub mlp_classifier: Address,
    /// The classifier of the CNN.
    pub cnn_classifier: Address,
    /// The caller of the MLP's classifier. The small block has none of this and what follows.
    pub mlp_caller: Address,
    /// The caller of the CNN's classifier.
    pub cnn_caller: Address,
    /// The first token.
    pub token_a: Address,
    /// The second token.
    pub token_b: Address,
    /// The pair of both tokens.
    pub pair: Address,
}

impl Contracts {
    /// The addresses that follow from the deployer's nonces.
    pub fn deployed_by(deployer: Address) -> Self {
        let at = |nonce| deployer.create(nonce);
        Self {
            mlp_classifier: at(0),
            cnn_classifier: at(1),
            mlp_caller: at(2),
            cnn_caller: at(3),
            token_a: at(4),
            token_b: at(5),
            pair: at(6),
        }
    }
}
