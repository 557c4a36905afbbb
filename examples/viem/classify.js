// node classify.js ADDRESS [IMAGE]: asks for the digit on an image, then has it stored in a transaction.
import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import { getAddress, getContract, parseEventLogs } from "viem";
import { wallet } from "./chain.js";
import { SEVEN } from "./digit.js";

const [address, image = SEVEN] = process.argv.slice(2);
const contract = getContract({ address: getAddress(address ?? ""), abi: classifier.abi, client: wallet });

console.log(`eth_call says ${await contract.read.preview([image])}`);

const hash = await contract.write.classify([1n, image]);
const receipt = await wallet.waitForTransactionReceipt({ hash });
const [stored] = parseEventLogs({ abi: classifier.abi, logs: receipt.logs, eventName: "Classified" });
console.log(`image ${stored.args.id} is a ${stored.args.class}, for ${receipt.gasUsed} gas`);
