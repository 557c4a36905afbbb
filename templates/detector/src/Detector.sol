// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Metis} from "@metisvm/contracts/Metis.sol";
import {IDetector} from "./IDetector.sol";

/// @title Detects objects on images, and keeps how many of each class there are at a place
/// @notice The model gives CELLS by CELLS cells, row by row; of each, as i16 of one scale: objectness, how far the
/// object's centre is from the cell's middle (to the right, down; in cells), and a logit a class.
contract Detector is IDetector {
    bytes32 public immutable MODEL;

    /// @notice What one step of the output is, times 1e18: `output.cells.scale` of the bundle.
    int256 public immutable SCALE_WAD;

    uint256 private constant CELLS = 6;
    uint256 private constant CLASSES = 10;
    uint256 private constant CHANNELS = 3 + CLASSES;
    /// @dev Pixels, times 1e18 where they are compared with places.
    int256 private constant CELL_PIXELS = 4;
    int256 private constant HALF_BOX = 4;
    int256 private constant WAD = 1e18;

    mapping(bytes32 place => uint256[CLASSES] counts) private counts;

    constructor(bytes32 model, int256 scaleWad) {
        (MODEL, SCALE_WAD) = (model, scaleWad);
    }

    function survey(bytes32 place, bytes calldata image) external {
        Detection[] memory found = detect(image);
        uint256[CLASSES] memory now_;
        for (uint256 i = 0; i < found.length; ++i) ++now_[found[i].class];
        counts[place] = now_;
        for (uint256 class = 0; class < CLASSES; ++class) {
            if (now_[class] != 0) emit Seen(place, class, now_[class]);
        }
    }

    function countOf(bytes32 place, uint256 class) external view returns (uint256 count) {
        return counts[place][class];
    }

    /// @dev Cells in the order of their objectness, as far as that is positive; a cell whose box lies within a cell's
    /// width of one that was taken sees the same object.
    function detect(bytes calldata image) public view returns (Detection[] memory found) {
        bytes memory output = Metis.infer(MODEL, image);
        int256[] memory objectness = new int256[](CELLS * CELLS);
        for (uint256 cell = 0; cell < objectness.length; ++cell) objectness[cell] = Metis.i16At(output, cell * CHANNELS);
        found = new Detection[](CELLS * CELLS);
        // Places of what was taken, times 1e18: what is reported is rounded.
        int256[] memory lefts = new int256[](CELLS * CELLS);
        int256[] memory tops = new int256[](CELLS * CELLS);
        uint256 count = 0;
        while (true) {
            (uint256 cell, int256 certainty) = _mostCertain(objectness);
            if (certainty == 0) break;
            (int256 left, int256 top) = _place(output, cell);
            if (_isApart(left, top, lefts, tops, count)) {
                (lefts[count], tops[count]) = (left, top);
                found[count++] = Detection(_class(output, cell), _rounded(left), _rounded(top), certainty * SCALE_WAD);
            }
            objectness[cell] = 0;
        }
        // No longer than it has to be.
        assembly ("memory-safe") {
            mstore(found, count)
        }
    }

    /// @dev The first cell of those with the greatest objectness; 0 if none is positive.
    function _mostCertain(int256[] memory objectness) private pure returns (uint256 best, int256 greatest) {
        for (uint256 cell = 0; cell < objectness.length; ++cell) {
            if (objectness[cell] > greatest) (greatest, best) = (objectness[cell], cell);
        }
    }

    /// @dev The upper left corner of a cell's box, in pixels times 1e18.
    function _place(bytes memory output, uint256 cell) private view returns (int256 left, int256 top) {
        int256 x = int256(cell % CELLS) * WAD + WAD / 2 + Metis.i16At(output, cell * CHANNELS + 1) * SCALE_WAD;
        int256 y = int256(cell / CELLS) * WAD + WAD / 2 + Metis.i16At(output, cell * CHANNELS + 2) * SCALE_WAD;
        return (x * CELL_PIXELS - HALF_BOX * WAD, y * CELL_PIXELS - HALF_BOX * WAD);
    }

    function _isApart(int256 left, int256 top, int256[] memory lefts, int256[] memory tops, uint256 count)
        private
        pure
        returns (bool)
    {
        for (uint256 i = 0; i < count; ++i) {
            if (_distance(left, lefts[i]) < CELL_PIXELS * WAD && _distance(top, tops[i]) < CELL_PIXELS * WAD) return false;
        }
        return true;
    }

    function _distance(int256 a, int256 b) private pure returns (int256) {
        return a < b ? b - a : a - b;
    }

    /// @dev The logits of the classes end a cell's numbers.
    function _class(bytes memory output, uint256 cell) private pure returns (uint256 class) {
        return Metis.argmaxI16(Metis.slice(output, (cell * CHANNELS + 3) * 2, CLASSES * 2));
    }

    /// @dev floor(pixels + 1/2); the shift by 64 pixels keeps the division's operand positive, which rounds to zero.
    function _rounded(int256 pixelsWad) private pure returns (int256) {
        return (pixelsWad + WAD / 2 + 64 * WAD) / WAD - 64;
    }
}
