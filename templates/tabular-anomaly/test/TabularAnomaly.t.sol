// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {MetisTest} from "@metisvm/contracts/foundry/MetisTest.sol";
import {ITabularAnomaly} from "../src/ITabularAnomaly.sol";
import {TabularAnomaly} from "../src/TabularAnomaly.sol";
import {Samples} from "./Samples.sol";
import {vm} from "./Vm.sol";

/// @notice With a node that has the model: metisvm model register model.bundle
contract TabularAnomalyTest {
    TabularAnomaly private gate;

    function setUp() public {
        MetisTest.useNode();
        gate = new TabularAnomaly(Samples.MODEL, Samples.SCALE_WAD, Samples.THRESHOLD_WAD, address(this));
    }

    function test_rows_that_the_model_has_not_seen() public {
        for (uint256 i = 0; i < Samples.COUNT; ++i) {
            (uint256 id, ITabularAnomaly.State state) = gate.submit(Samples.input(i));
            bool unusual = state == ITabularAnomaly.State.Quarantined;
            require(id == i && unusual == Samples.label(i) && gate.stateOf(i) == state);
            require((gate.score(Samples.input(i)) > Samples.THRESHOLD_WAD) == unusual);
        }
    }

    function test_the_reviewer_releases_what_is_quarantined() public {
        uint256 unusual = 0;
        while (!Samples.label(unusual)) ++unusual;
        gate.submit(Samples.input(unusual));
        vm.prank(address(1));
        vm.expectRevert(abi.encodeWithSelector(ITabularAnomaly.NotTheReviewer.selector, address(1)));
        gate.release(0);
        gate.release(0);
        require(gate.stateOf(0) == ITabularAnomaly.State.Accepted);
        vm.expectRevert(abi.encodeWithSelector(ITabularAnomaly.NotQuarantined.selector, 0));
        gate.release(0);
    }
}
