// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {LanguageModel} from "@metisvm/contracts/LanguageModel.sol";
import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {Gpt2} from "../src/Gpt2.sol";
import {IGpt2} from "../src/IGpt2.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract Gpt2Test {
    Gpt2 private gpt2;

    function setUp() public {
        MetisTest.useNode();
        gpt2 = new Gpt2(Samples.MODEL, Samples.LENGTH, Samples.VOCABULARY);
    }

    function test_it_goes_on_with_texts_that_it_has_not_seen() public view {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            int32[] memory after_ = Samples.after_(i);
            require(gpt2.nextToken(Samples.beginning(i)) == after_[0]);
            int32[] memory added = gpt2.complete(Samples.beginning(i), after_.length);
            require(keccak256(abi.encode(added)) == keccak256(abi.encode(after_)));
        }
    }

    function test_a_story_grows() public {
        int32[] memory beginning = Samples.beginning(0);
        int32[] memory after_ = Samples.after_(0);
        gpt2.write(1, beginning, 2);
        // It goes on where it was.
        gpt2.write(1, new int32[](0), 2);
        int32[] memory story = gpt2.storyOf(1);
        require(story.length == beginning.length + 4);
        for (uint256 i = 0; i < story.length; ++i) {
            require(story[i] == (i < beginning.length ? beginning[i] : after_[i - beginning.length]));
        }
    }

    function test_a_call_has_a_bound_and_needs_a_beginning() public {
        vm.expectRevert(abi.encodeWithSelector(IGpt2.TooMany.selector, 33, 32));
        gpt2.complete(Samples.beginning(0), 33);
        vm.expectRevert(abi.encodeWithSelector(LanguageModel.NoTokens.selector));
        gpt2.nextToken(new int32[](0));
    }
}
