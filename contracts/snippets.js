#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Compiles the Solidity blocks of Markdown files, each as it stands, in a project that has the package
// @metisvm/contracts. Writes nothing. Without arguments: of README.md and contracts/README.md.
"use strict";

const path = require("node:path");
const { compileSources, fail, loadCompiler, readSources, readText } = require("./compiler.js");

main();

function main() {
  const named = process.argv.slice(2);
  const files = named.length !== 0 ? named : [path.join(__dirname, "..", "README.md"), path.join(__dirname, "README.md")];
  const solc = loadCompiler();
  const sources = readSources();
  let compiled = 0;
  let wrong = 0;
  for (const file of files) {
    const blocks = solidityBlocks(readText(file));
    // A page that has lost its example, or whose blocks this no longer finds, must not pass for one that compiles.
    if (blocks.length === 0) fail(`${file} has no \`\`\`solidity block`);
    for (const block of blocks) {
      compiled += 1;
      // The place in messages is then the place in the page.
      const name = `src/${path.basename(file)}`;
      const content = "\n".repeat(block.line - 1) + block.text;
      const { errors = [] } = compileSources(solc, { ...sources, [name]: { content } }, [name]);
      for (const { formattedMessage } of errors) console.error(formattedMessage);
      if (errors.length === 0) continue;
      wrong += 1;
      console.error(`${file}:${block.line}: this block does not compile as it stands, or not without warnings`);
    }
  }
  if (wrong !== 0) fail(`${wrong} of ${compiled} Solidity blocks are wrong`);
  console.log(`${compiled} Solidity blocks of the documentation compile`);
}

/** The text of each block, and the line on which it begins, from 1. */
function solidityBlocks(markdown) {
  const blocks = [];
  let open;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      if (line.trim() === "```solidity") open = { line: index + 2, text: "" };
    } else if (line.trim() === "```") {
      blocks.push(open);
      open = undefined;
    } else {
      open.text += `${line}\n`;
    }
  }
  if (open !== undefined) fail(`a Solidity block that begins on line ${open.line} has no end`);
  return blocks;
}
