#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Runs the Solidity tests with the forge that npm installed; needs no network. Arguments go to "forge test".
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { spawnSync } = require("node:child_process");

const root = path.dirname(__dirname);
const scope = path.join(root, "node_modules", "@foundry-rs");
const forge = (fs.existsSync(scope) ? fs.readdirSync(scope) : [])
  .map((name) => path.join(scope, name, "bin", process.platform === "win32" ? "forge.exe" : "forge"))
  // The package "forge" holds a launcher script of the same name; the platform packages hold the program.
  .find((file) => !file.includes(`${path.sep}forge${path.sep}`) && fs.existsSync(file));
if (forge === undefined) {
  console.error('contracts: forge is not installed; run "npm install" in contracts/');
  process.exit(1);
}
const { status, error } = spawnSync(forge, ["test", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
if (error) console.error(`contracts: forge did not start: ${error.message}`);
process.exit(status ?? 1);
