import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import errors from "@metisvm/contracts/artifacts/IInference.json" with { type: "json" };
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ContractFactory } from "ethers";
import { provider, signer } from "../chain.js";
import { MODEL, SEVEN } from "../digit.js";

// With the precompile's errors, so that ethers can name them.
const abi = [...classifier.abi, ...errors.abi.filter(({ type }) => type === "error")];
let contract;

before(async () => {
  contract = await new ContractFactory(abi, classifier.bytecode, signer).deploy(MODEL);
  await contract.waitForDeployment();
});
after(() => provider.destroy());

test("a seven is a seven", async () => {
  assert.equal(await contract.preview(SEVEN), 7n);
});

test("its class is stored, and the event says so", async () => {
  const receipt = await (await contract.classify(42, SEVEN)).wait();
  assert.equal(receipt.status, 1);
  assert.equal(await contract.classOf(42), 7n);
  const [event] = await contract.queryFilter(contract.filters.Classified(42), receipt.blockNumber);
  assert.equal(event.args.class, 7n);
});

test("an image of the wrong size is refused, and the error says which is right", async () => {
  await assert.rejects(contract.preview("0x00"), ({ code, revert }) => {
    assert.equal(code, "CALL_EXCEPTION");
    assert.equal(revert.name, "WrongInputLength");
    assert.deepEqual([...revert.args], [64n, 1n]);
    return true;
  });
});

test("a listener hears of each class", async () => {
  const heard = new Promise((resolve) => contract.once("Classified", (id, digit) => resolve([id, digit])));
  // ethers does not say when a filter is installed or removed; what it asks afterwards is answered afterwards.
  await provider.getBlockNumber();
  await contract.classify(43, SEVEN);
  assert.deepEqual(await heard, [43n, 7n]);
  await provider.getBlockNumber();
});
