// node watch.js ADDRESS: says each digit that the contract classifies from now on, over a WebSocket.
import classifier from "@metisvm/contracts/artifacts/DigitClassifier.json" with { type: "json" };
import { createPublicClient, getAddress, webSocket } from "viem";
import { metisDev } from "./chain.js";

const address = getAddress(process.argv[2] ?? "");
const url = metisDev.rpcUrls.default.http[0].replace(/^http/, "ws");
const client = createPublicClient({ chain: metisDev, transport: webSocket(url) });
client.watchContractEvent({
  address,
  abi: classifier.abi,
  eventName: "Classified",
  onLogs: (logs) => logs.forEach(({ args }) => console.log(`image ${args.id} is a ${args.class}`)),
  onError: (error) => console.error(error.message),
});
console.log(`watching ${address}`);
