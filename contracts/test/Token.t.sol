// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {IERC20} from "../src/examples/IERC20.sol";
import {Token} from "../src/examples/Token.sol";

contract TokenTest is Test {
    Token private token;

    function setUp() public {
        token = new Token("Metis Test", "MT", 6);
    }

    function test_describes_itself() public view {
        vm.assertEq(token.name(), "Metis Test");
        vm.assertEq(token.symbol(), "MT");
        vm.assertEq(uint256(token.decimals()), 6);
        vm.assertEq(token.owner(), address(this));
    }

    function test_only_the_owner_mints() public {
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Token.NotOwner.selector, ALICE));
        token.mint(ALICE, 1);
    }

    function test_minting_beyond_the_greatest_supply_is_refused() public {
        token.mint(ALICE, type(uint256).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        token.mint(BOB, 1);
        vm.assertEq(token.balanceOf(BOB), 0);
    }

    function testFuzz_transfer_moves_what_it_says(uint256 supply, uint256 value) public {
        value = bound(value, 0, supply);
        token.mint(ALICE, supply);
        vm.expectEmit();
        emit IERC20.Transfer(ALICE, BOB, value);
        vm.prank(ALICE);
        vm.assertTrue(token.transfer(BOB, value));
        vm.assertEq(token.balanceOf(ALICE), supply - value);
        vm.assertEq(token.balanceOf(BOB), value);
        vm.assertEq(token.totalSupply(), supply);
    }

    function testFuzz_transfer_to_oneself_changes_nothing(uint256 supply, uint256 value) public {
        token.mint(ALICE, supply);
        vm.prank(ALICE);
        token.transfer(ALICE, bound(value, 0, supply));
        vm.assertEq(token.balanceOf(ALICE), supply);
    }

    function testFuzz_nobody_spends_more_than_the_balance(uint256 supply, uint256 value) public {
        supply = bound(supply, 0, type(uint256).max - 1);
        value = bound(value, supply + 1, type(uint256).max);
        token.mint(ALICE, supply);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Token.ERC20InsufficientBalance.selector, ALICE, supply, value));
        token.transfer(BOB, value);
    }

    function testFuzz_allowance_counts_down(uint256 allowed, uint256 value) public {
        allowed = bound(allowed, 0, type(uint256).max - 1);
        value = bound(value, 0, allowed);
        token.mint(ALICE, allowed);
        vm.prank(ALICE);
        vm.expectEmit();
        emit IERC20.Approval(ALICE, BOB, allowed);
        token.approve(BOB, allowed);
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, value);
        vm.assertEq(token.allowance(ALICE, BOB), allowed - value);
        vm.expectRevert(
            abi.encodeWithSelector(
                Token.ERC20InsufficientAllowance.selector, BOB, allowed - value, allowed - value + 1
            )
        );
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, allowed - value + 1);
    }

    function test_an_unlimited_allowance_stays_unlimited() public {
        token.mint(ALICE, 5);
        vm.prank(ALICE);
        token.approve(BOB, type(uint256).max);
        vm.prank(BOB);
        token.transferFrom(ALICE, BOB, 5);
        vm.assertEq(token.allowance(ALICE, BOB), type(uint256).max);
    }

    function test_zero_is_neither_receiver_nor_spender() public {
        vm.expectRevert(abi.encodeWithSelector(Token.ERC20InvalidReceiver.selector, address(0)));
        token.mint(address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(Token.ERC20InvalidReceiver.selector, address(0)));
        token.transfer(address(0), 0);
        vm.expectRevert(abi.encodeWithSelector(Token.ERC20InvalidSpender.selector, address(0)));
        token.approve(address(0), 1);
    }
}
