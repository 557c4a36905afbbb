// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that puts unusual rows of measurements aside, by a model that knows the usual
/// @notice A row is the model's raw input: a byte a measurement, in the steps that README.md names.
interface ITabularAnomaly {
    enum State {
        None,
        Accepted,
        Quarantined
    }

    event Accepted(uint256 indexed id, int256 scoreWad);
    event Quarantined(uint256 indexed id, int256 scoreWad);

    error NotTheReviewer(address sender);
    error NotQuarantined(uint256 id);

    /// @notice How unlike the usual a row is, times 1e18: the mean square of what the model cannot explain.
    function score(bytes calldata row) external view returns (int256 scoreWad);

    /// @notice Takes a row: accepted, or quarantined if its score is above the threshold.
    function submit(bytes calldata row) external returns (uint256 id, State state);

    /// @notice Accepts a quarantined row after all.
    function release(uint256 id) external;

    function stateOf(uint256 id) external view returns (State state);
}
