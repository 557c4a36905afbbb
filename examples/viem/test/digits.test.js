import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import errors from "@metisvm/contracts/artifacts/IInference.json" with { type: "json" };
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { BaseError, ContractFunctionRevertedError, getContract } from "viem";
import { wallet } from "../chain.js";
import { MODEL, SEVEN } from "../digit.js";

// With the precompile's errors, so that viem can name them.
const abi = [...classifier.abi, ...errors.abi.filter(({ type }) => type === "error")];
let contract;

before(async () => {
  const hash = await wallet.deployContract({ abi, bytecode: classifier.bytecode, args: [MODEL] });
  const { contractAddress } = await wallet.waitForTransactionReceipt({ hash });
  contract = getContract({ address: contractAddress, abi, client: wallet });
});

test("a seven is a seven", async () => {
  assert.equal(await contract.read.preview([SEVEN]), 7);
});

test("its class is stored, and the event says so", async () => {
  const hash = await contract.write.classify([42n, SEVEN]);
  const { status, blockNumber } = await wallet.waitForTransactionReceipt({ hash });
  assert.equal(status, "success");
  assert.equal(await contract.read.classOf([42n]), 7);
  const [event] = await contract.getEvents.Classified({ id: 42n }, { fromBlock: blockNumber });
  assert.equal(event.args.class, 7);
});

test("an image of the wrong size is refused, and the error says which is right", async () => {
  await assert.rejects(contract.read.preview(["0x00"]), (error) => {
    const { data } = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    assert.ok(error instanceof BaseError);
    assert.equal(data.errorName, "WrongInputLength");
    assert.deepEqual(data.args, [64n, 1n]);
    return true;
  });
});
