import { createPublicClient, createWalletClient, defineChain, http, publicActions } from "viem";
import { mnemonicToAccount } from "viem/accounts";

const url = process.env.RPC_URL ?? "http://127.0.0.1:8545";

export const metisDev = defineChain({
  id: 5068365,
  name: "metis-dev",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});

// The mnemonic that `metisvm node` prints: everybody has its keys.
const account = mnemonicToAccount("test test test test test test test test test test test junk");

// pollingInterval: a block is mined as soon as a transaction comes.
const options = { chain: metisDev, transport: http(), pollingInterval: 20 };
export const reader = createPublicClient(options);
export const wallet = createWalletClient({ ...options, account }).extend(publicActions);
