// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {ILlama} from "../src/ILlama.sol";
import {Llama} from "../src/Llama.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract LlamaTest {
    Llama private llama;

    function setUp() public {
        MetisTest.useNode();
        llama = new Llama(Samples.MODEL, Samples.LENGTH, Samples.VOCABULARY, Samples.SCALE_WAD);
    }

    function test_the_likeliest_of_all_is_the_likeliest_of_some() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            int32 next = Samples.after_(i)[0];
            require(llama.nextToken(Samples.beginning(i)) == next);
            int32[] memory options = new int32[](3);
            (options[0], options[1], options[2]) = (next == 5 ? int32(6) : int32(5), next, next == 7 ? int32(8) : int32(7));
            (uint256 choice, int256 marginWad) = llama.choose(Samples.beginning(i), options);
            require(choice == 1 && marginWad >= 0);
            require(llama.ask(Samples.beginning(i), options) == 1);
            require(llama.answerOf(keccak256(abi.encode(Samples.beginning(i), options))) == 1);
        }
    }

    function test_options_have_to_be_tokens() public {
        vm.expectRevert(abi.encodeWithSelector(ILlama.NoOptions.selector));
        llama.choose(Samples.beginning(0), new int32[](0));
        int32[] memory options = new int32[](1);
        options[0] = -1;
        vm.expectRevert(abi.encodeWithSelector(ILlama.NoSuchToken.selector, int32(-1)));
        llama.choose(Samples.beginning(0), options);
    }
}
