"""test/Samples.sol of a template: its model's id, and some inputs that it was not trained on with what is on them."""

from decimal import Decimal

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @notice The model of this template, and inputs that it was not trained on. Written by models/train_templates.py.
library Samples {{
    /// @dev The id of model.bundle, as `metisvm model info` shows it.
    bytes32 internal constant MODEL = {model};
{constants}
    uint256 internal constant COUNT = {count};

    function input(uint256 i) internal pure returns (bytes memory) {{
{inputs}
        revert("Samples: there is no such input");
    }}
"""
LABEL = """
    /// @dev {what}
    function label(uint256 i) internal pure returns ({kind}) {{
        return [{values}][i];
    }}
"""
BRANCHES = """
    /// @dev {what}
    function label(uint256 i) internal pure returns ({kind} memory {name}) {{
{branches}
    }}
"""
SCALE = "What one step of the output is, times 1e18."


def wad(decimal):
    """A decimal number times 10^18, exactly."""
    whole = Decimal(str(decimal)) * 10**18
    # Below a step of 10^-18 nothing is told apart.
    return int(whole.to_integral_value())


def constant(name, value, comment):
    return f"\n    /// @dev {comment}\n    int256 internal constant {name} = {value};\n"


def literal(raw, width):
    """Bytes, a row of the input a line."""
    rows = [raw[i:i + width].hex() for i in range(0, len(raw), width)]
    if len(rows) == 1:
        return f' hex"{rows[0]}"'
    return "".join(f'\n                hex"{row}"' for row in rows)


def values(kind, what):
    """Labels of a value type."""
    def write(labels):
        listed = [str(x).lower() for x in labels]
        if kind != "bool":
            # The first one gives the array its type.
            listed[0] = f"{kind}({listed[0]})"
        return LABEL.format(what=what, kind=kind, values=", ".join(listed))
    return write


def texts(what):
    def write(labels):
        branches = "\n".join(f'        if (i == {i}) return "{text}";' for i, text in enumerate(labels))
        return BRANCHES.format(what=what, kind="string", name="text", branches=branches)
    return write


def boxes(what):
    def write(labels):
        lines = []
        for i, found in enumerate(labels):
            lines.append(f"        if (i == {i}) {{\n            found = new uint8[3][]({len(found)});")
            lines += [f"            found[{k}] = [{', '.join(map(str, box))}];" for k, box in enumerate(found)]
            lines.append("        }")
        return BRANCHES.format(what=what, kind="uint8[3][]", name="found", branches="\n".join(lines))
    return write


def library(model, constants, inputs, width, write_labels, labels):
    shown = "\n".join(f"        if (i == {i}) return{literal(raw, width)};" for i, raw in enumerate(inputs))
    head = HEAD.format(model=model, constants="".join(constants), count=len(inputs), inputs=shown)
    return head + write_labels(labels) + "}\n"
