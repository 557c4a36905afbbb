// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The burning ship fractal as an SVG: tight loops of fixed-point arithmetic, and text that grows in memory.
contract Fractal {
    /// Bits behind the point.
    uint256 private constant POINT = 64;
    int256 private constant ONE = int256(1 << POINT);
    /// A point whose square is beyond this never comes back.
    int256 private constant ESCAPED = 4 * ONE;

    /// A picture of so many pixels a side; `depth` is how often a point is moved at most.
    function draw(uint256 side, uint256 depth) external pure returns (string memory) {
        bytes memory rows;
        for (uint256 row = 0; row < side; row++) {
            bytes memory line;
            for (uint256 column = 0; column < side; column++) {
                int256 re = (int256(column) * 3 * ONE) / int256(side) - 2 * ONE;
                int256 im = (int256(row) * 3 * ONE) / int256(side) - 2 * ONE;
                uint256 steps = escape(re, im, depth);
                if (steps < depth) line = abi.encodePacked(line, pixel(column, row, (255 * steps) / depth));
            }
            rows = abi.encodePacked(rows, line);
        }
        return string(abi.encodePacked("<svg xmlns='http://www.w3.org/2000/svg'>", rows, "</svg>"));
    }

    function escape(int256 re, int256 im, uint256 depth) private pure returns (uint256 steps) {
        int256 x;
        int256 y;
        unchecked {
            for (; steps < depth; steps++) {
                int256 xx = (x * x) >> POINT;
                int256 yy = (y * y) >> POINT;
                if (xx + yy > ESCAPED) return steps;
                int256 xy = (x * y) >> (POINT - 1);
                x = xx - yy + re;
                y = (xy < 0 ? -xy : xy) + im;
            }
        }
    }

    function pixel(uint256 x, uint256 y, uint256 grey) private pure returns (bytes memory) {
        bytes memory shade = number(grey);
        return abi.encodePacked(
            "<rect x='", number(x), "' y='", number(y), "' width='1' height='1' fill='rgb(", shade, ",", shade, ",", shade, ")'/>"
        );
    }

    function number(uint256 value) private pure returns (bytes memory digits) {
        uint256 length = 1;
        for (uint256 rest = value; rest >= 10; rest /= 10) length++;
        digits = new bytes(length);
        for (uint256 place = length; place > 0; value /= 10) digits[--place] = bytes1(uint8(48 + (value % 10)));
    }
}
