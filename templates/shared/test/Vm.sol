// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev What is used here of forge-std, so that a template needs nothing but Foundry. With forge-std, inherit its
/// `Test`, which brings `vm`, in place of importing this.
interface Vm {
    function expectRevert(bytes calldata data) external;
    function prank(address sender) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
