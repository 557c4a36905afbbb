"""The U-Net's template: imported from models/hub, a short schedule, and the conditions of the digits."""

import json
import math

import numpy as np

from .language import HUB

# Of the thousand times that it was trained on.
STEPS = 4
CASES = 20
COUNT = 3

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {{IUnetDenoiser}} from "../src/IUnetDenoiser.sol";

/// @notice The model of this template, and what it is asked with. Written by models/train_templates.py.
library Samples {{
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = {model};

    /// @dev Numbers of a latent.
    uint256 internal constant SIZE = {size};

    /// @dev What one step of the latent's integers is, as a fraction.
    uint64 internal constant SAMPLE_NUMERATOR = {numerator};
    uint64 internal constant SAMPLE_DENOMINATOR = {denominator};

    /// @dev What one step of the output is, times 1e18.
    int256 internal constant NOISE_SCALE_WAD = {noise};

    uint256 internal constant COUNT = {count};

    /// @dev The scheduler's steps (DDIM), the noisiest first.
    function schedule() internal pure returns (IUnetDenoiser.Step[] memory steps) {{
        steps = new IUnetDenoiser.Step[]({steps});
{schedule}
    }}

    /// @dev What a drawing is to become: the digit i.
    function condition(uint256 i) internal pure returns (bytes memory) {{
{conditions}
        revert("Samples: there is no such condition");
    }}
}}
"""


def schedule(config, wad):
    """(time, keep, noise) of each step, times 10^18, by DDIM without noise of its own, as diffusers' scheduler has it."""
    count = config["num_train_timesteps"]
    assert config["beta_schedule"] == "scaled_linear" and config["prediction_type"] == "epsilon"
    betas = np.linspace(config["beta_start"] ** 0.5, config["beta_end"] ** 0.5, count) ** 2
    kept = np.cumprod(1 - betas)
    # From pure noise, at the last of all times, down ("trailing").
    times = [count - 1 - k * (count // STEPS) for k in range(STEPS)]
    steps = []
    for time, after in zip(times, [*times[1:], 0]):
        now, then = kept[time], kept[after]
        keep = math.sqrt(then / now)
        noise = math.sqrt(1 - then) - keep * math.sqrt(1 - now)
        steps.append((time, wad(repr(round(keep, 15))), wad(repr(round(noise, 15)))))
    return steps


def build(name, binary, metisvm, templates, out, wad):
    """The bundle by the command of the page, Samples.sol, cases for the tests."""
    hub, folder = HUB / "unet", templates / name
    conditions = np.load(hub / "conditions.npy")
    options = ["--dim", f"sequence={conditions.shape[1]}", "--calibration", hub / "calibration.npz"]
    facts = metisvm(binary, "model", "import", hub, *options, "-o", folder / "model.bundle", "--json")
    checked = metisvm(binary, "model", "check", folder / "model.bundle", "--data", hub / "expected.npz", "--backend",
                      "reference", "--json")
    ports = {port["name"]: port for port in facts["inputs"] + facts["outputs"]}
    kinds = {key: ports[key]["dtype"] for key in ("sample", "timestep", "encoder_hidden_states", "out_sample")}
    assert kinds == {"sample": "i16", "timestep": "i32", "encoder_hidden_states": "u8", "out_sample": "i16"}, kinds
    notes = facts["metadata"]
    scale, zero = (notes[f"input.encoder_hidden_states.{key}"] for key in ("scale", "zero_point"))
    whole = np.clip(np.floor(conditions / float(scale) + 0.5) + int(zero), 0, 255).astype(np.uint8)
    sample = notes["input.sample.scale"]
    digits = len(sample.split(".")[1])
    steps = schedule(json.loads((hub / "scheduler_config.json").read_text()), wad)
    step = "        steps[{}] = IUnetDenoiser.Step({}, {}, {});"
    branch = "        if (i == {}) return hex\"{}\";"
    (folder / "test" / "Samples.sol").write_text(HEAD.format(
        model=facts["model_id"], size=int(np.prod(ports["sample"]["shape"])), numerator=int(float(sample) * 10**digits + 0.5),
        denominator=10**digits, noise=wad(notes["output.out_sample.scale"]), steps=len(steps), count=COUNT,
        schedule="\n".join(step.format(i, *values) for i, values in enumerate(steps)),
        conditions="\n".join(branch.format(i, whole[i].tobytes().hex()) for i in range(10))))
    report = {"import": [str(o) for o in options[:2]], "cosine": checked["cosine"],
              "relative_error": checked["outputs"][0]["relative_error"], "schedule": steps}
    # Noise with a condition and a time; what is drawn follows from seeds in the test itself.
    chance = np.random.default_rng(71)
    cases = []
    for i in range(CASES):
        latent = np.clip(np.rint(chance.standard_normal(ports["sample"]["shape"]) / float(sample)), -32768, 32767)
        raw = latent.astype("<i2").tobytes() + np.int32(chance.integers(1000)).tobytes() + whole[i % 10].tobytes()
        cases.append({"input": raw.hex(), "label": i % 10})
    (out / f"{name}.json").write_text(json.dumps({**report, "cases": cases}, indent=1) + "\n")
    print(name, (folder / "model.bundle").stat().st_size, "bytes", report, facts["inference_gas_by_schedule"], notes)
