// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Deepseek} from "../src/Deepseek.sol";
import {IDeepseek} from "../src/IDeepseek.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract DeepseekTest {
    Deepseek private board;

    function setUp() public {
        MetisTest.useNode();
        board = new Deepseek(Samples.MODEL, Samples.LENGTH, Samples.VOCABULARY, 25);
    }

    function test_what_the_model_says_itself_it_has_foreseen() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            int32[] memory text = _with(Samples.beginning(i), Samples.after_(i));
            require(board.nextToken(Samples.beginning(i)) == Samples.after_(i)[0]);
            (uint256 foreseen, uint256 all) = board.foresee(text);
            require(all == text.length - 1 && foreseen >= Samples.after_(i).length);
            require(board.post(text) == i && board.hashOf(i) == keccak256(abi.encodePacked(text)));
        }
    }

    function test_noise_is_kept_out() public {
        int32[] memory noise = new int32[](Samples.LENGTH);
        for (uint256 i = 0; i < noise.length; ++i) {
            noise[i] = int32(uint32(uint256(keccak256(abi.encode(i))) % Samples.VOCABULARY));
        }
        (uint256 foreseen, uint256 all) = board.foresee(noise);
        vm.expectRevert(abi.encodeWithSelector(IDeepseek.NotPredictable.selector, foreseen, all));
        board.post(noise);
    }

    function test_a_text_has_to_fit() public {
        vm.expectRevert(abi.encodeWithSelector(IDeepseek.TooShort.selector));
        board.foresee(new int32[](1));
        uint256 most = Samples.LENGTH;
        vm.expectRevert(abi.encodeWithSelector(IDeepseek.TooLong.selector, most + 1, most));
        board.foresee(new int32[](most + 1));
    }

    function _with(int32[] memory a, int32[] memory b) private pure returns (int32[] memory all) {
        all = new int32[](a.length + b.length);
        for (uint256 i = 0; i < all.length; ++i) all[i] = i < a.length ? a[i] : b[i - a.length];
    }
}
