import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import { ContractFactory } from "ethers";
import { provider, signer } from "./chain.js";
import { MODEL } from "./digit.js";

const contract = await new ContractFactory(classifier.abi, classifier.bytecode, signer).deploy(MODEL);
await contract.waitForDeployment();
console.log(`DigitClassifier is at ${await contract.getAddress()}`);
provider.destroy();
