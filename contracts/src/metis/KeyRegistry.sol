// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Which verifying keys the chain accepts
/// @notice A key is the model's circuit in a few kilobytes; its digest is the Keccak-256 hash of its bytes. Whoever
/// registers one vouches that it was made of the model's bundle, as anybody can check by making it again, and that
/// validators can obtain it.
/// @dev The storage layout is consensus. The verification precompile reads slot
/// keccak256(circuitVersion ‖ keccak256(modelId ‖ uint256(0))) directly. Genesis may place code and storage, so there
/// must be no immutables; new variables may only be appended.
contract KeyRegistry {
    /// @notice The digest of the key of a model and a version of circuits; zero where there is none.
    mapping(bytes32 modelId => mapping(uint256 circuitVersion => bytes32 keyDigest)) public keys;

    /// @notice Who may register keys. Zero if genesis named nobody: then the set of keys is fixed.
    address public owner;

    /// @notice Proofs under this key are accepted from here on, and none under another key of the same model.
    event KeyRegistered(bytes32 indexed modelId, uint256 indexed circuitVersion, bytes32 keyDigest);

    /// @notice No proof of the model is accepted from here on.
    event KeyRemoved(bytes32 indexed modelId, uint256 indexed circuitVersion, bytes32 keyDigest);

    /// @notice The right to register keys changed hands.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotOwner(address caller);
    error AlreadyRegistered(bytes32 modelId, uint256 circuitVersion);
    error NotRegistered(bytes32 modelId, uint256 circuitVersion);
    error ZeroModelId();
    error ZeroKeyDigest();
    error ZeroOwner();

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    constructor(address owner_) {
        if (owner_ == address(0)) revert ZeroOwner();
        owner = owner_;
    }

    /// @notice Registers the key of a model. To replace one, remove it first.
    function register(bytes32 modelId, uint256 circuitVersion, bytes32 keyDigest) external onlyOwner {
        if (modelId == bytes32(0)) revert ZeroModelId();
        if (keyDigest == bytes32(0)) revert ZeroKeyDigest();
        if (keys[modelId][circuitVersion] != bytes32(0)) revert AlreadyRegistered(modelId, circuitVersion);
        keys[modelId][circuitVersion] = keyDigest;
        emit KeyRegistered(modelId, circuitVersion, keyDigest);
    }

    /// @notice Removes a key.
    function remove(bytes32 modelId, uint256 circuitVersion) external onlyOwner {
        bytes32 keyDigest = keys[modelId][circuitVersion];
        if (keyDigest == bytes32(0)) revert NotRegistered(modelId, circuitVersion);
        keys[modelId][circuitVersion] = bytes32(0);
        emit KeyRemoved(modelId, circuitVersion, keyDigest);
    }

    /// @notice Hands the registry to another owner.
    function transferOwnership(address newOwner) external onlyOwner {
        if (newOwner == address(0)) revert ZeroOwner();
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }
}
