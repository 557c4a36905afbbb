// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";
import {Pair} from "../src/examples/Pair.sol";
import {Token} from "../src/examples/Token.sol";

/// @dev Re-enters the pair from transferFrom and transfer, and passes the pair's refusal on.
contract HostileToken {
    mapping(address => uint256) public balanceOf;
    Pair public target;
    bool public armed;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function arm(Pair pair) external {
        (target, armed) = (pair, true);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        return _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private returns (bool) {
        if (armed) target.swap(address(this), 1, 0, address(this));
        balanceOf[from] -= value;
        balanceOf[to] += value;
        return true;
    }
}

/// @dev Takes 1 % of each transfer and returns nothing, as some tokens of old do.
contract FeeToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value - value / 100;
    }

    function transferFrom(address from, address to, uint256 value) external {
        balanceOf[from] -= value;
        balanceOf[to] += value - value / 100;
    }
}

/// @dev Says false instead of reverting.
contract RefusingToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

contract PairTest is Test {
    uint256 private constant MOST = type(uint112).max;

    Token private a;
    Token private b;
    Pair private pair;

    function setUp() public {
        a = new Token("A", "A", 18);
        b = new Token("B", "B", 18);
        pair = new Pair(address(a), address(b));
        a.mint(address(this), type(uint128).max);
        b.mint(address(this), type(uint128).max);
        a.approve(address(pair), type(uint256).max);
        b.approve(address(pair), type(uint256).max);
    }

    function test_first_deposit_gives_the_geometric_mean_less_the_locked_shares() public {
        vm.expectEmit();
        emit Pair.Synced(40_000, 10_000);
        vm.expectEmit();
        emit Pair.LiquidityAdded(address(this), ALICE, 40_000, 10_000, 19_000);
        vm.assertEq(pair.addLiquidity(40_000, 10_000, 0, ALICE), 19_000);
        vm.assertEq(pair.sharesOf(ALICE), 19_000);
        vm.assertEq(pair.sharesOf(address(0)), 1000);
        vm.assertEq(pair.totalShares(), 20_000);
    }

    function testFuzz_the_geometric_mean_is_rounded_down(uint256 r0, uint256 r1) public {
        r0 = bound(r0, 1_001, MOST);
        r1 = bound(r1, 1_001, MOST);
        uint256 mean = pair.addLiquidity(r0, r1, 0, ALICE) + 1_000;
        vm.assertLe(mean * mean, r0 * r1);
        vm.assertGe((mean + 1) * (mean + 1), r0 * r1 + 1);
    }

    function test_the_geometric_mean_is_exact_around_squares() public {
        uint256[3] memory squares = [uint256(4_096), 65_537, MOST];
        for (uint256 i = 0; i < squares.length; ++i) {
            uint256 root = squares[i];
            vm.assertEq(_freshPair().addLiquidity(root, root, 0, ALICE), root - 1_000);
            vm.assertEq(_freshPair().addLiquidity(root - 1, root, 1, ALICE), root - 1_001);
        }
    }

    function test_a_first_deposit_within_the_locked_shares_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientShares.selector, 1000, 1001));
        pair.addLiquidity(1000, 1000, 0, ALICE);
    }

    function test_later_deposits_take_only_what_fits_the_ratio() public {
        pair.addLiquidity(40_000, 10_000, 0, ALICE);
        pair.addLiquidity(4_000, type(uint256).max, 0, BOB);
        _assertReserves(44_000, 11_000);
        vm.assertEq(pair.sharesOf(BOB), 2_000);
        pair.addLiquidity(type(uint256).max, 1_000, 0, BOB);
        _assertReserves(48_000, 12_000);
        vm.assertEq(pair.sharesOf(BOB), 4_000);
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientShares.selector, 2_000, 2_001));
        pair.addLiquidity(4_000, 1_000, 2_001, BOB);
    }

    function test_swap_pays_by_the_product_less_the_fee() public {
        pair.addLiquidity(1_000_000, 1_000_000, 0, ALICE);
        // 9,970 after the fee; 9,970 · 1,000,000 / 1,009,970 = 9,871.58
        vm.expectEmit();
        emit Pair.Swapped(address(this), address(a), BOB, 10_000, 9_871);
        vm.assertEq(pair.swap(address(a), 10_000, 9_871, BOB), 9_871);
        vm.assertEq(b.balanceOf(BOB), 9_871);
        _assertReserves(1_010_000, 990_129);
    }

    function test_swap_below_the_minimum_is_refused() public {
        pair.addLiquidity(1_000_000, 1_000_000, 0, ALICE);
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientOutput.selector, 9_871, 9_872));
        pair.swap(address(a), 10_000, 9_872, BOB);
    }

    function test_wrong_calls_are_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Pair.NoLiquidity.selector));
        pair.swap(address(a), 1, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.UnknownToken.selector, BOB));
        pair.swap(BOB, 1, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.ZeroAmount.selector));
        pair.swap(address(a), 0, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.ZeroAmount.selector));
        pair.addLiquidity(0, 1, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.ZeroAmount.selector));
        pair.removeLiquidity(0, 0, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientShares.selector, 0, 1));
        pair.removeLiquidity(1, 0, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.IdenticalTokens.selector, BOB));
        new Pair(BOB, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.ZeroToken.selector));
        new Pair(BOB, address(0));
    }

    function testFuzz_swaps_never_shrink_the_product(uint256 r0, uint256 r1, uint256 amount, bool zeroForOne) public {
        r0 = bound(r0, 2_000, MOST);
        r1 = bound(r1, 2_000, MOST);
        pair.addLiquidity(r0, r1, 0, ALICE);
        amount = bound(amount, 1, MOST);
        uint256 reserveIn = zeroForOne ? r0 : r1;
        if (reserveIn + amount > MOST) {
            vm.expectRevert(abi.encodeWithSelector(Pair.ReserveOverflow.selector, reserveIn + amount));
            pair.swap(address(zeroForOne ? a : b), amount, 1, BOB);
            return;
        }
        uint256 out = pair.quote(amount, reserveIn, zeroForOne ? r1 : r0);
        if (out == 0) return;
        vm.assertEq(pair.swap(address(zeroForOne ? a : b), amount, out, BOB), out);
        vm.assertGe(uint256(pair.reserve0()) * pair.reserve1(), r0 * r1);
        vm.assertEq(a.balanceOf(address(pair)), pair.reserve0());
        vm.assertEq(b.balanceOf(address(pair)), pair.reserve1());
    }

    function testFuzz_a_round_trip_never_gains(uint256 r0, uint256 r1, uint256 amount) public {
        r0 = bound(r0, 2_000, MOST / 2);
        r1 = bound(r1, 2_000, MOST / 2);
        amount = bound(amount, 1, MOST / 2);
        pair.addLiquidity(r0, r1, 0, ALICE);
        uint256 out = pair.quote(amount, r0, r1);
        if (out == 0) return;
        pair.swap(address(a), amount, 0, address(this));
        uint256 back = pair.quote(out, pair.reserve1(), pair.reserve0());
        vm.assertLe(back, amount);
    }

    function testFuzz_depositing_and_withdrawing_never_gains(uint256 r0, uint256 r1, uint256 d0, uint256 d1) public {
        r0 = bound(r0, 2_000, 1e30);
        r1 = bound(r1, 2_000, 1e30);
        pair.addLiquidity(r0, r1, 0, ALICE);
        uint256 before0 = a.balanceOf(address(this));
        uint256 before1 = b.balanceOf(address(this));
        try pair.addLiquidity(bound(d0, 1, 1e30), bound(d1, 1, 1e30), 0, address(this)) returns (uint256 shares) {
            pair.removeLiquidity(shares, 0, 0, address(this));
        } catch {}
        vm.assertLe(a.balanceOf(address(this)), before0);
        vm.assertLe(b.balanceOf(address(this)), before1);
        vm.assertGe(pair.reserve0(), r0);
        vm.assertGe(pair.reserve1(), r1);
    }

    function test_withdrawing_pays_the_part_of_both_reserves() public {
        pair.addLiquidity(40_000, 10_000, 0, address(this));
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientOutput.selector, 38_000, 38_001));
        pair.removeLiquidity(19_000, 38_001, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.InsufficientOutput.selector, 9_500, 9_501));
        pair.removeLiquidity(19_000, 0, 9_501, BOB);
        vm.expectEmit();
        emit Pair.LiquidityRemoved(address(this), BOB, 38_000, 9_500, 19_000);
        pair.removeLiquidity(19_000, 38_000, 9_500, BOB);
        vm.assertEq(a.balanceOf(BOB), 38_000);
        vm.assertEq(b.balanceOf(BOB), 9_500);
        _assertReserves(2_000, 500);
    }

    function test_stray_tokens_count_only_after_sync() public {
        pair.addLiquidity(40_000, 10_000, 0, ALICE);
        a.transfer(address(pair), 5_000);
        _assertReserves(40_000, 10_000);
        pair.swap(address(b), 1_000, 0, BOB);
        uint256 before = pair.reserve0();
        pair.sync();
        vm.assertEq(pair.reserve0(), before + 5_000);
    }

    function test_a_reserve_beyond_112_bits_is_refused() public {
        pair.addLiquidity(MOST, MOST, 0, ALICE);
        a.transfer(address(pair), 1);
        vm.expectRevert(abi.encodeWithSelector(Pair.ReserveOverflow.selector, MOST + 1));
        pair.sync();
    }

    function test_a_token_cannot_reenter() public {
        HostileToken hostile = new HostileToken();
        Pair trap = new Pair(address(hostile), address(b));
        hostile.mint(address(this), 1e9);
        b.approve(address(trap), type(uint256).max);
        trap.addLiquidity(1e6, 1e6, 0, address(this));
        hostile.arm(trap);
        vm.expectRevert(abi.encodeWithSelector(Pair.Reentered.selector));
        trap.swap(address(hostile), 1_000, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.Reentered.selector));
        trap.swap(address(b), 1_000, 0, BOB);
        vm.expectRevert(abi.encodeWithSelector(Pair.Reentered.selector));
        trap.removeLiquidity(1_000, 0, 0, BOB);
    }

    function test_what_arrives_counts_where_a_token_takes_a_fee() public {
        FeeToken fee = new FeeToken();
        Pair odd = new Pair(address(fee), address(b));
        fee.mint(address(this), 1e9);
        b.approve(address(odd), type(uint256).max);
        odd.addLiquidity(1_000_000, 1_000_000, 0, ALICE);
        vm.assertEq(odd.reserve0(), 990_000);
        uint256 expected = odd.quote(99_000, 990_000, 1_000_000);
        vm.assertEq(odd.swap(address(fee), 100_000, 0, BOB), expected);
        vm.assertEq(fee.balanceOf(address(odd)), odd.reserve0());
    }

    function test_shares_follow_the_token_that_fell_short() public {
        FeeToken fee = new FeeToken();
        Pair odd = new Pair(address(fee), address(b));
        fee.mint(address(this), 1e9);
        b.approve(address(odd), type(uint256).max);
        odd.addLiquidity(1_000_000, 1_000_000, 0, ALICE);
        vm.assertEq(odd.totalShares(), 994_987);
        // 98,010 of 99,000 arrive: 98,010 · 994,987 / 990,000 = 98,503.7, while the other token would earn 99,498.
        vm.assertEq(odd.addLiquidity(99_000, 100_000, 0, BOB), 98_503);
    }

    function test_a_token_that_says_false_is_refused() public {
        address refusing = address(new RefusingToken());
        Pair odd = new Pair(refusing, address(b));
        vm.expectRevert(abi.encodeWithSelector(Pair.TransferFailed.selector, refusing));
        odd.addLiquidity(10_000, 10_000, 0, ALICE);
    }

    function test_a_tokens_own_error_is_passed_on() public {
        pair.addLiquidity(40_000, 10_000, 0, ALICE);
        vm.prank(BOB);
        vm.expectRevert(
            abi.encodeWithSelector(Token.ERC20InsufficientAllowance.selector, address(pair), 0, 10)
        );
        pair.swap(address(a), 10, 0, BOB);
    }

    function _freshPair() private returns (Pair fresh) {
        fresh = new Pair(address(a), address(b));
        a.approve(address(fresh), type(uint256).max);
        b.approve(address(fresh), type(uint256).max);
    }

    function _assertReserves(uint256 expected0, uint256 expected1) private view {
        vm.assertEq(pair.reserve0(), expected0);
        vm.assertEq(pair.reserve1(), expected1);
    }
}
