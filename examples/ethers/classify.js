// node classify.js ADDRESS [IMAGE]: asks for the digit on an image, then has it stored in a transaction.
import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import { Contract, getAddress } from "ethers";
import { provider, signer } from "./chain.js";
import { SEVEN } from "./digit.js";

const [address, image = SEVEN] = process.argv.slice(2);
const contract = new Contract(getAddress(address ?? ""), classifier.abi, signer);

console.log(`eth_call says ${await contract.preview(image)}`);

const receipt = await (await contract.classify(1, image)).wait();
const { id, class: digit } = receipt.logs[0].args;
console.log(`image ${id} is a ${digit}, for ${receipt.gasUsed} gas`);
provider.destroy();
