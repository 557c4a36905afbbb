// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The EVM code at the inference precompile's address
/// @notice MetisVM never runs this code: its precompile takes the call first. Tools that replay state in an EVM of
/// their own (forked tests, script simulation, trace replay) find this code and get a reason instead of an empty
/// answer.
/// @dev Both entries are payable, so that a call with value gets the explanation too.
contract InferenceStub {
    string private constant EXPLANATION =
        "MetisVM: this EVM has no inference precompile; run the call on a MetisVM node (eth_call or a transaction)";

    fallback() external payable {
        revert(EXPLANATION);
    }

    receive() external payable {
        revert(EXPLANATION);
    }
}
