// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {MockInference} from "./MockInference.sol";
import {IInference} from "../src/metis/IInference.sol";
import {Metis} from "../src/metis/Metis.sol";
import {Storyteller} from "../src/examples/Storyteller.sol";

contract StorytellerTest is Test {
    bytes32 private constant COUNTER = keccak256("a generator");

    Storyteller private teller;

    function setUp() public {
        vm.etch(Metis.INFERENCE, address(new MockInference()).code);
        teller = new Storyteller(COUNTER);
    }

    // ------------------------------------------------------------------------------------------------- library

    function test_greedy_asks_for_the_most_likely_and_sample_for_a_chance() public view {
        vm.assertEq(_bytes(Metis.greedy(COUNTER, _tokens(3, 7), 3)), _bytes(_tokens3(8, 9, 10)));
        bytes32 seed = bytes32(uint256(3));
        uint32[] memory drawn = Metis.sample(COUNTER, _tokens(3, 7), 3, Metis.TEMPERATURE_ONE, 0, seed);
        vm.assertEq(_bytes(drawn), _bytes(_tokens3(11, 15, 19)));
        drawn = Metis.sample(COUNTER, _tokens(3, 7), 3, Metis.TEMPERATURE_ONE, 2, seed);
        vm.assertEq(_bytes(drawn), _bytes(_tokens3(9, 11, 13)));
    }

    function test_the_facts_of_a_generator() public view {
        (uint32 context, uint32 chunk, uint32 vocabulary, uint256 prefillGas, uint256 decodeGas) =
            Metis.generatorInfo(COUNTER);
        vm.assertEq(context, 64);
        vm.assertEq(chunk, 8);
        vm.assertEq(vocabulary, 50);
        vm.assertEq(prefillGas, 50_000);
        vm.assertEq(decodeGas, 25_000);
    }

    function test_errors_of_the_precompile_reach_the_caller() public {
        vm.expectRevert(abi.encodeWithSelector(IInference.NotGenerative.selector, keccak256("output i32[1]")));
        this.greedy(keccak256("output i32[1]"), _tokens(1, 2), 1);
        vm.expectRevert(abi.encodeWithSelector(IInference.EmptyRequest.selector));
        this.greedy(COUNTER, new uint32[](0), 1);
        vm.expectRevert(abi.encodeWithSelector(IInference.TooManyTokens.selector, 65, 64));
        this.greedy(COUNTER, _tokens(1, 2), 63);
        vm.expectRevert(abi.encodeWithSelector(IInference.UnknownToken.selector, 50, 50));
        this.greedy(COUNTER, _tokens(1, 50), 1);
    }

    function testFuzz_concat_has_both_in_order(uint32[] memory first, uint32[] memory second) public pure {
        uint32[] memory both = Metis.concat(first, second);
        vm.assertEq(_bytes(both), abi.encodePacked(_bytes(first), _bytes(second)));
    }

    // --------------------------------------------------------------------------------------- in one transaction

    function test_a_story_in_one_transaction_is_told_in_its_log() public {
        vm.expectEmit();
        emit Storyteller.Told(address(this), _tokens(3, 7), _tokens3(8, 9, 10));
        vm.assertEq(_bytes(teller.tell(_tokens(3, 7), 3)), _bytes(_tokens3(8, 9, 10)));
    }

    function test_a_story_ends_where_the_model_ends_it() public {
        vm.assertEq(_bytes(teller.tell(_tokens(3, 46), 9)), _bytes(_tokens3(47, 48, 49)));
    }

    // ------------------------------------------------------------------------------------ over several of them

    function test_a_story_goes_on_as_if_it_had_not_been_interrupted() public {
        vm.startPrank(ALICE);
        for (uint32 cut = 1; cut < 6; ++cut) {
            teller.begin(cut, _tokens(3, 7));
            teller.begin(100 + cut, _tokens(3, 7));
            uint32[] memory first = teller.proceed(cut, _tokens(3, 7), cut);
            uint32[] memory story = Metis.concat(_tokens(3, 7), first);
            vm.assertEq(teller.stories(ALICE, cut), keccak256(_bytes(story)));
            story = Metis.concat(story, teller.proceed(cut, story, 6 - cut));
            bytes32 seed = teller.seedOf(ALICE, cut);
            uint32[] memory whole = Metis.sample(COUNTER, _tokens(3, 7), 6, 52_428, 40, seed);
            vm.assertEq(_bytes(story), _bytes(Metis.concat(_tokens(3, 7), whole)));
            vm.assertEq(teller.stories(ALICE, cut), keccak256(_bytes(story)));
        }
        vm.stopPrank();
    }

    function test_each_step_is_told() public {
        vm.startPrank(ALICE);
        vm.expectEmit();
        emit Storyteller.Begun(ALICE, 1, _tokens(3, 7));
        teller.begin(1, _tokens(3, 7));
        uint32[] memory next = Metis.sample(COUNTER, _tokens(3, 7), 1, 52_428, 40, teller.seedOf(ALICE, 1));
        vm.expectEmit();
        emit Storyteller.Continued(ALICE, 1, next);
        teller.proceed(1, _tokens(3, 7), 1);
        vm.stopPrank();
    }

    function test_only_the_tokens_so_far_go_on() public {
        teller.begin(1, _tokens(3, 7));
        bytes32 begun = keccak256(_bytes(_tokens(3, 7)));
        uint32[] memory other = _tokens(3, 8);
        vm.expectRevert(
            abi.encodeWithSelector(Storyteller.AnotherStory.selector, 1, begun, keccak256(_bytes(other)))
        );
        teller.proceed(1, other, 1);
        teller.proceed(1, _tokens(3, 7), 1);
        // What was the whole story before is a part of it now.
        bytes32 now_ = teller.stories(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(Storyteller.AnotherStory.selector, 1, now_, begun));
        teller.proceed(1, _tokens(3, 7), 1);
    }

    function test_a_story_is_begun_once_and_by_whom_it_is() public {
        vm.expectRevert(abi.encodeWithSelector(Storyteller.EmptyPrompt.selector));
        teller.begin(1, new uint32[](0));
        teller.begin(1, _tokens(3, 7));
        vm.expectRevert(abi.encodeWithSelector(Storyteller.AlreadyBegun.selector, 1));
        teller.begin(1, _tokens(3, 7));
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(Storyteller.NeverBegun.selector, 1));
        teller.proceed(1, _tokens(3, 7), 1);
    }

    function test_a_failed_continuation_leaves_the_story_where_it_was() public {
        teller.begin(1, _tokens(3, 7));
        bytes32 before = teller.stories(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(IInference.TooManyTokens.selector, 66, 64));
        teller.proceed(1, _tokens(3, 7), 64);
        vm.assertEq(teller.stories(address(this), 1), before);
    }

    // ------------------------------------------------------------------------------------------------- helpers

    function greedy(bytes32 model, uint32[] calldata tokens, uint32 count) external view returns (uint32[] memory) {
        return Metis.greedy(model, tokens, count);
    }

    function _tokens(uint32 first, uint32 second) private pure returns (uint32[] memory tokens) {
        tokens = new uint32[](2);
        (tokens[0], tokens[1]) = (first, second);
    }

    function _tokens3(uint32 first, uint32 second, uint32 third) private pure returns (uint32[] memory tokens) {
        tokens = new uint32[](3);
        (tokens[0], tokens[1], tokens[2]) = (first, second, third);
    }

    function _bytes(uint32[] memory tokens) private pure returns (bytes memory) {
        return abi.encodePacked(tokens);
    }
}
