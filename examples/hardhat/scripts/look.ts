// DIGITS=ADDRESS hardhat run scripts/look.ts: asks a deployed contract, then has it read an image in a transaction.
import { network } from "hardhat";
import { isAddress } from "viem";
import { SEVEN } from "./digit.js";

const address = process.env.DIGITS;
if (address === undefined || !isAddress(address)) {
  throw new Error("DIGITS has to be the address that the deployment printed");
}
const { viem } = await network.create("metis");
const digits = await viem.getContractAt("Digits", address);
console.log(`eth_call says ${await digits.read.look([SEVEN])}`);

const hash = await digits.write.read([SEVEN]);
const client = await viem.getPublicClient();
const { gasUsed } = await client.waitForTransactionReceipt({ hash });
console.log(`read for ${gasUsed} gas; sevens so far: ${await digits.read.seen([7])}`);
