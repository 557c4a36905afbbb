// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Which models exist for the chain
/// @notice The inference precompile runs a model only if it is registered here: models exist by state, not by what a
/// node has on its disk.
/// @dev The storage layout is consensus. The precompile reads slot keccak256(modelId ‖ uint256(0)) directly, and
/// genesis writes the first models and the owner (slot 1) the same way. Genesis also places the code, so no
/// constructor runs and there must be no immutables; new variables may only be appended.
contract ModelRegistry {
    /// @notice 1 if the model is registered, else 0; nothing else is ever written.
    mapping(bytes32 modelId => uint256 registered) public models;

    /// @notice Who may register models. Zero if genesis named nobody: then the set of models is fixed.
    address public owner;

    /// @notice A model began to exist; inferences after this point run it.
    event ModelRegistered(bytes32 indexed modelId);

    /// @notice A model ceased to exist; inferences after this point revert with UnknownModel.
    event ModelUnregistered(bytes32 indexed modelId);

    /// @notice The right to register models changed hands.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotOwner(address caller);
    error AlreadyRegistered(bytes32 modelId);
    error NotRegistered(bytes32 modelId);
    error ZeroModelId();
    error ZeroOwner();

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    /// @notice Registers a model by the hash of its bundle.
    /// @dev The chain cannot see bundles: whoever registers a model vouches that validators can obtain it.
    function register(bytes32 modelId) external onlyOwner {
        // An unset variable reads zero; no bundle hashes to it, so this only ever catches a mistake.
        if (modelId == bytes32(0)) revert ZeroModelId();
        if (models[modelId] != 0) revert AlreadyRegistered(modelId);
        models[modelId] = 1;
        emit ModelRegistered(modelId);
    }

    /// @notice Removes a model.
    function unregister(bytes32 modelId) external onlyOwner {
        if (models[modelId] == 0) revert NotRegistered(modelId);
        models[modelId] = 0;
        emit ModelUnregistered(modelId);
    }

    /// @notice Hands the registry to another owner.
    function transferOwnership(address newOwner) external onlyOwner {
        // Giving up the registry by a slip of a default value could not be undone.
        if (newOwner == address(0)) revert ZeroOwner();
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    /// @notice Whether a model exists for the chain.
    function isRegistered(bytes32 modelId) external view returns (bool) {
        return models[modelId] == 1;
    }
}
