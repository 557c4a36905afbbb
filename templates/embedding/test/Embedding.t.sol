// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {IEmbedding} from "../src/IEmbedding.sol";
import {Embedding} from "../src/Embedding.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract EmbeddingTest {
    Embedding private embedding;

    function setUp() public {
        MetisTest.useNode();
        embedding = new Embedding(Samples.MODEL, Samples.THRESHOLD_WAD);
        embedding.enrol("zero", Samples.input(0));
    }

    function test_pairs_that_the_model_has_not_seen() public view {
        for (uint256 i = 1; i < Samples.COUNT; ++i) {
            require(embedding.matches("zero", Samples.input(i)) == (Samples.label(i) == Samples.label(0)));
        }
    }

    function test_an_input_is_like_itself() public view {
        int256 cosine = embedding.similarity("zero", Samples.input(0));
        require(cosine > 0.999999e18 && cosine <= 1e18 + 1);
    }

    function test_an_id_is_enrolled_once() public {
        vm.expectRevert(abi.encodeWithSelector(IEmbedding.AlreadyEnrolled.selector, bytes32("zero")));
        embedding.enrol("zero", Samples.input(1));
        vm.expectRevert(abi.encodeWithSelector(IEmbedding.NotEnrolled.selector, bytes32("one")));
        embedding.similarity("one", Samples.input(1));
    }
}
