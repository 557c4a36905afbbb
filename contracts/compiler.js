// SPDX-License-Identifier: Apache-2.0
//
// The pinned solc, its settings and the sources: what compile.js and snippets.js share.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const SOURCES = path.join(__dirname, "src");
const TEMPLATES = path.join(__dirname, "..", "templates");
const BENCHMARKS = path.join(__dirname, "..", "benches", "contracts");

// Everything that reaches the bytecode. bytecodeHash "none": else the hash of the metadata, comments and file names
// included, would end up in the code and move the golden state roots with every typo fixed.
const SETTINGS = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: "none" },
};
// As remappings.txt says to Foundry and package.json's exports to others: a page's examples import the package.
const REMAPPINGS = ["@metisvm/contracts/=src/metis/"];
const OUTPUT = ["abi", "evm.bytecode", "evm.deployedBytecode", "storageLayout"];

/** Every source in src/, by its name relative to this folder, with forward slashes wherever the repository lies. */
function readSources() {
  const sources = {};
  for (const file of solidityFiles(SOURCES)) {
    sources[path.relative(__dirname, file).split(path.sep).join("/")] = { content: readText(file) };
  }
  return sources;
}

/** The contracts of every template, by names relative to the repository. They import the sources as a package. */
function readTemplates() {
  const sources = {};
  for (const template of fs.readdirSync(TEMPLATES).sort()) {
    const folder = path.join(TEMPLATES, template, "src");
    for (const file of fs.existsSync(folder) ? solidityFiles(folder) : []) {
      sources[`templates/${template}/src/${path.basename(file)}`] = { content: readText(file) };
    }
  }
  return sources;
}

/** The contracts that benchmarks of the EVM call, by names relative to the repository. */
function readBenchmarks() {
  const files = solidityFiles(BENCHMARKS);
  return Object.fromEntries(
    files.map((file) => [`benches/contracts/${path.basename(file)}`, { content: readText(file) }]),
  );
}

/** A text file. A checkout that turns line ends into CRLF must give the same code. */
function readText(file) {
  return fs.readFileSync(file, "utf8").replaceAll("\r\n", "\n");
}

/**
 * What solc says of these sources: its output, with errors and warnings under `errors`. Code is made of the contracts
 * in `wanted` alone, the names of sources; "*" is all of them.
 */
function compileSources(solc, sources, wanted = ["*"]) {
  const outputSelection = Object.fromEntries(wanted.map((name) => [name, { "*": OUTPUT }]));
  const settings = { ...SETTINGS, remappings: REMAPPINGS, outputSelection };
  return JSON.parse(solc.compile(JSON.stringify({ language: "Solidity", sources, settings })));
}

function loadCompiler() {
  const wanted = JSON.parse(fs.readFileSync(path.join(__dirname, "package.json"), "utf8")).devDependencies.solc;
  let solc;
  try {
    solc = require("solc");
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    fail(`solc is not installed; run "npm install --omit=optional" in contracts/`);
  }
  if (!solc.version().startsWith(`${wanted}+`)) fail(`solc ${wanted} is pinned, but ${solc.version()} is installed`);
  return solc;
}

function solidityFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".sol"))
    .map((name) => path.join(folder, name))
    .sort();
}

function fail(message) {
  console.error(`contracts: ${message}`);
  process.exit(1);
}

module.exports = {
  BENCHMARKS,
  compileSources,
  fail,
  loadCompiler,
  readBenchmarks,
  readSources,
  readTemplates,
  readText,
  TEMPLATES,
};
