import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import { wallet } from "./chain.js";
import { MODEL } from "./digit.js";

const hash = await wallet.deployContract({ abi: classifier.abi, bytecode: classifier.bytecode, args: [MODEL] });
const { contractAddress } = await wallet.waitForTransactionReceipt({ hash });
console.log(`DigitClassifier is at ${contractAddress}`);
