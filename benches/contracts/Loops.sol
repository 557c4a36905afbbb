// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Loops over what contracts do most, each in one call.
contract Loops {
    mapping(address holder => uint256) private balances;

    event Transfer(address indexed from, address indexed to, uint256 value);

    /// Hashes so many words, each with the hash before it.
    function hashes(uint256 count) external pure returns (bytes32 hash) {
        for (uint256 i = 0; i < count; i++) hash = keccak256(abi.encode(hash, i));
    }

    /// Gives the caller tokens, and so many accounts one more each than the one before.
    function transfers(uint256 count) external {
        balances[msg.sender] += count * count;
        for (uint256 i = 1; i <= count; i++) transfer(address(uint160(i)), i);
    }

    function transfer(address to, uint256 value) private {
        require(to != address(0), "nobody");
        uint256 balance = balances[msg.sender];
        require(balance >= value, "too little");
        unchecked {
            balances[msg.sender] = balance - value;
            balances[to] += value;
        }
        emit Transfer(msg.sender, to, value);
    }
}
