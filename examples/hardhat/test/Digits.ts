import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { network } from "hardhat";
import { MODEL, SEVEN } from "../scripts/digit.js";

describe("Digits", async function () {
  const { viem } = await network.create("metis");
  const digits = await viem.deployContract("Digits", [MODEL]);
  // Its ABI has the errors that an inference may end with.
  const inference = await viem.getContractAt("IInference", "0x4D45544900000000000000000000000000000001");

  it("reads a seven as a seven", async function () {
    assert.equal(await digits.read.look([SEVEN]), 7);
  });

  it("counts what it read, and says so", async function () {
    const [reader] = await viem.getWalletClients();
    await viem.assertions.emitWithArgs(digits.write.read([SEVEN]), digits, "Read", [reader.account.address, 7]);
    assert.equal(await digits.read.seen([7]), 1n);
  });

  it("refuses an image of the wrong size", async function () {
    const look = digits.read.look(["0x010203"]);
    await viem.assertions.revertWithCustomErrorWithArgs(look, inference, "WrongInputLength", [64n, 3n]);
  });
});
