import hardhatNodeTestRunner from "@nomicfoundation/hardhat-node-test-runner";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import hardhatViemAssertions from "@nomicfoundation/hardhat-viem-assertions";
import { defineConfig } from "hardhat/config";
import { fileURLToPath } from "node:url";

export default defineConfig({
  plugins: [hardhatViem, hardhatViemAssertions, hardhatNodeTestRunner],
  solidity: {
    version: "0.8.37",
    // The compiler that npm installed: Hardhat need not fetch one.
    path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
    settings: { evmVersion: "osaka", optimizer: { enabled: true, runs: 200 } },
    // So that tests can name the precompile's errors.
    npmFilesToBuild: ["@metisvm/contracts/IInference.sol"],
  },
  networks: {
    // Hardhat's own network has no inference: tests and scripts run on a node.
    metis: {
      type: "http",
      chainType: "l1",
      url: process.env.RPC_URL ?? "http://127.0.0.1:8545",
    },
  },
});
