// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IUnetDenoiser} from "../src/IUnetDenoiser.sol";

/// @notice The model of this template, and what it is asked with. Written by models/train_templates.py.
library Samples {
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = 0x3a0ca4121c16390b980a8307df293aaebffe1a3d1f6f25ee4c0b8ec3b7d611ff;

    /// @dev Numbers of a latent.
    uint256 internal constant SIZE = 256;

    /// @dev What one step of the latent's integers is, as a fraction.
    uint64 internal constant SAMPLE_NUMERATOR = 22380598;
    uint64 internal constant SAMPLE_DENOMINATOR = 100000000000;

    /// @dev What one step of the output is, times 1e18.
    int256 internal constant NOISE_SCALE_WAD = 120977410000000;

    uint256 internal constant COUNT = 3;

    /// @dev The scheduler's steps (DDIM), the noisiest first.
    function schedule() internal pure returns (IUnetDenoiser.Step[] memory steps) {
        steps = new IUnetDenoiser.Step[](4);
        steps[0] = IUnetDenoiser.Step(999, 3485786424119801000, -2506379173712952000);
        steps[1] = IUnetDenoiser.Step(749, 2214450025514097000, -1300941325100577000);
        steps[2] = IUnetDenoiser.Step(499, 1559648537892304000, -755837269510940000);
        steps[3] = IUnetDenoiser.Step(249, 1216254323653213000, -663755465450426000);
    }

    /// @dev What a drawing is to become: the digit i.
    function condition(uint256 i) internal pure returns (bytes memory) {
        if (i == 0) return hex"6d83b7766872c36c64857d87b35d6861a687793f589967838291c21f9de996897a96896e84bdb79c6f9394bebc97aeb3a3cfa9bab345dc7085d37a7da3989067";
        if (i == 1) return hex"9b8db083d268c78056876e71869b947c99a86d93cb8d709390a29e94d09b649552b72942738f949fc1db8e7f59847a87946d9b72639e9a60937b77509184cc7f";
        if (i == 2) return hex"726962d866997ce091758ca582a670708db66b94388ba38784654a4f7e736565917296a87c9a7deb633f77ab8a7667668390867b6fac77a09c60cfac549a8f63";
        if (i == 3) return hex"c4c362a3988291d576c1b877a07b97a577684178554c90ce89a4dfc1b75852867b675277a898335c5596b2ad8b4582685a9cb3a7bb1b4e696696bc8b4500a522";
        if (i == 4) return hex"a0707890c8d17c988373ffaebeaf63abbc98a065b95e979d649048397f77629dc0547e3a8bd3a078b9aa6291a05eac9ba6aa4cb5889ba87eaaa17aaa7562b85c";
        if (i == 5) return hex"a0a9315b90e4936280b8768b64e0917e6a945f7a873f518c3ea3c25a6d8d584a948ec35e855886b268a97b95b97383a46b818f72987f688095b1bb6484973bb7";
        if (i == 6) return hex"647b8c9573889bafbda69193b4b45c717dc491984db6d067ba598a97b8a66a67827cc3a2997c59a2854057dc4054989d643c8f56b0b75b9373a5596750b286c2";
        if (i == 7) return hex"976da06186af9baa72709284648ca59a6697a7b197b83d7daa93a0b737b07e933182a8bf6d88b38c5e6a9598944b6e95fb7ead5639be6bb0659a7d3caa887672";
        if (i == 8) return hex"93d95581625e9e60b4bd65911baa949fb4baa373b77b78787d7c7292ad5b91b89769afbe866251b83f65a89d6b7869a8a54b7ebd81a2abb3875cb99ed2709371";
        if (i == 9) return hex"863e8c80d037b75d6e71acaf9b736a607e7ab2a1c1c7918e808d69ef6c94ad588494543e71a89b8b60b45ec070d1c4b1a9b489769e5aac9f70899173a27e7c2f";
        revert("Samples: there is no such condition");
    }
}
