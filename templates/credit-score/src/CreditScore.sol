// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {ICreditScore} from "./ICreditScore.sol";

/// @title Credit limits by a model's score
/// @notice The model gives two i16 of one scale, the logits of default and of repayment.
contract CreditScore is ICreditScore {
    bytes32 public immutable MODEL;

    /// @notice What one step of a logit is, times 1e18: `output.scores.scale` of the bundle.
    int256 public immutable SCALE_WAD;

    /// @notice Who vouches for features: a contract cannot know whether they are an applicant's.
    address public immutable ASSESSOR;

    mapping(address applicant => uint256 limit) public limitOf;

    int256 private constant LN_2_WAD = 693147180559945309;
    int256 private constant EVEN = 600;
    int256 private constant DOUBLING = 40;
    int256 private constant LEAST = 300;
    int256 private constant GREATEST = 850;
    /// @dev From this score on there is credit, and this much for each point beyond.
    uint256 private constant GOOD = 620;
    uint256 private constant A_POINT = 0.01 ether;

    constructor(bytes32 model, int256 scaleWad, address assessor) {
        (MODEL, SCALE_WAD, ASSESSOR) = (model, scaleWad, assessor);
    }

    function logOdds(bytes calldata features) public view returns (int256 wad) {
        bytes memory logits = Metis.infer(MODEL, features);
        return (int256(Metis.i16At(logits, 1)) - Metis.i16At(logits, 0)) * SCALE_WAD;
    }

    function score(bytes calldata features) public view returns (uint256 points) {
        int256 exact = EVEN + DOUBLING * logOdds(features) / LN_2_WAD;
        if (exact < LEAST) exact = LEAST;
        if (exact > GREATEST) exact = GREATEST;
        return uint256(exact);
    }

    function assess(address applicant, bytes calldata features) external returns (uint256 points) {
        if (msg.sender != ASSESSOR) revert NotTheAssessor(msg.sender);
        points = score(features);
        uint256 limit = points > GOOD ? (points - GOOD) * A_POINT : 0;
        limitOf[applicant] = limit;
        emit Assessed(applicant, points, limit);
    }
}
