"""Language models of templates: imported from models/hub, and what they say after some beginnings."""

import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np

HUB = pathlib.Path(__file__).resolve().parent.parent / "hub"
# How many tokens a beginning has, and how many are foretold of it.
BEGINNING, AFTER = 12, 4
BEGINNINGS = 4
CASES = 20

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {{Metis}} from "@metisvm/contracts/Metis.sol";

/// @notice The model of this template, and texts that it was not trained on. Written by models/train_templates.py.
library Samples {{
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = {model};

    /// @dev What one step of a logit is, times 1e18.
    int256 internal constant SCALE_WAD = {scale};

    /// @dev How many tokens it has in sight, and how many different ones there are.
    uint256 internal constant LENGTH = {length};
    uint256 internal constant VOCABULARY = {vocabulary};

    uint256 internal constant COUNT = {count};

    /// @dev How texts begin, in tokens of tokenizer.json.
    function beginning(uint256 i) internal pure returns (int32[] memory) {{
{beginnings}
        revert("Samples: there is no such text");
    }}

    /// @dev How the model goes on, greedily.
    function after_(uint256 i) internal pure returns (int32[] memory) {{
{afters}
        revert("Samples: there is no such text");
    }}
}}
"""


def unseen(hub, count, length):
    """Rows of tokens out of the text that no model of hub/ was trained on."""
    # Only whoever makes the templates anew needs it.
    from tokenizers import Tokenizer
    text = (HUB / "text" / "held_out.txt").read_text()
    ids = Tokenizer.from_file(str(hub / "tokenizer.json")).encode(text).ids
    starts = np.linspace(0, len(ids) - length, count).astype(int)
    return np.array([ids[start:start + length] for start in starts], "<i4")


def raw(tokens):
    return np.asarray(tokens, "<i4").tobytes()


def run(binary, bundle, rows, port):
    """The logits of rows of tokens, in whole numbers."""
    with tempfile.TemporaryDirectory() as folder:
        given, taken = pathlib.Path(folder) / "in", pathlib.Path(folder) / "out"
        given.write_bytes(raw(rows))
        subprocess.run([binary, "model", "run", bundle, "--input", given, "--batch", str(len(rows)), "-o", taken],
                       check=True, stderr=subprocess.PIPE)
        return np.frombuffer(taken.read_bytes(), "<i2").reshape(len(rows), *port["shape"][1:])


def go_on(binary, bundle, texts, port, count):
    """The tokens that follow each text, greedily, as contracts/src/metis/LanguageModel.sol has it."""
    texts, length = [list(map(int, text)) for text in texts], port["shape"][1]
    for _ in range(count):
        rows = [(text[-length:] + [0] * length)[:length] for text in texts]
        logits = run(binary, bundle, rows, port)
        for text, row in zip(texts, logits):
            text.append(int(row[min(len(text), length) - 1].argmax()))
    return [text[-count:] for text in texts]


def build(name, binary, metisvm, templates, out, wad):
    """The bundle by the command of the page, Samples.sol, cases for the tests."""
    hub, bundle = HUB / name, templates / name / "model.bundle"
    expected = np.load(hub / "expected.npz")
    length = expected["input_tokens"].shape[1]
    options = ["--dim", f"sequence={length}", "--calibration", hub / "calibration.npz"]
    facts = metisvm(binary, "model", "import", hub, *options, "-o", bundle, "--json")
    (port,) = facts["outputs"]
    checked = metisvm(binary, "model", "check", bundle, "--data", hub / "expected.npz", "--backend", "reference", "--json")
    texts = unseen(hub, CASES, length)
    beginnings = [text[:BEGINNING] for text in texts[:BEGINNINGS]]
    afters = go_on(binary, bundle, beginnings, port, AFTER)
    branch = "        if (i == {}) return Metis.decodeI32(hex\"{}\");"
    lines = lambda rows: "\n".join(branch.format(i, raw(row).hex()) for i, row in enumerate(rows))
    scale = facts["metadata"][f"output.{port['name']}.scale"]
    (templates / name / "test" / "Samples.sol").write_text(HEAD.format(
        model=facts["model_id"], scale=wad(scale), length=length, vocabulary=port["shape"][2], count=len(beginnings),
        beginnings=lines(beginnings), afters=lines(afters)))
    shutil.copyfile(hub / "tokenizer.json", templates / name / "tokenizer.json")
    floats = expected["output_logits"].argmax(axis=2)
    report = {"import": [str(o) for o in options[:2]], "cosine": checked["cosine"],
              "greedy_tokens_as_in_floats": checked["top1_agreement"],
              "tokens_foretold_in_floats": round(float((floats[:, :-1] == expected["input_tokens"][:, 1:]).mean()), 4)}
    cases = [{"input": raw(text).hex(), "label": None} for text in texts]
    (out / f"{name}.json").write_text(json.dumps({**report, "cases": cases}, indent=1) + "\n")
    print(name, bundle.stat().st_size, "bytes", report, facts["inference_gas_by_schedule"], port, scale)
