// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {Metis} from "../src/metis/Metis.sol";
import {ModelRegistry} from "../src/metis/ModelRegistry.sol";

contract ModelRegistryTest is Test {
    ModelRegistry private constant REGISTRY = ModelRegistry(Metis.REGISTRY);
    bytes32 private constant MODEL = keccak256("model");

    /// @dev As genesis does it: code placed, owner written, no constructor.
    function setUp() public {
        vm.etch(address(REGISTRY), address(new ModelRegistry()).code);
        vm.store(address(REGISTRY), bytes32(uint256(1)), bytes32(uint256(uint160(ALICE))));
    }

    function test_registering_writes_one_where_the_precompile_reads() public {
        vm.assertEq(REGISTRY.owner(), ALICE);
        vm.expectEmit();
        emit ModelRegistry.ModelRegistered(MODEL);
        vm.prank(ALICE);
        REGISTRY.register(MODEL);
        vm.assertEq(vm.load(address(REGISTRY), _slot(MODEL)), bytes32(uint256(1)));
        vm.assertTrue(REGISTRY.isRegistered(MODEL));
        vm.expectEmit();
        emit ModelRegistry.ModelUnregistered(MODEL);
        vm.prank(ALICE);
        REGISTRY.unregister(MODEL);
        vm.assertEq(vm.load(address(REGISTRY), _slot(MODEL)), bytes32(0));
        vm.assertFalse(REGISTRY.isRegistered(MODEL));
    }

    function test_a_model_that_genesis_wrote_is_registered() public {
        vm.store(address(REGISTRY), _slot(MODEL), bytes32(uint256(1)));
        vm.assertTrue(REGISTRY.isRegistered(MODEL));
        vm.assertEq(REGISTRY.models(MODEL), 1);
    }

    function testFuzz_only_the_owner_changes_anything(address caller) public {
        vm.assume(caller != ALICE);
        bytes memory refusal = abi.encodeWithSelector(ModelRegistry.NotOwner.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        REGISTRY.register(MODEL);
        vm.expectRevert(refusal);
        REGISTRY.unregister(MODEL);
        vm.expectRevert(refusal);
        REGISTRY.transferOwnership(caller);
        vm.stopPrank();
    }

    function test_mistakes_are_refused() public {
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ZeroModelId.selector));
        REGISTRY.register(bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.NotRegistered.selector, MODEL));
        REGISTRY.unregister(MODEL);
        REGISTRY.register(MODEL);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.AlreadyRegistered.selector, MODEL));
        REGISTRY.register(MODEL);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ZeroOwner.selector));
        REGISTRY.transferOwnership(address(0));
        vm.stopPrank();
    }

    function test_ownership_moves() public {
        vm.expectEmit();
        emit ModelRegistry.OwnershipTransferred(ALICE, BOB);
        vm.prank(ALICE);
        REGISTRY.transferOwnership(BOB);
        vm.assertEq(vm.load(address(REGISTRY), bytes32(uint256(1))), bytes32(uint256(uint160(BOB))));
        vm.prank(BOB);
        REGISTRY.register(MODEL);
        vm.assertTrue(REGISTRY.isRegistered(MODEL));
    }

    function _slot(bytes32 modelId) private pure returns (bytes32) {
        return keccak256(abi.encode(modelId, uint256(0)));
    }
}
