import { network } from "hardhat";
import { MODEL } from "./digit.js";

const { viem } = await network.create("metis");
const digits = await viem.deployContract("Digits", [MODEL]);
console.log(`Digits is at ${digits.address}`);
