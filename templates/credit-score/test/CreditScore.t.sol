// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {CreditScore} from "../src/CreditScore.sol";
import {ICreditScore} from "../src/ICreditScore.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract CreditScoreTest {
    address private constant BORROWER = address(0xb0);
    CreditScore private credit;

    function setUp() public {
        MetisTest.useNode();
        credit = new CreditScore(Samples.MODEL, Samples.SCALE_WAD, address(this));
    }

    function test_borrowers_that_the_model_has_not_seen() public view {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            require((credit.logOdds(Samples.input(i)) > 0) == Samples.label(i));
            require((credit.score(Samples.input(i)) > 600) == Samples.label(i));
        }
    }

    function test_payments_that_were_late_cost_points() public view {
        bytes memory features = Samples.input(0);
        uint256 before = credit.score(features);
        features[5] = bytes1(uint8(features[5]) + 3);
        require(credit.score(features) < before);
    }

    function test_a_limit_follows_the_score() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            uint256 points = credit.assess(BORROWER, Samples.input(i));
            require(credit.limitOf(BORROWER) == (points > 620 ? (points - 620) * 0.01 ether : 0));
        }
    }

    function test_nobody_vouches_for_himself() public {
        vm.prank(BORROWER);
        vm.expectRevert(abi.encodeWithSelector(ICreditScore.NotTheAssessor.selector, BORROWER));
        credit.assess(BORROWER, Samples.input(0));
    }
}
