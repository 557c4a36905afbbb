// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A contract that scores applicants for credit, by a model of their features
/// @notice Features are the model's raw input: a byte each, in the units that README.md names. They are public; for
/// features that nobody is to see there is docs/private-credit.md of MetisVM.
interface ICreditScore {
    event Assessed(address indexed applicant, uint256 score, uint256 limit);

    error NotTheAssessor(address sender);

    /// @notice The logarithm of the odds that an applicant with these features repays, times 1e18.
    function logOdds(bytes calldata features) external view returns (int256 wad);

    /// @notice The same as points from 300 to 850: 600 at even odds, and 40 more for each doubling.
    function score(bytes calldata features) external view returns (uint256 points);

    /// @notice Scores an applicant whose features the assessor vouches for, and sets the limit that follows.
    function assess(address applicant, bytes calldata features) external returns (uint256 points);

    /// @notice What an applicant may borrow.
    function limitOf(address applicant) external view returns (uint256 limit);
}
