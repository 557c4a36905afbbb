// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that says how alike two inputs are, by a model's features of them
interface IEmbedding {
    event Enrolled(bytes32 indexed id, address indexed by);

    error AlreadyEnrolled(bytes32 id);
    error NotEnrolled(bytes32 id);
    /// @notice A vector of zeros has no direction.
    error NoDirection();

    /// @notice The model's features of an input, in whole numbers; only their direction has a meaning.
    function embed(bytes calldata input) external view returns (int16[] memory features);

    /// @notice Keeps the features of an input as what later ones are compared with.
    function enrol(bytes32 id, bytes calldata input) external;

    /// @notice The cosine of the angle between the features of `input` and those enrolled under `id`, times 1e18.
    function similarity(bytes32 id, bytes calldata input) external view returns (int256 cosineWad);

    /// @notice Whether `input` is of the same kind as what was enrolled under `id`.
    function matches(bytes32 id, bytes calldata input) external view returns (bool);
}
