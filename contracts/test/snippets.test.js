// SPDX-License-Identifier: Apache-2.0
//
// That snippets.js finds what is wrong with the Solidity blocks of a page, and where. Runs with `node --test`.
"use strict";

const assert = require("node:assert");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const test = require("node:test");

const HEAD = `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;
import {Metis} from "@metisvm/contracts/Metis.sol";
`;
const RIGHT = `${HEAD}
contract Gate {
    function lengthOf(bytes32 model) external view returns (uint256 inputBytes) {
        (inputBytes,,) = Metis.modelInfo(model);
    }
}
`;

function check(markdown) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "snippets-"));
  try {
    const page = path.join(folder, "page.md");
    fs.writeFileSync(page, markdown);
    const script = path.join(__dirname, "..", "snippets.js");
    return spawnSync(process.execPath, [script, page], { encoding: "utf8" });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const block = (text) => "```solidity\n" + text + "```\n";

test("a page whose blocks compile passes, and each block is counted", () => {
  const { status, stdout, stderr } = check(`# Title\n\n${block(RIGHT)}\nand\n\n${block(RIGHT)}`);
  assert.strictEqual(status, 0, stderr);
  assert.match(stdout, /^2 Solidity blocks/);
});

test("one wrong block among right ones is named with its line", () => {
  const wrong = RIGHT.replace("modelInfo", "modelFacts");
  const { status, stderr } = check(`${block(RIGHT)}\n${block(wrong)}`);
  assert.strictEqual(status, 1);
  assert.match(stderr, /modelFacts/);
  assert.match(stderr, /page\.md:14: this block does not compile/);
  assert.match(stderr, /1 of 2 Solidity blocks are wrong/);
});

test("what the compiler warns of is not right as it stands", () => {
  const { status, stderr } = check(block(RIGHT.replace(/.*SPDX.*\n/, "")));
  assert.strictEqual(status, 1);
  assert.match(stderr, /SPDX/);
});

test("an import that is not there is wrong", () => {
  const { status, stderr } = check(block(RIGHT.replace("contracts/Metis.sol", "contracts/metis/Metis.sol")));
  assert.strictEqual(status, 1);
  assert.match(stderr, /Metis\.sol/);
});

test("a page without blocks, or with one that has no end, is wrong", () => {
  for (const page of ["# Title\n", "```solidity\n" + RIGHT]) assert.strictEqual(check(page).status, 1);
});
