// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev What is used here of forge-std, so that the example needs nothing but Foundry. With forge-std, inherit its
/// `Test` and `Script`, which bring `vm`, in place of importing this.
interface Vm {
    function expectRevert(bytes calldata data) external;
    function startBroadcast() external;
    function stopBroadcast() external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
