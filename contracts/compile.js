#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Compiles src/ with the pinned solc and writes artifacts/<Contract>.json, and the contracts of templates and of
// benchmarks, whose artefacts lie in templates/artifacts and benches/contracts/artifacts; with --check it writes nothing
// and fails if the committed artefacts differ from what the sources give. The Rust side embeds the artefacts, so that
// building it needs neither Node nor a compiler.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const {
  BENCHMARKS,
  compileSources,
  fail,
  loadCompiler,
  readBenchmarks,
  readSources,
  readTemplates,
  readText,
  TEMPLATES,
} = require("./compiler.js");

const ARTIFACTS = path.join(__dirname, "artifacts");
const TEMPLATE_ARTIFACTS = path.join(TEMPLATES, "artifacts");
const BENCHMARK_ARTIFACTS = path.join(BENCHMARKS, "artifacts");

main();

function main() {
  const args = process.argv.slice(2);
  if (args.some((arg) => arg !== "--check")) {
    console.error("usage: node compile.js [--check]");
    process.exit(2);
  }
  const solc = loadCompiler();
  const [sources, templates] = [readSources(), readTemplates()];
  const own = compile(solc, sources, ["*"], true);
  const ofTemplates = compile(solc, { ...sources, ...templates }, Object.keys(templates), false);
  const ofBenchmarks = compile(solc, readBenchmarks(), ["*"], true);
  const done = args.length === 0 ? write : check;
  done(ARTIFACTS, own);
  done(TEMPLATE_ARTIFACTS, ofTemplates);
  done(BENCHMARK_ARTIFACTS, ofBenchmarks);
}

/** Artefact texts by contract name, sorted by name. What is `placed` by genesis may not have immutables. */
function compile(solc, sources, wanted, placed) {
  const output = compileSources(solc, sources, wanted);

  const problems = output.errors ?? [];
  for (const problem of problems) console.error(problem.formattedMessage);
  if (problems.length !== 0) fail(`solc reported ${problems.length} errors or warnings; nothing was written`);

  const artifacts = {};
  const origin = {};
  for (const source of Object.keys(output.contracts).sort()) {
    // These run in forge's EVM alone: nobody deploys them.
    if (source.startsWith("src/metis/foundry/")) continue;
    for (const [name, contract] of Object.entries(output.contracts[source])) {
      // Of templates only what is deployed.
      if (!placed && contract.evm.bytecode.object === "") continue;
      if (origin[name]) fail(`${name} is defined in both ${origin[name]} and ${source}; artefacts are named by contract`);
      origin[name] = source;
      artifacts[name] = toText(artifact(name, source, contract, placed));
    }
  }
  return Object.fromEntries(Object.entries(artifacts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function artifact(contractName, sourceName, contract, placed) {
  const { bytecode, deployedBytecode } = contract.evm;
  for (const code of [bytecode, deployedBytecode]) {
    if (Object.keys(code.linkReferences ?? {}).length !== 0) fail(`${contractName} needs linking; make its library internal`);
  }
  // Genesis places runtime code as it is; an immutable in it would silently read zero.
  if (placed && Object.keys(deployedBytecode.immutableReferences ?? {}).length !== 0) {
    fail(`${contractName} has immutables; keep the value in storage so that genesis can place the contract`);
  }
  return {
    abi: contract.abi,
    bytecode: "0x" + bytecode.object,
    contractName,
    deployedBytecode: "0x" + deployedBytecode.object,
    sourceName,
    storageLayout: storageLayout(contractName, contract.storageLayout),
  };
}

/**
 * The compiler's storage layout without its AST numbers, which change whenever any other file does.
 */
function storageLayout(contractName, layout) {
  const plain = (type) => type.replaceAll(/\)\d+/g, ")");
  const types = {};
  const variable = ({ label, offset, slot, type }) => ({ label, offset, slot, type: plain(type) });
  for (const [key, type] of Object.entries(layout.types ?? {})) {
    const name = plain(key);
    if (types[name]) fail(`${contractName}: two types are called ${name}`);
    types[name] = { ...type };
    for (const part of ["base", "key", "value"]) if (type[part]) types[name][part] = plain(type[part]);
    if (type.members) types[name].members = type.members.map(variable);
  }
  return { storage: layout.storage.map(variable), types };
}

function write(folder, artifacts) {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of committedNames(folder)) if (!(name in artifacts)) fs.rmSync(artifactPath(folder, name));
  for (const [name, text] of Object.entries(artifacts)) fs.writeFileSync(artifactPath(folder, name), text);
  console.log(`wrote ${Object.keys(artifacts).length} artefacts to ${path.relative(process.cwd(), folder)}`);
}

function check(folder, artifacts) {
  const committed = committedNames(folder);
  const differences = [];
  for (const name of committed) {
    if (!(name in artifacts)) differences.push(`${name}: there is an artefact but no such contract`);
  }
  for (const [name, text] of Object.entries(artifacts)) {
    if (!committed.includes(name)) {
      differences.push(`${name}: no artefact`);
      continue;
    }
    const before = readText(artifactPath(folder, name));
    if (before !== text) differences.push(`${name}: ${describeDifference(before, text)}`);
  }
  if (differences.length !== 0) {
    for (const line of differences) console.error(line);
    fail(`${differences.length} artefacts differ from the sources; run "node compile.js" and commit the result`);
  }
  console.log(`${Object.keys(artifacts).length} artefacts match the sources`);
}

function describeDifference(before, after) {
  let old;
  try {
    old = JSON.parse(before);
  } catch {
    return "the artefact is not JSON";
  }
  const now = JSON.parse(after);
  const parts = [];
  for (const key of new Set([...Object.keys(old ?? {}), ...Object.keys(now)])) {
    const [a, b] = [old?.[key], now[key]].map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
    if (a === b) continue;
    if (a === undefined || b === undefined) parts.push(`${key} ${a === undefined ? "is missing" : "does not belong"}`);
    else parts.push(`${key} from character ${firstDifference(a, b)} on (${a.length} → ${b.length} characters)`);
  }
  return parts.length !== 0 ? parts.join("; ") : "same content, other formatting";
}

function firstDifference(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) ++i;
  return i;
}

function committedNames(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
}

function artifactPath(folder, name) {
  return path.join(folder, `${name}.json`);
}

function toText(value) {
  return JSON.stringify(sortKeys(value), null, 2) + "\n";
}

function sortKeys(value) {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sortKeys(value[key])]));
}
