// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The orders to Foundry that MetisTest gives
/// @dev A part of forge-std's Vm, so that this package needs no other.
interface Cheats {
    function activeFork() external view returns (uint256 id);
    function allowCheatcodes(address account) external;
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory value);
    function etch(address account, bytes calldata code) external;
    function makePersistent(address first, address second) external;
    function mockCall(address callee, bytes calldata data, bytes calldata answer) external;
    function rpc(string calldata method, string calldata params) external returns (bytes memory answer);
    function rpc(string calldata url, string calldata method, string calldata params)
        external
        returns (bytes memory answer);
    function toString(address value) external pure returns (string memory text);
    function toString(bytes calldata value) external pure returns (string memory text);
}

/// @dev Where Foundry answers.
Cheats constant cheats = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
