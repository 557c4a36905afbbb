// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "./IERC20.sol";

/// @title A constant-product pair of two ERC-20 tokens with a fee of 0.3 %
/// @notice Liquidity providers deposit both tokens and hold shares of the reserves; swaps keep
/// reserve0 · reserve1 from falling, and the fee stays in the reserves.
/// @dev Reserves are the pair's own books, not its balances: tokens sent to it by accident or on purpose move no
/// price until somebody calls `sync`. Settings live in storage, not in immutables, so that genesis can place the
/// runtime code.
contract Pair {
    /// @dev Shares that the first deposit locks for ever. They make it dear to inflate the price of one share until
    /// later deposits round down to nothing.
    uint256 public constant LOCKED_SHARES = 1000;

    address public token0;
    address public token1;

    uint112 public reserve0;
    uint112 public reserve1;

    uint256 public totalShares;
    mapping(address provider => uint256) public sharesOf;

    /// @dev Transient: gone after the transaction, so the guard leaves no trace in the state.
    bool private transient entered;

    event LiquidityAdded(address indexed provider, address indexed to, uint256 amount0, uint256 amount1, uint256 shares);
    event LiquidityRemoved(
        address indexed provider, address indexed to, uint256 amount0, uint256 amount1, uint256 shares
    );
    event Swapped(
        address indexed sender, address indexed tokenIn, address indexed to, uint256 amountIn, uint256 amountOut
    );
    event Synced(uint112 reserve0, uint112 reserve1);

    error IdenticalTokens(address token);
    error ZeroToken();
    error UnknownToken(address token);
    error ZeroAmount();
    error NoLiquidity();
    error InsufficientShares(uint256 shares, uint256 needed);
    error InsufficientOutput(uint256 amount, uint256 minimum);
    error ReserveOverflow(uint256 amount);
    error TransferFailed(address token);
    error Reentered();

    /// @dev Tokens are foreign code and are called in the middle of each of these functions.
    modifier guarded() {
        if (entered) revert Reentered();
        entered = true;
        _;
        entered = false;
    }

    constructor(address tokenA, address tokenB) {
        if (tokenA == tokenB) revert IdenticalTokens(tokenA);
        if (tokenA == address(0) || tokenB == address(0)) revert ZeroToken();
        (token0, token1) = (tokenA, tokenB);
    }

    /// @notice Deposits both tokens in the ratio of the reserves, at most the amounts given.
    /// @param minShares Reverts if the deposit earns fewer shares (somebody may have moved the price).
    /// @return shares The shares that `to` received.
    function addLiquidity(uint256 max0, uint256 max1, uint256 minShares, address to)
        external
        guarded
        returns (uint256 shares)
    {
        // No reserve can hold more than 112 bits: a caller may say "as much as fits" with the greatest integer.
        (uint256 amount0, uint256 amount1) = (_atMost112Bits(max0), _atMost112Bits(max1));
        if (totalShares != 0) {
            if (reserve0 == 0 || reserve1 == 0) revert NoLiquidity();
            // Taking more of one token than the ratio allows would give it away to the other providers.
            uint256 fitting1 = amount0 * reserve1 / reserve0;
            if (fitting1 <= amount1) amount1 = fitting1;
            else amount0 = amount1 * reserve0 / reserve1;
        }
        if (amount0 == 0 || amount1 == 0) revert ZeroAmount();

        // What arrives counts, not what was asked for: a token may take a fee of its own.
        amount0 = _pull(token0, amount0);
        amount1 = _pull(token1, amount1);

        if (totalShares == 0) {
            uint256 all = _sqrt(_bounded(amount0) * _bounded(amount1));
            if (all <= LOCKED_SHARES) revert InsufficientShares(all, LOCKED_SHARES + 1);
            shares = all - LOCKED_SHARES;
            totalShares = LOCKED_SHARES;
            sharesOf[address(0)] = LOCKED_SHARES;
        } else {
            uint256 by0 = amount0 * totalShares / reserve0;
            uint256 by1 = amount1 * totalShares / reserve1;
            shares = by0 < by1 ? by0 : by1;
        }
        if (shares == 0 || shares < minShares) revert InsufficientShares(shares, minShares);

        totalShares += shares;
        sharesOf[to] += shares;
        _setReserves(reserve0 + amount0, reserve1 + amount1);
        emit LiquidityAdded(msg.sender, to, amount0, amount1, shares);
    }

    /// @notice Burns shares of the caller and pays their part of both reserves to `to`.
    function removeLiquidity(uint256 shares, uint256 min0, uint256 min1, address to)
        external
        guarded
        returns (uint256 amount0, uint256 amount1)
    {
        uint256 held = sharesOf[msg.sender];
        if (shares == 0) revert ZeroAmount();
        if (held < shares) revert InsufficientShares(held, shares);
        amount0 = shares * reserve0 / totalShares;
        amount1 = shares * reserve1 / totalShares;
        if (amount0 < min0) revert InsufficientOutput(amount0, min0);
        if (amount1 < min1) revert InsufficientOutput(amount1, min1);

        sharesOf[msg.sender] = held - shares;
        totalShares -= shares;
        _setReserves(reserve0 - amount0, reserve1 - amount1);
        _push(token0, to, amount0);
        _push(token1, to, amount1);
        emit LiquidityRemoved(msg.sender, to, amount0, amount1, shares);
    }

    /// @notice Sells exactly `amountIn` of `tokenIn` for at least `minOut` of the other token.
    function swap(address tokenIn, uint256 amountIn, uint256 minOut, address to)
        external
        guarded
        returns (uint256 amountOut)
    {
        bool zeroForOne = tokenIn == token0;
        if (!zeroForOne && tokenIn != token1) revert UnknownToken(tokenIn);
        if (amountIn == 0) revert ZeroAmount();

        uint256 received = _pull(tokenIn, amountIn);
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        amountOut = quote(received, reserveIn, reserveOut);
        if (amountOut == 0 || amountOut < minOut) revert InsufficientOutput(amountOut, minOut);

        (reserveIn, reserveOut) = (reserveIn + received, reserveOut - amountOut);
        if (zeroForOne) _setReserves(reserveIn, reserveOut);
        else _setReserves(reserveOut, reserveIn);
        _push(zeroForOne ? token1 : token0, to, amountOut);
        emit Swapped(msg.sender, tokenIn, to, received, amountOut);
    }

    /// @notice Takes the pair's balances over into its books, which gives stray tokens to the providers.
    function sync() external guarded {
        _setReserves(IERC20(token0).balanceOf(address(this)), IERC20(token1).balanceOf(address(this)));
    }

    /// @notice What a swap pays: the most that keeps the product from falling once 0.3 % of the input is set aside.
    function quote(uint256 amountIn, uint256 reserveIn, uint256 reserveOut) public pure returns (uint256) {
        if (reserveIn == 0 || reserveOut == 0) revert NoLiquidity();
        uint256 afterFee = _bounded(amountIn) * 997;
        return afterFee * _bounded(reserveOut) / (_bounded(reserveIn) * 1000 + afterFee);
    }

    /// @dev Reserves of 112 bits leave room for every product above in 256 bits, and pack into one slot.
    function _setReserves(uint256 amount0, uint256 amount1) private {
        (reserve0, reserve1) = (uint112(_bounded(amount0)), uint112(_bounded(amount1)));
        emit Synced(uint112(amount0), uint112(amount1));
    }

    /// @dev Takes `amount` of a token from the caller; returns what really arrived.
    function _pull(address token, uint256 amount) private returns (uint256) {
        uint256 before = IERC20(token).balanceOf(address(this));
        _callToken(token, abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
        return IERC20(token).balanceOf(address(this)) - before;
    }

    function _push(address token, address to, uint256 amount) private {
        _callToken(token, abi.encodeCall(IERC20.transfer, (to, amount)));
    }

    /// @dev Early tokens return nothing instead of true; both mean success. A token's own revert is passed on. The
    /// code is checked because a call to an empty address succeeds with no data.
    function _callToken(address token, bytes memory data) private {
        (bool ok, bytes memory result) = token.call(data);
        if (!ok && result.length != 0) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        if (!ok || token.code.length == 0 || (result.length != 0 && !abi.decode(result, (bool)))) {
            revert TransferFailed(token);
        }
    }

    function _bounded(uint256 amount) private pure returns (uint256) {
        if (amount > type(uint112).max) revert ReserveOverflow(amount);
        return amount;
    }

    function _atMost112Bits(uint256 amount) private pure returns (uint256) {
        return amount < type(uint112).max ? amount : type(uint112).max;
    }

    /// @dev Floor of the square root, by Newton's method from above: the first step that does not fall is the end.
    function _sqrt(uint256 square) private pure returns (uint256 root) {
        if (square == 0) return 0;
        root = square;
        uint256 next = (square >> 1) + 1;
        while (next < root) {
            root = next;
            next = (root + square / root) >> 1;
        }
    }
}
