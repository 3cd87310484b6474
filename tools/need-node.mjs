// Runs a script of ours with a Node that can run TypeScript, or says clearly what is missing.
// Plain JavaScript on purpose: the Node that starts it may be old.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canRunGodwit, runWithOwnNode, whyNoNode } from '../src/cli/own-node.mjs';

const [script, ...args] = process.argv.slice(2);
if (canRunGodwit()) {
  process.argv.splice(1, 2, resolve(script));
  await import(pathToFileURL(process.argv[1]).href);
} else {
  const code = await runWithOwnNode([script, ...args]);
  if (code === null) console.error(`${await whyNoNode()}.`);
  process.exitCode = code ?? 1;
}
