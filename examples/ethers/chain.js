import { HDNodeWallet, JsonRpcProvider, NonceManager } from "ethers";

// A block is mined as soon as a transaction comes: answers need not be remembered, and polling may be fast.
export const provider = new JsonRpcProvider(process.env.RPC_URL ?? "http://127.0.0.1:8545", undefined, {
  cacheTimeout: -1,
  pollingInterval: 20,
});

// The mnemonic that `metisvm node` prints: everybody has its keys.
const mnemonic = "test test test test test test test test test test test junk";
export const signer = new NonceManager(HDNodeWallet.fromPhrase(mnemonic).connect(provider));
