// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {Collectible, IERC721Receiver} from "../src/examples/Collectible.sol";

/// @dev Takes tokens, or answers something else.
contract Receiver is IERC721Receiver {
    bytes4 private answer;
    bytes public received;

    constructor(bytes4 answer_) {
        answer = answer_;
    }

    function onERC721Received(address operator, address from, uint256 tokenId, bytes calldata data)
        external
        returns (bytes4)
    {
        received = abi.encode(operator, from, tokenId, data);
        return answer;
    }
}

contract CollectibleTest is Test {
    Collectible private art;

    function setUp() public {
        art = new Collectible("Metis Art", "ART", 3);
    }

    function test_describes_itself() public view {
        vm.assertEq(art.name(), "Metis Art");
        vm.assertEq(art.symbol(), "ART");
        vm.assertEq(art.maxSupply(), 3);
        vm.assertTrue(art.supportsInterface(0x01ffc9a7));
        vm.assertTrue(art.supportsInterface(0x80ac58cd));
        vm.assertFalse(art.supportsInterface(0xffffffff));
    }

    function test_anybody_mints_one_after_the_other_until_all_are_gone() public {
        for (uint256 id = 0; id < 3; ++id) {
            vm.expectEmit();
            emit Collectible.Transfer(address(0), BOB, id);
            vm.prank(ALICE);
            vm.assertEq(art.mint(BOB), id);
            vm.assertEq(art.ownerOf(id), BOB);
        }
        vm.assertEq(art.balanceOf(BOB), 3);
        vm.assertEq(art.totalSupply(), 3);
        vm.expectRevert(abi.encodeWithSelector(Collectible.SoldOut.selector, 3));
        art.mint(BOB);
    }

    function test_zero_owns_nothing() public {
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidReceiver.selector, address(0)));
        art.mint(address(0));
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidOwner.selector, address(0)));
        art.balanceOf(address(0));
        art.mint(address(this));
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidReceiver.selector, address(0)));
        art.transferFrom(address(this), address(0), 0);
    }

    function test_a_token_that_is_not_there_has_no_owner() public {
        bytes memory missing = abi.encodeWithSelector(Collectible.ERC721NonexistentToken.selector, 0);
        vm.expectRevert(missing);
        art.ownerOf(0);
        vm.expectRevert(missing);
        art.getApproved(0);
        vm.expectRevert(missing);
        art.approve(BOB, 0);
        vm.expectRevert(missing);
        art.transferFrom(ALICE, BOB, 0);
    }

    function test_the_owner_transfers() public {
        art.mint(ALICE);
        vm.expectEmit();
        emit Collectible.Transfer(ALICE, BOB, 0);
        vm.prank(ALICE);
        art.transferFrom(ALICE, BOB, 0);
        vm.assertEq(art.ownerOf(0), BOB);
        vm.assertEq(art.balanceOf(ALICE), 0);
        vm.assertEq(art.balanceOf(BOB), 1);
    }

    function test_a_transfer_to_oneself_changes_nothing() public {
        art.mint(ALICE);
        vm.prank(ALICE);
        art.transferFrom(ALICE, ALICE, 0);
        vm.assertEq(art.ownerOf(0), ALICE);
        vm.assertEq(art.balanceOf(ALICE), 1);
    }

    function test_nobody_takes_what_is_not_approved() public {
        art.mint(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InsufficientApproval.selector, address(this), 0));
        art.transferFrom(ALICE, BOB, 0);
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721IncorrectOwner.selector, BOB, 0, ALICE));
        art.transferFrom(BOB, BOB, 0);
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidApprover.selector, address(this)));
        art.approve(address(this), 0);
    }

    function test_an_approval_is_for_one_token_and_one_transfer() public {
        art.mint(ALICE);
        art.mint(ALICE);
        vm.expectEmit();
        emit Collectible.Approval(ALICE, address(this), 0);
        vm.prank(ALICE);
        art.approve(address(this), 0);
        vm.assertEq(art.getApproved(0), address(this));
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InsufficientApproval.selector, address(this), 1));
        art.transferFrom(ALICE, BOB, 1);
        art.transferFrom(ALICE, BOB, 0);
        vm.assertEq(art.getApproved(0), address(0));
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InsufficientApproval.selector, address(this), 0));
        art.transferFrom(BOB, ALICE, 0);
    }

    function test_an_operator_takes_and_approves_for_the_owner() public {
        art.mint(ALICE);
        vm.expectEmit();
        emit Collectible.ApprovalForAll(ALICE, address(this), true);
        vm.prank(ALICE);
        art.setApprovalForAll(address(this), true);
        art.approve(BOB, 0);
        vm.prank(BOB);
        art.transferFrom(ALICE, BOB, 0);
        art.mint(ALICE);
        art.transferFrom(ALICE, BOB, 1);
        vm.prank(ALICE);
        art.setApprovalForAll(address(this), false);
        art.mint(ALICE);
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InsufficientApproval.selector, address(this), 2));
        art.transferFrom(ALICE, BOB, 2);
        vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidOperator.selector, address(0)));
        art.setApprovalForAll(address(0), true);
    }

    function test_a_safe_transfer_asks_a_contract_but_not_an_account() public {
        Receiver willing = new Receiver(IERC721Receiver.onERC721Received.selector);
        Receiver unwilling = new Receiver(0xdeadbeef);
        for (uint256 id = 0; id < 3; ++id) art.mint(address(this));
        art.safeTransferFrom(address(this), BOB, 0);
        art.safeTransferFrom(address(this), address(willing), 1, hex"1234");
        vm.assertEq(willing.received(), abi.encode(address(this), address(this), uint256(1), hex"1234"));
        for (uint256 i = 0; i < 2; ++i) {
            // One answers wrongly, the other does not know the question.
            address to = i == 0 ? address(unwilling) : address(art);
            vm.expectRevert(abi.encodeWithSelector(Collectible.ERC721InvalidReceiver.selector, to));
            art.safeTransferFrom(address(this), to, 2);
        }
        vm.assertEq(art.ownerOf(2), address(this));
    }
}
