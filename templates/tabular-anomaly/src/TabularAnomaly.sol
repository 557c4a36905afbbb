// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {ITabularAnomaly} from "./ITabularAnomaly.sol";

/// @title Accepts usual rows, and quarantines the others until they are reviewed
/// @notice The model gives one i16, which is not negative.
contract TabularAnomaly is ITabularAnomaly {
    bytes32 public immutable MODEL;

    /// @notice What one step of the score is, times 1e18: `output.score.scale` of the bundle.
    int256 public immutable SCALE_WAD;

    /// @notice The score, times 1e18, above which a row is quarantined.
    int256 public immutable THRESHOLD_WAD;

    address public immutable REVIEWER;

    uint256 public count;
    mapping(uint256 id => State state) public stateOf;

    constructor(bytes32 model, int256 scaleWad, int256 thresholdWad, address reviewer) {
        (MODEL, SCALE_WAD, THRESHOLD_WAD, REVIEWER) = (model, scaleWad, thresholdWad, reviewer);
    }

    function score(bytes calldata row) public view returns (int256 scoreWad) {
        return Metis.i16At(Metis.infer(MODEL, row), 0) * SCALE_WAD;
    }

    function submit(bytes calldata row) external returns (uint256 id, State state) {
        int256 scoreWad = score(row);
        id = count++;
        if (scoreWad > THRESHOLD_WAD) {
            state = State.Quarantined;
            emit Quarantined(id, scoreWad);
        } else {
            state = State.Accepted;
            emit Accepted(id, scoreWad);
        }
        stateOf[id] = state;
    }

    function release(uint256 id) external {
        if (msg.sender != REVIEWER) revert NotTheReviewer(msg.sender);
        if (stateOf[id] != State.Quarantined) revert NotQuarantined(id);
        stateOf[id] = State.Accepted;
    }
}
